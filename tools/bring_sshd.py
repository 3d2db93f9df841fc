"""Bring the SSH server that the tests of machines log in to, where that can be done unasked.

With root on Debian or its kin the distribution's OpenSSH is installed; the tests start it on
loopback with keys of their own. Elsewhere it is said what is missing, and those tests skip.
"""

import os
import shutil
import sys

from distribution import install, may_install

PACKAGES = ("openssh-client", "openssh-server")
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])


def main() -> int:
    """Install OpenSSH unless it is there; never fail for the lack of it."""
    if shutil.which("sshd", path=PATH) and shutil.which("ssh"):
        return 0
    if not may_install():
        print("test: no sshd here, so the tests of machines over SSH will skip")
        return 0
    print("test: installing OpenSSH with apt-get for the tests of machines over SSH", flush=True)
    # It is not to be started as a service of the system.
    if not install(*PACKAGES, RUNLEVEL="1"):
        print("test: apt-get could not, so the tests of machines over SSH will skip")
    return 0


if __name__ == "__main__":
    sys.exit(main())
