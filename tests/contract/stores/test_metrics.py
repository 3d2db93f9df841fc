import math
import random
import time
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zaffre.adapters.sql.stores import metrics
from zaffre.domain.errors import InvalidError, NotFoundError
from zaffre.domain.metrics import MetricBatch, MetricColumns, MetricKind, MetricPoint

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

    def test_reads_one_of_many_metrics_as_it_reads_all_of_them(self, database: Database):
        first = [point(float(n), name="abc"[n % 3], step=n, time=later(n)) for n in range(9)]
        alone = [point(9.0, name="b", time=later(9))]
        last = [point("x", name="b", time=later(10)), point(11.0, name="d", time=later(11))]
        for sequence, points in enumerate((first, alone, last), 1):
            database.write(lambda s, n=sequence, p=points: s.metrics.append(run(), batch(n, *p)))
        logged = [*first, *alone, *last]

        def read(stores, name: str):
            return [found for _, found in stores.metrics.points(run(), name, limit=99)]

        for name in "abcd":
            own = [one for one in logged if one.name == name]
            assert database.read(lambda s, name=name: read(s, name)) == own
        # The second metric that a transaction asks for is read another way than the first one.
        asked = "badcb"
        found = database.read(lambda s: [read(s, name) for name in asked])
        assert found == [[one for one in logged if one.name == name] for name in asked]

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

    @pytest.mark.parametrize("waiting", [0, 200, 700, 10**6])
    def test_reads_alike_whatever_is_folded(
        self, database: Database, monkeypatch: pytest.MonkeyPatch, waiting: int
    ):
        monkeypatch.setattr(metrics, "MAX_WAITING", waiting)
        chance = random.Random(waiting)  # noqa: S311 - no secret
        expected = []
        for number in range(1, 40):
            some = [
                point(
                    chance.choice([0.5, 7, True, "text", math.inf, [1], {"a": 1}]),
                    chance.choice("abc"),
                    chance.choice([None, -3, 5]),
                    time=later(number),
                )
                for _ in range(chance.randrange(30))
            ]
            some = [replace(one, kind=_kind_of(one.value)) for one in some]
            sent = batch(number, *some)
            database.write(lambda s, sent=sent: s.metrics.append(run(), sent))
            expected += some

        own = [one for one in expected if one.name == "b"]
        pages = [
            database.read(lambda s, at=at: s.metrics.entries(run(), limit=50, after=at))
            for at in range(-1, len(expected), 50)
        ]
        found = database.read(lambda s: s.metrics.points(run(), "b", limit=9999))
        part = database.read(lambda s: s.metrics.points(run(), "b", limit=40, after=30))
        sample = database.read(lambda s: s.metrics.sample(run(), "b", size=7))
        summary = next(
            one for one in database.read(lambda s: s.metrics.summaries(run())) if one.name == "b"
        )
        assert [entry for page in pages for entry in page] == list(enumerate(expected))
        assert found == list(enumerate(own))
        assert part == list(enumerate(own))[31:71]
        assert all(own[at] == entry for at, entry in sample)
        assert (sample[0][0], sample[-1][0], len(sample)) == (0, len(own) - 1, 7)
        assert (summary.count, summary.last, summary.kind) == (
            len(own),
            own[-1].value,
            own[-1].kind,
        )

    def test_the_latest_has_the_greatest_step_then_time_then_number(self, database: Database):
        def log(number: int, *points: MetricPoint) -> None:
            sent = batch(number, *points)
            database.write(lambda s: s.metrics.append(run(), sent))

        def latest() -> dict[str, tuple[float, int]]:
            found = database.read(lambda s: s.metrics.latest("w1", ["r1", "none"]))
            return {one.name: (one.number, one.step) for one in found.get("r1", [])}

        log(1, point("text", "t"), point([1.0], "l", kind=MetricKind.LIST))
        assert latest() == {}
        log(2, point(1.0, "a", 5, time=later(9)), point(2.0, "a", 6, time=later(1)))
        log(3, point(3.0, "a", 5, time=later(99)), point(math.inf, "b"), point(value=0, name="c"))
        assert latest() == {"a": (2.0, 6), "b": (math.inf, 0), "c": (0.0, 0)}
        log(4, point(9.0, "a", 6, time=later(1)), point(1.5, "b", time=later(1)))
        log(5, point(8.0, "a", 6, time=later(1)), point(-1.0, "d", -2), point(-2.0, "d", -1))
        assert latest() == {"a": (9.0, 6), "b": (1.5, 0), "c": (0.0, 0), "d": (-2.0, -1)}
        log(6, point(math.nan, "a", 7), point("text", "a", 8), point(7.0, "c", time=later(-1)))
        assert repr(latest()["a"]) == "(nan, 7)"
        log(7, point(-5.0, "a", 7))
        assert repr(latest()["a"]) == "(nan, 7)"
        log(8, point(0.25, "a", 7), point(1.0, "e", 1), point(2.0, "e", None, time=later(5)))
        assert (latest()["a"], latest()["e"], latest()["c"]) == ((0.25, 7), (1.0, 1), (0.0, 0))

    def test_the_latest_of_many_runs_at_once(self, database: Database):
        ids = [f"many {number}" for number in range(600)]

        def fill(s):
            for number, id_ in enumerate(ids):
                s.runs.add(run(id_))
                s.metrics.append(run(id_), batch(1, point(float(number)), point(1, "n")))

        database.write(fill)
        found = database.read(lambda s: s.metrics.latest("w1", ids))
        assert [[one.number for one in found[id_]] for id_ in ids] == [
            [float(number), 1.0] for number in range(600)
        ]
        assert database.read(lambda s: s.metrics.latest("w2", ids)) == {}

    def test_samples_in_order_of_steps(self, database: Database):
        steps = [*range(0, 1000, 2), *range(999, 0, -2)]
        for number in range(10):
            some = [point(float(step), step=step) for step in steps[number * 100 :][:100]]
            database.write(
                lambda s, number=number, some=some: s.metrics.append(
                    run(), batch(number + 1, *some)
                )
            )

        def sample(size: int, steps: tuple[int, int] | None = None):
            found = database.read(
                lambda s: s.metrics.sample_steps(run(), "loss", size=size, steps=steps)
            )
            assert all(entry.step == entry.value for _, entry in found)
            return [entry.step for _, entry in found]

        assert sample(5) == [0, 250, 500, 750, 999]
        assert sample(1) == [999]
        assert sample(2000) == list(range(1000))
        assert sample(3, (10, 12)) == [10, 11, 12]
        assert sample(3, (5000, 6000)) == []
        assert sample(2, (-5, 3)) == [0, 3]
        assert database.read(lambda s: s.metrics.sample_steps(run(), "none", size=5)) == []

    def test_deletes_what_one_run_logged(self, database: Database, monkeypatch):
        monkeypatch.setattr(metrics, "MAX_WAITING", 100)
        database.write(lambda s: s.runs.add(run("r2")))
        for id_ in ("r1", "r2"):
            for number in (1, 2, 3):
                sent = batch(number, point(1.0), point("x", "t"))
                database.write(lambda s, id_=id_, sent=sent: s.metrics.append(run(id_), sent))

        database.write(lambda s: s.metrics.delete(run()))

        assert database.read(lambda s: s.metrics.summaries(run())) == []
        assert database.read(lambda s: s.metrics.entries(run(), limit=9)) == []
        assert len(database.read(lambda s: s.metrics.entries(run("r2"), limit=9))) == 6
        assert database.write(lambda s: s.metrics.append(run(), batch(1, point(2.0)))) is True
        assert values_of(database) == [2.0]

    def test_a_million_points_stay_quick_to_read(self, database: Database):
        def fill(s):
            for number in range(100):
                times = [1e9 + number] * 10_000
                floats = [float(value) for value in range(number * 10_000, (number + 1) * 10_000)]
                columns = MetricColumns(names=["loss"], times=times, values=floats)
                s.metrics.append(run(), MetricBatch("w", number + 1, columns))

        database.write(fill)
        began = time.process_time()
        (summary,) = database.read(lambda s: s.metrics.summaries(run()))
        page = database.read(lambda s: s.metrics.points(run(), "loss", limit=1000, after=499_999))
        sample = database.read(lambda s: s.metrics.sample(run(), "loss", size=1000))
        took = time.process_time() - began

        assert (summary.count, summary.minimum, summary.maximum) == (10**6, 0.0, 999_999.0)
        assert [entry.value for _, entry in page] == [float(n) for n in range(500_000, 501_000)]
        assert (len(sample), sample[0][0], sample[-1][0]) == (1000, 0, 999_999)
        # Far above what it takes (50 ms), and far below what reading every point would.
        assert took < 1.0


def _kind_of(value: object) -> MetricKind:
    return {list: MetricKind.LIST, dict: MetricKind.ROW}.get(type(value), MetricKind.SCALAR)
