"""Decisions by chance: repeatable, fair, and the same in SQL."""

import pytest
from zaffre_sdk.data.chance import keeps, keeps_sql

MANY = 40_000


@pytest.mark.parametrize("probability", [0.001, 0.1, 0.5, 0.8, 0.99])
@pytest.mark.parametrize("seed", [0, 1, 123, 2**63, -5])
def test_about_as_many_are_kept_as_was_asked(seed, probability):
    kept = sum(keeps(seed, n, probability) for n in range(MANY))
    spread = (MANY * probability * (1 - probability)) ** 0.5
    assert abs(kept - MANY * probability) < 5 * spread + 1


def test_all_or_none():
    assert all(keeps(3, n, 1.0) for n in range(1000))
    assert not any(keeps(3, n, 0.0) for n in range(1000))


def test_neighbours_and_seeds_have_nothing_to_do_with_each_other():
    one = [keeps(1, n, 0.5) for n in range(MANY)]
    for other in ([keeps(2, n, 0.5) for n in range(MANY)], one[1:], one[2:], one[8:]):
        same = sum(a == b for a, b in zip(one, other, strict=False))
        assert abs(same - len(other) / 2) < 500


def test_the_same_seed_decides_alike_and_a_larger_share_holds_the_smaller():
    for n in range(1000):
        assert keeps(9, n, 0.3) == keeps(9, n, 0.3)
        assert keeps(9, n, 0.6) or not keeps(9, n, 0.3)


def test_sql_decides_as_python_does():
    duckdb = pytest.importorskip("duckdb")
    for seed, probability in ((1, 0.3), (99, 0.75), (2**40, 0.001)):
        condition = keeps_sql(seed, "n", probability)
        found = duckdb.sql(f"select n from range(20000) t(n) where {condition} order by n")  # noqa: S608
        expected = [n for n in range(20_000) if keeps(seed, n, probability)]
        assert [row[0] for row in found.fetchall()] == expected


def test_positions_beyond_any_table_are_no_trouble():
    assert isinstance(keeps(1, 2**62, 0.5), bool)
