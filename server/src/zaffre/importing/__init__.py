"""The importer: brings what an MLflow store holds into a workspace, as a client of its server.

`sources` read a store, each in its way; `runs`, `models` and `traces` send what they read.
"""
