"""A real Azurite, which speaks the protocol of Azure's blobs."""

import base64
import contextlib
import hashlib
import hmac
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from live import until

ACCOUNT = "devstoreaccount1"
# The well-known key of the emulator, which is no secret.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_BROUGHT = Path(__file__).parents[1] / ".tools" / "azurite" / "node_modules" / ".bin"


@dataclass(frozen=True)
class Azurite:
    """Where it answers.

    Attributes:
        endpoint: As a datastore is told, together with the protocol `http`.
    """

    endpoint: str

    @property
    def settings(self) -> dict[str, str]:
        """Return what a datastore is told, but for the container."""
        return {"account_name": ACCOUNT, "protocol": "http", "endpoint": self.endpoint}

    def make_container(self, name: str) -> None:
        """Make an empty container."""
        now = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        said = f"x-ms-date:{now}\nx-ms-version:2021-08-06"
        signed = f"PUT{chr(10) * 12}{said}\n/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
        digest = hmac.digest(base64.b64decode(KEY), signed.encode(), hashlib.sha256)
        headers = {
            "x-ms-date": now,
            "x-ms-version": "2021-08-06",
            "authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}",
        }
        url = f"http://{self.endpoint}/{ACCOUNT}/{name}?restype=container"
        request = urllib.request.Request(url, method="PUT", headers=headers)
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310 (as above)
            pass


def sas_token(rights: str = "rwdlac") -> str:
    """Return a signature that lets its holder do this to all containers of the account."""
    said = {
        "sp": rights,
        "ss": "b",
        "srt": "sco",
        "st": "",
        "se": "2099-01-01T00:00:00Z",
        "sip": "",
        "spr": "https,http",
        "sv": "2021-08-06",
        "ses": "",
    }
    signed = "\n".join([ACCOUNT, *said.values(), ""])
    digest = hmac.digest(base64.b64decode(KEY), signed.encode(), hashlib.sha256)
    sent = {**said, "sig": base64.b64encode(digest).decode()}
    return f"?{urllib.parse.urlencode({key: value for key, value in sent.items() if value})}"


@contextlib.contextmanager
def azurite(folder: Path) -> Iterator[Azurite]:
    """Run one over a folder; skip where there is none."""
    program = shutil.which("azurite-blob", path=_BROUGHT) or shutil.which("azurite-blob")
    if program is None:
        pytest.skip("NO AZURITE HERE: `python tools/bring_azurite.py` brings it, if there is npm")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)]
    with (folder / "azurite.log").open("wb") as log:
        process = subprocess.Popen(
            [program, *where, "--skipApiVersionCheck", "--silent", "--disableTelemetry"],
            stdout=log,
            stderr=log,
        )
    try:
        until(lambda: _answers(port))
        yield Azurite(f"127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
