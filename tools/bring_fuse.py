"""Bring the library that mounts of far files need, where that can be done unasked.

With root on Debian or its kin the distribution's libfuse is installed, which is small. Elsewhere
it is said what is missing, and those tests skip.
"""

import os
import sys
from ctypes.util import find_library

from distribution import install, may_install

PACKAGES = ("fuse3", "libfuse2")


def main() -> int:
    """Install libfuse unless it is there; never fail for the lack of it."""
    if find_library("fuse") or find_library("fuse3"):
        return 0
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        print("test: no /dev/fuse here, so the tests of mounts of far files will skip")
        return 0
    if not may_install():
        print("test: no libfuse here, so the tests of mounts of far files will skip")
        return 0
    print("test: installing libfuse with apt-get for the tests of mounts of far files", flush=True)
    if not install(*PACKAGES):
        print("test: apt-get could not, so the tests of mounts of far files will skip")
    return 0


if __name__ == "__main__":
    sys.exit(main())
