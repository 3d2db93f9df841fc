"""The order of a launcher: which attempt of which run, and where its server is."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from zaffre_sdk.wire import decoding


class Order(msgspec.Struct, kw_only=True, frozen=True):
    """What the launcher wrote down.

    Attributes:
        server_url: Where the server was when it launched the runner.
        server_file: Where a server that was started anew writes its address.
        is_held: The container that the runner is in is kept to what the run may use.
    """

    workspace_id: str
    run_id: str
    attempt: int
    token: str
    server_url: str
    server_file: str
    python: str
    variables: dict[str, str] = msgspec.field(default_factory=dict)
    is_held: bool = False

    @property
    def workspace_path(self) -> str:
        """The path of the workspace on the server."""
        return f"/api/v1/workspaces/{quote(self.workspace_id, safe='')}"

    @property
    def run_path(self) -> str:
        """The path of the run on the server."""
        return f"{self.workspace_path}/runs/{quote(self.run_id, safe='')}"


class Folders(NamedTuple):
    """Where an attempt keeps what it needs.

    Attributes:
        data: What the script is given, and what it leaves, where it names no folder itself.
        data_log: What is said about that.
        ranks: What the processes of an MPI job need to become what they are.
        spark: The settings of Spark, and what it spills.
    """

    work: Path
    spool: Path
    log: Path
    data: Path
    data_log: Path
    ranks: Path
    spark: Path

    def make(self) -> None:
        """Make them, for the owner alone."""
        for folder in (self.work, self.spool):
            folder.mkdir(mode=0o700, exist_ok=True)


def read_order(path: Path) -> Order:
    """Read an order."""
    return decoding.from_json(path.read_bytes(), Order)


def folders_at(path: Path) -> Folders:
    """Return the folders of an attempt whose own folder is `path`."""
    return Folders(
        work=path / "work",
        spool=path / "spool",
        log=path / "std_log.txt",
        data=path / "data",
        data_log=path / "data.txt",
        ranks=path / "ranks",
        spark=path / "spark",
    )
