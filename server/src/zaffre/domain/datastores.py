"""A datastore: where the files or the tables of programs lie, and how they are reached.

What a kind can be told is data: its settings, which are public, and the forms of its credential,
which is sealed before it is stored. Nothing else is taken, so that no setting becomes an option
of a driver or a path of the server's own disk.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from zaffre.base.text import closest, shown
from zaffre.domain.data_files import check_folder
from zaffre.domain.errors import InvalidError
from zaffre.domain.names import DATASTORE

MAX_SETTING_LENGTH: Final = 4096
MAX_CREDENTIAL_LENGTH: Final = 65_536


class DatastoreKind(StrEnum):
    """What sort of storage it is."""

    AZURE_BLOB = "azure_blob"
    AZURE_FILE = "azure_file"
    AZURE_DATA_LAKE_GEN2 = "azure_data_lake_gen2"
    S3 = "s3"
    GCS = "gcs"
    LOCAL = "local"
    HDFS = "hdfs"
    DBFS = "dbfs"
    AZURE_SQL_DATABASE = "azure_sql_database"
    AZURE_POSTGRESQL = "azure_postgresql"
    AZURE_MYSQL = "azure_mysql"


_K = DatastoreKind
SQL_KINDS: Final = frozenset({_K.AZURE_SQL_DATABASE, _K.AZURE_POSTGRESQL, _K.AZURE_MYSQL})
OBJECT_KINDS: Final = frozenset({_K.AZURE_BLOB, _K.AZURE_DATA_LAKE_GEN2, _K.S3, _K.GCS})


class CredentialKind(StrEnum):
    """What sort of credential it is reached with."""

    NONE = "none"
    ACCOUNT_KEY = "account_key"
    SAS = "sas"
    SERVICE_PRINCIPAL = "service_principal"
    ACCESS_KEY = "access_key"
    PASSWORD = "password"  # noqa: S105 - a word, not one
    TOKEN = "token"  # noqa: S105 - likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class Datastore:
    """A datastore of a workspace.

    Attributes:
        name: In lower case: names of datastores do not differ by their case alone.
        sealed: The credential, encrypted for this workspace and this name; empty without one.
        is_default: Where things go for which no datastore is named.
        is_builtin: It came with the workspace; its files lie in the home of the server.
    """

    workspace_id: str
    name: str
    kind: DatastoreKind
    settings: dict[str, str]
    credential_kind: CredentialKind = CredentialKind.NONE
    sealed: bytes = field(default=b"", repr=False)
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    is_default: bool = False
    is_builtin: bool = False
    created_by: str
    created_at: datetime
    updated_at: datetime

    @property
    def is_on_disk(self) -> bool:
        """Tell whether its files lie on the disk of the server's machine."""
        return self.is_builtin or self.kind is DatastoreKind.LOCAL


DEFAULT_NAME: Final = "workspaceblobstore"
BUILT_IN: Final[Mapping[str, tuple[DatastoreKind, Mapping[str, str]]]] = {
    DEFAULT_NAME: (_K.AZURE_BLOB, {"container_name": "azureml-blobstore"}),
    "workspacefilestore": (_K.AZURE_FILE, {"container_name": "azureml-filestore"}),
    "workspaceworkingdirectory": (_K.AZURE_FILE, {"container_name": "code"}),
    "workspaceartifactstore": (_K.AZURE_BLOB, {"container_name": "azureml"}),
}
"""The datastores that every workspace has, with what programs read of them."""


def built_in(workspace_id: str, name: str, *, at: datetime) -> Datastore | None:
    """Return the datastore of that name that came with the workspace, if there is one."""
    if name not in BUILT_IN:
        return None
    kind, settings = BUILT_IN[name]
    return Datastore(
        workspace_id=workspace_id,
        name=name,
        kind=kind,
        settings=dict(settings),
        is_builtin=True,
        created_by="zaffre",
        created_at=at,
        updated_at=at,
    )


