"""What runs beside the user's process inside a run: starts it, watches it, brings its work home.

It is a process of its own, started by a launcher as `python -m zaffre_sdk.runner order.json`. It
outlives the server, and carries on when the server is back.
"""
