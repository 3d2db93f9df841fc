"""Bring the browser that the tests of the studio need, where that can be done unasked.

With root on Debian or its kin the distribution's Chromium is installed. Elsewhere it is said what
is missing, and those tests skip.
"""

import os
import shutil
import subprocess
import sys

BROWSERS = ("chromium", "chromium-browser", "chrome")


def main() -> int:
    """Install a browser unless there is one; never fail for the lack of it."""
    if any(shutil.which(name) for name in BROWSERS):
        return 0
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(
            "test: no Chromium here, so the tests of the studio will skip; install it to run them"
        )
        return 0
    print("test: installing Chromium with apt-get for the tests of the studio", flush=True)
    for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        done = subprocess.run(  # noqa: S603 - fixed words
            ["apt-get", "-qq", *command],  # noqa: S607 - the one of this system
            stdout=subprocess.DEVNULL,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            check=False,
        )
        if done.returncode:
            print("test: apt-get could not, so the tests of the studio will skip")
            break
    return 0


if __name__ == "__main__":
    sys.exit(main())
