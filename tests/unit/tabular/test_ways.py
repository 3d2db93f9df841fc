"""The fast way and the careful way give the same."""

import pandas as pd
import pytest
from zaffre_sdk.data.tabular import quick

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
        },
        index=["p", "q"],
    )
    frame.to_parquet(tmp_path / "a.parquet")
    table = open_files({"a.parquet": None, "b.parquet": (tmp_path / "a.parquet").read_bytes()})
    fast = table.to_pandas()
    assert fast.columns[-1] == "__index_level_0__"
    table._quickly = lambda _choice: None
    pd.testing.assert_frame_equal(fast, table.to_pandas())


def test_plain_files_take_the_fast_way(open_files, monkeypatch):
    table = open_files({"a.csv": PLAIN})
    monkeypatch.setattr("zaffre_sdk.data.tabular.table.Reading", None)
    assert len(table.to_pandas()) == 500
