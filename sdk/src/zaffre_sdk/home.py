"""The home of a local server: where its files lie, and whether a server runs in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from zaffre_sdk.errors import NoServerError
from zaffre_sdk.locks import FileLock, is_locked
from zaffre_sdk.wire import decoding

HOME_VARIABLE = "ZAFFRE_HOME"
_SAME_START_SECONDS = 2.0


class ServerInfo(msgspec.Struct, frozen=True):
    """What `server.json` says of the server that runs in a home.

    Attributes:
        create_time: When its process was created, as psutil tells it.
        instance: Fresh at every start of the server.
    """

    url: str
    pid: int
    create_time: float
    instance: str
    version: str


class Home(msgspec.Struct, frozen=True):
    """A folder that holds everything of one server; only its owner may enter."""

    root: Path

    @classmethod
    def default(cls, environment: Mapping[str, str] | None = None) -> Home:
        """Return the home that `ZAFFRE_HOME` names, or `~/.zaffre`.

        Raises:
            NoServerError: This user has no home folder.
        """
        named = (os.environ if environment is None else environment).get(HOME_VARIABLE)
        try:
            return cls(Path(named).expanduser().absolute() if named else Path.home() / ".zaffre")
        except (RuntimeError, OSError) as error:
            raise NoServerError(
                f"There is no place for files of zaffre: {error} Set {HOME_VARIABLE} to a folder."
            ) from error

    @property
    def token_path(self) -> Path:
        """The owner's bearer secret (0600)."""
        return self.root / "token"

    @property
    def server_path(self) -> Path:
        """Where the running server says how to reach it."""
        return self.root / "server.json"

    @property
    def vault_key_path(self) -> Path:
        """The key that opens what is sealed in the database."""
        return self.root / "vault.key"

    @property
    def server_lock_path(self) -> Path:
        """Locked by the server for as long as it serves."""
        return self.root / "server.lock"

    @property
    def start_lock_path(self) -> Path:
        """Locked by the one program that starts a server."""
        return self.root / "start.lock"

    @property
    def log_path(self) -> Path:
        """What a server in the background writes."""
        return self.root / "server.log"

    @property
    def spool_path(self) -> Path:
        """Metrics that a program logged and no server has acknowledged yet."""
        return self.root / "spool"

    @property
    def cache_path(self) -> Path:
        """What can be computed again."""
        return self.root / "cache"

    def prepare(self) -> None:
        """Make the folder, mode 0700, unless it is there."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.root.chmod(0o700)

    def read_token(self) -> str | None:
        """Return the owner's secret, or None before the first server made one."""
        return _read_secret(self.token_path)

    def ensure_token(self) -> str:
        """Return the owner's secret; make it when there is none. Safe when many race."""
        return self._ensure_secret(self.token_path)

    def ensure_vault_key(self) -> str:
        """Return the key of the vault; make it when there is none. Without it secrets are lost."""
        return self._ensure_secret(self.vault_key_path)

    def read_server(self) -> ServerInfo | None:
        """Return what the last server wrote, alive or not."""
        return read_server_file(self.server_path)

    def write_server(self, info: ServerInfo) -> None:
        """Say how to reach this server; readers see the old or the new, never half of it."""
        draft = self.root / f"server.json.{os.urandom(8).hex()}"
        _write_private(draft, msgspec.json.encode(info).decode())
        draft.replace(self.server_path)

    def forget_server(self) -> None:
        """Take back what `write_server` said."""
        self.server_path.unlink(missing_ok=True)

    def hold_server_lock(self, *, seconds: float = 1.0) -> FileLock | None:
        """Lock the home for serving and forget a server that died; None when one serves.

        Whoever asks `running` takes the lock for an instant: hence the second of patience.
        """
        self.prepare()
        lock = FileLock(self.server_lock_path)
        if not lock.acquire(seconds=seconds):
            return None
        self.forget_server()
        return lock

    def running(self) -> ServerInfo | None:
        """Return the server that runs in this home, or None.

        A held lock is proof by the kernel; the process itself is asked only where it is not. One
        that is about to end may be told for some moments more: who needs to know asks it.
        """
        info = self.read_server()
        if info is None or is_locked(self.server_lock_path) or _is_process(info):
            return info
        return None

    def _ensure_secret(self, path: Path) -> str:
        """Return what the file holds; make it when there is none. Safe when many race."""
        self.prepare()
        draft = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
        _write_private(draft, os.urandom(32).hex())
        try:
            # A link never replaces: whoever is first wins, and nobody reads half a secret.
            os.link(draft, path)
            _sync_folder(self.root)
        except FileExistsError:
            path.chmod(0o600)
        finally:
            draft.unlink()
        secret = _read_secret(path)
        if secret is None:
            raise ValueError(f"The file `{path}` is empty; delete it.")
        return secret


def read_server_file(path: Path) -> ServerInfo | None:
    """Return what a `server.json` says; None when it is absent or not one."""
    try:
        return decoding.from_json(path.read_bytes(), ServerInfo)
    except (OSError, msgspec.DecodeError):
        return None


def _is_process(info: ServerInfo) -> bool:
    import psutil  # noqa: PLC0415 (slow to load, and rarely needed)

    try:
        process = psutil.Process(info.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return abs(process.create_time() - info.create_time) < _SAME_START_SECONDS
    except psutil.Error:
        return False


def _read_secret(path: Path) -> str | None:
    try:
        return path.read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder outlast the machine: what a lost key sealed stays sealed."""
    if os.name == "nt":
        return  # Folders cannot be opened there.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
