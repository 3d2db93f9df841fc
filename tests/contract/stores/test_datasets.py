import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from zaffre.domain.data_uses import DataUse, UseDirection, UseMode
from zaffre.domain.datasets import Dataset, Definition, FileMark, Listing, digest_of_marks
from zaffre.domain.errors import NotFoundError
from zaffre.domain.models import ModelDataset

from contract.stores.conftest import Database
from contract.stores.entities import ODD, TIME, later, model, run

DEFINITION = Definition(
    {"kind": "file", "places": [{"path": ODD, "datastore": "s"}], "deep": [1, None, 1.5]}
)
MARKS = (
    FileMark("a/b.csv", 3, "mark", "s", "ab" * 32),
    FileMark("https://example.org/x", 2**40, ""),
    FileMark(f"{ODD}\udcff", 0, ODD, "s"),
)


def dataset(id_: str = "d1", name: str | None = "data", **fields: Any) -> Dataset:
    whole = Dataset(
        id=id_,
        workspace_id="w1",
        name=name,
        definition=DEFINITION,
        description=ODD,
        tags={"k": ODD},
        files=len(MARKS),
        size=2**40 + 3,
        created_by="owner",
        created_at=TIME,
        run_id="r1",
    )
    return replace(whole, **fields)


def add(database: Database, id_: str, name: str | None = "data", **fields: Any) -> Dataset:
    return database.write(
        lambda s: s.datasets.add(dataset(id_, name, **fields), Listing.of(MARKS))
    )


def use(name: str = "input", **fields: Any) -> DataUse:
    whole = DataUse(
        name=name,
        direction=UseDirection.INPUT,
        mode=UseMode.MOUNT,
        at=TIME,
        dataset_id="d1",
        datastore="s",
        path=ODD,
        path_on_compute="/tmp/x",  # noqa: S108 - a text here
    )
    return replace(whole, **fields)


