"""The client of a zaffre server: `connect()` finds or starts one and answers a `Client`."""

from zaffre_sdk.client.client import Client, WorkspaceClient
from zaffre_sdk.client.connection import connect
from zaffre_sdk.client.transport import Transport

__all__ = ["Client", "Transport", "WorkspaceClient", "connect"]
