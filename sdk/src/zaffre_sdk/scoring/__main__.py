"""`python -m zaffre_sdk.scoring <descriptor>`."""

import sys

from zaffre_sdk.scoring.guard import guard

if __name__ == "__main__":
    guard(int(sys.argv[1]))
