"""Write the description of the native API, or check that the committed one is true."""

import argparse
import json
import sys
from pathlib import Path
from types import SimpleNamespace

from zaffre.protocols.http.door import create_litestar
from zaffre.protocols.native.router import create_router

PAGE = Path("docs/reference/openapi.json")


def described() -> str:
    """Return the OpenAPI document of the live route table."""
    house = SimpleNamespace(server=SimpleNamespace(version="1"), changes=None)
    schema = create_litestar(house, [create_router()]).openapi_schema.to_schema()
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Write the file, or with `--check` say whether it is true."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    checking = parser.parse_args().check
    document = described()
    if not checking:
        PAGE.write_text(document)
        return 0
    if PAGE.exists() and PAGE.read_text() == document:
        return 0
    print(f"{PAGE} is not what the routes say; write it with `python tools/write_openapi.py`.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
