"""Readers of MLflow's stores: folders, databases and servers."""
