"""Files to a datastore and back: many small ones, and a large one.

`BENCH_DATA_FILES` (5000) is how many small files there are, `BENCH_DATA_LARGE_MB` (1000) the size
of the large one; `BENCH_DATA_ROUNDS` (3) is how often each goes up and down beside the files of a
store, `BENCH_DATA_FAR_ROUNDS` (2) how often through servers. What went up stays until the end: the
disk needs room for the large file 17 times.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from azureml.core import Workspace
from data_azure import AzureSdk, azurite, registered
from data_making import large_file, small_files
from data_transfers import Copy, Mlflow, Transfer, Zaffre
from figures import Figure, alternate, ratio
from home import fresh_home
from peers import environment

FILES = int(os.environ.get("BENCH_DATA_FILES", "5000"))
MEGABYTES = int(os.environ.get("BENCH_DATA_LARGE_MB", "1000"))
ROUNDS = int(os.environ.get("BENCH_DATA_ROUNDS", "3"))
FAR_ROUNDS = int(os.environ.get("BENCH_DATA_FAR_ROUNDS", "2"))
NEAR = ("zaffre", "`cp -r`", "`cp -r`, then `sync`")
# Ours, and whom it is held against.
PAIRS = (
    ("zaffre", "`cp -r`"),
    ("zaffre", "`cp -r`, then `sync`"),
    ("zaffre over HTTP", "MLflow"),
    ("zaffre, on Azurite", "Azure SDK, on Azurite"),
)


def main() -> list[str]:
    """Return the lines of the report."""
    lines = ["| | to the store | back |", "|---|---|---|"]
    summary = [""]
    with tempfile.TemporaryDirectory(prefix="bench-files-") as temporary, fresh_home():
        folder = Path(temporary)
        small_files(folder / "small", FILES)
        large_file(folder / "large", MEGABYTES)
        with everybody(folder) as subjects:
            for title, source in (
                (f"{FILES:,} files of 4 KiB", folder / "small"),
                (f"one file of {MEGABYTES:,} MB", folder / "large"),
            ):
                up, down = transferred(subjects, source)
                lines.append(f"| **{title}** | | |")
                lines += [f"| {name} | {up[name]} | {down[name]} |" for name in subjects]
                summary += compared(title, up, down)
    return [*lines, *summary]


@contextmanager
def everybody(folder: Path) -> Iterator[dict[str, Transfer]]:
    """Give all who bring files, by their names, with the servers that they need."""
    workspace = Workspace.create(
        "bench", subscription_id="local", resource_group="local", exist_ok=True
    )
    store = workspace.get_default_datastore()
    folders = {name: folder / name for name in ("mlflow", "azurite")}
    for one in folders.values():
        one.mkdir()
    mlflow = Mlflow(folders["mlflow"], environment("mlflow", "mlflow", "psutil"))
    subjects: dict[str, Transfer] = {
        "zaffre": Zaffre(folder, store),
        "`cp -r`": Copy(folder, flushed=False),
        "`cp -r`, then `sync`": Copy(folder, flushed=True),
        "zaffre over HTTP": Zaffre(folder, store, near=False),
        "MLflow": mlflow,
    }
    try:
        with azurite(folders["azurite"]) as endpoint:
            if endpoint is not None:
                sdk = AzureSdk(folder, endpoint)
                ours = registered(workspace, sdk)
                subjects |= {
                    "zaffre, on Azurite": Zaffre(folder, ours),
                    "Azure SDK, on Azurite": sdk,
                }
            yield subjects
    finally:
        mlflow.stop()


def transferred(
    subjects: dict[str, Transfer], source: Path
) -> tuple[dict[str, Figure], dict[str, Figure]]:
    """Measure the way there and the way back for one folder of files."""
    ups = {name: lambda s=subject: s.up(source) for name, subject in subjects.items()}
    downs = {name: lambda s=subject: s.down() for name, subject in subjects.items()}
    return taken(ups), taken(downs)


def taken(ways: dict[str, Callable[[], float]]) -> dict[str, Figure]:
    """Measure who is near among themselves, and who goes through a server."""
    near = {name: way for name, way in ways.items() if name in NEAR}
    far = {name: way for name, way in ways.items() if name not in NEAR}
    return {**alternate(ROUNDS, "s", near), **alternate(FAR_ROUNDS, "s", far)}


def compared(title: str, up: dict[str, Figure], down: dict[str, Figure]) -> list[str]:
    """Say in one line for each pair how we stand."""
    return [
        f"{title}, {ours} against {theirs}: {1 / ratio(up[ours], up[theirs]):.2f} times as long "
        f"there, {1 / ratio(down[ours], down[theirs]):.2f} times as long back.  "
        for ours, theirs in PAIRS
        if ours in up
    ]


if __name__ == "__main__":
    print("\n".join(main()))
