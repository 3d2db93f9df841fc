"""Which way leads to the files of a datastore, by its kind."""

import asyncio
import os
import secrets
import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from zaffre.adapters.datafiles.folders import Folder
from zaffre.adapters.datafiles.local import LocalFiles
from zaffre.adapters.datafiles.objects import ObjectFiles
from zaffre.adapters.disk import make_folder
from zaffre.base.text import shown
from zaffre.domain.data_files import HIDDEN
from zaffre.domain.datastores import SQL_KINDS, CredentialKind, Datastore, DatastoreKind
from zaffre.domain.errors import InvalidError, PreconditionError
from zaffre.ports.data_files import DataFiles, NearbyFolder

PROOF: Final = f"{HIDDEN}proof"
_AZURE_SUFFIX: Final = "core.windows.net"
_GOOGLE: Final = "https://storage.googleapis.com"
# What is not said here would be taken from the environment of the server, which is not meant for
# the places that somebody names.
_AZURE_OWN: Final = {"use_emulator": False, "use_fabric_endpoint": False}
_AZURE_FORMS: Final = {
    CredentialKind.ACCOUNT_KEY: "access_key",
    CredentialKind.SAS: "sas_token",
    CredentialKind.SERVICE_PRINCIPAL: "client_secret",
}
_SILENCE: Final = timedelta(seconds=60)
_WHOLE: Final = timedelta(hours=24)
_PACKS: Final = 2
"""So many are written to disks at once: all of their files are open meanwhile."""
# Callers try again themselves; they should hear within seconds why they have to.
_RETRY: Final[Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=15)}


class ChosenFiles:
    """Implements `ports.data_files.DataFilesOf`.

    Args:
        home: Holds the files of datastores that came with their workspaces.
        roots: The folders below which local datastores may lie, by their names.
    """

    def __init__(self, home: Path, roots: Mapping[str, Path]) -> None:
        self._home = home
        self._roots = roots
        self._packs = asyncio.Semaphore(_PACKS)

    def open(self, datastore: Datastore, credential: Mapping[str, str]) -> DataFiles:
        """Return the files of a datastore."""
        if datastore.is_on_disk:
            return LocalFiles(self._folder(datastore), self._packs)
        try:
            match datastore.kind:
                case DatastoreKind.AZURE_BLOB | DatastoreKind.AZURE_DATA_LAKE_GEN2:
                    return _azure(datastore, credential)
                case DatastoreKind.S3:
                    return _s3(datastore, credential)
                case DatastoreKind.GCS:
                    return _gcs(datastore, credential)
        except (BaseError, ValueError):
            # Not chained, and not repeated: it may quote the credential.
            raise InvalidError(
                "DatastoreMisconfigured",
                f"The datastore {shown(datastore.name)} cannot be reached as it was registered.",
                target="datastore",
                hint="Register it again; look at the form of its credential and its endpoint.",
            ) from None
        raise _without_files(datastore)

    async def nearby(self, datastore: Datastore) -> NearbyFolder | None:
        """Return where the files lie on this machine's disk, made if need be; None elsewhere."""
        if not datastore.is_on_disk:
            return None
        return await asyncio.to_thread(_proved, self._folder(datastore))

    async def remove_workspace(self, workspace_id: str) -> None:
        """Remove the files of the datastores that came with a workspace."""
        await asyncio.to_thread(_remove, self._home / workspace_id)

    def _folder(self, datastore: Datastore) -> Folder:
        if datastore.is_builtin:
            make_folder(self._home)
            return Folder(self._home, f"{datastore.workspace_id}/{datastore.name}")
        label = datastore.settings["root"]
        root = self._roots.get(label)
        if root is None or not root.is_dir():
            raise PreconditionError(
                "DataRootUnknown",
                f"This server was given no folder under the name {shown(label)}, in which the "
                f"datastore {shown(datastore.name)} lies.",
                target="datastore",
                hint=f"Start it with `zaffre up --data-root {label}=/FOLDER`.",
            )
        return Folder(root, datastore.settings.get("folder", ""))


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        if os.path.lexists(folder):
            raise  # Others removed some of it meanwhile, and the rest is still there.


def _proved(folder: Folder) -> NearbyFolder | None:
    """Return the folder with its proof; None where the server itself cannot write one."""
    try:
        with folder.opened(make=True) as descriptor:
            text = _proof_in(descriptor)
    except (OSError, UnicodeDecodeError):
        # Not its own, read-only, full, or something else of that name: the door says what is.
        return None
    return NearbyFolder(folder.path, folder.path / PROOF, text)


def _proof_in(folder: int) -> str:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(PROOF, flags, 0o600, dir_fd=folder), "r+") as file:
        known = file.read(100)
        if not known:
            known = secrets.token_hex(16)
            file.write(known)
    return known