def check_name(name: str) -> str:
    """Return the name as datastores have it; raises `InvalidName`."""
    return DATASTORE.check(name).lower()


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a setting may hold.

    Attributes:
        words: The rule in words, for the error message.
        check: Tells whether a text keeps it.
    """

    words: str
    check: Callable[[str], object]


def _pattern(words: str, pattern: str) -> _Rule:
    return _Rule(words, re.compile(pattern, re.ASCII).fullmatch)


_TEXT = _Rule("is a text without control characters", lambda text: text and text.isprintable())
_WORD = _pattern("has letters, digits, `_`, `-`, `.` or `$`", r"[A-Za-z0-9_.$\-]{1,255}")
_ACCOUNT = _pattern("has 1 to 64 letters, digits, `_` or `-`", r"[A-Za-z0-9_\-]{1,64}")
_HOST = _pattern(
    "is the name or the address of a machine, without a port",
    r"[A-Za-z0-9]([A-Za-z0-9.\-]{0,252}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}",
)
_PORT = _Rule(
    "is a number from 1 to 65535",
    lambda text: len(text) <= 5 and text.isascii() and text.isdigit() and 0 < int(text) <= 65535,  # noqa: PLR2004 - TCP's bounds
)
_YES_NO = _pattern("is `true` or `false`", r"true|false")
_SCHEME = _pattern("is `https` or `http`", r"https?")
_ADDRESS = _pattern(
    "is the name of a machine with or without a port, or an address that begins with `https://`",
    r"(https?://)?(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.\-]{1,253})(:[0-9]{1,5})?(/[A-Za-z0-9_.\-]*)*",
)
_WEB = _pattern("is an address that begins with `https://`", r"https?://[A-Za-z0-9.\-/_:]{1,500}")
_CERTIFICATE = _Rule(
    "is a certificate in PEM, which begins with `-----BEGIN CERTIFICATE-----`",
    lambda text: text.lstrip().startswith("-----BEGIN CERTIFICATE-----") and text.isascii(),
)
_LABEL = _pattern("is a name that `--data-root` gave to a folder", r"[A-Za-z0-9_\-]{1,64}")
_FOLDER = _Rule(
    "is a relative folder such as `team/images`", lambda text: check_folder(text) == text
)

_AZURE: Final = {"subscription_id": _TEXT, "resource_group": _TEXT}
_ENTRA: Final = {
    "tenant_id": _WORD,
    "client_id": _WORD,
    "resource_url": _WEB,
    "authority_url": _WEB,
}
_STORAGE: Final = {
    "account_name": _ACCOUNT,
    "container_name": _WORD,
    "protocol": _SCHEME,
    "endpoint": _ADDRESS,
    "create_if_not_exists": _YES_NO,
    "grant_workspace_access": _YES_NO,
    "blob_cache_timeout": _WORD,
    **_AZURE,
}
_DATABASE: Final = {
    "server_name": _HOST,
    "database_name": _TEXT,
    "port_number": _PORT,
    "endpoint": _HOST,
    "username": _TEXT,
    "enforce_ssl": _YES_NO,
    "tls_authority": _CERTIFICATE,
    **_AZURE,
}
_PASSWORD: Final = {CredentialKind.PASSWORD: ({"password"}, set[str]())}


@dataclass(frozen=True, slots=True)
class _Kind:
    """What datastores of a kind can be told.

    Attributes:
        settings: The rule of each.
        needed: Those that must be given.
        credentials: The fields of each form of credential: those that it has, those that it may
            have.
    """

    settings: Mapping[str, _Rule]
    needed: frozenset[str] = frozenset()
    credentials: Mapping[CredentialKind, tuple[set[str], set[str]]] = field(default_factory=dict)


_KEYS: Final = {
    CredentialKind.ACCOUNT_KEY: ({"account_key"}, set[str]()),
    CredentialKind.SAS: ({"sas_token"}, set[str]()),
}
_PRINCIPAL: Final = {CredentialKind.SERVICE_PRINCIPAL: ({"client_secret"}, set[str]())}
_CONTAINER: Final = frozenset({"account_name", "container_name"})
_BASE: Final = frozenset({"server_name", "database_name"})
_KINDS: Final[Mapping[DatastoreKind, _Kind]] = {
    _K.AZURE_BLOB: _Kind(_STORAGE, _CONTAINER, _KEYS),
    _K.AZURE_FILE: _Kind(_STORAGE, _CONTAINER, _KEYS),
    _K.AZURE_DATA_LAKE_GEN2: _Kind({**_STORAGE, **_ENTRA}, _CONTAINER, {**_KEYS, **_PRINCIPAL}),
    _K.S3: _Kind(
        {"bucket_name": _WORD, "region": _WORD, "endpoint": _ADDRESS},
        frozenset({"bucket_name"}),
        {CredentialKind.ACCESS_KEY: ({"access_key_id", "secret_access_key"}, {"session_token"})},
    ),
    _K.GCS: _Kind(
        {"bucket_name": _WORD, "endpoint": _ADDRESS},
        frozenset({"bucket_name"}),
        {
            CredentialKind.SERVICE_PRINCIPAL: ({"service_account_key"}, set()),
            CredentialKind.TOKEN: ({"bearer_token"}, set()),
        },
    ),
    _K.LOCAL: _Kind({"root": _LABEL, "folder": _FOLDER}, frozenset({"root"})),
    _K.HDFS: _Kind(
        {
            "protocol": _WORD,
            "namenode_address": _ADDRESS,
            "hdfs_server_certificate": _Rule("is a certificate", lambda text: "\0" not in text),
            "kerberos_realm": _TEXT,
            "kerberos_kdc_address": _ADDRESS,
            "kerberos_principal": _TEXT,
        },
        frozenset({"namenode_address"}),
        {
            CredentialKind.PASSWORD: ({"kerberos_password"}, set()),
            CredentialKind.TOKEN: ({"kerberos_keytab"}, set()),
        },
    ),
    _K.DBFS: _Kind({}),
    _K.AZURE_SQL_DATABASE: _Kind({**_DATABASE, **_ENTRA}, _BASE, {**_PASSWORD, **_PRINCIPAL}),
    _K.AZURE_POSTGRESQL: _Kind(_DATABASE, _BASE, _PASSWORD),
    _K.AZURE_MYSQL: _Kind(_DATABASE, _BASE, _PASSWORD),
}


def check_settings(kind: DatastoreKind, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings.

    Raises:
        InvalidError: `UnknownSetting`, `MissingSetting` or `InvalidSetting`, naming it.
    """
    rules = _KINDS[kind].settings
    for name, value in settings.items():
        _check_known(name, rules, kind)
        if len(value) > MAX_SETTING_LENGTH or not rules[name].check(value):
            raise InvalidError(
                "InvalidSetting",
                f"The setting `{name}` cannot be {shown(value)}.",
                target=f"settings.{name}",
                hint=f"It {rules[name].words}.",
            )
    for name in sorted(_KINDS[kind].needed - settings.keys()):
        raise InvalidError(
            "MissingSetting",
            f"A datastore of the kind `{kind}` needs the setting `{name}`.",
            target=f"settings.{name}",
            hint=f"It {rules[name].words}.",
        )
    return dict(settings)


