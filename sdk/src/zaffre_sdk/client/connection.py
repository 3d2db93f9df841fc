"""Which server a program talks to: the one that it names, or the local one, started if need be."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path

from zaffre_sdk.client.client import Client
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.connections import listens
from zaffre_sdk.errors import NoServerError
from zaffre_sdk.home import Home, ServerInfo

URL_VARIABLE = "ZAFFRE_URL"
TOKEN_VARIABLE = "ZAFFRE_TOKEN"  # noqa: S105 (the name of a variable)
SERVER_FILE_VARIABLE = "ZAFFRE_SERVER_FILE"


def connect(environment: Mapping[str, str] | None = None) -> Client:
    """Return a client of the server that this program is to use.

    `ZAFFRE_URL` and `ZAFFRE_TOKEN` name it. Without them it is the local one of `ZAFFRE_HOME`
    (default `~/.zaffre`), which is started when it does not run: once, however many programs ask
    for it at the same time.

    Args:
        environment: Variables to read instead of those of the process.

    Raises:
        NoServerError: No server is named, and none could be started.
    """
    variables = os.environ if environment is None else environment
    url = variables.get(URL_VARIABLE)
    if url:
        # Runs on the machine of their server are told where it writes its address, so that they
        # find it again when it comes back on another port.
        file = variables.get(SERVER_FILE_VARIABLE)
        return _client(url, _token(variables, url), Path(file) if file else None)
    home = Home.default(variables)
    info = home.running()
    # A server that was killed this very moment still looks alive, but no longer listens.
    if info is None or not listens(info.url):
        info = _started(home)
    return local_client(home, url=info.url)


def local_client(home: Home, *, url: str) -> Client:
    """Return a client of the server of a home, with its owner's token."""
    token = home.read_token()
    if token is None:
        raise NoServerError(
            f"The server at {url} left no token in `{home.token_path}`. Set {TOKEN_VARIABLE}, or "
            "stop it with `zaffre down` and try again."
        )
    return _client(url, token, home.server_path)


def _token(variables: Mapping[str, str], url: str) -> str:
    token = variables.get(TOKEN_VARIABLE)
    if token:
        return token
    home = Home.default(variables)
    local = home.running()
    owned = home.read_token() if local is not None and local.url == url.rstrip("/") else None
    if owned is None:
        raise NoServerError(
            f"{URL_VARIABLE} is set to {url}, but {TOKEN_VARIABLE} is not. Set it to a token of "
            "that server."
        )
    return owned


def _started(home: Home) -> ServerInfo:
    from zaffre_sdk.client.starting import find_or_start  # noqa: PLC0415 (slow to load)

    return find_or_start(home)


@functools.lru_cache(maxsize=16)
def _client(url: str, token: str, source: Path | None) -> Client:
    return Client(Transport(url, token, source=source))
