"""A registry of images with one image in it, which only somebody with a password may have."""

import base64
import contextlib
import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from zaffre_sdk.containers.engines import Engine

NAME = "team/python"
USER, PASSWORD = "ann", "pass word"
_GIVEN = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@contextlib.contextmanager
def registry(engine: Engine, image: str, folder: Path) -> Iterator[str]:
    """Serve an image of the engine as `team/python:3`, and yield the address."""
    command = engine.command("save", "--format", "oci-dir", "--output", str(folder), image)
    subprocess.run(command, check=True, capture_output=True)
    digest = json.loads((folder / "index.json").read_bytes())["manifests"][0]["digest"]

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if self.headers.get("authorization") != f"Basic {_GIVEN}":
                self._answer(401, b"{}", {"www-authenticate": 'Basic realm="tests"'})
                return
            name = self.path.rpartition("/")[2]
            found = digest if name == "3" else name
            file = folder / "blobs" / found.replace(":", "/")
            if not found or not file.is_file():
                self._answer(200 if self.path == "/v2/" else 404, b"{}", {})
                return
            kind = "application/vnd.oci.image.manifest.v1+json"
            is_manifest = "/manifests/" in self.path
            headers = {"docker-content-digest": found}
            headers["content-type"] = kind if is_manifest else "application/octet-stream"
            self._answer(200, file.read_bytes(), headers)

        do_HEAD = do_GET  # noqa: N815 (as http.server calls it)

        def _answer(self, status, body, headers):
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_arguments):
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