def check_credential(kind: DatastoreKind, credential: Mapping[str, str]) -> CredentialKind:
    """Return the form of a credential; values are never repeated in an error.

    Raises:
        InvalidError: `InvalidCredential`, naming the fields that the kind has.
    """
    forms = _KINDS[kind].credentials
    given = {name for name, value in credential.items() if value}
    if not given and not any(credential.values()):
        return CredentialKind.NONE
    fits = [form for form, (has, may) in forms.items() if has <= given <= has | may]
    if len(fits) != 1 or any(len(v) > MAX_CREDENTIAL_LENGTH for v in credential.values()):
        known = " or ".join(
            " with ".join(f"`{name}`" for name in sorted(has)) for has, _ in forms.values()
        )
        raise InvalidError(
            "InvalidCredential",
            f"The fields {_listed(given)} are no credential of the kind `{kind}`.",
            target="credential",
            hint=f"Give {known}." if known else "This kind has no credential; give none.",
        )
    return fits[0]


def _check_known(name: str, rules: Mapping[str, _Rule], kind: DatastoreKind) -> None:
    if name in rules:
        return
    guess = closest(name, rules)
    raise InvalidError(
        "UnknownSetting",
        f"A datastore of the kind `{kind}` has no setting {shown(name)}.",
        target="settings",
        hint=(f"Did you mean {shown(guess)}? " if guess else "")
        + (f"It has {_listed(rules)}." if rules else "It has none."),
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(shown(name) for name in sorted(names))
