"""Bring Azurite, which speaks Azure's protocol, for the tests of object stores.

It is a program of Node.js and lies in `.tools`; without npm those tests skip.
"""

import shutil
import subprocess
import sys
from pathlib import Path

VERSION = "3.37.0"
FOLDER = Path(__file__).resolve().parents[1] / ".tools" / "azurite"


def main() -> int:
    """Install it unless it is there; never fail for the lack of it."""
    if (FOLDER / "node_modules" / ".bin" / "azurite-blob").exists():
        return 0
    npm = shutil.which("npm")
    if npm is None:
        print("test: no npm here, so the tests of object stores will skip; install it to run them")
        return 0
    print(
        f"test: bringing Azurite {VERSION} into .tools for the tests of object stores", flush=True
    )
    FOLDER.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(  # noqa: S603 - fixed words
        [npm, "install", "--prefix", str(FOLDER), "--no-audit", "--no-fund", f"azurite@{VERSION}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        print("test: npm could not, so the tests of object stores will skip")
    return 0


if __name__ == "__main__":
    sys.exit(main())
