"""Bring a container engine and an image with Python, for the tests of containers.

With root on Debian or its kin Podman is installed by apt-get. The image is fetched, or made of the
distribution's packages where no registry can be reached. Elsewhere it is said what is missing, and
those tests skip.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from distribution import install, may_install

IMAGE = "localhost/zaffre-tests/python:3"
FETCHED = "docker.io/library/python:3.11-slim"
PACKAGES = ("podman", "runc", "netavark", "iptables", "catatonit")
_SKIPPED = "so the tests of containers will skip"


def main() -> int:
    """Install and fetch what is not there; never fail for the lack of it."""
    engine = _engine() or _install()
    if engine is None:
        return 0
    if not _does(engine, "image", "inspect", IMAGE) and not _bring_image(engine):
        print(f"test: no image with Python could be had, {_SKIPPED}")
    return 0


def _engine() -> str | None:
    """Return an engine that works."""
    found = (shutil.which(name) for name in ("podman", "docker"))
    return next((path for path in found if path and _does(path, "images")), None)


def _install() -> str | None:
    if not may_install():
        print(f"test: no Docker or Podman works here, {_SKIPPED}")
        return None
    print("test: installing Podman with apt-get for the tests of containers", flush=True)
    if not install(*PACKAGES):
        print(f"test: apt-get could not, {_SKIPPED}")
        return None
    return _engine()


def _bring_image(engine: str) -> bool:
    print("test: bringing an image with Python for the tests of containers", flush=True)
    if _does(engine, "pull", FETCHED):
        return _does(engine, "tag", FETCHED, IMAGE)
    if not may_install() or not install("debootstrap"):
        return False
    with tempfile.TemporaryDirectory() as folder:
        root, archive = Path(folder, "root"), Path(folder, "root.tar")
        made = ["debootstrap", "--variant=minbase", "--include=python3", _release(), str(root)]
        packed = ["tar", "-C", str(root), "-cf", str(archive), "."]
        return _does(*made) and _does(*packed) and _does(engine, "import", str(archive), IMAGE)


def _release() -> str:
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    names = dict(line.split("=", 1) for line in lines if "=" in line)
    return names.get("VERSION_CODENAME", "stable").strip('"')


def _does(*command: str) -> bool:
    done = subprocess.run(  # noqa: S603 - fixed words
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
