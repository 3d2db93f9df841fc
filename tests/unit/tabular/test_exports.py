"""Tables written to files, and read again."""

import pandas as pd
from zaffre_sdk.wire.datasets import DropColumns, Take

FILES = {"a.csv": 'i,f,b,t,s\n1,1.5,Yes,2020-01-02 03:04:05,"a,b"\n2,,,,\n3,2,No,,"q ""x"""\n'}


def test_parquet_has_the_same_records(open_files, tmp_path):
    table = open_files(FILES)
    (file,) = table.to_parquet(tmp_path / "made")
    again = pd.read_parquet(file).astype({"t": "datetime64[ns]"})
    pd.testing.assert_frame_equal(again, table.to_pandas())


def test_delimited_files_have_the_same_records(open_files, tmp_path):
    table = open_files(FILES, steps=[DropColumns(["i"])])
    (file,) = table.to_csv(tmp_path / "made", ";")
    assert file.read_text() == (
        'f;b;t;s\n1.5;True;2020-01-02T03:04:05.000000;a,b\n;;;\n2.0;False;;"q ""x"""\n'
    )


def test_names_that_differ_by_capitals_alone_stay_as_they_are(open_files, tmp_path):
    files = {"a.csv": 'a,A,"x,y"\n1,2,3\n'}
    (file,) = open_files(files).to_csv(tmp_path / "made")
    assert file.read_text() == 'a,A,"x,y"\n1,2,3\n'
    assert [one.name for one in file.parent.iterdir()] == [file.name]
    (file,) = open_files(files, steps=[Take(0)]).to_parquet(tmp_path / "empty")
    assert list(pd.read_parquet(file).columns) == ["a", "A", "x,y"]


def test_batches_have_names_and_types(open_files):
    batches = list(open_files(FILES).batches())
    assert [str(kind) for kind in batches[0].schema.types] == [
        "int64",
        "double",
        "bool",
        "timestamp[us]",
        "string",
    ]
    assert batches[0].schema.names == ["i", "f", "b", "t", "s"]
    assert sum(batch.num_rows for batch in batches) == 3