class TestDatasetStore:
    def test_gives_back_what_was_added(self, database: Database):
        added = add(database, "d1")

        assert added == dataset(version=1)
        assert database.read(lambda s: s.datasets.get("w1", "d1")) == added
        assert database.read(lambda s: s.datasets.find("w1", "data", 1)) == added
        assert database.read(lambda s: s.datasets.marks(added)) == list(MARKS)

    def test_counts_versions_for_each_name_and_workspace(self, database: Database):
        made = [add(database, f"d{n}", name) for n, name in enumerate(("a", "a", "b", "a"))]

        assert [each.version for each in made] == [1, 2, 1, 3]
        assert add(database, "d9", "a", workspace_id="w2").version == 1
        assert add(database, "d8", None).version is None

    def test_gives_no_number_to_what_was_rolled_back(self, database: Database):
        def fail(s):
            s.datasets.add(dataset(), Listing.of(()))
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            database.write(fail)
        assert add(database, "d1").version == 1

    def test_a28_misses_what_is_elsewhere(self, database: Database):
        add(database, "d1")
        for asked in (("w2", "d1"), ("w1", "d2"), ("w1", "")):
            with pytest.raises(NotFoundError) as caught:
                database.read(lambda s: s.datasets.get(*asked))  # noqa: B023 - at once
            assert caught.value.code == "DatasetNotFound"
        assert database.read(lambda s: s.datasets.find("w2", "data", None)) is None
        assert database.read(lambda s: s.datasets.find("w1", "Data", None)) is None
        assert database.read(lambda s: s.datasets.find("w1", "data", 2)) is None

    def test_lists_the_newest_of_each_name_by_name(self, database: Database):
        for number, name in enumerate(("b", "a", "b", None, "c")):
            add(database, f"d{number}", name)

        def ids(**asked: Any) -> list[str]:
            found = database.read(lambda s: s.datasets.list("w1", **{"limit": 9, **asked}))
            return [each.id for each in found]

        assert ids() == ["d1", "d2", "d4"]
        assert ids(limit=2) == ["d1", "d2"]
        assert ids(after="a") == ["d2", "d4"]
        assert database.read(lambda s: s.datasets.list("w2", limit=9)) == []

    def test_lists_versions_newest_first(self, database: Database):
        for number in range(4):
            add(database, f"d{number}")

        def versions(**asked: Any) -> list[int | None]:
            found = database.read(
                lambda s: s.datasets.versions("w1", "data", **{"limit": 9, **asked})
            )
            return [each.version for each in found]

        assert versions() == [4, 3, 2, 1]
        assert versions(limit=2, after=4) == [3, 2]

    def test_an_unregistered_name_is_free_and_its_numbers_are_not(self, database: Database):
        first = add(database, "d1")
        add(database, "d2")
        database.write(lambda s: s.datasets.unregister(replace(first, unregistered_at=later(9))))

        assert database.read(lambda s: s.datasets.find("w1", "data", None)) is None
        assert database.read(lambda s: s.datasets.list("w1", limit=9)) == []
        gone = database.read(lambda s: s.datasets.get("w1", "d1"))
        assert (gone.name, gone.is_registered, gone.unregistered_at) == ("data", False, later(9))
        assert add(database, "d3").version == 3
        listed = database.read(lambda s: s.datasets.versions("w1", "data", limit=9))
        assert [each.id for each in listed] == ["d3"]

    def test_finds_an_equal_definition_without_a_name(self, database: Database):
        nameless = add(database, "d1", None)
        add(database, "d2", "data")

        def found(wanted: Dataset, marks: tuple[FileMark, ...] = MARKS) -> Dataset | None:
            digest = digest_of_marks(marks)
            return database.read(lambda s: s.datasets.find_nameless(wanted, digest))

        assert found(dataset("new", None, created_at=later(5))) == nameless
        assert found(dataset("new", None, tags={})) is None
        assert found(dataset("new", None, run_id=None)) is None
        assert found(dataset("new", None, workspace_id="w2")) is None
        assert found(dataset("new", None, definition=Definition({"kind": "file"}))) is None
        assert found(dataset("new", None), MARKS[:2]) is None
        # A digest that somebody computed does not make it another one.
        assert found(dataset("new", None), (replace(MARKS[0], digest=""), *MARKS[1:])) == nameless

    def test_reads_many_marks_from_any_place_on(self, database: Database):
        marks = [FileMark(f"{n:05}", n, "m", "s") for n in range(1234)]
        made = database.write(lambda s: s.datasets.add(dataset(files=1234), Listing.of(marks)))

        def read(**asked: int) -> list[FileMark]:
            return [*database.read(lambda s: s.datasets.marks(made, **asked))]

        assert read() == marks
        for start in (0, 1, 499, 500, 501, 1200):
            assert read(start=start, limit=502) == marks[start : start + 502]
        assert read(start=1234, limit=10) == []

    @pytest.mark.parametrize("name", ["data", None])
    def test_a_draft_becomes_the_dataset_in_one_go(self, database: Database, name: str | None):
        marks = [FileMark(f"{n:05}", n, "m", "s") for n in range(1234)]
        draft = dataset("draft", name, files=1234)
        database.write(lambda s: s.datasets.begin(draft))
        for start in (0, 1000):
            some = marks[start : start + 1000]
            database.write(lambda s: s.datasets.extend(draft, some, start=start))  # noqa: B023 - waited for
        listing = replace(Listing.of(marks), marks=(), draft_id="draft")

        def found() -> Dataset | None:
            return database.read(lambda s: s.datasets.find_nameless(draft, listing.digest))

        assert found() is None
        assert database.read(lambda s: s.datasets.list("w1", limit=9)) == []
        assert database.read(lambda s: [one.id for one in s.datasets.drafts()]) == ["draft"]
        made = database.write(
            lambda s: s.datasets.add(dataset("d1", name, files=1234, tags={"a": "b"}), listing)
        )

        assert made.id == "draft"
        assert made == database.read(lambda s: s.datasets.get("w1", "draft"))
        assert (made.version, made.tags) == (1 if name else None, {"a": "b"})
        assert database.read(lambda s: s.datasets.marks(made)) == marks
        draft = made
        assert found() == (None if name else made)
        # It is no draft any more, and stays.
        assert database.write(lambda s: s.datasets.discard(made, most=1000))
        assert database.read(lambda s: s.datasets.get("w1", "draft")) == made

    def test_a_draft_that_is_gone_becomes_no_dataset(self, database: Database):
        gone = replace(Listing.of(MARKS), marks=(), draft_id="gone")
        with pytest.raises(NotFoundError):
            database.write(lambda s: s.datasets.add(dataset(), gone))
        assert add(database, "d1").version == 1

    def test_a_draft_is_discarded_a_slice_at_a_time(self, database: Database):
        marks = [FileMark(f"{n:05}", n, "m", "s") for n in range(1234)]
        database.write(lambda s: s.datasets.begin(dataset()))
        database.write(lambda s: s.datasets.extend(dataset(), marks, start=0))
        gone = [database.write(lambda s: s.datasets.discard(dataset(), most=1000)) for _ in "ab"]

        assert gone == [False, True]
        assert database.read(lambda s: s.datasets.drafts()) == []
        with pytest.raises(NotFoundError):
            database.write(lambda s: s.datasets.extend(dataset(), marks, start=0))

    def test_the_digest_of_many_marks_is_that_of_one_text(self):
        marks = [FileMark(f"{n:05}{ODD}", n, "m", "s") for n in range(2345)]
        text = json.dumps([(mark.datastore, mark.path, mark.size, mark.mark) for mark in marks])
        assert digest_of_marks(marks) == hashlib.sha256(text.encode()).hexdigest()
        assert digest_of_marks(()) == hashlib.sha256(b"[]").hexdigest()

    def test_lists_what_a_run_registered(self, database: Database):
        add(database, "d1")
        add(database, "d2", None)
        add(database, "d3", "other", run_id="r2")

        found = database.read(lambda s: s.datasets.of_run("w1", "r1", limit=9))
        assert [each.id for each in found] == ["d1"]

    def test_saves_what_can_change(self, database: Database):
        added = add(database, "d1")
        changed = replace(added, description="new", tags={"a": "b"})
        database.write(lambda s: s.datasets.save(replace(changed, files=9)))

        assert database.read(lambda s: s.datasets.get("w1", "d1")) == changed
        with pytest.raises(NotFoundError):
            database.write(lambda s: s.datasets.save(replace(added, id="d2")))

    def test_goes_with_its_workspace(self, database: Database):
        made = add(database, "d1", workspace_id="w2")

        def remove(s):
            s.workspaces.remove(s.workspaces.get("w2"))

        database.write(remove)
        assert database.read(lambda s: s.datasets.marks(made)) == []
        with pytest.raises(NotFoundError):
            database.read(lambda s: s.datasets.get("w2", "d1"))


