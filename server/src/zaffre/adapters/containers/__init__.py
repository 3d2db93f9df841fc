"""Environments that are images, made by Docker or Podman."""
