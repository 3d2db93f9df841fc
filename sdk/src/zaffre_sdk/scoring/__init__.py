"""What runs inside a replica: the deployment's own interpreter, and the standard library alone.

`python -m zaffre_sdk.scoring <descriptor>` calls the entry script's `init` once and its `run` for
every request that arrives as a frame on that socket. Nothing here needs more than the standard
library, since the environment belongs to the user.
"""
