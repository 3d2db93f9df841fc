"""What is kept of an instance beside its process: how it is found, and how Jupyter is set up."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from zaffre.adapters.disk import make_folder
from zaffre.adapters.launchers.orders import write_secretly
from zaffre.ports.instances import InstanceOrder, Key

_HANDLE: Final = "handle.json"
_CONFIG: Final = "jupyter_server_config.json"
_LOG: Final = "jupyter.log"
_MAX_LOG: Final = 10 << 20
_TAIL: Final = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """By what a process is found again, and how it is reached."""

    pid: int
    start: str | None
    boot: str
    port: int
    secret: str


class InstanceFolder:
    """The private folder of one instance.

    Args:
        home: Holds the folders of all instances.
        key: Of the instance.
    """

    def __init__(self, home: Path, key: Key) -> None:
        self.path = home / key[0] / key[1]

    @property
    def log(self) -> Path:
        """What Jupyter writes."""
        return self.path / _LOG

    def handle(self) -> Handle | None:
        """Return what was noted of the process that was started last."""
        try:
            return Handle(**json.loads((self.path / _HANDLE).read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            # A crash of the machine may have left it empty.
            return None

    def note(self, handle: Handle) -> None:
        """Keep how a process is found again."""
        draft = self.path / f"{_HANDLE}.new"
        write_secretly(draft, json.dumps(asdict(handle)).encode())
        draft.replace(self.path / _HANDLE)

    def forget(self) -> None:
        """Keep it no more."""
        (self.path / _HANDLE).unlink(missing_ok=True)

    def lay(self, order: InstanceOrder, *, port: int, secret: str) -> dict[str, str]:
        """Write down how Jupyter is to be; return the variables that make it read that.

        The secret stands in a file, since command lines and environments are seen by others.
        """
        places = {
            "JUPYTER_CONFIG_DIR": self.path / "config",
            "JUPYTER_DATA_DIR": self.path / "data",
            "JUPYTER_RUNTIME_DIR": self.path / "runtime",
            "IPYTHONDIR": self.path / "ipython",
        }
        for place in places.values():
            make_folder(place)
        config = json.dumps(_settings(order, port=port, secret=secret))
        write_secretly(places["JUPYTER_CONFIG_DIR"] / _CONFIG, config.encode())
        lab = places["JUPYTER_CONFIG_DIR"] / "labconfig"
        make_folder(lab)
        (lab / "default_setting_overrides.json").write_text(json.dumps(_LAB_SETTINGS))
        if self.log.exists() and self.log.stat().st_size > _MAX_LOG:
            self.log.replace(self.log.with_suffix(".old"))
        return {name: str(place) for name, place in places.items()}

    def tail(self) -> str:
        """Return the end of what Jupyter wrote."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
                return file.read().decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return ""

    def remove(self) -> None:
        """Keep nothing."""
        shutil.rmtree(self.path, ignore_errors=True)


def everything(home: Path) -> Iterator[Key]:
    """Yield the instances that have a folder."""
    for folder in home.glob("*/*"):
        yield folder.parent.name, folder.name


def _settings(order: InstanceOrder, *, port: int, secret: str) -> dict[str, Any]:
    return {
        "ServerApp": {
            "ip": "127.0.0.1",
            "port": port,
            "port_retries": 0,
            "base_url": order.base_url,
            "root_dir": str(order.root),
            "preferred_dir": str(order.folder),
            "open_browser": False,
            # What is around it may be a container whose only user is root.
            "allow_root": True,
            # Who comes through the door is known already; no second way leads in.
            "allow_remote_access": False,
            "quit_button": False,
        },
        "IdentityProvider": {"token": secret, "cookie_name": "jupyter-user"},
        "LabApp": {"news_url": None, "check_for_updates_class": _NO_UPDATES},
    }


_NO_UPDATES: Final = "jupyterlab.NeverCheckForUpdate"
# Without an address for news JupyterLab still asks whether to bring some.
_LAB_SETTINGS: Final = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    }
}