class TestDataUseStore:
    def test_gives_back_what_was_put(self, database: Database):
        add(database, "d1")
        put = database.write(lambda s: s.data_uses.put(run(), use()))
        [(_, known)] = database.read(lambda s: s.data_uses.of_run(run(), limit=9))

        assert put == known.use == use()
        assert (known.run_id, known.experiment_name) == ("r1", "exp")
        assert (known.dataset_name, known.dataset_version) == ("data", 1)
        listed = database.read(lambda s: s.data_uses.of_dataset(dataset(), limit=9))
        assert [each for _, each in listed] == [known]

    def test_one_of_each_direction_and_name_is_kept_with_its_first_time(self, database: Database):
        output = use(direction=UseDirection.OUTPUT, dataset_id=None)
        again = use(mode=UseMode.DOWNLOAD, path=None, at=later(5))

        def put(s):
            for each in (use(), output, use("other"), again):
                s.data_uses.put(run(), each)

        database.write(put)
        found = database.read(lambda s: s.data_uses.of_run(run(), limit=9))
        assert [known.use for _, known in found] == [replace(again, at=TIME), output, use("other")]

    def test_lists_pages_in_order_of_arrival(self, database: Database):
        add(database, "d1")

        def put(s):
            s.runs.add(run("r2", number=2))
            for number in range(4):
                s.data_uses.put(run("r2" if number % 2 else "r1"), use(str(number)))

        database.write(put)
        page = database.read(lambda s: s.data_uses.of_dataset(dataset(), limit=3))
        assert [known.use.name for _, known in page] == ["0", "1", "2"]
        last = page[-1][0]
        rest = database.read(lambda s: s.data_uses.of_dataset(dataset(), limit=3, after=last))
        assert [known.use.name for _, known in rest] == ["3"]
        of_run = database.read(lambda s: s.data_uses.of_run(run("r2"), limit=1))
        assert [known.use.name for _, known in of_run] == ["1"]

    def test_a28_another_workspace_has_no_part_in_it(self, database: Database):
        add(database, "d1")
        database.write(lambda s: s.data_uses.put(run(), use()))
        foreign = dataset(workspace_id="w2")
        assert database.read(lambda s: s.data_uses.of_dataset(foreign, limit=9)) == []
        assert database.read(lambda s: s.data_uses.of_run(run(workspace_id="w2"), limit=9)) == []

    def test_goes_with_its_run(self, database: Database):
        add(database, "d1")
        database.write(lambda s: s.data_uses.put(run(), use()))
        part = database.write(lambda s: s.removals.take_run("w1", "r1", rows=1000))

        assert part.done
        assert database.read(lambda s: s.data_uses.of_dataset(dataset(), limit=9)) == []
        assert database.read(lambda s: s.datasets.get("w1", "d1")).run_id == "r1"

    def test_finds_the_models_that_came_of_a_dataset(self, database: Database):
        came = (ModelDataset("training", "d1"), ModelDataset("test", "d2"))

        def put(s):
            s.models.add(model("m", datasets=came))
            s.models.add(model("m"))
            s.models.add(model("n", datasets=came[1:]))
            s.models.add(model("m", datasets=came[:1]))
            s.models.add(model("m", datasets=came, workspace_id="w2"))

        database.write(put)

        def ids(id_: str, limit: int = 9) -> list[str]:
            found = database.read(lambda s: s.data_uses.models_of(dataset(id_), limit=limit))
            return [each.id for each in found]

        assert ids("d1") == ["m:3", "m:1"]
        assert ids("d2", limit=1) == ["n:1"]
        assert ids("d") == []
        assert database.read(lambda s: s.models.get("w1", "m:1")).datasets == came
