"""Processes that answer for deployments."""
