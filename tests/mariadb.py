"""A real MariaDB for one run of the tests, where the machine has one; there is none in a wheel."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pymysql
import pytest
from guarding import free_port, give, guarded, run
from live import until

PLACES = "/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"


@dataclass(frozen=True)
class Mariadb:
    """A server that runs; whoever reaches it is its root."""

    port: int
    host: str = "127.0.0.1"
    user: str = "zaffre"
    password: str = "pässword"  # noqa: S105 - of this server alone
    database: str = "sales"

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
def mariadb() -> Iterator[Mariadb]:
    """Run a server; where there is no program for one, tests that need it skip and say why."""
    places = f"{os.environ['PATH']}:{PLACES}"
    server = shutil.which("mariadbd", path=places)
    setup = shutil.which("mariadb-install-db", path=places)
    if server is None or setup is None:
        pytest.skip("no MariaDB here; Debian has it as mariadb-server")
    folder = Path(tempfile.mkdtemp(prefix="zaffre-mariadb-"))
    try:
        with running(Path(server), Path(setup), folder) as found:
            yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running(server: Path, setup: Path, folder: Path) -> Iterator[Mariadb]:
    """Run a server in a fresh folder."""
    give(folder)
    data, socket = folder / "data", folder / "socket"
    environ = {"PATH": f"{os.environ['PATH']}:{PLACES}", "HOME": str(folder), "TZ": "UTC"}
    prepare = [setup, "--no-defaults", f"--datadir={data}"]
    prepare.append("--auth-root-authentication-method=normal")
    run(
        [*prepare, "--skip-test-db", f"--tmpdir={folder}"],
        cwd=folder,
        environ=environ,
    )
    found = Mariadb(port=free_port())
    command = [server, "--no-defaults", f"--datadir={data}", f"--socket={socket}"]
    options = [f"--port={found.port}", f"--bind-address={found.host}", f"--tmpdir={folder}"]
    quick = [
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=32M",
        "--skip-name-resolve",
    ]
    with guarded(
        [*command, *options, *quick], cwd=folder, environ=environ, signal="TERM"
    ) as process:
        until(lambda: _prepared(process, socket, found))
        yield found


def _prepared(process: "subprocess.Popen[bytes]", socket: Path, found: Mariadb) -> bool:
    """Make the database and its user, once the server answers."""
    assert process.poll() is None, "MariaDB ended"
    if not socket.exists():  # The driver leaves its own open where there is none.
        return False
    with (
        contextlib.suppress(pymysql.err.OperationalError),
        pymysql.connect(unix_socket=str(socket), user="root", ssl_disabled=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS {found.database}")
        cursor.execute(f"CREATE USER '{found.user}'@'%' IDENTIFIED BY '{found.password}'")
        cursor.execute(f"GRANT ALL ON {found.database}.* TO '{found.user}'@'%'")
        return True
    return False
