"""Tables of Arrow as pandas DataFrames, with the types that programs of Azure ML expect."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from zaffre_sdk.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_EARLIEST = "1677-09-21T00:12:44"
_LATEST = "2262-04-11T23:47:15"


class OutOfRangeError(DataError):
    """A time is one that pandas cannot hold."""


def frame_of(
    table: pa.Table,
    names: Sequence[str],
    *,
    out_of_range_datetime: str,
    json_columns: Collection[int] = (),
) -> pd.DataFrame:
    """Return a table as a DataFrame.

    Whole numbers with nulls become floats, booleans with nulls objects, times `datetime64[ns]`;
    text is what pandas makes of text: objects, from pandas 3 on `str`.

    Args:
        table: Its columns may have any names.
        names: Of the columns, as people know them.
        out_of_range_datetime: What becomes of times that pandas cannot hold: `null`; or `fail`.
        json_columns: The numbers of those whose texts are JSON and stand for Python objects.

    Raises:
        OutOfRangeError: There is a time that pandas cannot hold, and `out_of_range_datetime` is
            `fail`.
    """
    import pandas as pd  # noqa: PLC0415 (slow to load)
    import pyarrow as pa  # noqa: PLC0415 (likewise)

    series: dict[int, Any] = {}
    table = table.rename_columns([str(index) for index in range(len(names))])
    for index, name in enumerate(names):
        column = table.column(index)
        if index in json_columns:
            series[index] = _parsed(column)
        elif pa.types.is_timestamp(column.type) and column.type.unit != "ns":
            made = nanoseconds(column, name, out_of_range_datetime)
            table = table.set_column(index, str(index), made)
    frame = table.to_pandas()
    for index, values in series.items():
        frame[str(index)] = pd.Series(values, dtype=object, index=frame.index)
    frame.columns = list(names)
    return frame


def nanoseconds(column: Any, name: str, out_of_range_datetime: str) -> Any:
    """Return times in nanoseconds, as pandas had them for most of its life.

    Raises:
        OutOfRangeError: One is out of range, and that is to fail.
    """
    import pyarrow as pa  # noqa: PLC0415 (slow to load)
    import pyarrow.compute as pc  # noqa: PLC0415 (likewise)

    wanted = pa.timestamp("ns", column.type.tz)
    try:
        return column.cast(wanted)
    except pa.ArrowInvalid:
        earliest, latest = (
            pa.scalar(_EARLIEST).cast(pa.timestamp(column.type.unit)).cast(column.type),
            pa.scalar(_LATEST).cast(pa.timestamp(column.type.unit)).cast(column.type),
        )
        fits = pc.and_(pc.greater_equal(column, earliest), pc.less_equal(column, latest))
        if out_of_range_datetime == "fail":
            outside = column.filter(pc.invert(fits))
            raise OutOfRangeError(
                f"Encountered value which is outside of supported range of ({_EARLIEST}+00:00 - "
                f"{_LATEST}+00:00): the column `{name}` has `{outside[0].cast(pa.string())}`.\n"
                "Read it with `out_of_range_datetime='null'`, or as text."
            ) from None
        return pc.if_else(fits, column, pa.scalar(None, column.type)).cast(wanted)


def _parsed(column: Any) -> list[Any]:
    return [None if text is None else json.loads(text) for text in column.to_pylist()]
