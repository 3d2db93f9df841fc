"""The door of instances: requests and web sockets of browsers to the Jupyter of each."""
