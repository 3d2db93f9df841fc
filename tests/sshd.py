"""A real SSH server on loopback, without root where it can be: one user, one key, one password."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import psutil
from live import until

SSHD = shutil.which("sshd", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))


class LiveSshd:
    """An SSH server over one folder; it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.username = getpass.getuser()
        self.key = folder / "id"
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(mode=0o700)
        for path in (self.key, folder / "host"):
            make_key(path)
        shutil.copy(self.key.with_suffix(".pub"), folder / "authorized_keys")
        # What sshd of Debian asks for, though it separates nothing here.
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)

    def start(self, **options: str) -> None:
        said = {
            "Port": str(self.port),
            "ListenAddress": "127.0.0.1",
            "HostKey": str(self.folder / "host"),
            "AuthorizedKeysFile": str(self.folder / "authorized_keys"),
            "PidFile": "none",
            "StrictModes": "no",
            "UsePAM": "no",
            "PasswordAuthentication": "no",
            "PermitRootLogin": "yes",
            "MaxStartups": "100",
            **options,
        }
        config = self.folder / "sshd_config"
        config.write_text("".join(f"{name} {value}\n" for name, value in said.items()))
        assert SSHD is not None
        with (self.folder / "sshd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [SSHD, "-D", "-e", "-f", config], stdout=log, stderr=log
            )
        until(self._listens)

    def kill(self) -> None:
        """Kill it with all its connections, as the end of a machine's network would."""
        assert self._process is not None
        for process in [self.listener, *self.connections()]:
            process.kill()
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    @property
    def listener(self) -> psutil.Process:
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def connections(self) -> list[psutil.Process]:
        """Return the processes of sshd that serve connections."""
        below = self.listener.children(recursive=True)
        return [process for process in below if process.name().startswith("sshd")]

    def freeze(self) -> list[psutil.Process]:
        """Let nothing pass any more, without a word to the other side."""
        frozen = self.connections()
        for process in frozen:
            process.send_signal(signal.SIGSTOP)
        return frozen

    @property
    def settings(self) -> dict[str, object]:
        """What a compute target on it is set to."""
        return {
            "address": "127.0.0.1",
            "port": self.port,
            "username": self.username,
            "work_folder": str(self.folder / "work"),
        }

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def make_key(path: Path, passphrase: str = "") -> None:
    path.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", path], check=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
