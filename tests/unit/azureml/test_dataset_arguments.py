"""Where datasets lie and how they are read, in the forms in which programs say it."""

from types import SimpleNamespace

import pytest
from azureml.data import DataType
from azureml.data._places import below_store, is_local, places_of, root_of, source_of, target_of
from azureml.data._steps import columns_of, count_of, seed_of, share_of
from azureml.data._types import column_types, encoding_of, header_of, separator_of
from azureml.data.abstract_datastore import AbstractDatastore
from azureml.data.datapath import DataPath
from azureml.data.dataset_type_definitions import FileEncoding, PromoteHeadersBehavior
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.datasets import DataPlace


@pytest.fixture
def store():
    return AbstractDatastore(SimpleNamespace(name="ws"), "blobs", "AzureBlob")


def test_a_tuple_names_a_path_of_a_datastore(store):
    found = places_of((store, "weather/*.csv"))
    assert found.places == [DataPlace("weather/*.csv", "blobs")]
    assert found.workspace is store.workspace


def test_every_form_in_one_list(store, tmp_path):
    data_path = DataPath(store, "b")
    places = places_of([(store, "/a"), data_path, "https://x.org/y.csv", str(tmp_path)]).places
    assert places[:3] == [
        DataPlace("a", "blobs"),
        DataPlace("b", "blobs"),
        DataPlace("https://x.org/y.csv"),
    ]
    assert is_local(places[3])


def test_a_local_path_is_found_from_the_present_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = places_of("./data/*.csv").places[0]
    assert root_of(place) == (tmp_path / "data", "*.csv")
    assert root_of(places_of(tmp_path / "x.csv").places[0]) == (tmp_path, "x.csv")


@pytest.mark.parametrize("path", [None, [], 3, "", ("x", "y"), [("x",)]])
def test_what_is_no_path_is_refused_with_the_forms_there_are(path):
    with pytest.raises(UserErrorException, match=r"`path`[^$]*A path is"):
        places_of(path)


@pytest.mark.parametrize("path", ["../x", "a/../../b", "a\\..\\b"])
def test_a_path_does_not_leave_its_datastore(store, path):
    with pytest.raises(UserErrorException, match="leaves its datastore"):
        places_of((store, path))


@pytest.mark.parametrize(
    ("given", "path"),
    [("/data/files", "data/files"), ("./a", "a"), (".", ""), ("/", ""), (None, ""), ("a/", "a/")],
)
def test_what_leads_to_the_root_is_left_out(given, path):
    assert below_store(given) == path


def test_an_address_with_a_secret_is_refused():
    with pytest.raises(UserErrorException, match="signature") as refused:
        places_of("https://a.blob.core.windows.net/c/x.csv?sv=1&sig=SECRET")
    assert "SECRET" not in str(refused.value)
    with pytest.raises(UserErrorException, match="user name") as refused:
        places_of("https://me:SECRET@x.org/x.csv")
    assert "SECRET" not in str(refused.value)


def test_other_schemes_are_refused():
    with pytest.raises(UserErrorException, match="http"):
        places_of("wasbs://c@a.blob.core.windows.net/x.csv")


def test_places_of_two_workspaces_are_refused(store):
    other = AbstractDatastore(SimpleNamespace(name="other"), "blobs", "AzureBlob")
    with pytest.raises(UserErrorException, match="other, ws"):
        places_of([(store, "a"), (other, "b")])


def test_targets_and_queries(store):
    assert target_of(store) == (store, "")
    assert target_of((store, "/a/b")) == (store, "a/b")
    assert target_of(DataPath(store, "c")) == (store, "c")
    with pytest.raises(ValueError, match="`target`"):
        target_of("a/b")
    assert source_of((store, "select 1")) == (store, "select 1")
    with pytest.raises(UserErrorException, match="`query`"):
        source_of((store, " "))


def test_types_of_columns():
    given = {"a": DataType.to_long(), "b": DataType.to_float(","), "c": DataType.to_datetime("%d")}
    found = column_types(given)
    assert [one.name for one in found.values()] == ["integer", "float", "datetime"]
    assert found["b"].decimal_mark == ","
    assert found["c"].formats == ["%d"]
    assert column_types(None) == {}
    assert (
        column_types({"d": DataType.to_bool(), "e": DataType.to_string()})["d"].name == "boolean"
    )


def test_what_is_no_type_is_refused():
    with pytest.raises(UserErrorException, match="column `a`"):
        column_types({"a": int})
    with pytest.raises(UserErrorException, match="`set_column_types`"):
        column_types(["a"])
    with pytest.raises(ValueError, match="decimal mark"):
        DataType.to_float(";")
    with pytest.raises(UserErrorException, match="`formats`"):
        DataType.to_datetime([1])


def test_headers_in_every_form():
    assert header_of(header=True) == "all_files_same"
    assert header_of(header=False) == "none"
    assert header_of("COMBINE_ALL_FILES_HEADERS") == "all_files_different"
    assert header_of(PromoteHeadersBehavior.ONLY_FIRST_FILE_HAS_HEADERS) == "only_first_file"
    with pytest.raises(UserErrorException, match="NO_HEADERS"):
        header_of("some")


def test_encodings_and_separators():
    assert encoding_of("UTF8") == "utf8"
    assert encoding_of(FileEncoding.LATIN1) == "latin1"
    with pytest.raises(UserErrorException, match="'utf8', 'iso88591'"):
        encoding_of("foo")
    assert separator_of("\t") == "\t"
    with pytest.raises(ValueError, match="Only single character"):
        separator_of("||")


def test_numbers_of_steps():
    assert count_of(0) == 0
    for count in (-1, 1.5, True, "3"):
        with pytest.raises(ValueError, match="positive integer"):
            count_of(count)
    assert share_of(1, "percentage") == 1.0
    for share in (1.1, -0.1, "x", True):
        with pytest.raises(ValueError, match=r"percentage must be a number between 0.0 and 1.0"):
            share_of(share, "percentage")
    assert seed_of(7) == 7
    numpy = pytest.importorskip("numpy")
    for number in (count_of(numpy.int64(3)), seed_of(numpy.int64(3))):
        assert (number, type(number)) == (3, int)
    assert share_of(numpy.float32(0.5), "percentage") == 0.5
    assert seed_of(None) != seed_of(None)
    assert columns_of("a") == ["a"]
    assert columns_of(["a", "b", "a"]) == ["a", "b"]
    for columns in ([], 3, [1]):
        with pytest.raises(UserErrorException, match="`columns`"):
            columns_of(columns)
