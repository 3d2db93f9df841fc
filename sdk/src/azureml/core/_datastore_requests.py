"""From the parameters of `Datastore.register_…` to what the server takes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from azureml.exceptions import UserErrorException


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Return values as texts; those that were not given are left out."""
    return {name: _text(value) for name, value in values.items() if value not in (None, "")}


def storage_credential(sas_token: str | None, account_key: str | None) -> dict[str, str | None]:
    """Return what opens a storage account; raises `UserErrorException` for two of them."""
    if sas_token and account_key:
        raise UserErrorException(
            "Both `sas_token` and `account_key` are given.\nGive one of them: a datastore is "
            "reached in one way."
        )
    return {"sas_token": (sas_token or "").lstrip("?"), "account_key": account_key}


def check_principal(
    tenant_id: str | None, client_id: str | None, client_secret: str | None
) -> None:
    """Raise `UserErrorException` for a part of a service principal."""
    given = [bool(one) for one in (tenant_id, client_id, client_secret)]
    if any(given) and not all(given):
        raise UserErrorException(
            "Tenant id, client id and client secret have to be defined together."
        )


def kerberos_credential(keytab: str | None, password: str | None) -> dict[str, str | None]:
    """Return what opens HDFS; raises `UserErrorException` for none or two of them."""
    if not keytab and not password:
        raise UserErrorException("Either a password or a keytab must be specified.")
    if keytab and password:
        raise UserErrorException(
            "Found both a keytab and a password. Specify one or the other, not both."
        )
    if keytab is None:
        return {"kerberos_password": password}
    return {"kerberos_keytab": b64encode(_read(keytab)).decode()}


def database(
    server_name: str,
    database_name: str,
    user_id: str,
    *,
    port_number: str | int | None,
    endpoint: str | None,
) -> dict[str, Any]:
    """Return the settings of a database."""
    return {
        "server_name": server_name,
        "database_name": database_name,
        "username": user_id,
        "port_number": port_number,
        "endpoint": endpoint,
    }


def tls(enforce: bool, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a database that say how its connection is protected."""
    return {"enforce_ssl": bool(enforce), "tls_authority": more.get("tls_authority")}


def file_text(path: str | None) -> str | None:
    """Return what a local file holds, or None without one."""
    return None if path is None else _read(path).decode("utf-8", "replace")


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UserErrorException(f"`{path}` cannot be read: {error.strerror}.") from error


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
