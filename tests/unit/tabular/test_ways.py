"""The fast way and the careful way give the same."""

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest
from msgspec.structs import replace
from zaffre_sdk.data.tabular import gathering, quick
from zaffre_sdk.data.tabular.preparing import prepare
from zaffre_sdk.data.tabular.table import Table
from zaffre_sdk.wire.datasets import Delimited, Take

PLAIN = "i,f,b,t,s,ib,e\n" + "".join(
    f"{n},{n / 7!r},{'yes' if n % 2 else 'No'},2020-01-0{n % 9 + 1} 00:00:0{n % 10},"
    f'"text, {n}",{n if n % 3 else ""},\n'
    for n in range(500)
)


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN + "1.5,x,maybe,never,7,z,\n",
        PLAIN + "501,1,,,,,\n",
        PLAIN + "2.0,1,,,,,\n",
        PLAIN + "1_000,1_0.5,,,,0x1F,\n",
        PLAIN + "501,1,,2020-01-02 03,,1,\n",
        PLAIN + "501,1,,2020-01-02T03:04,,1,\n",
        PLAIN + "502,inf,Yes,2020-01-01T00:00:00Z,x,9223372036854775808,\n",
        PLAIN + "503,1e3,t,2020-01-01 00:00:00.123456,,1,late\n",
        PLAIN + '\n\n504,1,f,1500-01-01,"a\nb",1,\n',
        PLAIN.replace("2020-01-01 00:00:00", "2020-01-01 00:00:00+01:00"),
    ],
)
def test_both_ways_give_the_same(open_files, monkeypatch, content):
    table = open_files({"a.csv": content})
    fast = table.to_pandas()
    monkeypatch.setattr(quick, "_is_plain", lambda _definition: False)
    pd.testing.assert_frame_equal(fast, table.to_pandas())


def test_parquet_gives_the_same_both_ways(open_files, tmp_path):
    frame = pd.DataFrame(
        {
            "t": pd.to_datetime(["2020-01-01", None]),
            "i": [1, 2],
            "f": [1.5, None],
            "s": ["x", None],
            "b": [True, False],
            "n": [Decimal("1.50"), None],
            "d": [date(2020, 1, 1), None],
            "l": [[1, 2], None],
            "o": [{"k": "x"}, None],
        },
        index=["p", "q"],
    )
    frame.to_parquet(tmp_path / "a.parquet")
    table = open_files({"a.parquet": None, "b.parquet": (tmp_path / "a.parquet").read_bytes()})
    fast = table.to_pandas()
    assert fast.columns[-1] == "__index_level_0__"
    table._quickly = lambda *_given: None
    pd.testing.assert_frame_equal(fast, table.to_pandas())


def test_parquet_has_the_zones_of_its_times_both_ways(open_files, tmp_path):
    times = pd.to_datetime(["2020-01-01", "2020-06-01"]).tz_localize("Europe/Berlin")
    pd.DataFrame({"t": times}).to_parquet(tmp_path / "a.parquet")
    fast = open_files({"a.parquet": None}).to_pandas()
    assert str(fast["t"].dtype) == "datetime64[ns, Europe/Berlin]"
    table = open_files({"a.parquet": None}, steps=[Take(2)])
    pd.testing.assert_frame_equal(fast, table.to_pandas())
    assert str(next(table.batches()).schema.field("t").type.tz) == "Europe/Berlin"


@pytest.mark.parametrize("name", ["a.csv.gz", "a.zip", "a.bz2", "a.csv.zst"])
def test_what_is_not_compressed_is_read_whatever_its_name_says(open_files, name):
    table = open_files({name: "i,s\n1,x\n"}, Delimited())
    assert table.to_pandas()["i"].tolist() == [1]


def test_files_are_made_readable_once(open_files, monkeypatch):
    made = []
    monkeypatch.setattr(gathering, "prepare", lambda *given: made.append(given) or prepare(*given))
    table = open_files({"a.csv": "näme,x\n1,2\n".encode("latin1")}, Delimited(encoding="latin1"))
    made.clear()
    table = Table(None, replace(table._definition, steps=[Take(1)]), files=table._files)
    assert table.to_pandas()["näme"].tolist() == [1]
    assert len(made) == 1


def test_plain_files_take_the_fast_way(open_files, monkeypatch):
    table = open_files({"a.csv": PLAIN})
    monkeypatch.setattr("zaffre_sdk.data.tabular.table.Reading", None)
    assert len(table.to_pandas()) == 500
