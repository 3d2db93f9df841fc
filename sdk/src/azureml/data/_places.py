"""Where the files of a dataset lie, from the forms in which programs say it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from azureml.data.abstract_datastore import AbstractDatastore
from azureml.exceptions import UserErrorException
from zaffre_sdk.data.access import THIS_MACHINE
from zaffre_sdk.data.machine import machine_path, path_of, place_path
from zaffre_sdk.wire.datasets import DataPlace

if TYPE_CHECKING:
    from collections.abc import Iterable

_FILE = "file://"
_WEB = ("http://", "https://")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]+://")
_LEADING = re.compile(r"^(?:\.?/+)*")
_FORMS = (
    "A path is a local path, a text beginning with `http://` or `https://`, a "
    "`azureml.data.datapath.DataPath`, a tuple of a datastore and a path in it, or a list of "
    "these."
)


class Places(NamedTuple):
    """Places, and the workspace whose datastores they name; None when they name none."""

    places: list[DataPlace]
    workspace: Any


def places_of(path: Any) -> Places:
    """Return the places that the argument `path` means.

    Raises:
        UserErrorException: It is none of the forms, or names datastores of several workspaces.
    """
    given = path if isinstance(path, list) else [path]
    if not given:
        raise UserErrorException(f"`path` is an empty list.\n{_FORMS}")
    found = [_place(one) for one in given]
    return Places([place for place, _ in found], one_workspace(store for _, store in found))


def one_workspace(datastores: Iterable[Any]) -> Any:
    """Return the workspace that datastores belong to; None without any.

    Raises:
        UserErrorException: They belong to several.
    """
    workspaces = {store.workspace.name: store.workspace for store in datastores if store}
    if len(workspaces) > 1:
        raise UserErrorException(
            f"`path` names datastores of several workspaces: {', '.join(sorted(workspaces))}.\n"
            "A dataset belongs to one workspace; make one for each."
        )
    return next(iter(workspaces.values()), None)


def source_of(query: Any) -> tuple[Any, str]:
    """Return the datastore and the text of a query.

    Raises:
        UserErrorException: It is neither a tuple of both nor a DataPath.
    """
    found = _pair(query)
    if found is None or not isinstance(found[1], str) or not found[1].strip():
        raise UserErrorException(
            f"`query` is {query!r}; a tuple of a SQL datastore and a query, or a DataPath with "
            "both, is expected."
        )
    return found


def target_of(target: Any) -> tuple[Any, str]:
    """Return the datastore and the folder in it that files are to be sent to.

    Raises:
        ValueError: It is no datastore, tuple or DataPath.
    """
    if isinstance(target, AbstractDatastore):
        return target, ""
    found = _pair(target)
    if found is None:
        raise ValueError(
            f"`target` is {target!r}; a datastore, a tuple of a datastore and a folder in it, or "
            "a DataPath is expected."
        )
    return found[0], below_store(found[1])


def is_local(place: DataPlace) -> bool:
    """Whether a place lies on this machine, outside of every datastore."""
    return place.datastore == THIS_MACHINE


def root_of(place: DataPlace) -> tuple[Path, str]:
    """Return the folder of a local place, and the name or pattern in it."""
    parts = place.path.split("/")
    fixed = next((at for at, part in enumerate(parts) if "*" in part), len(parts) - 1)
    fixed = min(fixed, len(parts) - 1)
    return Path(machine_path("/".join(parts[:fixed]))), "/".join(parts[fixed:])


def below_store(path: Any) -> str:
    """Return a path in a datastore without what leads to its root.

    Raises:
        UserErrorException: It is no text, or leaves the datastore.
    """
    if path is None:
        return ""
    if not isinstance(path, (str, Path)):
        raise UserErrorException(f"The path in a datastore is {path!r}; a text is expected.")
    text = _LEADING.sub("", str(path).replace("\\", "/"))
    if text == ".":
        return ""
    if ".." in text.split("/"):
        raise UserErrorException(f"The path `{path}` leaves its datastore.\nLeave `..` out of it.")
    return text


def _place(given: Any) -> tuple[DataPlace, Any]:
    if isinstance(given, (str, Path)):
        return _address(str(given)), None
    if isinstance(given, AbstractDatastore):
        return DataPlace("", given.name), given
    found = _pair(given)
    if found is None:
        raise UserErrorException(f"`path` has {given!r} ({type(given).__name__}) in it.\n{_FORMS}")
    datastore, path = found
    return DataPlace(below_store(path), datastore.name), datastore


def _pair(given: Any) -> tuple[Any, Any] | None:
    """Return datastore and path of a tuple, a DataPath or a DataReference; None of others."""
    if isinstance(given, tuple) and len(given) == 2:  # noqa: PLR2004 - a pair
        datastore, path = given
    else:
        datastore = getattr(given, "_datastore", None) or getattr(given, "datastore", None)
        path = getattr(given, "path_on_datastore", None)
    return (datastore, path) if isinstance(datastore, AbstractDatastore) else None


def _address(text: str) -> DataPlace:
    if text.lower().startswith(_WEB):
        return DataPlace(_open_address(text))
    if text.startswith(_FILE):
        text = path_of(text.removeprefix(_FILE))
    if not text.strip():
        raise UserErrorException(f"`path` is empty.\n{_FORMS}")
    if _SCHEME.match(text):
        raise UserErrorException(
            f"`path` is `{text}`; of addresses only `http://` and `https://` are read.\n"
            "Register the storage as a datastore and name a path in it."
        )
    full = Path(os.path.abspath(os.path.expanduser(text)))  # noqa: PTH100, PTH111 - without `..`
    return DataPlace(place_path(full), THIS_MACHINE)


def _open_address(text: str) -> str:
    """Return an address that bears no secret: it is kept, shown and sent to a server."""
    parts = urlsplit(text)
    if parts.username or parts.password:
        raise UserErrorException(
            f"The address at `{parts.hostname}` has a user name in it.\n"
            "Addresses are kept and shown; register the storage as a datastore instead."
        )
    if any(name.lower() in ("sig", "x-amz-signature") for name, _ in parse_qsl(parts.query)):
        raise UserErrorException(
            f"The address at `{parts.hostname}` has a signature (SAS) in it.\n"
            "Addresses are kept and shown; register the storage as a datastore with the "
            "signature instead."
        )
    return text
