"""A server that stores metric batches as the real one does: each number of a writer once."""

import random
import threading
from collections import Counter

import msgspec
from scripted import Asked, Reply, ScriptedServer, refusal
from zaffre_sdk.client import Transport, WorkspaceClient
from zaffre_sdk.wire.metrics import BatchIn, BatchOut, Point


def points_of(batch: BatchIn) -> list[Point]:
    """Return the points of a batch in either form."""
    columns = batch.columns
    if columns is None:
        return batch.points
    count = len(columns.values)
    names = [columns.names[index] for index in columns.order or [0] * count]
    kinds = columns.kinds or ["scalar"] * count
    steps = columns.steps or [None] * count
    rows = zip(names, kinds, columns.values, steps, columns.times, strict=True)
    return [Point(*row) for row in rows]


class MetricServer(ScriptedServer):
    """Counts every point it stored.

    `mood` is called for each batch and says what befalls it: `fine`, `busy` (503), `before` (the
    connection breaks before it is stored) or `after` (stored, but nobody hears of it).
    """

    def __init__(self) -> None:
        super().__init__(self._take)
        self.stored: Counter[tuple[str, object]] = Counter()
        self.points = []
        self.mood = lambda: "fine"
        self.refuses = lambda _batch: False
        self._seen: set[tuple[str, int]] = set()
        self._lock = threading.Lock()

    def client(self) -> WorkspaceClient:
        return WorkspaceClient(Transport(self.url, "secret"), "w")

    def _take(self, asked: Asked) -> Reply:
        batch = msgspec.msgpack.decode(asked.body, type=BatchIn)
        mood = self.mood()
        if mood == "before":
            return Reply(cut=True)
        if mood == "busy":
            return refusal(503, "Busy")
        if self.refuses(batch):
            return refusal(400, "InvalidValue", "a point is bad")
        new = self._store(batch)
        if mood == "after":
            return Reply(cut=True)
        body = msgspec.msgpack.encode(BatchOut(sequence=batch.sequence, stored=new))
        return Reply(body=body, headers={"content-type": "application/vnd.msgpack"})

    def _store(self, batch: BatchIn) -> bool:
        with self._lock:
            key = (batch.writer, batch.sequence)
            if key in self._seen:
                return False
            self._seen.add(key)
            for point in points_of(batch):
                self.stored[(point.name, msgspec.json.encode(point.value))] += 1
                self.points.append(point)
            return True


def moods(seed: int):
    """Return a function that gives a bad mood in one of four cases, the same for a seed."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    return lambda: chance.choice(["fine"] * 9 + ["busy", "before", "after"])