def _azure(datastore: Datastore, credential: Mapping[str, str]) -> ObjectFiles:
    settings = datastore.settings
    account = settings["account_name"]
    config: dict[str, Any] = {
        "account_name": account,
        "endpoint": azure_address(settings),
        **_entra(datastore, credential),
    }
    names = {"account_key": "account_key", "sas_token": "sas_key"}
    config |= {ours: credential[key] for key, ours in names.items() if key in credential}
    if "sas_key" in config:
        config["sas_key"] = config["sas_key"].removeprefix("?")
    form = datastore.credential_kind
    config |= _AZURE_OWN | {"skip_signature": form is CredentialKind.NONE}
    if form in _AZURE_FORMS:
        config["credential_type"] = _AZURE_FORMS[form]
    store = AzureStore(
        container_name=settings["container_name"],
        client_options=_client(config["endpoint"]),
        retry_config=_RETRY,
        **config,
    )
    lake = datastore.kind is DatastoreKind.AZURE_DATA_LAKE_GEN2
    # Lakes list folder by folder, which is another order where names have `-` or `.`.
    return ObjectFiles(store, datastore.name, in_order=not lake)


def azure_address(settings: Mapping[str, str]) -> str:
    """Return where the blobs of an account are.

    An endpoint is what Azure's own SDK takes, the end of the names of a cloud's machines; or the
    address of something that speaks the same protocol, such as `http://127.0.0.1:10000`, behind
    which the name of the account follows.
    """
    account, scheme = settings["account_name"], settings.get("protocol", "https")
    endpoint = settings.get("endpoint", _AZURE_SUFFIX)
    parts = urlsplit(endpoint if "://" in endpoint else f"{scheme}://{endpoint}")
    if "://" not in endpoint and parts.port is None and not parts.path.strip("/"):
        return f"{scheme}://{account}.blob.{endpoint}"
    path = parts.path.strip("/") or account
    if (parts.hostname or "").split(".")[0] == account:
        path = parts.path.strip("/")
    return f"{parts.scheme}://{parts.netloc}/{path}".rstrip("/")


def _entra(datastore: Datastore, credential: Mapping[str, str]) -> dict[str, str]:
    if "client_secret" not in credential:
        return {}
    settings = datastore.settings
    config = {"client_secret": credential["client_secret"]}
    config |= {key: settings[key] for key in ("tenant_id", "client_id") if key in settings}
    if "authority_url" in settings:
        config["authority_host"] = settings["authority_url"]
    return config


def _s3(datastore: Datastore, credential: Mapping[str, str]) -> ObjectFiles:
    settings = datastore.settings
    region = settings.get("region", "us-east-1")
    config: dict[str, Any] = {
        "region": region,
        "endpoint": _web(settings.get("endpoint", f"s3.{region}.amazonaws.com")),
        "virtual_hosted_style_request": False,
    }
    if datastore.credential_kind is CredentialKind.NONE:
        config["skip_signature"] = True
    else:
        config["credential_provider"] = lambda: {
            "access_key_id": credential["access_key_id"],
            "secret_access_key": credential["secret_access_key"],
            "token": credential.get("session_token"),
            "expires_at": None,
        }
    store = S3Store(
        settings["bucket_name"],
        client_options=_client(config.get("endpoint", "")),
        retry_config=_RETRY,
        **config,
    )
    return ObjectFiles(store, datastore.name)


def _gcs(datastore: Datastore, credential: Mapping[str, str]) -> ObjectFiles:
    settings = datastore.settings
    config: dict[str, Any] = {"base_url": _web(settings.get("endpoint", _GOOGLE))}
    names = {"service_account_key": "service_account_key", "bearer_token": "bearer_token"}
    config |= {ours: credential[key] for key, ours in names.items() if key in credential}
    if datastore.credential_kind is CredentialKind.NONE:
        config["skip_signature"] = True
    store = GCSStore(
        settings["bucket_name"],
        client_options=_client(config.get("base_url", "")),
        retry_config=_RETRY,
        **config,
    )
    return ObjectFiles(store, datastore.name)


def _web(endpoint: str) -> str:
    return endpoint if "://" in endpoint else f"https://{endpoint}"


def _client(endpoint: str) -> Any:  # noqa: ANN401 - a typed dict of stubs alone
    """Return how to speak HTTP: for as long as a large file takes, though never in silence."""
    return {
        "allow_http": endpoint.startswith("http://"),
        "timeout": _WHOLE,
        "read_timeout": _SILENCE,
        "connect_timeout": timedelta(seconds=10),
        "user_agent": "zaffre",
    }


def _without_files(datastore: Datastore) -> InvalidError:
    kind = datastore.kind
    if kind in SQL_KINDS:
        return InvalidError(
            "DatastoreHasNoFiles",
            f"The datastore {shown(datastore.name)} has tables and no files.",
            target="datastore",
            hint="Ask it by a query: `Dataset.Tabular.from_sql_query`.",
        )
    return InvalidError(
        "DatastoreNotSpoken",
        f"This server cannot reach the files of {shown(datastore.name)}: it does not speak the "
        f"protocol of `{kind}`.",
        target="datastore",
        hint="Use a datastore of the kind azure_blob, azure_data_lake_gen2, s3, gcs or local.",
    )
