"""Runners as Jobs of Kubernetes clusters, asked for over the REST interface of their API server.

`kubeconfig` says how a cluster is reached, `api` asks it, `settings` and `manifests` say what it
is asked for, `jobs` makes and removes it, `standings` reads what it says of a run, and `boards`
keeps that for a second.
"""
