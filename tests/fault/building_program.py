"""Builds one environment and tells what happens; a process of its own for tests to kill."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from building import build


def tell(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    packages = tuple(sys.argv[2].split(","))
    built, _ = build(Path(sys.argv[1]), log=tell, pip_packages=packages)
    tell(f"BUILT {built.python}")
