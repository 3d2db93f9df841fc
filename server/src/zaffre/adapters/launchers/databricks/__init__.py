"""Runs in workspaces of Databricks."""
