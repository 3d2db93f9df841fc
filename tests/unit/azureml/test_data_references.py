"""References to data, paths, and how they are given to runs."""

import pytest
from azureml.data.azure_storage_datastore import AzureBlobDatastore
from azureml.data.data_reference import DataReference
from azureml.data.datapath import DataPath, DataPathComputeBinding
from azureml.data.sql_data_reference import SqlDataReference
from azureml.exceptions import UserErrorException


@pytest.fixture
def store():
    return AzureBlobDatastore(None, "blob_data", "container", "account")


def test_a_reference_is_written_as_the_variable_that_a_run_sees(store):
    assert str(DataReference(store)) == "$AZUREML_DATAREFERENCE_blob_data"
    assert str(store.path("/")) == "$AZUREML_DATAREFERENCE_blob_data"
    assert str(store.path("x", "name")) == f"{store.path('x', 'name')!r}"
    assert str(store.path("x", "name")) == "$AZUREML_DATAREFERENCE_name"
    assert len(store.path("x").data_reference_name) == 32


def test_modes_make_copies(store):
    first = store.path("data/files")
    fetched = first.as_download(path_on_compute="training_data")

    assert (first.mode, first.path_on_compute) == ("mount", None)
    assert (fetched.mode, fetched.path_on_compute) == ("download", "training_data")
    assert fetched.data_reference_name == first.data_reference_name
    assert first.as_upload("out", overwrite=True).overwrite
    assert fetched.as_mount().path_on_compute is None


def test_paths_go_deeper(store):
    assert store.path("a").path("b").path_on_datastore == "a/b"
    assert store.path("a/").path("/b/").path_on_datastore == "a/b"
    assert store.path().path("b").path_on_datastore == "b"
    assert store.path("a").path("b").path().path_on_datastore == "a/b"
    assert str(store.path("a", "ref").path()) == "$AZUREML_DATAREFERENCE_ref"


def test_a_reference_becomes_a_section_of_a_run_configuration(store):
    section = store.path("data", "ref").as_download("here").to_config()

    assert section.datastore_name == "blob_data"
    assert section.mode == "download"
    assert section.path_on_datastore == "data"
    assert section.path_on_compute == "here"
    assert section.overwrite is False


def test_bad_references_are_refused(store):
    with pytest.raises(UserErrorException, match="Invalid mode copy"):
        DataReference(store, mode="copy")
    with pytest.raises(UserErrorException, match="a datastore is expected"):
        DataReference("blob_data")


def test_paths_and_bindings_make_references_and_back(store):
    path = DataPath(store, "data/a")
    binding = DataPathComputeBinding("download", "here", overwrite=True)
    made = path.create_data_reference("ref", binding)

    assert (made.path_on_datastore, made.mode, made.path_on_compute) == (
        "data/a",
        "download",
        "here",
    )
    assert binding.create_data_reference("ref", path).overwrite
    assert DataPath.create_from_data_reference(made).path_on_datastore == "data/a"
    again = DataPathComputeBinding.create_from_data_reference(made)
    assert again.create_data_reference("x", path).mode == "download"
    assert path.datastore_name == "blob_data"
    assert path._name.startswith("blob_data_")


def test_bad_paths_are_refused():
    with pytest.raises(ValueError, match="datastore parameter is required"):
        DataPath()
    with pytest.raises(UserErrorException, match="Invalid mode"):
        DataPathComputeBinding("copy")


def test_tables_have_no_paths(store):
    table = SqlDataReference(store, "ref", sql_query="select 1")

    assert table.sql_query == "select 1"
    for refused in (table.as_mount, table.as_download, table.as_upload, table.to_config):
        with pytest.raises(UserErrorException, match="has no path"):
            refused()
    with pytest.raises(UserErrorException, match="Only one of"):
        SqlDataReference(store, sql_query="select 1", sql_table="t")


def test_a_datastore_shows_no_secret(store):
    store.account_key = "c2VjcmV0"
    assert '"container_name": "container"' in repr(store)
    assert "c2VjcmV0" not in repr(store)
    assert not store.is_sas
