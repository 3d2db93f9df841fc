"""The zaffre command line."""
