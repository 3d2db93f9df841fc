"""Which files a definition stands for, and where they are laid."""

from pathlib import Path

import pytest
from zaffre_sdk.data.access import THIS_MACHINE
from zaffre_sdk.data.laying import lay, targets_in, unlay
from zaffre_sdk.data.listing import list_files, local_files
from zaffre_sdk.data.metadata import metadata_column
from zaffre_sdk.errors import NoFilesError, SourceError, UnsafePathError
from zaffre_sdk.wire.datasets import (
    Column,
    DataPlace,
    Definition,
    Filter,
    Literal,
    Operation,
    Sample,
    Skip,
    Split,
    Take,
)


def held(folder):
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def folder(tmp_path):
    for n in range(20):
        for kind in ("csv", "txt"):
            path = tmp_path / "data" / f"{n % 3}" / f"{n:02}.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x" * n)
    return tmp_path / "data"


def of(*paths, **more):
    places = [DataPlace(path=str(p).lstrip("/"), datastore=THIS_MACHINE) for p in paths]
    return Definition(kind="file", places=places, **more)


def relative(definition):
    return [one.relative for one in list_files(None, definition)]


def test_paths_begin_behind_what_is_no_pattern(folder):
    assert relative(of(f"{folder}/0/00.csv")) == ["00.csv"]
    assert relative(of(f"{folder}/0/*.csv"))[:2] == ["00.csv", "03.csv"]
    assert relative(of(f"{folder}/**/0*.csv"))[:2] == ["0/00.csv", "0/03.csv"]
    assert relative(of(folder))[:2] == ["0/00.csv", "0/00.txt"]


def test_several_places_keep_whole_paths(folder):
    found = relative(of(f"{folder}/0/00.csv", f"{folder}/1/*.txt"))
    assert found[:2] == [f"{str(folder)[1:]}/0/00.csv", f"{str(folder)[1:]}/1/01.txt"]


def test_c73_a_place_without_files_is_named(folder):
    with pytest.raises(NoFilesError, match=r"matches `/.*/\*\.parquet`"):
        list_files(None, of(f"{folder}/*.parquet"))
    with pytest.raises(NoFilesError, match="no file or folder `/absent` on this machine"):
        list_files(None, of("/absent"))


def test_a_datastore_needs_a_workspace():
    place = DataPlace(path="a", datastore="store")
    with pytest.raises(SourceError, match="`store` belongs to a workspace"):
        list_files(None, Definition(kind="file", places=[place]))


def test_files_are_taken_skipped_and_drawn(folder):
    every = relative(of(folder))
    assert relative(of(folder, steps=[Skip(count=5), Take(count=3)])) == every[5:8]
    drawn = relative(of(folder, steps=[Sample(probability=0.5, seed=7)]))
    assert drawn == relative(of(folder, steps=[Sample(probability=0.5, seed=7)]))
    assert 0 < len(drawn) < len(every)
    parts = [
        relative(of(folder, steps=[Split(percentage=0.7, seed=3, first=first)]))
        for first in (True, False)
    ]
    assert sorted(parts[0] + parts[1]) == every
    assert set(parts[0]).isdisjoint(parts[1])


def test_files_are_chosen_by_what_is_known_of_them(folder):
    def known(name, operator, value):
        column = Column(name=metadata_column(name))
        return Operation(operator=operator, operands=[column, Literal(value=value)])

    csv = known("Extension", "==", ".csv")
    large = Operation(operator="&", operands=[csv, known("Size", ">", 17)])
    assert relative(of(folder, steps=[Filter(condition=large)])) == ["0/18.csv", "1/19.csv"]


def test_tabular_steps_do_not_choose_files(folder):
    definition = of(folder, steps=[Take(count=1)])
    definition.kind = "tabular"
    assert len(list_files(None, definition)) == 40


def test_files_of_this_machine_are_where_they_are(folder):
    [path] = local_files(list_files(None, of(f"{folder}/0/00.csv")))
    assert path == folder / "0" / "00.csv"


def test_downloads_are_copies(folder, tmp_path):
    laid = lay(None, of(f"{folder}/*/0*.csv"), tmp_path / "out")

    assert laid[0] == tmp_path / "out" / "0" / "00.csv"
    assert laid[1].read_text() == "x" * 3
    assert not laid[1].is_symlink()
    assert not laid[1].samefile(folder / "0" / "03.csv")


def test_mounts_show_without_copying_and_go_away_again(folder, tmp_path):
    out = tmp_path / "out"
    laid = lay(None, of(folder), out, mode="mount")

    assert len(laid) == 40
    assert all(path.is_symlink() for path in laid)
    assert (out / "1" / "01.csv").read_text() == "x"
    (out / "1" / "mine").write_text("x")
    unlay(out, laid)
    assert [path.name for path in out.rglob("*")] == ["1", "mine"]
    unlay(out)
    assert held(out) == []
    assert len(list(folder.rglob("*.csv"))) == 20


def test_c70_files_that_are_there_are_not_replaced_unasked(folder, tmp_path):
    out = tmp_path / "out"
    (out / "0").mkdir(parents=True)
    (out / "0" / "03.csv").write_text("mine")

    with pytest.raises(FileExistsError, match=r"03\.csv.*overwrite=True"):
        lay(None, of(folder), out)
    assert held(out) == ["0"]
    lay(None, of(folder), out, overwrite=True)
    assert (out / "0" / "03.csv").read_text() == "xxx"


def test_a08_a_link_below_the_target_is_not_written_through(folder, tmp_path):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "0").symlink_to(elsewhere)

    with pytest.raises(UnsafePathError, match="through a link"):
        lay(None, of(folder), out)
    assert held(elsewhere) == []


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/x", "a//x", "a/\0", "", "."])
def test_a08_paths_that_climb_are_refused(tmp_path, path):
    with pytest.raises(UnsafePathError, match="nothing was written"):
        targets_in(tmp_path, ["good", path])


def test_names_that_others_gave_are_kept(tmp_path):
    path = "2020-01-01T10:30.csv"
    assert targets_in(tmp_path, [path]) == [tmp_path / path]


def test_a_file_named_twice_is_laid_once(folder, tmp_path):
    one = f"{folder}/0/00.csv"
    laid = lay(None, of(one, one), tmp_path / "out")
    assert laid[0] == laid[1]
    assert Path(laid[0]).is_file()
