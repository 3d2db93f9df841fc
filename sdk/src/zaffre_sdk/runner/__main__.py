"""The entry point: `python -m zaffre_sdk.runner order.json`."""

from __future__ import annotations

import sys
from pathlib import Path

from zaffre_sdk.runner.attempt import drive
from zaffre_sdk.runner.order import read_order

if __name__ == "__main__":
    sys.exit(drive(read_order(Path(sys.argv[1]))))
