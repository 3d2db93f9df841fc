"""What datastores can be told, and what not."""

import pytest
from zaffre.domain.datastores import (
    CredentialKind,
    DatastoreKind,
    check_credential,
    check_name,
    check_settings,
)
from zaffre.domain.errors import InvalidError

BLOB = {"account_name": "acc", "container_name": "c"}
SQL = {"server_name": "db.example.org", "database_name": "sales"}


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("azure_blob", {**BLOB, "protocol": "http", "endpoint": "127.0.0.1:10000"}),
        ("azure_file", {**BLOB, "endpoint": "core.windows.net"}),
        ("azure_blob", {"account_name": "az_store_acct", "container_name": "data_container"}),
        ("azure_data_lake_gen2", {**BLOB, "tenant_id": "t-1", "client_id": "c-1"}),
        ("s3", {"bucket_name": "b", "region": "eu-west-1", "endpoint": "http://[::1]:9000"}),
        ("gcs", {"bucket_name": "b"}),
        ("local", {"root": "data", "folder": "a/b"}),
        ("local", {"root": "data", "folder": ""}),
        ("dbfs", {}),
        ("hdfs", {"namenode_address": "10.0.0.1:8020", "kerberos_realm": "R"}),
        ("azure_postgresql", {**SQL, "port_number": "5432", "enforce_ssl": "true"}),
        ("azure_mysql", {**SQL, "server_name": "::1"}),
        ("azure_sql_database", {**SQL, "username": "me; DROP"}),
    ],
)
def test_what_a_kind_takes(kind, settings):
    assert check_settings(DatastoreKind(kind), settings) == settings


@pytest.mark.parametrize(
    ("kind", "settings", "code", "named"),
    [
        ("azure_blob", {"account_name": "a"}, "MissingSetting", "container_name"),
        ("azure_blob", {**BLOB, "contaner_name": "c"}, "UnknownSetting", "container_name"),
        ("azure_blob", {**BLOB, "path": "/etc/passwd"}, "UnknownSetting", "account_name"),
        ("azure_blob", {**BLOB, "account_name": "a/../b"}, "InvalidSetting", "a/../b"),
        ("azure_blob", {**BLOB, "container_name": "c?x=1"}, "InvalidSetting", "c?x=1"),
        ("azure_blob", {**BLOB, "endpoint": "file:///etc"}, "InvalidSetting", "file:///etc"),
        ("azure_blob", {**BLOB, "endpoint": "me@evil.org"}, "InvalidSetting", "me@evil.org"),
        ("local", {}, "MissingSetting", "root"),
        ("local", {"root": "/etc"}, "InvalidSetting", "/etc"),
        ("local", {"root": "data", "folder": "../x"}, "InvalidPath", "../x"),
        ("local", {"root": "data", "folder": "/etc"}, "InvalidPath", "/etc"),
        ("dbfs", {"a": "b"}, "UnknownSetting", "It has none"),
    ],
)
def test_a10_a11_what_a_kind_does_not_take(kind, settings, code, named):
    with pytest.raises(InvalidError) as caught:
        check_settings(DatastoreKind(kind), settings)
    assert caught.value.code == code
    assert named in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "more",
    [
        {"server_name": "db.example.org;Trusted_Connection=yes"},
        {"server_name": "db.example.org?allowLoadLocalInfile=true"},
        {"server_name": "db%2561.example.org"},
        {"server_name": "/var/run/postgresql"},
        {"port_number": "5432/x"},
        {"port_number": "70000"},
        {"enforce_ssl": "false&sslmode=disable"},
        {"database_name": "a\nb"},
        {"sslmode": "disable"},
        {"autodeserialize": "true"},
        {"read_default_file": "/etc/my.cnf"},
    ],
)
@pytest.mark.parametrize("kind", ["azure_postgresql", "azure_mysql", "azure_sql_database"])
def test_a21_nothing_becomes_an_option_of_a_driver(kind, more):
    with pytest.raises(InvalidError):
        check_settings(DatastoreKind(kind), {**SQL, **more})


@pytest.mark.parametrize(
    ("kind", "credential", "form"),
    [
        ("azure_blob", {}, "none"),
        ("azure_blob", {"account_key": ""}, "none"),
        ("azure_blob", {"account_key": "k"}, "account_key"),
        ("azure_file", {"sas_token": "t"}, "sas"),
        ("azure_data_lake_gen2", {"client_secret": "s"}, "service_principal"),
        ("s3", {"access_key_id": "a", "secret_access_key": "s"}, "access_key"),
        (
            "s3",
            {"access_key_id": "a", "secret_access_key": "s", "session_token": "t"},
            "access_key",
        ),
        ("gcs", {"service_account_key": "{}"}, "service_principal"),
        ("azure_mysql", {"password": "p"}, "password"),
    ],
)
def test_the_form_of_a_credential(kind, credential, form):
    assert check_credential(DatastoreKind(kind), credential) is CredentialKind(form)


@pytest.mark.parametrize(
    ("kind", "credential"),
    [
        ("azure_blob", {"account_key": "secret", "sas_token": "secret"}),
        ("azure_blob", {"password": "secret"}),
        ("s3", {"access_key_id": "secret"}),
        ("local", {"password": "secret"}),
        ("azure_blob", {"account_key": "secret" * 20_000}),
    ],
)
def test_a32_what_is_no_credential_is_refused_without_repeating_it(kind, credential):
    with pytest.raises(InvalidError) as caught:
        check_credential(DatastoreKind(kind), credential)
    assert caught.value.code == "InvalidCredential"
    assert "secret" not in f"{caught.value} {caught.value.hint}".replace("secret_access_key", "")


def test_names_do_not_differ_by_their_case():
    assert check_name("Blob_Data2") == "blob_data2"
    for name in ("", "a-b", "a b", "a/b", "x" * 256, ".."):
        with pytest.raises(InvalidError, match="datastore name"):
            check_name(name)
