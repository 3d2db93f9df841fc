"""Where the files of a datastore are looked for, and with what."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
import pytest
from zaffre.adapters.datafiles.choice import ChosenFiles, azure_address
from zaffre.domain.datastores import Datastore, DatastoreKind, check_credential, check_settings
from zaffre.domain.errors import InvalidError, PreconditionError, ZaffreError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AMBIENT = {
    "AZURE_STORAGE_ENDPOINT": "http://127.0.0.1:2",
    "AZURE_STORAGE_SAS_TOKEN": "sig=ambient",
    "AZURE_STORAGE_TOKEN": "ambient",
    "AZURE_STORAGE_USE_EMULATOR": "true",
    "AZURE_SKIP_SIGNATURE": "true",
    "AWS_ENDPOINT": "http://127.0.0.1:1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_SESSION_TOKEN": "ambient",
    "AWS_REGION": "ambient-1",
    "AWS_SKIP_SIGNATURE": "true",
}


def opened(kind: DatastoreKind, settings: dict[str, str], credential: dict[str, str]):
    store = Datastore(
        workspace_id="w1",
        name="store",
        kind=kind,
        settings=check_settings(kind, settings),
        credential_kind=check_credential(kind, credential),
        created_by="alice",
        created_at=NOW,
        updated_at=NOW,
    )
    return ChosenFiles(Path("/nowhere"), {}).open(store, credential)


def signed(kind: DatastoreKind, settings: dict[str, str], credential: dict[str, str]) -> str:
    files = opened(kind, settings, credential)
    return obstore.sign(files._store, "GET", "a", timedelta(minutes=1))


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "https://acc.blob.core.windows.net"),
        ({"endpoint": "core.chinacloudapi.cn"}, "https://acc.blob.core.chinacloudapi.cn"),
        ({"protocol": "http"}, "http://acc.blob.core.windows.net"),
        ({"endpoint": "127.0.0.1:10000", "protocol": "http"}, "http://127.0.0.1:10000/acc"),
        ({"endpoint": "http://127.0.0.1:10000"}, "http://127.0.0.1:10000/acc"),
        ({"endpoint": "http://127.0.0.1:10000/acc"}, "http://127.0.0.1:10000/acc"),
        ({"endpoint": "http://127.0.0.1:10000/acc/"}, "http://127.0.0.1:10000/acc"),
        ({"endpoint": "https://acc.blob.example.org"}, "https://acc.blob.example.org"),
    ],
)
def test_where_an_account_answers(settings, address):
    assert azure_address({"account_name": "acc", **settings}) == address


def test_a_lake_and_a_bucket_are_told_what_they_need():
    lake = {"account_name": "acc", "container_name": "c", "tenant_id": "t", "client_id": "i"}
    opened(DatastoreKind.AZURE_DATA_LAKE_GEN2, lake, {"client_secret": "s"})
    opened(DatastoreKind.GCS, {"bucket_name": "b"}, {"bearer_token": "t"})
    opened(DatastoreKind.GCS, {"bucket_name": "b"}, {})
    opened(DatastoreKind.S3, {"bucket_name": "b"}, {})


def test_nothing_of_the_environment_reaches_a_storage(monkeypatch):
    for name, value in AMBIENT.items():
        monkeypatch.setenv(name, value)
    blob = {"account_name": "acc", "container_name": "c"}
    url = signed(DatastoreKind.AZURE_BLOB, blob, {"account_key": "a2V5"})
    assert url.startswith("https://acc.blob.core.windows.net/c/a?")
    assert "ambient" not in url
    keys = {"access_key_id": "id", "secret_access_key": "secret"}
    url = signed(DatastoreKind.S3, {"bucket_name": "b", "region": "eu-1"}, keys)
    assert url.startswith("https://s3.eu-1.amazonaws.com/b/a?")
    assert "ambient" not in url
    url = signed(DatastoreKind.S3, {"bucket_name": "b"}, {**keys, "session_token": "own"})
    assert "Token=own" in url


@pytest.mark.parametrize(
    ("kind", "settings", "code"),
    [
        ("azure_file", {"account_name": "a", "container_name": "c"}, "DatastoreNotSpoken"),
        ("dbfs", {}, "DatastoreNotSpoken"),
        ("hdfs", {"namenode_address": "10.0.0.1"}, "DatastoreNotSpoken"),
        ("azure_mysql", {"server_name": "s", "database_name": "d"}, "DatastoreHasNoFiles"),
    ],
)
def test_what_has_no_files_for_us_says_so(kind, settings, code):
    with pytest.raises(InvalidError) as caught:
        opened(DatastoreKind(kind), settings, {})
    assert caught.value.code == code
    assert caught.value.hint


def test_a_root_that_is_not_there_any_more_is_named():
    with pytest.raises(PreconditionError, match="`gone`") as caught:
        opened(DatastoreKind.LOCAL, {"root": "gone"}, {})
    assert caught.value.code == "DataRootUnknown"
    assert "--data-root gone=/FOLDER" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("kind", "settings", "credential"),
    [
        ("azure_blob", {"account_name": "a", "container_name": "c"}, {"account_key": "no base64"}),
        ("gcs", {"bucket_name": "b"}, {"service_account_key": "no JSON"}),
    ],
)
def test_what_is_no_credential_is_not_repeated(kind, settings, credential):
    with pytest.raises(ZaffreError) as caught:
        opened(DatastoreKind(kind), settings, credential)
    assert caught.value.code == "DatastoreMisconfigured"
    assert caught.value.__cause__ is None
    for value in credential.values():
        assert value not in f"{caught.value} {caught.value.hint}"
