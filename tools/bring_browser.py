"""Bring the browser that the tests of the studio need, where that can be done unasked.

With root on Debian or its kin the distribution's Chromium is installed. Elsewhere it is said what
is missing, and those tests skip.
"""

import shutil
import sys

from distribution import install, may_install

BROWSERS = ("chromium", "chromium-browser", "chrome")


def main() -> int:
    """Install a browser unless there is one; never fail for the lack of it."""
    if any(shutil.which(name) for name in BROWSERS):
        return 0
    if not may_install():
        print(
            "test: no Chromium here, so the tests of the studio will skip; install it to run them"
        )
        return 0
    print("test: installing Chromium with apt-get for the tests of the studio", flush=True)
    if not install("chromium"):
        print("test: apt-get could not, so the tests of the studio will skip")
    return 0


if __name__ == "__main__":
    sys.exit(main())
