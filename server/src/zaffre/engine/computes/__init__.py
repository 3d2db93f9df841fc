"""Instances: each is as its owner wants it, also when it or the server ends by itself."""
