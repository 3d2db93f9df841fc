"""Delimited files, as people write them."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zaffre_sdk.errors import DataError
from zaffre_sdk.wire.datasets import ColumnType, Delimited

NUMBERS = {"i": ColumnType("integer"), "f": ColumnType("float"), "s": ColumnType("string")}


def records(found):
    return [
        tuple(None if pd.isna(value) else value for value in row)
        for row in found.itertuples(index=False, name=None)
    ]


def test_types_are_those_of_azure_ml(frame):
    found = frame(
        {
            "a.csv": "i,f,b,t,s,n,ib,bb\n1,1.5,Yes,2020-01-02,x,,1,T\n"
            "2,2,no,2020-01-02T10:00:00Z, y ,,,\n"
        }
    )
    assert [str(kind) for kind in found.dtypes[:4]] == [
        "int64",
        "float64",
        "bool",
        "datetime64[ns]",
    ]
    assert str(found["ib"].dtype) == "float64"
    assert found["bb"].tolist() == [True, None]
    assert found["s"].tolist() == ["x", " y "]
    assert found["n"].isna().all()
    assert found["t"].tolist() == [pd.Timestamp("2020-01-02"), pd.Timestamp("2020-01-02 10:00")]


def test_times_as_people_write_them(frame):
    texts = ["1/2/2020", "1/3/2020 14:05", "1/4/2020 1:05:06 PM"]
    others = ["13-02-2020", "01-02-2020", "02-02-2020"]
    lines = "".join(f"{one},{other}\n" for one, other in zip(texts, others, strict=True))
    found = frame({"a.csv": f"t,d\n{lines}"})
    assert [str(time) for time in found["t"]] == [
        "2020-01-02 00:00:00",
        "2020-01-03 14:05:00",
        "2020-01-04 13:05:06",
    ]
    assert found["d"].dt.day.tolist() == [13, 1, 2]


def test_names_are_trimmed_numbered_and_made_up(frame):
    found = frame({"a.csv": " a ,a,,b\n1,2,3,4,5\n"})
    assert list(found.columns) == ["a", "a_1", "Column3", "b", "Column5"]


def test_names_that_differ_by_capitals_alone_stay_apart(open_files, tmp_path):
    table = open_files({"a.csv": "a,A\n1,2\n3,4\n"})
    assert records(table.to_pandas()) == [(1, 2), (3, 4)]
    again = pd.read_parquet(table.to_parquet(tmp_path / "made")[0])
    assert list(again.columns) == ["a", "A"]


def test_short_lines_blank_lines_and_marks_at_the_beginning(frame):
    found = frame({"a.csv": b"\xef\xbb\xbf\na,b,c\r\n1,x\r\n\r\n2,y,z\r\n"})
    assert records(found) == [(1, "x", None), (2, "y", "z")]


@pytest.mark.parametrize(
    "content",
    [
        b"\na,b\r\n1,x\r\n2,y\r\n",
        b"a,b\r\n1,x\n2,y\n",
        b"a,b\n1,x\r\n2,y\n",
        b"a,b\r1,x\r2,y\r",
        b"a,b\r\n1,x\r\n2,y",
    ],
)
def test_lines_may_end_in_several_ways(open_files, content):
    table = open_files({"a.csv": content, "b.csv": "a,b\n3,z\n"})
    assert records(table.to_pandas()) == [(1, "x"), (2, "y"), (3, "z")]
    assert table.count() == sum(batch.num_rows for batch in table.batches()) == 3


def test_lines_may_end_otherwise_far_behind(open_files):
    lines = [f"{n},x" for n in range(40_000)]
    for first, second in (("\n", "\r\n"), ("\r\n", "\n")):
        content = f"a,b{first}{first.join(lines[:30_000])}{first}{second.join(lines[30_000:])}"
        table = open_files({"a.csv": content})
        assert table.count() == 40_000
        found = [n for batch in table.batches() for n in batch.column(0).to_pylist()]
        assert found == table.to_pandas()["a"].tolist() == list(range(40_000))


def test_line_breaks_in_cells_stay_as_they_are(open_files):
    table = open_files({"a.csv": b'a,b\r\n1,"x\ny"\r\n2,z\r\n'}, Delimited(multi_line=True))
    assert [row["b"] for batch in table.batches() for row in batch.to_pylist()] == ["x\ny", "z"]


def test_without_header_columns_are_numbered(frame):
    found = frame({"a.csv": "1,x\n2,y\n"}, Delimited(header="none"))
    assert list(found.columns) == ["Column1", "Column2"]
    assert len(found) == 2


@pytest.mark.parametrize(
    ("header", "names", "rows"),
    [
        ("all_files_same", ["x", "y"], [(1, 2), (3, 4)]),
        ("all_files_different", ["x", "y", "z"], [(1, 2, None), (None, 4, 3)]),
        ("only_first_file", ["x", "y"], [(1, 2), (None, None), (3, 4)]),
    ],
)
def test_headers_of_several_files(frame, header, names, rows):
    files = {"a.csv": "x,y\n1,2\n", "b.csv": "z,y\n3,4\n", "c.csv": ""}
    found = frame(files, Delimited(header=header))
    assert list(found.columns) == names
    assert records(found) == rows


def test_quotes_and_line_breaks_in_cells(open_files):
    files = {"a.csv": 'i,s\n1,"a ""q"" b"\n2,"one\ntwo, three"\n', "b.csv": "i,s\n3,x\n"}
    for multi_line in (True, False):
        table = open_files(files, Delimited(multi_line=multi_line), include_path=True)
        rows = [row[1:] for row in records(table.to_pandas())]
        assert rows == [(1, 'a "q" b'), (2, "one\ntwo, three"), (3, "x")]
        assert sum(batch.num_rows for batch in table.batches()) == table.count() == 3


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("latin1", "latin-1"),
        ("windows1252", "cp1252"),
        ("utf16", "utf-16"),
        ("utf32", "utf-32"),
        ("utf8bom", "utf-8-sig"),
        ("utf8", "utf-8"),
    ],
)
def test_encodings(frame, encoding, codec):
    content = "näme;wert\nMüller;1\n".encode(codec)
    found = frame({"a.csv": content}, Delimited(encoding=encoding, separator=";"))
    assert list(found.columns) == ["näme", "wert"]
    assert records(found) == [("Müller", 1)]


def test_empty_cells_may_be_texts(frame):
    found = frame({"a.csv": "s,i\n,1\nx,\n"}, Delimited(empty_as_text=True))
    assert found["s"].tolist() == ["", "x"]


def test_lines_at_the_beginning_may_be_left_out(frame):
    found = frame({"a.csv": "# made today\n\na,b\n1,2\n"}, Delimited(skip_lines=1))
    assert records(found) == [(1, 2)]


def test_paths_with_signs_of_patterns_are_taken_as_they_are(frame):
    found = frame(
        {"a[1]*'x.csv": "i,s\n1,a\n", "b?.csv": "i,s\n2,b\n"},
        include_path=True,
        partition_format="/{part}.csv",
    )
    assert records(found) == [
        ("store/a[1]*'x.csv", "a[1]*'x", 1, "a"),
        ("store/b?.csv", "b?", 2, "b"),
    ]


def test_columns_of_paths_stand_first_and_have_types(frame):
    files = {"2019/b/d_2020-01-02.csv": "x,\n1,2\n", "2020/c/d_2021-03-04.csv": "x,\n3,4\n"}
    found = frame(files, partition_format="/{year}/{kind}/d_{day:yyyy-MM-dd}.csv")
    assert list(found.columns) == ["year", "kind", "day", "x", "Column5"]
    assert records(found)[1] == (2020, "c", pd.Timestamp("2021-03-04"), 3, 4)


def test_a_column_of_the_path_cannot_have_the_name_of_another(frame):
    with pytest.raises(DataError, match="makes a column `x`"):
        frame({"1/a.csv": "x,y\n1,2\n"}, partition_format="/{x}/*.csv")


def test_nothing_to_read_is_said(frame):
    with pytest.raises(DataError, match=r"no records in `store/a\.csv`"):
        frame({"a.csv": ""})
    with pytest.raises(DataError, match="nothing follows the header"):
        frame({"a.csv": "a,b\n"})


def test_types_that_are_given(frame):
    files = {"a.csv": 'f,i,b,t,s\n"1.234,5",1.7,on,31.12.2020,007\nx,y,z,w,v\n'}
    types = {
        "f": ColumnType("float", decimal_mark=","),
        "i": ColumnType("integer", truncate=True),
        "b": ColumnType("boolean", true_values=["ON"], false_values=["off"], mismatch="false"),
        "t": ColumnType("datetime", formats=["%d.%m.%Y"]),
        "s": ColumnType("string"),
        "absent": ColumnType("float"),
    }
    found = frame(files, types=types)
    assert records(found) == [
        (1234.5, 1, True, pd.Timestamp("2020-12-31"), "007"),
        (None, None, False, None, "v"),
    ]


def test_a_number_with_decimals_is_no_integer(frame):
    found = frame({"a.csv": "i,s\n1.7,a\n2.0,b\n1e3,c\n"}, types={"i": ColumnType("integer")})
    assert records(found) == [(None, "a"), (2, "b"), (1000, "c")]


def test_numbers_as_people_and_programs_write_them(frame):
    found = frame(
        {"a.csv": "i,f,s\n\u00a01, 1.5,\u0661\n1_000,1_0.5,2\n0x1F,nan,3\n"}, types=NUMBERS
    )
    assert records(found) == [(1, 1.5, "\u0661"), (None, None, "2"), (None, None, "3")]


def test_cells_may_be_long(open_files):
    long = "x" * 3_000_000
    table = open_files({"a.csv": f"i,s\n1,{long}\n2,y\n", "b.csv": "i,s\n3,z\n"})
    assert table.to_pandas()["s"].str.len().tolist() == [3_000_000, 1, 1]
    assert table.count() == 3


def test_records_know_their_file_among_files_with_other_columns(frame):
    files = {"a.csv": "x,y\n1,2\n", "b.csv": "", "c.csv": "z,y\n3,4\n", "d.csv": "z,y\n5,6\n"}
    found = frame(files, Delimited(header="all_files_different"), include_path=True)
    assert found["Path"].tolist() == ["store/a.csv", "store/c.csv", "store/d.csv"]


def test_many_files_keep_their_order(frame):
    files = {f"{n:03}.csv": f"i,b,s\n{2 * n},yes,x\n{2 * n + 1},no,\n" for n in range(120)}
    found = frame(files, include_path=True)
    assert found["i"].tolist() == list(range(240))
    assert found["b"].tolist() == [True, False] * 120
    assert found["Path"].iloc[-1] == "store/119.csv"


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\0", exclude_categories=["Cs"]))


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=20))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
def test_texts_come_back_as_python_wrote_them(open_files, rows):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    table = open_files(
        {"a.csv": "a,b,c\n" + text.getvalue()},
        Delimited(multi_line=True),
        types={name: ColumnType("string") for name in "abc"},
    )
    wanted = [tuple(cell or None for cell in row) for row in rows]
    found = [tuple(row.values()) for batch in table.batches() for row in batch.to_pylist()]
    assert found == wanted
    assert records(table.to_pandas()) == wanted
