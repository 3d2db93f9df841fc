"""The doors: foreign shapes in, core calls, foreign shapes out."""
