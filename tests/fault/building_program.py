"""Builds one environment and tells what happens; a process of its own for tests to kill."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from building import build

if __name__ == "__main__":
    packages = tuple(sys.argv[2].split(","))
    built, _ = build(
        Path(sys.argv[1]), log=lambda line: print(line, flush=True), pip_packages=packages
    )
    print(f"BUILT {built.python}", flush=True)
