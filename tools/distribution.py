"""Packages of the distribution, for those who may install them unasked."""

import os
import shutil
import subprocess


def may_install() -> bool:
    """Tell whether this is root on Debian or its kin."""
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def install(*packages: str, **environ: str) -> bool:
    """Install packages with apt-get; tell whether it could."""
    return all(
        subprocess.run(  # noqa: S603 - fixed words
            ["apt-get", "-qq", *command],  # noqa: S607 - the one of this system
            stdout=subprocess.DEVNULL,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", **environ},
            check=False,
        ).returncode
        == 0
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages])
    )
