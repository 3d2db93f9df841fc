"""Runs on Ray clusters: by the jobs of their dashboards, and heads of our own.

Nothing here imports Ray: a job is asked for over HTTP, so that the version of a cluster does not
matter to the server and the end of a head is an answer that does not come.
"""
