"""Local files: which of them a source folder sends, their digests, and safe places to write."""
