"""How the API server of a cluster is reached: a kubeconfig, or the account of our own pod."""

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from zaffre.base.plain_yaml import PlainLoader
from zaffre.base.text import shown

_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_FILE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,200}")
_ENDINGS: Final = ("", ".yaml", ".yml", ".kubeconfig")
_COMMANDS: Final = ("exec", "auth-provider")
_USUAL: Final = "default"
_HOW: Final = (
    "Attach it with the secret `kubeconfig`, or put a kubeconfig into the folder `kubernetes` of "
    "the server's home, under the name of the cluster."
)


class AccessError(OSError):
    """Nothing says how the cluster is reached, or not in a way that can be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where an API server is, and what opens it.

    Attributes:
        url: Without a slash at the end.
        namespace: The one that is meant where none is named.
        authority: Certificates that it is trusted by, as PEM; nothing for those of the machine.
        certificate: Of the client, as PEM, with its `key`.
        token_file: Holds a token that is changed now and then.
        login: A name and a password.
        is_verified: Whether it has to show who it is.
        server_name: What its certificate calls it, where that is not its host.
    """

    url: str
    namespace: str = _USUAL
    authority: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    token_file: str = ""
    login: tuple[str, str] | None = field(default=None, repr=False)
    is_verified: bool = True
    server_name: str = ""


@dataclass(frozen=True, slots=True)
class Accesses:
    """Finds how clusters are reached.

    Args:
        folder: Of kubeconfigs that whoever keeps the server put there.
        environ: Of the server; says whether it is in a pod itself.
        account: Where a pod finds its account.
    """

    folder: Path
    environ: Mapping[str, str]
    account: Path = _ACCOUNT

    def of(self, settings: Mapping[str, Any], credential: Mapping[str, str]) -> Access:
        """Return how the cluster of a target is reached.

        Raises:
            AccessError: It is not known, or in a way that is not used here.
        """
        context = str(settings.get("context") or "")
        if credential.get("kubeconfig"):
            return read_kubeconfig(credential["kubeconfig"], context=context)
        named = self._named(settings)
        if named is not None:
            try:
                text = named.read_text("utf-8")
            except (OSError, UnicodeError) as error:
                raise AccessError(f"The kubeconfig {shown(named.name)} is unreadable.") from error
            return read_kubeconfig(text, context=context, folder=named.parent)
        if self._is_in_pod and (settings.get("in_cluster") or not settings.get("resource_id")):
            return self._own()
        raise AccessError(f"How the cluster is reached is not known. {_HOW}")

    @property
    def _is_in_pod(self) -> bool:
        return "KUBERNETES_SERVICE_HOST" in self.environ and (self.account / "token").exists()

    def _named(self, settings: Mapping[str, Any]) -> Path | None:
        """Return the file of a cluster; a name is never a path of this machine."""
        asked = str(settings.get("kubeconfig") or "")
        name = asked or str(settings.get("resource_id") or "").rpartition("/")[2]
        if not name:
            return None
        if _FILE.fullmatch(name):
            for ending in _ENDINGS:
                if (self.folder / f"{name}{ending}").is_file():
                    return self.folder / f"{name}{ending}"
        if asked:
            raise AccessError(
                f"There is no kubeconfig {shown(asked)} in the folder `kubernetes` of the home."
            )
        return None

    def _own(self) -> Access:
        host = self.environ["KUBERNETES_SERVICE_HOST"]
        port = self.environ.get("KUBERNETES_SERVICE_PORT", "443")
        try:
            authority = (self.account / "ca.crt").read_text("ascii")
            namespace = (self.account / "namespace").read_text("ascii").strip()
        except (OSError, UnicodeError) as error:
            raise AccessError(f"The account of this pod is not whole: {error}.") from error
        return Access(
            url=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
            namespace=namespace,
            authority=authority,
            token_file=str(self.account / "token"),
        )


