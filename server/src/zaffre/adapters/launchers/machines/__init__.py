"""Runners on other machines, reached over SSH by the client of the system."""
