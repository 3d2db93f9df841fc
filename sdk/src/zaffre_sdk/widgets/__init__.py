"""What a notebook shows of a run: read once or followed, as a live widget, as HTML or as text."""
