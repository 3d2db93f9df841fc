"""How SSH is told to log in, and nothing besides: neither files of the user nor agents count."""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from zaffre.adapters.launchers.machines.failures import MachineError
from zaffre.base.text import shown
from zaffre.ports.launchers import ComputePlace

_ADDRESS: Final = re.compile(r"[A-Za-z0-9:][A-Za-z0-9._:-]{0,254}")
_USERNAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@\\-]{0,127}")
_PYTHON: Final = re.compile(r"[A-Za-z0-9_./~][A-Za-z0-9_./~+-]{0,254}")
_HOST_KEY: Final = re.compile(r"[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}")
_HIGHEST_PORT: Final = 65_535
_ASKPASS: Final = '#!/bin/sh\nexec cat "$ZAFFRE_ANSWER"\n'
_OPTIONS: Final = {
    "CheckHostIP": "no",
    "ConnectTimeout": "10",
    "ExitOnForwardFailure": "yes",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "GlobalKnownHostsFile": "none",
    "IdentitiesOnly": "yes",
    "IdentityAgent": "none",
    "LogLevel": "INFO",
    "NumberOfPasswordPrompts": "1",
    "ServerAliveCountMax": "3",
    "ServerAliveInterval": "10",
    "UpdateHostKeys": "no",
}
_BY_KEY: Final = {"PreferredAuthentications": "publickey"}
_BY_PASSWORD: Final = {
    "PreferredAuthentications": "password,keyboard-interactive",
    "PubkeyAuthentication": "no",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A machine, and how one comes in.

    Attributes:
        python: The Python there that the agent runs on.
        work_folder: What is kept there; relative to the home of the user.
        host_key: The only key that the machine may show; without one, the first that it showed.
    """

    name: str
    address: str
    port: int
    username: str
    python: str = "python3"
    work_folder: str = ".zaffre-work"
    host_key: str = ""
    credential: Mapping[str, str] = field(repr=False)

    @property
    def who(self) -> str:
        """The machine as people write it."""
        return f"The machine {shown(self.name)} ({self.username}@{self.address}:{self.port})"

    @property
    def alias(self) -> str:
        """The name of the machine in the file of its key."""
        return f"{self.address}-{self.port}".replace(":", "-")


def login_of(place: ComputePlace) -> Login:
    """Return how one comes into a target.

    Raises:
        MachineError: Something is missing, or nothing that it could be.
    """
    settings = place.settings
    if not (place.credential.get("password") or place.credential.get("private_key")):
        raise MachineError(
            f"The machine {shown(place.name)} has neither a password nor a private key: attach it "
            "again with one of them."
        )
    return Login(
        name=place.name,
        address=_checked(place, "address", _ADDRESS),
        port=_port(place),
        username=_checked(place, "username", _USERNAME),
        python=_checked(place, "python", _PYTHON, default="python3"),
        work_folder=str(settings.get("work_folder") or ".zaffre-work").removeprefix("~/"),
        host_key=_checked(place, "host_key", _HOST_KEY, default=""),
        credential=place.credential,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The command that connects, and its environment."""

    words: list[str]
    environ: dict[str, str]


@contextlib.contextmanager
def command_for(login: Login, folder: Path, *, forward: str, program: str) -> Iterator[Command]:
    """Give the command that connects; what it needs to log in is there only inside the block.

    Args:
        login: Where to.
        folder: Keeps the key of the machine; for the owner of the server alone.
        forward: What `-R` is told.
        program: What the shell there is told.

    Raises:
        MachineError: This machine has no SSH.
    """
    ssh = shutil.which("ssh")
    if ssh is None:
        raise MachineError("There is no `ssh` on the machine of the server: install OpenSSH.")
    pinned = pinned_at(folder)
    with tempfile.TemporaryDirectory(prefix="login-", dir=folder) as secrets:
        options = {
            **_OPTIONS,
            "HostKeyAlias": login.alias,
            "UserKnownHostsFile": f'"{pinned}"',
            "StrictHostKeyChecking": _strictness(login, pinned),
            **_authentication(login, Path(secrets)),
        }
        given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        yield Command(
            words=[
                *(ssh, "-F", "none", "-T", *given),
                *("-l", login.username, "-p", str(login.port), "-R", forward),
                *("--", login.address, program),
            ],
            environ=_environ(Path(secrets)),
        )


def pinned_at(folder: Path) -> Path:
    """Return the file that holds the key of a machine."""
    return folder / "known_hosts"


def _strictness(login: Login, pinned: Path) -> str:
    if not login.host_key:
        return "accept-new"
    pinned.write_text(f"{login.alias} {login.host_key}\n", encoding="utf-8")
    return "yes"


def _authentication(login: Login, secrets: Path) -> dict[str, str]:
    """Write down what the machine asks for, and return how SSH finds it."""
    key = login.credential.get("private_key", "")
    answer = login.credential.get("passphrase" if key else "password", "")
    _write(secrets / "answer", f"{answer}\n")
    _write(secrets / "askpass", _ASKPASS, mode=0o700)
    if not key:
        return _BY_PASSWORD
    _write(secrets / "key", key.replace("\r\n", "\n").rstrip("\n") + "\n")
    return {**_BY_KEY, "IdentityFile": f'"{secrets / "key"}"'}


def _environ(secrets: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        "LC_ALL": "C",
        "SSH_ASKPASS": str(secrets / "askpass"),
        "SSH_ASKPASS_REQUIRE": "force",
        "DISPLAY": ":0",  # what older clients look at instead
        "ZAFFRE_ANSWER": str(secrets / "answer"),
    }


def _write(path: Path, text: str, *, mode: int = 0o600) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _checked(
    place: ComputePlace, name: str, pattern: re.Pattern[str], *, default: str | None = None
) -> str:
    value: Any = place.settings.get(name)
    if default is not None and (value is None or value == ""):
        return default
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise MachineError(
            f"The setting `{name}` of the compute target {shown(place.name)} is {shown(value)}, "
            "with which no machine can be reached. Change it with `zaffre compute update`."
        )
    return value


def _port(place: ComputePlace) -> int:
    value = place.settings.get("port", 22)
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if not 0 < number <= _HIGHEST_PORT:
        raise MachineError(
            f"The setting `port` of the compute target {shown(place.name)} is {shown(value)}; "
            f"it is a number from 1 to {_HIGHEST_PORT}."
        )
    return number
