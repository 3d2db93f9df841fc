"""Making an environment again, from the list of what it held where it was made first."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zaffre.adapters.launchers.elsewhere.agent import place as places

if TYPE_CHECKING:
    from collections.abc import Callable

_MARKER = "zaffre.json"
_UNUSED_SECONDS = 30 * 86_400.0
_LAST_LINES = 12
_CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
_FOLDERS = (
    "import json, sys; print(json.dumps([path for path in sys.path "
    "if path.endswith(('site-packages', 'dist-packages'))]))"
)
_USUAL_UV = ("~/.local/bin/uv", "~/.cargo/bin/uv")
_NOT_PASSED = ("PYTHON", "VIRTUAL_ENV", "CONDA_", "UV_", "PIP_")


class Work:
    """One request to make something: whom to tell how it goes, and whether it is still wanted.

    Args:
        say: Takes lines for people.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self._dropped = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def drop(self) -> None:
        """End it: nobody wants it any more."""
        with self._lock:
            self._dropped.set()
            if self._process is not None:
                _kill(self._process)

    def check(self) -> None:
        """Raise `DroppedError` when nobody wants it any more."""
        if self._dropped.is_set():
            raise places.DroppedError

    def run(self, command: list[str], environ: dict[str, str]) -> tuple[int, list[str]]:
        """Run a command to its end; return its exit code and its last lines."""
        lines: list[str] = []
        with self._lock:
            self.check()
            self._process = subprocess.Popen(  # noqa: S603 (uv and pip, with words of ours)
                command,
                cwd="/",  # no project's settings apply
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        with self._process as process:
            for line in process.stdout or ():
                text = line.decode(errors="replace").rstrip()
                lines.append(text)
                self.say(text)
        self.check()
        return process.returncode, lines[-_LAST_LINES:]


def prepare(place: places.Place, asked: dict[str, Any], work: Work) -> str:
    """Return the interpreter of an environment; make it unless it is there.

    Args:
        place: Of this machine.
        asked: As `parcel.Parcel.wanted` says it.
        work: The request.

    Raises:
        FailedError: It cannot be made.
        DroppedError: Nobody wants it any more.
    """
    folder = place.environments / places.named(asked["key"])
    marker, python = folder / _MARKER, folder / "bin" / "python"

    def waiting() -> None:
        work.check()

    with places.locked(place.environments / f"{folder.name}.lock", waiting=waiting):
        if places.read_json(marker) and python.exists():
            os.utime(marker)
            return str(python)
        places.remove(folder)
        work.say("Making the environment on this machine.")
        begun = time.monotonic()
        try:
            _make(place, asked, folder, work)
        except BaseException:
            places.remove(folder)
            raise
        places.write_json(marker, {"python": asked["python"], "made_at": time.time()})
        work.say(f"The environment was made in {time.monotonic() - begun:.1f} s.")
    return str(python)


def forget_unused(place: places.Place, *, in_use: set[str]) -> None:
    """Remove environments, and files they are made of, that no run asked for in a month.

    Args:
        place: Of this machine.
        in_use: The interpreters of runs that are still going on.
    """
    for file in place.files.iterdir():
        if _is_old(file):
            file.unlink(missing_ok=True)
    for marker in place.environments.glob(f"*/{_MARKER}"):
        folder = marker.parent
        if str(folder / "bin" / "python") in in_use:
            continue
        with places.locked(folder.with_suffix(".lock"), waiting=lambda: None):
            if _is_old(marker):
                # First what says that it can be used.
                marker.unlink()
                places.remove(folder)


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _UNUSED_SECONDS
    except OSError:
        return False


def _make(place: places.Place, asked: dict[str, Any], folder: Path, work: Work) -> None:
    environ = _environ(asked)
    uv = _found_uv(place, asked, environ, work)
    own = _found_own(asked["own"], work)
    version = asked["python"]
    _check(
        work.run(
            [uv, "venv", "--quiet", "--no-project", "--python", own or version, str(folder)],
            environ,
        ),
        f"{own or 'Python ' + version} is needed, and cannot be had on this machine, whose own is "
        f"{platform.python_version()}.",
    )
    links = folder / "wheels"
    links.mkdir()
    wheels = [_linked(place, links, wheel) for wheel in asked["wheels"]]
    sdk = _linked(place, links, asked["sdk"])
    install = [uv, "pip", "install", "--python", str(folder / "bin" / "python")]
    lines = [*asked["options"], *asked["packages"]]
    listed = folder / "packages.txt"
    listed.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    if own:
        _show(own, folder, environ)
        done = work.run([*install, "--", sdk], environ)
    else:
        # What is listed is all that there was: on such a machine nothing has to be looked for.
        whole = ["--no-deps"] if asked["is_whole"] else []
        done = work.run([*install, *whole, "-r", str(listed), "--", *wheels, sdk], environ)
    _check(done, "What the environment holds cannot be installed on this machine.")


def _found_own(candidates: list[str], work: Work) -> str:
    """Return the interpreter that is to be used with what it has installed, if one is."""
    if not candidates:
        return ""
    found = next(path for path in candidates if shutil.which(path))
    if found != candidates[0]:
        work.say(f"There is no {candidates[0]} on this machine, so {found} is used.")
    work.say(f"The packages of {found} are used, with zaffre-sdk beside them.")
    return found


def _show(own: str, folder: Path, environ: dict[str, str]) -> None:
    """Let an environment see the packages of another interpreter, behind its own."""
    done = subprocess.run(  # noqa: S603 (an interpreter that was named)
        [own, "-c", _FOLDERS], env=environ, stdout=subprocess.PIPE, check=False
    )
    found = json.loads(done.stdout) if done.returncode == 0 else []
    lines = [f"import site; site.addsitedir({path!r})\n" for path in found]
    for site in folder.glob("lib/python*/site-packages"):
        (site / "zaffre_shown.pth").write_text("".join(lines), encoding="utf-8")


def _linked(place: places.Place, folder: Path, wheel: dict[str, str]) -> str:
    """Give a file that was sent its name, which says what it is."""
    path = folder / places.named(wheel["name"])
    shutil.copyfile(place.file(wheel["digest"]), path)
    return str(path)


def _found_uv(
    place: places.Place, asked: dict[str, Any], environ: dict[str, str], work: Work
) -> str:
    """Return uv: what was sent, what is there, or what can be installed."""
    given = [str(place.file(asked["uv"]))] if asked.get("uv") else []
    there = [shutil.which("uv") or "", *map(os.path.expanduser, _USUAL_UV)]
    installed = str(place.root / "uv" / "bin" / "uv")
    for candidate in [*given, *there, installed]:
        if candidate and Path(candidate).is_file() and _answers(candidate, environ):
            return candidate
    work.say("Installing uv.")
    target = str(place.root / "uv")
    _check(
        work.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--target", target, "uv"], environ
        ),
        "There is no uv on this machine, the one of the server does not run here, and pip cannot "
        "install it. Install uv there.",
    )
    return installed


def _answers(uv: str, environ: dict[str, str]) -> bool:
    """Tell whether it is a program of this machine."""
    try:
        done = subprocess.run(  # noqa: S603 (asks for nothing but its version)
            [uv, "--version"],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def _environ(asked: dict[str, Any]) -> dict[str, str]:
    passed = {
        name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED)
    }
    # Networks that look into what passes put their certificate among those of the machine.
    trusting = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}
    has_certificates = any(Path(path).exists() for path in _CERTIFICATES)
    return {
        **passed,
        **(trusting if has_certificates else {}),
        **asked["index"],
        "NO_COLOR": "1",
        "UV_NO_PROGRESS": "1",
    }


def _check(done: tuple[int, list[str]], message: str) -> None:
    code, lines = done
    if code:
        said = " ".join(line.strip() for line in lines)
        raise places.FailedError(f"{message} {said}".strip())


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return  # Its number may be that of another process by now.
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # It ended by itself just now.
