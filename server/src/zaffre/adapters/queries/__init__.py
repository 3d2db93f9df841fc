"""Databases that datastores stand for, each behind its driver."""
