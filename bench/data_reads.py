"""How each reader gets a file into pandas; one of them, once, in a process of its own.

Run by the interpreter of the environment that is measured: `python data_reads.py READER FORMAT
PLACE`. PLACE is a file, an address, or a path in the default datastore. It prints how many seconds
it took to define and to read, and how many megabytes the process had at most.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

WHEN = "seen"
Read = Callable[[], Any]


def main(reader: str, form: str, place: str) -> dict[str, float]:
    """Read once and return the figures."""
    define, modules = READERS[reader]
    for module in modules:
        import_module(module)  # nobody reads only one file in the life of a program
    began = time.perf_counter()
    read = define(form, place)
    defined = time.perf_counter()
    frame = read()
    return {
        "define": defined - began,
        "read": time.perf_counter() - defined,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows": len(frame),
        "columns": len(frame.columns),
    }


def pandas(form: str, path: str) -> Read:
    """Read texts as texts: a time is not looked for."""
    reader = getattr(import_module("pandas"), f"read_{form}")
    return lambda: reader(path)


def pandas_dates(form: str, path: str) -> Read:
    """Read the column of times as what it is, as all others here do."""
    reader = getattr(import_module("pandas"), f"read_{form}")
    return lambda: reader(path, **({"parse_dates": [WHEN]} if form == "csv" else {}))


def polars(form: str, path: str) -> Read:
    """Read with times, and hand over."""
    polars = import_module("polars")
    if form == "csv":
        return lambda: polars.read_csv(path, try_parse_dates=True).to_pandas()
    return lambda: polars.read_parquet(path).to_pandas()


def duckdb(form: str, path: str) -> Read:
    """Read with times, and hand over."""
    duckdb = import_module("duckdb")
    return lambda: duckdb.sql(f"FROM read_{form}('{path}')").df()


def pyarrow(form: str, path: str) -> Read:
    """Read with times, and hand over."""
    module = import_module(f"pyarrow.{form}")
    reader = module.read_csv if form == "csv" else module.read_table
    return lambda: reader(path).to_pandas()


def zaffre(form: str, path: str, types: dict[str, Any] | None = None) -> Read:
    """Read a dataset on the default datastore, as a v1 program does."""
    core = import_module("azureml.core")
    workspace = core.Workspace.create(
        "bench", subscription_id="local", resource_group="local", exist_ok=True
    )
    place = (workspace.get_default_datastore(), path)
    return _tabular(core, form)(place, set_column_types=types).to_pandas_dataframe


def zaffre_texts(form: str, path: str) -> Read:
    """Read the same, with times as texts."""
    text = import_module("azureml.data").DataType.to_string()
    return zaffre(form, path, {WHEN: text} if form == "csv" else None)


def dataprep(form: str, address: str) -> Read:
    """Read a dataset at an address: the genuine package takes no path of this machine."""
    return _tabular(import_module("azureml.core"), form)(address).to_pandas_dataframe


def _tabular(core: ModuleType, form: str) -> Callable[[Any], Any]:
    factory = core.Dataset.Tabular
    return factory.from_delimited_files if form == "csv" else factory.from_parquet_files


READERS = {
    "zaffre": (zaffre, ["azureml.core", "pandas", "pyarrow.dataset", "duckdb"]),
    "zaffre_texts": (zaffre_texts, ["azureml.data", "pandas", "pyarrow.dataset", "duckdb"]),
    "pandas": (pandas, ["pandas", "pyarrow.parquet", "pyarrow.dataset"]),
    "pandas_dates": (pandas_dates, ["pandas", "pyarrow.parquet", "pyarrow.dataset"]),
    "polars": (polars, ["polars", "pandas", "pyarrow"]),
    "duckdb": (duckdb, ["duckdb", "pandas"]),
    "pyarrow": (pyarrow, ["pandas", "pyarrow.csv", "pyarrow.parquet", "pyarrow.dataset"]),
    "dataprep": (dataprep, ["azureml.core", "azureml.dataprep", "pandas"]),
}

if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
