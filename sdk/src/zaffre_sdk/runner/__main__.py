"""The entry point: `python -m zaffre_sdk.runner order.json`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from zaffre_sdk.runner.attempt import drive
from zaffre_sdk.runner.order import read_order

if __name__ == "__main__":
    code = drive(read_order(Path(sys.argv[1])))
    sys.stdout.flush()
    sys.stderr.flush()
    # Python would wait for what is still fetched or sent for a run that was canceled meanwhile.
    os._exit(code)
