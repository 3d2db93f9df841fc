"""Local files and folders on their way to a datastore."""

import pytest
from zaffre_sdk.data.sending import files_below, files_from
from zaffre_sdk.errors import SourceError


@pytest.fixture
def folder(tmp_path):
    for path in ("a.csv", "x/b.csv", "x/y/c.csv", ".hidden"):
        (tmp_path / "in" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / path).write_text(path)
    return tmp_path / "in"


def test_every_file_below_a_folder_is_found(folder):
    found = files_below(folder)
    assert list(found) == [".hidden", "a.csv", "x/b.csv", "x/y/c.csv"]
    assert found["x/b.csv"].read_text() == "x/b.csv"


def test_links_are_followed_but_not_in_circles(folder, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "d").write_text("d")
    (folder / "link").symlink_to(tmp_path / "other")
    assert files_below(folder)["link/d"].read_text() == "d"

    (folder / "x" / "up").symlink_to(folder)
    with pytest.raises(SourceError, match="leads to a folder that it lies in"):
        files_below(folder)


def test_broken_links_and_no_folders_are_said(folder):
    with pytest.raises(SourceError, match="is no folder"):
        files_below(folder / "a.csv")
    (folder / "broken").symlink_to(folder / "absent")
    with pytest.raises(SourceError, match="leads nowhere"):
        files_below(folder)


def test_what_a_killed_download_left_is_not_sent(folder):
    (folder / ".zaffre-01.part").write_text("half")
    assert ".zaffre-01.part" not in files_below(folder)


def test_paths_are_kept_from_the_deepest_common_folder(folder):
    assert list(files_from([folder / "x" / "b.csv"])) == ["b.csv"]
    assert list(files_from([folder / "x" / "b.csv", folder / "x/y/c.csv"])) == ["b.csv", "y/c.csv"]
    assert list(files_from([folder / "x" / "b.csv"], folder)) == ["x/b.csv"]
    assert files_from([]) == {}


def test_files_outside_the_root_and_no_files_are_said(folder):
    with pytest.raises(SourceError, match="not below the root"):
        files_from([folder / "a.csv"], folder / "x")
    with pytest.raises(SourceError, match="does not point to a file"):
        files_from([folder])
