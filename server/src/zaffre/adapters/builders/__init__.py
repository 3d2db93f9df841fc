"""Making environments with uv."""
