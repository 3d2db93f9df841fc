"""Ways to files: on the disk of this machine, through the server, or on the web."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zaffre_sdk.data.contract import THIS_MACHINE, Fetch, Files, Send
from zaffre_sdk.errors import SourceError

if TYPE_CHECKING:
    from zaffre_sdk.client.client import WorkspaceClient

__all__ = ["THIS_MACHINE", "Fetch", "Files", "Send", "files_of", "near_folder"]


def files_of(client: WorkspaceClient | None, datastore: str | None) -> Files:
    """Return the way to the files of a datastore; None stands for the web.

    The server is asked whether they lie on this machine; they do when the file that it names as
    proof can be read here and says what the server says.

    Args:
        client: The workspace; None will do for the web and for this machine.
        datastore: Its name, None, or `THIS_MACHINE`.

    Raises:
        NotFoundError: There is no such datastore; lists those there are.
    """
    if datastore is None:
        from zaffre_sdk.data.web import WebFiles  # noqa: PLC0415 (rarely needed)

        return WebFiles()
    if datastore == THIS_MACHINE:
        from zaffre_sdk.data.near import NearFiles  # noqa: PLC0415 (one of several)

        return NearFiles(Path("/"), is_open=True)
    if client is None:
        raise SourceError(f"The datastore `{datastore}` belongs to a workspace; name that first.")
    folder = near_folder(client, datastore)
    if folder is not None:
        from zaffre_sdk.data.near import NearFiles  # noqa: PLC0415 (one of several)

        return NearFiles(folder)
    from zaffre_sdk.data.far import FarFiles  # noqa: PLC0415 (one of several)

    return FarFiles(client, datastore)


def near_folder(client: WorkspaceClient, datastore: str) -> Path | None:
    """Return the folder of a datastore on this machine; None when it is not here."""
    found = client.datastores.nearby(datastore)
    if found.folder is None:
        return None
    folder = Path(found.folder)
    try:
        proof = folder / found.proof
        with proof.open("rb") as file:
            shown = file.read(len(found.proof_text.encode()) + 1)
    except OSError:
        return None  # Another machine, or another user's folder: the server has the files.
    return folder if found.proof_text and shown == found.proof_text.encode() else None
