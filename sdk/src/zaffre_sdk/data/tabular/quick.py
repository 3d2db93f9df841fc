"""Whole files into pandas at the speed of the fastest reader of the environment.

From pandas 3 on its own reader is the fastest, which parses on all cores and leaves text in
Arrow's memory; before, Arrow's. Both are taken at their word only where their result is what the
definition says: whatever else comes out is read again with care.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from zaffre_sdk.data.tabular.delimited import Layouts, layouts_of
from zaffre_sdk.data.tabular.guessing import guess
from zaffre_sdk.data.tabular.preparing import SourceFile
from zaffre_sdk.parallel import parallel
from zaffre_sdk.wire.datasets import ColumnType, Definition, Delimited

if TYPE_CHECKING:
    import pandas as pd

_WORDS = ("yes", "Yes", "YES", "t", "T"), ("no", "No", "NO", "f", "F")
_FIRST_WITH_PARALLEL_READER = 3
_LARGEST = 2.0**63
# Of many smaller files the engine, which reads them in one go, makes a frame sooner.
_SMALL_BYTES = 1024 * 1024
# A thread for less takes longer than it spares.
_PIECE_ROWS = 250_000


class _NotPlainError(Exception):
    """A column did not come out as the definition says."""


def quick_frame(definition: Definition, files: Sequence[SourceFile]) -> pd.DataFrame | None:
    """Return all records of delimited files; None where they must be read with care."""
    reader = definition.reader
    if not isinstance(reader, Delimited) or not _is_plain(definition) or not _is_large(files):
        return None
    layouts = layouts_of(files, reader)
    types = [definition.types.get(name, ColumnType("string")) for name in layouts.names]
    if not _is_readable(layouts, reader, types):
        return None
    import pandas as pd  # noqa: PLC0415 (slow to load)

    is_new = int(pd.__version__.partition(".")[0]) >= _FIRST_WITH_PARALLEL_READER
    read = _by_pandas if is_new else _by_arrow
    try:
        frame = _concatenated(
            [read(layouts, index, reader, types) for index in range(len(layouts.files))]
        )
    except (ValueError, TypeError, OverflowError, Warning, _NotPlainError):
        return None  # What is wrong is found, and said, by the careful way.
    frame.columns = layouts.names
    return frame


def _is_large(files: Sequence[SourceFile]) -> bool:
    """Tell whether what a reader needs to begin with each file does not matter."""
    if len(files) < 2:  # noqa: PLR2004 (one file)
        return len(files) == 1
    return sum(file.path.stat().st_size for file in files) >= _SMALL_BYTES * len(files)


def _is_plain(definition: Definition) -> bool:
    return not (definition.steps or definition.include_path or definition.partition_format)


def _is_readable(layouts: Layouts, reader: Delimited, types: Sequence[ColumnType]) -> bool:
    """Tell whether the fast readers understand the files as they are to be understood."""
    if reader.header == "all_files_different" or reader.empty_as_text:
        return False
    if not reader.separator.isascii() or len(reader.separator) != 1 or len(layouts.names) < 2:  # noqa: PLR2004 (of one column blank lines are cells)
        return False
    rows = layouts.first.rows
    for index, wanted in enumerate(types):
        if wanted != ColumnType(wanted.name):
            return False  # It is read in a way of its own.
        cells = [row[index] for row in rows if index < len(row)]
        if wanted.name in {"string", "stream"} and guess(cells).wanted.name not in {
            "string",
            "datetime",
        }:
            return False  # Fast readers take for numbers what is to be text.
    return True


def _concatenated(frames: list[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 (slow to load)

    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def _by_pandas(
    layouts: Layouts, index: int, reader: Delimited, types: Sequence[ColumnType]
) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 (slow to load)

    layout = layouts.files[index]
    has_words = any(wanted.name == "boolean" for wanted in types)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)  # Such columns are objects.
        frame = pd.read_csv(
            str(layout.file.path),
            sep=reader.separator,
            header=None,
            names=range(len(types)),
            skiprows=layout.skip,
            keep_default_na=False,
            na_values=[""],
            true_values=list(_WORDS[0]) if has_words else None,
            false_values=list(_WORDS[1]) if has_words else None,
            encoding="utf-8",
            compression=None,  # whatever the name says: it is read as it is
        )
    for position, wanted in enumerate(types):
        values = frame[position]
        made = _MADE[wanted.name](values)
        if made is not values:
            frame[position] = made
    return frame


def _text(values: Any) -> Any:
    import pandas as pd  # noqa: PLC0415 (slow to load)

    if values.dtype == "str":
        return values
    if values.isna().all():
        return pd.Series([None] * len(values), dtype="str", index=values.index)
    raise _NotPlainError


def _integer(values: Any) -> Any:
    if values.dtype == "int64":
        return values
    if values.dtype != "float64":
        raise _NotPlainError
    known = values.dropna()
    if len(known) == len(values) or not ((known % 1 == 0) & (known.abs() < _LARGEST)).all():
        raise _NotPlainError
    return values


def _float(values: Any) -> Any:
    if values.dtype == "float64":
        return values
    if values.dtype != "int64":
        raise _NotPlainError
    return values.astype("float64")


def _boolean(values: Any) -> Any:
    if values.dtype == "bool":
        return values
    known = values.dropna()
    if not known.map(lambda value: value is True or value is False).all():
        raise _NotPlainError
    return values.astype("object").where(values.notna(), None)


def _datetime(values: Any) -> Any:
    import numpy as np  # noqa: PLC0415 (slow to load)
    import pandas as pd  # noqa: PLC0415 (likewise)
    import pyarrow as pa  # noqa: PLC0415 (likewise)
    import pyarrow.compute as pc  # noqa: PLC0415 (likewise)

    if values.dtype != "str":
        if values.isna().all():
            return pd.Series(pd.NaT, dtype="datetime64[ns]", index=values.index)
        raise _NotPlainError
    texts = pa.array(values.array)
    texts = pa.chunked_array([texts]) if isinstance(texts, pa.Array) else texts
    first = pc.first(texts).as_py() or ""
    has_zone = first.endswith("Z") or first[10:].count("+") + first[10:].count("-") > 0
    kind = pa.timestamp("ns", "UTC" if has_zone else None)

    rows = max(_PIECE_ROWS, math.ceil(len(texts) / (os.cpu_count() or 1)))

    def times_from(start: int) -> Any:
        return texts.slice(start, rows).cast(kind).to_numpy()

    pieces = parallel(times_from, range(0, max(len(texts), 1), rows))
    return pd.Series(np.concatenate(pieces), index=values.index, copy=False)


_MADE: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "stream": _text,
    "integer": _integer,
    "float": _float,
    "boolean": _boolean,
    "datetime": _datetime,
}


def _by_arrow(
    layouts: Layouts, index: int, reader: Delimited, types: Sequence[ColumnType]
) -> pd.DataFrame:
    import pyarrow as pa  # noqa: PLC0415 (slow to load)
    from pyarrow import csv  # noqa: PLC0415 (likewise)

    layout = layouts.files[index]
    names = [f"c{position}" for position in range(len(types))]
    kinds = {
        "integer": pa.int64(),
        "float": pa.float64(),
        "boolean": pa.bool_(),
        "datetime": pa.timestamp("ns"),
    }
    # Whatever the name says, it is read as it is.
    table = csv.read_csv(
        pa.OSFile(str(layout.file.path)),
        read_options=csv.ReadOptions(column_names=names, skip_rows=layout.skip),
        parse_options=csv.ParseOptions(
            delimiter=reader.separator, newlines_in_values=reader.multi_line
        ),
        convert_options=csv.ConvertOptions(
            column_types={
                name: kinds.get(wanted.name, pa.string()) for name, wanted in zip(names, types)
            },
            null_values=[""],
            true_values=["true", "True", "TRUE", *_WORDS[0]],
            false_values=["false", "False", "FALSE", *_WORDS[1]],
            strings_can_be_null=True,
        ),
    )
    return table.to_pandas()
