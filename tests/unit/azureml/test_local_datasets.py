"""Datasets over local files, which no server is needed for."""

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from azureml.core import Dataset
from azureml.data import (
    _exporting,
    _folders,
    _frames,
    _mounting,
    _partitioning,
    _sending,
    _uploading,
    file_dataset,
)
from azureml.data.abstract_datastore import AbstractDatastore
from azureml.data.dataset_error_handling import DatasetExecutionError
from azureml.exceptions import UserErrorException


@pytest.fixture
def table(tmp_path):
    """A table whose last cell does not fit its column."""
    (tmp_path / "a.csv").write_text("a\n" + "1\n" * 300 + "x\n")
    return Dataset.Tabular.from_delimited_files(str(tmp_path / "a.csv"))


def test_a_dask_frame_fails_when_it_is_to(table, tmp_path, monkeypatch):
    read = SimpleNamespace(read_parquet=pd.read_parquet)
    monkeypatch.setattr(_exporting, "_needed", lambda *_: read)
    monkeypatch.setattr(_folders.tempfile, "tempdir", str(tmp_path))

    assert table.to_dask_dataframe()["a"].isna().sum() == 1
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DatasetExecutionError, match="to_dask_dataframe"):
        table.to_dask_dataframe(on_error="fail")
    assert sorted(tmp_path.iterdir()) == before


def test_a_download_that_failed_leaves_no_folder(tmp_path, monkeypatch):
    def lay(_client, _definition, folder, **_settings):
        (folder / "half").write_text("")
        raise RuntimeError("broke off")

    monkeypatch.setattr(file_dataset, "lay", lay)
    (tmp_path / "new").mkdir()
    monkeypatch.setattr(_folders.tempfile, "tempdir", str(tmp_path / "new"))
    files = Dataset.File.from_files(str(tmp_path / "files"))
    with pytest.raises(RuntimeError, match="broke off"):
        files.download()
    assert list((tmp_path / "new").iterdir()) == []
    with pytest.raises(RuntimeError, match="broke off"):
        files.download(str(tmp_path))
    assert (tmp_path / "half").exists()


def test_a_mount_that_failed_leaves_an_empty_folder(tmp_path, monkeypatch):
    def lay(_client, _definition, folder, **_settings):
        (folder / "deep").mkdir()
        (folder / "deep" / "half").write_text("")
        raise RuntimeError("broke off")

    monkeypatch.setattr(_mounting, "lay", lay)
    files = Dataset.File.from_files(str(tmp_path / "files"))
    mount = files.mount(str(tmp_path / "here"))
    with pytest.raises(RuntimeError, match="broke off"):
        mount.start()
    assert list((tmp_path / "here").iterdir()) == []


def test_a_frame_of_mixed_cells_is_refused_as_the_users_error(tmp_path):
    with pytest.raises(UserErrorException, match="values of one type"):
        _frames.of_pandas(None)(pd.DataFrame({"a": [b"1", 2, "x"]}), tmp_path, print)


def test_files_in_linked_folders_are_sent_too(tmp_path, monkeypatch):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "a.csv").write_text("")
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "link").symlink_to(tmp_path / "far", target_is_directory=True)
    sent = []
    monkeypatch.setattr(_sending, "nouns_of", lambda _: SimpleNamespace(workspace=None))
    monkeypatch.setattr(_sending, "send_files", lambda *given, **_: sent.extend(given[2]))

    _uploading.send(
        tmp_path / "near", SimpleNamespace(workspace=None, name="s"), "", pattern="*.csv"
    )

    assert sent == ["link/a.csv"]


def test_of_the_files_of_a_column_only_the_missing_ones_are_left_out(tmp_path):
    for name in ("a", "c"):
        (tmp_path / name).write_text(name)
    named = "\n".join(str(tmp_path / name) for name in "abc")
    (tmp_path / "list.csv").write_text(f"file\n{named}\n")
    table = Dataset.Tabular.from_delimited_files(str(tmp_path / "list.csv"))

    found = table.download("file", str(tmp_path / "here"))
    assert [Path(one).read_text() for one in found] == ["a", "c"]
    with pytest.raises(UserErrorException, match="There is no file"):
        table.download("file", str(tmp_path / "there"), ignore_not_found=False)


def test_more_folders_than_are_made_are_the_users_error(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("key,value\n1,2\n2,3\n3,4\n")
    table = Dataset.Tabular.from_delimited_files(str(tmp_path / "a.csv"))
    monkeypatch.setattr(_partitioning, "_MOST_FOLDERS", 2)
    store = AbstractDatastore(None, "store", "AzureBlob")
    with pytest.raises(UserErrorException, match="fewer values"):
        table.partition_by("key", store, show_progress=False)