def read_kubeconfig(text: str, *, context: str = "", folder: Path | None = None) -> Access:
    """Return what a kubeconfig says.

    Args:
        text: Of the file.
        context: The one that is meant; nothing for the current one.
        folder: Where the file lies; what it names is looked for there. Without one it was sent
            by a client, and may name no file of this machine.

    Raises:
        AccessError: It says nothing, or asks for what is not done here.
    """
    content = _content(text)
    name = context or _text(content, "current-context")
    chosen = _item(content, "contexts", name, "context")
    cluster = _item(content, "clusters", _text(chosen, "cluster"), "cluster")
    user = _item(content, "users", _text(chosen, "user"), "user")
    _check(cluster, user)
    files = _Files(folder)
    login = (_text(user, "username"), _text(user, "password")) if "username" in user else None
    token = _text(user, "token").strip()
    return Access(
        url=_url(cluster),
        namespace=_namespace(chosen),
        authority=files.text(cluster, "certificate-authority"),
        certificate=files.text(user, "client-certificate"),
        key=files.text(user, "client-key"),
        token=token,
        token_file="" if token else files.path(user, "tokenFile"),
        login=login,
        is_verified=not cluster.get("insecure-skip-tls-verify"),
        server_name=_text(cluster, "tls-server-name"),
    )


@lru_cache(maxsize=64)
def _content(text: str) -> Mapping[str, Any]:
    """Return what a kubeconfig holds; each is asked for again and again."""
    try:
        content = yaml.load(text, PlainLoader)  # noqa: S506 (a safe one)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # The words of the library show the line, which may be that of the token.
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark is not None else ""
        raise AccessError(f"The kubeconfig is no YAML{where}, or has aliases.") from None
    if not isinstance(content, dict):
        raise AccessError("The kubeconfig is none: it names no clusters.")
    return content


def _check(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> None:
    """Refuse what would run programs, or lead elsewhere without being heeded."""
    for word in _COMMANDS:
        if user.get(word):
            raise AccessError(
                f"The kubeconfig gets its credential by a program (`{word}`), and the server runs "
                "none that it is sent. Make a kubeconfig with the token of a service account: "
                "`kubectl create token NAME --duration=8760h`."
            )
    if cluster.get("proxy-url"):
        raise AccessError("The kubeconfig names a proxy (`proxy-url`), which is not used here.")


def _url(cluster: Mapping[str, Any]) -> str:
    url = _text(cluster, "server").rstrip("/")
    if "@" in url:
        raise AccessError("The address of the cluster holds a login, which belongs to its user.")
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    # What is asked for is put behind it.
    is_plain = url.isascii() and url.isprintable() and not set(url) & set("?# ")
    if not (is_url and is_plain):
        raise AccessError(f"The kubeconfig says {shown(url)}, which is no address of a server.")
    return url


def _namespace(chosen: Mapping[str, Any]) -> str:
    name = _text(chosen, "namespace") or _USUAL
    if not NAMESPACE.fullmatch(name):
        raise AccessError(f"The kubeconfig says the namespace {shown(name)}, which is no name.")
    return name


def _text(section: Mapping[str, Any], name: str) -> str:
    """Return a text; nothing where none is said."""
    value = section.get(name) or ""
    if not isinstance(value, str):
        raise AccessError(f"`{name}` of the kubeconfig is no text.")
    return value


def _item(content: Mapping[str, Any], kind: str, name: str, key: str) -> Mapping[str, Any]:
    listed = content.get(kind)
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict) and item.get("name") == name:
            found = item.get(key)
            return found if isinstance(found, dict) else {}
    what = f"{shown(name)} among its {kind}" if name else "a current context"
    raise AccessError(f"The kubeconfig does not have {what}.")


@dataclass(frozen=True, slots=True)
class _Files:
    """What a kubeconfig holds itself, or in files beside it."""

    folder: Path | None

    def text(self, section: Mapping[str, Any], name: str) -> str:
        """Return a text that is given as such, or as the path of a file."""
        given = _text(section, f"{name}-data")
        path = "" if given else self.path(section, name)
        try:
            if given:
                return base64.b64decode(given, validate=True).decode("ascii")
            return Path(path).read_text("ascii") if path else ""
        except (OSError, ValueError) as error:
            raise AccessError(f"`{name}` of the kubeconfig cannot be read: {error}.") from error

    def path(self, section: Mapping[str, Any], name: str) -> str:
        """Return the path of a file that is named; nothing where none is."""
        given = _text(section, name)
        if not given:
            return ""
        if self.folder is None:
            raise AccessError(
                f"The kubeconfig names a file (`{name}`), which is not sent along. Say "
                "`kubectl config view --raw --flatten` for one that holds everything."
            )
        return os.path.join(self.folder, given)  # noqa: PTH118 (an absolute one stays)
