"""Files that are not what they should be: the error says where."""

import gzip

import pytest
from zaffre_sdk.errors import DataError
from zaffre_sdk.wire.datasets import ColumnType, Delimited

GOOD = "id,name,age\n" + "".join(f"{n},n{n},{n}\n" for n in range(300))


def test_c74_a_cell_that_does_not_fit_its_column_is_named(open_files):
    table = open_files({"a.csv": GOOD, "b.csv": 'id,name,age\n1,"x\ny",5\n\n2,b,forty\n'})
    assert table.to_pandas()["age"].isna().sum() == 1
    with pytest.raises(DataError) as caught:
        table.to_pandas(on_error="fail")
    assert str(caught.value) == (
        "`store/b.csv`, line 5, column `age`: `forty` is no whole number.\n"
        "Give the column another type, or read it with `on_error='null'`."
    )


def test_c74_a_line_with_too_many_cells_is_named(open_files):
    table = open_files({"good.csv": GOOD, "a.csv": f"{GOOD}300,n,5,surplus\n"})
    for read in (table.to_pandas, table.count, lambda: list(table.batches()), table.profile):
        with pytest.raises(DataError, match=r"`store/a\.csv`, line 302, column 4: .*`surplus`"):
            read()


def test_c74_bytes_that_are_no_text_are_named(open_files):
    # Far behind what is looked at for the types.
    table = open_files({"a.csv": GOOD.encode() * 10 + b"300,M\xfcller,5\n"})
    for read in (table.to_pandas, table.profile, lambda: list(table.batches())):
        with pytest.raises(DataError, match=r"line 3011, column 2: `fc` is no text in UTF-8"):
            read()
    with pytest.raises(DataError, match=r"line 2, column 2: `fc` is no text in UTF-8"):
        open_files({"b.csv": b"id,name\n1,M\xfcller\n"})


def test_c74_bytes_that_are_not_in_the_encoding_are_named(open_files):
    with pytest.raises(DataError, match=r"`store/a\.csv`, line 3: the bytes `81`"):
        open_files({"a.csv": b"id,name\n1,x\n2,\x81\n"}, Delimited(encoding="windows1252"))
    with pytest.raises(DataError, match="`klingon` is no encoding"):
        open_files({"a.csv": b"id\n1\n"}, Delimited(encoding="klingon"))


def test_c74_a_quote_that_does_not_end_is_named(open_files):
    table = open_files({"a.csv": f'{GOOD}300,"open,5\n301,x,6\n'})
    for read in (table.to_pandas, table.count):
        with pytest.raises(DataError, match=r"`store/a\.csv`, line 302, column 2: a quote"):
            read()


def test_c74_a_line_that_is_no_json_is_named(open_files):
    table = open_files({"a.jsonl": '{"a": 1}\n\n{"a": }\n'})
    for read in (table.to_pandas, table.count):
        with pytest.raises(DataError, match=r"`store/a\.jsonl`, line 3: `\{\"a\": \}` is no JSON"):
            read()


def test_c74_a_file_that_is_no_parquet_is_named(open_files):
    with pytest.raises(DataError, match=r"`store/a\.parquet` cannot be read"):
        open_files({"a.parquet": b"no parquet at all"}).to_pandas()


def test_a_time_that_pandas_cannot_hold(open_files):
    table = open_files({"a.csv": "t,x\n3000-01-01,1\n2020-01-01,2\n"})
    assert table.to_pandas()["t"].isna().tolist() == [True, False]
    with pytest.raises(DataError, match=r"column `t` has `3000-01-01"):
        table.to_pandas(out_of_range_datetime="fail")


def test_an_error_in_a_row_that_is_left_out_does_not_matter(open_files):
    from zaffre_sdk.wire.datasets import KeepColumns, Take  # noqa: PLC0415

    files = {"a.csv": "a,b\n1,2\n2,x\n"}
    types = {"b": ColumnType("integer")}
    for step in (Take(1), KeepColumns(["a"])):
        open_files(files, types=types, steps=[step]).to_pandas(on_error="fail")


@pytest.mark.parametrize(
    ("content", "words"),
    [(gzip.compress(b"a,b\n1,2\n"), "compressed with gzip"), (b"PAR1\x15\x04\xff", "Parquet")],
)
def test_a_file_of_another_kind_is_told_as_such(open_files, content, words):
    with pytest.raises(DataError, match=rf"`store/a\.csv` is no text: it is {words}"):
        open_files({"a.csv": content})
