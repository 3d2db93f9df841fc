"""Bytes and logs in local folders."""
