"""Estimators: scripts with their environment and compute target in one object."""
