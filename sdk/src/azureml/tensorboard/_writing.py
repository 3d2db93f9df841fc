"""Event files written with TensorBoard's own shapes; needs no TensorFlow."""

from __future__ import annotations

import struct
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.plugins.image.metadata import PLUGIN_NAME as IMAGES
from tensorboard.plugins.scalar.metadata import create_summary_metadata as scalar_metadata
from tensorboard.plugins.text.metadata import create_summary_metadata as text_metadata
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util.tensor_util import make_tensor_proto

from zaffre_sdk.widgets.cells import number, shown
from zaffre_sdk.widgets.documents import document_figure
from zaffre_sdk.widgets.figures import DOCUMENTS, rows_of, values_of
from zaffre_sdk.widgets.heads import parameters
from zaffre_sdk.wire.metrics import MEASURED, EntryOut

_VERSION = "brain.Event:2"
_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_ROWS = 1000


def write_run(run: Any, folder: Path) -> None:
    """Write one event file for a run of v1; what it had of an earlier export is replaced."""
    run.flush()
    seen = run._nouns.runs.get(run.id)  # noqa: SLF001 - one house
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"events.out.tfevents.{int(seen.created_at):010d}.{run.id}"
    partial = folder / f".{run.id}.part"
    with partial.open("wb") as file:
        writer = RecordWriter(file)
        writer.write(Event(wall_time=seen.created_at, file_version=_VERSION).SerializeToString())
        asked = parameters(seen)
        if asked:
            summary = hparams_pb(asked, trial_id=run.id, start_time_secs=seen.created_at)
            writer.write(Event(wall_time=seen.created_at, summary=summary).SerializeToString())
        for event in _RunEvents(run).events():
            writer.write(event.SerializeToString())
    partial.replace(target)


class _RunEvents:
    """Turns the log calls of one run into events, one after the other."""

    def __init__(self, run: Any) -> None:
        self._run = run
        self._nouns = run._nouns  # noqa: SLF001 - one house
        self._counts: Counter[str] = Counter()
        self._tables: dict[str, list[dict[str, Any]]] = {}
        self._last: dict[str, float] = {}

    def events(self) -> Iterator[Event]:
        """Yield the events in the order of the log calls, tables last."""
        for entry in self._nouns.metrics.entries(self._run.id):
            if entry.name.startswith(MEASURED):
                continue
            self._last[entry.name] = entry.time
            for value, step in self._values(entry):
                yield Event(wall_time=entry.time, step=step, summary=Summary(value=[value]))
        for name, rows in self._tables.items():
            value = _text(name, _markdown(rows))
            yield Event(wall_time=self._last[name], summary=Summary(value=[value]))

    def _values(self, entry: EntryOut) -> Iterator[tuple[Summary.Value, int]]:
        if entry.kind == "image":
            yield from self._image(entry)
        elif entry.kind in DOCUMENTS:
            yield _text(entry.name, self._document(entry)), self._next(entry.name)
        elif entry.kind in ("row", "table"):
            yield from self._rows(entry)
        else:
            for value in values_of([entry]):
                step = self._next(entry.name)
                yield _cell(entry.name, value), step if entry.step is None else entry.step

    def _rows(self, entry: EntryOut) -> Iterator[tuple[Summary.Value, int]]:
        kept = self._tables.setdefault(entry.name, [])
        for row in rows_of([entry]):
            if len(kept) < _MOST_ROWS:
                kept.append(row)
            step = self._next(entry.name)
            for column, value in row.items():
                if number(value) is not None:
                    yield _scalar(f"{entry.name}/{column}", value), step

    def _image(self, entry: EntryOut) -> Iterator[tuple[Summary.Value, int]]:
        data = self._file(str(entry.value))
        if data:
            width, height = struct.unpack(">II", data[16:24]) if data[:8] == _PNG else (0, 0)
            image = Summary.Image(encoded_image_string=data, width=width, height=height)
            value = Summary.Value(tag=entry.name, image=image)
            value.metadata.plugin_data.plugin_name = IMAGES
            yield value, self._next(entry.name) if entry.step is None else entry.step

    def _document(self, entry: EntryOut) -> str:
        data = self._file(str(entry.value))
        figure = document_figure(entry.name, entry.kind, data)
        if figure["form"] == "matrix":
            labels = figure["labels"]
            return _markdown(
                [
                    {"true": label, **dict(zip(labels, row))}
                    for label, row in zip(labels, figure["rows"])
                ]
            )
        return f"```\n{data.decode('utf-8', 'replace')}\n```"

    def _file(self, path: str) -> bytes:
        """Return a file of the run; nothing when somebody deleted it."""
        names = {one.path for one in self._nouns.artifacts.list(self._run.id, prefix=path)}
        if path not in names:
            return b""
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, "file")
            self._nouns.artifacts.download(self._run.id, path, target)
            return target.read_bytes()

    def _next(self, name: str) -> int:
        self._counts[name] += 1
        return self._counts[name] - 1


def _cell(name: str, value: Any) -> Summary.Value:
    if isinstance(value, (int, float)):
        return _scalar(name, float(value))
    return _text(name, shown(value))


def _scalar(name: str, value: float) -> Summary.Value:
    return Summary.Value(tag=name, simple_value=value, metadata=scalar_metadata("", ""))


def _text(name: str, words: str) -> Summary.Value:
    tensor = make_tensor_proto([words.encode()])
    return Summary.Value(tag=name, tensor=tensor, metadata=text_metadata("", ""))


def _markdown(rows: Sequence[dict[str, Any]]) -> str:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[row.get(column) for column in columns] for row in rows]
    lines: list[list[Any]] = [columns, ["---"] * len(columns), *cells]
    return "\n".join(f"| {' | '.join(_flat(cell) for cell in line)} |" for line in lines)


def _flat(cell: Any) -> str:
    return " ".join(shown(cell).replace("|", "\\|").split())
