"""Data on the client's side: files of datastores and of the web, listed, fetched and sent."""
