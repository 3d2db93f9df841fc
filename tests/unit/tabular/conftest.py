"""Small real files, and the tables over them."""

import pytest
from msgspec.structs import replace
from zaffre_sdk.data.tabular.inference import infer
from zaffre_sdk.data.tabular.preparing import SourceFile
from zaffre_sdk.data.tabular.table import Table
from zaffre_sdk.wire.datasets import Definition, Delimited, JsonLines, Parquet

READERS = {".csv": Delimited(), ".jsonl": JsonLines(), ".parquet": Parquet()}


@pytest.fixture
def open_files(tmp_path):
    """Return what writes files and opens the table over them."""

    def opened(files, reader=None, *, types=None, inferred=True, **more):
        found = []
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is not None:
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
            found.append(SourceFile(f"store/{name}", path, f"/{name}"))
        reader = reader or READERS[found[0].path.suffix]
        steps = more.pop("steps", [])
        definition = Definition("tabular", reader=reader, **more)
        if isinstance(reader, Delimited) and inferred:
            definition = replace(definition, types=infer(None, definition, files=found).types)
        definition = replace(
            definition, types={**definition.types, **(types or {})}, steps=list(steps)
        )
        return Table(None, definition, files=found)

    return opened


@pytest.fixture
def frame(open_files):
    """Return what writes files and reads the table over them."""
    return lambda *files, **more: open_files(*files, **more).to_pandas()
