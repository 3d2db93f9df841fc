"""Paths of Windows, as far as they can be told elsewhere."""

import os
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from azureml.data._file_datastore import below_top
from azureml.data._places import below_store
from zaffre_sdk.data.machine import machine_path, path_of, place_path
from zaffre_sdk.data.sending import files_from
from zaffre_sdk.errors import SourceError


@pytest.mark.parametrize(
    ("path", "place", "back"),
    [
        (PureWindowsPath(r"C:\x\y.csv"), "C:/x/y.csv", "C:/x/y.csv"),
        (PureWindowsPath("d:\\"), "d:/", "d:/"),
        (PureWindowsPath(r"\\server\share\a\b"), "UNC/server/share/a/b", "//server/share/a/b"),
        (PureWindowsPath(r"C:\x\**\*.csv"), "C:/x/**/*.csv", "C:/x/**/*.csv"),
    ],
)
def test_places_have_drives_and_shares(path, place, back):
    assert place_path(path) == place
    assert machine_path(place, is_windows=True) == back
    assert PureWindowsPath(back) == path


def test_a_drive_is_its_top_and_not_where_one_stands():
    assert machine_path("C:", is_windows=True) == "C:/"


def test_elsewhere_such_names_are_names():
    assert place_path(PurePosixPath("/UNC/C:/x")) == "UNC/C:/x"
    assert machine_path("UNC/C:/x", is_windows=False) == "/UNC/C:/x"
    assert path_of("/C:/x", is_windows=False) == "/C:/x"
    assert path_of("/C:/x", is_windows=True) == "C:/x"
    assert path_of("/data/x", is_windows=True) == "/data/x"


@pytest.mark.parametrize("given", [r"a\b", r"\a\b", r".\a\b", "./a/b", r"/a\b", r".\\a\b"])
def test_backslashes_lead_below_the_top_of_a_datastore(given):
    assert below_top(given) == "a/b"
    assert below_store(given) == "a/b"


def test_files_of_several_drives_are_told_apart(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"")

    def refuse(_paths):
        raise ValueError("Paths don't have the same drive")

    monkeypatch.setattr(os.path, "commonpath", refuse)
    with pytest.raises(SourceError, match="several drives"):
        files_from([tmp_path / "a"])
