"""Rows as Arrow streams: small batches first, errors in the middle, names that differ."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

pa = pytest.importorskip("pyarrow")

from zaffre.adapters.queries.arrow import Field, distinct, encoded, plain  # noqa: E402
from zaffre.domain.errors import InvalidError, ZaffreError  # noqa: E402
from zaffre_sdk.wire.datastores import QUERY_ERROR  # noqa: E402
from zaffre_sdk.wire.errors import ErrorBody  # noqa: E402


class Rows:
    """Answers `count` rows of a number and a text, then fails if it is to."""

    def __init__(self, count: int, *, text: str = "x", failure: ZaffreError | None = None) -> None:
        self.fields = [
            Field("n", pa.int64(), plain(pa.int64())),
            Field("t", pa.string(), plain(pa.string())),
        ]
        self.asked: list[int] = []
        self._left = count
        self._text = text
        self._failure = failure

    async def fetch(self, count: int) -> Sequence[Sequence[Any]]:
        self.asked.append(count)
        if self._left == 0 and self._failure:
            raise self._failure
        given = min(count, self._left)
        self._left -= given
        return [(number, self._text) for number in range(given)]


def pieces_of(rows: Rows, *, limit: int | None = None) -> list[bytes]:
    async def read() -> list[bytes]:
        return [piece async for piece in encoded(rows, limit=limit)]

    return asyncio.run(read())


def table_of(pieces: list[bytes]) -> Any:
    return pa.ipc.open_stream(b"".join(pieces)).read_all()


def test_batches_grow_from_small_ones():
    rows = Rows(20_000)
    assert table_of(pieces_of(rows)).num_rows == 20_000
    assert rows.asked[:4] == [16, 64, 256, 1024]
    assert max(rows.asked) <= 4_096


def test_batches_of_large_rows_stay_small():
    rows = Rows(400, text="x" * 100_000)
    pieces = pieces_of(rows)
    assert table_of(pieces).num_rows == 400
    assert max(map(len, pieces)) < 4 << 20
    assert max(rows.asked) <= 64


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (1, 1), (16, 16), (17, 17), (999, 100)])
def test_a_limit_ends_the_answer(limit, count):
    rows = Rows(100)
    table = table_of(pieces_of(rows, limit=limit))
    assert table.num_rows == count
    assert table.schema.names == ["n", "t"]
    assert sum(rows.asked) <= limit


def test_an_empty_answer_has_its_types():
    table = table_of(pieces_of(Rows(0)))
    assert table.num_rows == 0
    assert [str(one.type) for one in table.schema] == ["int64", "string"]


def test_a_failure_before_the_first_piece_is_raised_alone():
    async def first() -> bytes:
        return await anext(encoded(Rows(0, failure=InvalidError("No", "no")), limit=None))

    with pytest.raises(InvalidError):
        asyncio.run(first())


def test_a_failure_in_the_middle_is_told_within_the_stream():
    pieces = []

    async def read() -> None:
        # Sixteen rows are the whole first batch, so that the second one is asked for.
        rows = Rows(16, failure=InvalidError("No", "It broke.", hint="Mend it."))
        async for piece in encoded(rows, limit=None):
            pieces.append(piece)  # noqa: PERF401 (it fails in the middle)

    with pytest.raises(InvalidError):
        asyncio.run(read())
    reader = pa.ipc.open_stream(b"".join(pieces))
    assert reader.read_next_batch_with_custom_metadata().batch.num_rows == 16
    last = reader.read_next_batch_with_custom_metadata()
    assert last.batch.num_rows == 0
    told = msgspec.json.decode(last.custom_metadata[QUERY_ERROR.encode()], type=ErrorBody)
    assert (told.code, told.message) == ("No", "It broke.")
    assert told.innererror == {"kind": "invalid", "hint": "Mend it."}


def test_a_value_beyond_its_column_names_the_column():
    rows = Rows(1)
    rows.fields[0] = Field("small", pa.int8(), lambda _: pa.array([300], type=pa.int8()))
    with pytest.raises(InvalidError) as caught:
        pieces_of(rows)
    assert caught.value.code == "UnreadableColumn"
    assert "`small`" in caught.value.message


def test_names_that_come_again_get_a_number():
    make = plain(pa.int8())
    found = distinct(Field(name, pa.int8(), make) for name in ["id", "id", "id_1", "id"])
    assert [one.name for one in found] == ["id", "id_1", "id_1_1", "id_2"]
