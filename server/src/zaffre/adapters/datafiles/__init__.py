"""The files of datastores."""
