"""Containers of this machine: which engine there is, and how it is told to run a process."""
