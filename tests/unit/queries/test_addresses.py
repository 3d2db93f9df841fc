"""Where databases are: fields, checked one by one, and never a text with options inside."""

from datetime import UTC, datetime

import pytest
from zaffre.adapters.queries.addresses import address_of
from zaffre.domain.datastores import Datastore, DatastoreKind
from zaffre.domain.errors import InvalidError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = {"server_name": "db.example.com", "database_name": "sales", "username": "reader"}


def of(**settings: str) -> Datastore:
    return Datastore(
        workspace_id="w",
        name="sales",
        kind=DatastoreKind.AZURE_POSTGRESQL,
        settings={**GOOD, **settings},
        created_by="me",
        created_at=NOW,
        updated_at=NOW,
    )


def test_an_address_is_made_of_fields():
    found = address_of(of(), {"password": "s3cret"}, port=5432)
    assert (found.host, found.port, found.database) == ("db.example.com", 5432, "sales")
    assert (found.user, found.password) == ("reader", "s3cret")
    assert "s3cret" not in repr(found)
    assert found.shown == "`db.example.com:5432/sales`"


def test_an_endpoint_completes_the_name():
    whole = of(server_name="mine", endpoint="postgres.database.azure.com", port_number="6432")
    found = address_of(whole, {}, port=5432)
    assert (found.host, found.port) == ("mine.postgres.database.azure.com", 6432)


def test_tls_is_demanded_and_checked_unless_it_is_refused():
    trust = address_of(of(), {}, port=1).trust
    assert trust is not None
    assert trust.check_hostname
    assert address_of(of(enforce_ssl="false"), {}, port=1).trust is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("server_name", "/var/run/postgresql"),
        ("server_name", "a,b"),
        ("server_name", "a?sslmode=disable"),
        ("server_name", "postgresql://a/b"),
        ("server_name", "%2561uto"),
        ("server_name", "reader@a"),
        ("server_name", "a b"),
        ("server_name", "-a"),
        ("server_name", "a..b"),
        ("server_name", "a" * 64),
        ("server_name", ""),
        ("endpoint", "a/b"),
        ("port_number", "5432;options"),
        ("port_number", "0"),
        ("port_number", "65536"),
        ("port_number", "\u0665"),
        ("database_name", ""),
        ("database_name", "a\0b"),
        ("username", ""),
        ("enforce_ssl", "maybe"),
        ("tls_authority", "/etc/ssl/certs/ca.pem"),
    ],
)
def test_a21_a_field_cannot_smuggle_options(name, value):
    with pytest.raises(InvalidError) as caught:
        address_of(of(**{name: value}), {}, port=5432)
    assert caught.value.code == "InvalidSetting"
    assert caught.value.hint


def test_a21_a_database_with_odd_characters_is_only_a_name():
    odd = "sales?sslmode=disable&options=-c%20x"
    assert address_of(of(database_name=odd), {}, port=5432).database == odd
