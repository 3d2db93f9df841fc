"""The data that is read and sent: a table as CSV and Parquet, small files, and a large one.

Run by an interpreter with DuckDB: `python data_making.py table FOLDER MEGABYTES`.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

ROW_BYTES = 91
SMALL_BYTES = 4096
_MEGABYTE = 1_000_000
_TABLE = """
    SELECT i AS id, TIMESTAMP '2020-01-01 00:00:00' + to_seconds(i * 7) AS seen,
        'region-' || hash(i) % 50 AS region, 'customer ' || hash(i * 31) % 1000000 AS customer,
        round(random() * 1000, 2) AS price, (hash(i + 7) % 1000)::INTEGER AS amount,
        random() AS score, hash(i) % 3 = 0 AS paid
    FROM range({rows}) AS numbers(i)
"""


def table(folder: Path, megabytes: int) -> None:
    """Write `table.csv` of about so many megabytes, and the same as `table.parquet`."""
    duckdb = import_module("duckdb")
    query = _TABLE.format(rows=megabytes * _MEGABYTE // ROW_BYTES)
    duckdb.sql(f"COPY ({query}) TO '{folder}/table.csv' (HEADER)")
    duckdb.sql(f"COPY (FROM '{folder}/table.csv') TO '{folder}/table.parquet'")


def small_files(folder: Path, count: int) -> None:
    """Write files of 4 KiB, a hundred in a folder."""
    for number in range(count):
        path = folder / f"{number // 100:03d}" / f"{number:05d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(number.to_bytes(4, "big") * (SMALL_BYTES // 4))


def large_file(folder: Path, megabytes: int) -> None:
    """Write one file that nothing can make smaller."""
    folder.mkdir(parents=True)
    with (folder / "large.bin").open("wb") as file:
        for _ in range(megabytes):
            file.write(os.urandom(_MEGABYTE))


if __name__ == "__main__":
    table(Path(sys.argv[2]), int(sys.argv[3]))
