"""What a view of far files is to show, as its process is told."""

from __future__ import annotations

import msgspec

from zaffre_sdk.wire.datastores import DataFile


class Entry(msgspec.Struct):
    """A file of the view.

    Attributes:
        path: Below the folder of the view.
        file: What it is in its datastore.
        datastore: Empty for an address of the web.
    """

    path: str
    file: DataFile
    datastore: str


class Order(msgspec.Struct):
    """What a view is to show.

    Attributes:
        folder: Where it is mounted.
        server_file: Where a local server writes its address; empty when it is not local.
    """

    folder: str
    url: str
    token: str
    server_file: str
    workspace: str
    entries: list[Entry]
