import math
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zaffre.domain.errors import InvalidError, NotFoundError
from zaffre.domain.metrics import MetricKind

from contract.stores.conftest import Database
from contract.stores.entities import batch, later, point, run

VALUES = [0.1, -0.0, 3, 2**63, True, None, "text", "", [1, 2.5, "x", None], {"a": [1], "b": {}}]
numbers = count(1)


def values_of(database: Database, name: str = "loss"):
    found = database.read(lambda s: s.metrics.points(run(), name, limit=10_000))
    return [entry.value for _, entry in found]


class TestMetricStore:
    @pytest.mark.parametrize("value", VALUES, ids=repr)
    def test_gives_back_what_was_logged(self, database: Database, value):
        logged = point(value, kind=MetricKind.LIST, step=7, time=later(0.000001))
        database.write(lambda s: s.metrics.append(run(), batch(1, logged)))

        ((position, found),) = database.read(lambda s: s.metrics.points(run(), "loss", limit=5))

        assert (position, found) == (0, logged)
        assert type(found.value) is type(value)

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf], ids=str)
    def test_keeps_what_is_not_finite(self, database: Database, value):
        nested = point([value, {"a": value}], name="nested", kind=MetricKind.TABLE)
        logged = batch(1, point(value), nested)
        database.write(lambda s: s.metrics.append(run(), logged))

        assert repr(values_of(database)) == repr([value])
        assert repr(values_of(database, "nested")) == repr([[value, {"a": value}]])
        summary = database.read(lambda s: s.metrics.summaries(run()))[0]
        assert (summary.minimum, summary.maximum, summary.count) == (None, None, 1)
        assert repr(summary.last) == repr(value)

    @pytest.mark.parametrize("kind", MetricKind)
    def test_keeps_every_kind(self, database: Database, kind: MetricKind):
        database.write(lambda s: s.metrics.append(run(), batch(1, point("x", kind=kind))))

        assert database.read(lambda s: s.metrics.summaries(run()))[0].kind is kind

    def test_stores_a_sequence_once(self, database: Database):
        def append(sequence: int, writer: str = "a") -> bool:
            one = batch(sequence, point(float(sequence)), writer=writer)
            return database.write(lambda s: s.metrics.append(run(), one))

        assert [append(1), append(2), append(1), append(2), append(3)] == [
            True,
            True,
            False,
            False,
            True,
        ]
        # Another writer counts for itself, and a late batch is no lost batch.
        assert [append(5, "b"), append(4, "b"), append(5, "b")] == [True, True, False]
        assert values_of(database) == [1.0, 2.0, 3.0, 5.0, 4.0]

    def test_stores_an_empty_batch_once(self, database: Database):
        assert database.write(lambda s: s.metrics.append(run(), batch(1))) is True
        assert database.write(lambda s: s.metrics.append(run(), batch(1))) is False
        assert database.write(lambda s: s.metrics.append(run(), batch(2, point(1)))) is True
        assert [at for at, _ in database.read(lambda s: s.metrics.entries(run(), limit=9))] == [0]

    def test_counts_for_each_run_alone(self, database: Database):
        database.write(lambda s: s.runs.add(run("r2")))
        for id_ in ("r1", "r2"):
            one = run(id_)
            assert database.write(lambda s, one=one: s.metrics.append(one, batch(1, point(1.0))))

        (summary,) = database.read(lambda s: s.metrics.summaries(run("r2")))

        assert summary.count == 1
        with pytest.raises(NotFoundError):
            database.write(lambda s: s.metrics.append(run("r3"), batch(1)))

    def test_sums_up_in_order_of_first_appearance(self, database: Database):
        first = (point(2.0, "z", 1), point(-1, "a", 5), point(7.5, "z", 2))
        second = (point(3.0, "z", 3, time=later(9)), point("text", "b"))
        database.write(lambda s: s.metrics.append(run(), batch(1, *first)))
        database.write(lambda s: s.metrics.append(run(), batch(2, *second)))

        z, a, b = database.read(lambda s: s.metrics.summaries(run()))

        assert (z.name, z.count, z.minimum, z.maximum, z.last, z.last_step) == (
            "z",
            3,
            2.0,
            7.5,
            3.0,
            3,
        )
        assert z.updated_at == later(9)
        assert (a.name, a.minimum, a.maximum, a.last, a.last_step) == ("a", -1, -1, -1, 5)
        assert (b.name, b.minimum, b.maximum, b.last) == ("b", None, None, "text")

    def test_pages_through_one_metric(self, database: Database):
        logged = [point(float(n), "ab"[n % 2], n) for n in range(20)]
        database.write(lambda s: s.metrics.append(run(), batch(1, *logged)))

        def page(after: int):
            found = database.read(lambda s: s.metrics.points(run(), "b", limit=4, after=after))
            return [(at, entry.step) for at, entry in found]

        assert page(-1) == [(0, 1), (1, 3), (2, 5), (3, 7)]
        assert page(3) == [(4, 9), (5, 11), (6, 13), (7, 15)]
        assert page(7) == [(8, 17), (9, 19)]
        assert page(9) == page(10**12) == []
        assert database.read(lambda s: s.metrics.points(run(), "none", limit=4)) == []

    def test_refuses_numbers_beyond_64_bits(self, database: Database):
        for odd in (point(2**64), point(1.0, step=2**63)):
            with pytest.raises(InvalidError) as caught:
                database.write(lambda s, odd=odd: s.metrics.append(run(), batch(1, odd)))
            assert caught.value.code == "NumberTooLarge"
        assert database.read(lambda s: s.metrics.summaries(run())) == []

    def test_samples_evenly_with_both_ends(self, database: Database):
        logged = [point(float(n)) for n in range(1001)]
        database.write(lambda s: s.metrics.append(run(), batch(1, *logged)))

        def sample(size: int):
            found = database.read(lambda s: s.metrics.sample(run(), "loss", size=size))
            assert all(at == entry.value for at, entry in found)
            return [at for at, _ in found]

        assert sample(5) == [0, 250, 500, 750, 1000]
        assert sample(2) == [0, 1000]
        assert sample(1) == [1000]
        assert sample(0) == []
        assert sample(1001) == sample(5000) == list(range(1001))
        thousand = sample(1000)
        assert len(set(thousand)) == 1000
        assert (thousand[0], thousand[-1]) == (0, 1000)
        assert database.read(lambda s: s.metrics.sample(run(), "none", size=5)) == []

    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.lists(st.lists(st.sampled_from("abc"), max_size=7), max_size=7), st.integers(1, 9))
    def test_pages_through_all_metrics_in_order_of_arrival(
        self, database: Database, batches: list[list[str]], size: int
    ):
        one = run(f"another {next(numbers)}")
        database.write(lambda s: s.runs.add(one))
        expected = []
        for number, names in enumerate(batches, start=1):
            points = [
                point(float(len(expected) + index), name) for index, name in enumerate(names)
            ]
            sent = batch(number, *points)
            database.write(lambda s, sent=sent: s.metrics.append(one, sent))
            expected += points

        found, after = [], -1
        while page := database.read(
            lambda s, after=after: s.metrics.entries(one, limit=size, after=after)
        ):
            assert len(page) <= size
            found += page
            after = page[-1][0]

        assert found == list(enumerate(expected))

    def test_takes_many_metrics_at_once(self, database: Database):
        logged = [point(1.0, f"metric {n % 1500}") for n in range(3000)]
        database.write(lambda s: s.metrics.append(run(), batch(1, *logged)))

        summaries = database.read(lambda s: s.metrics.summaries(run()))
        entries = database.read(lambda s: s.metrics.entries(run(), limit=10_000))

        assert [s.name for s in summaries] == [f"metric {n}" for n in range(1500)]
        assert {s.count for s in summaries} == {2}
        assert [entry for _, entry in entries] == logged

    def test_undoes_a_batch_with_its_unit(self, database: Database):
        def fail(s):
            s.metrics.append(run(), batch(1, point(1.0)))
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            database.write(fail)
        again = replace(batch(1, point(2.0)), writer="writer")

        assert database.write(lambda s: s.metrics.append(run(), again)) is True
        assert values_of(database) == [2.0]
