"""A server of files that answers for parts of them: `python file_server.py PORT FOLDER`.

The one in the standard library gives whole files only, and Parquet is read in parts.
"""

import functools
import os
import re
import sys
from contextlib import suppress
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Parts(SimpleHTTPRequestHandler):
    """Answers one Range, and whole files without."""

    protocol_version = "HTTP/1.1"
    _left: int | None = None

    def send_head(self) -> BinaryIO | None:
        """Open a file at its part and write the head of the answer."""
        asked = _RANGE.fullmatch(self.headers.get("range", ""))
        path = self.translate_path(self.path)
        if not os.path.isfile(path):  # noqa: PTH113 - as the class above does
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        file = open(path, "rb")  # noqa: PTH123, SIM115 - whoever asked closes it
        size = os.fstat(file.fileno()).st_size
        first, end = _bounds(asked, size) if asked else (0, size)
        file.seek(first)
        self._left = end - first
        self.send_response(HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK)
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{end - 1}/{size}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(self._left))
        self.send_header("Last-Modified", self.date_time_string(os.fstat(file.fileno()).st_mtime))
        self.end_headers()
        return file

    def copyfile(self, source: BinaryIO, outputfile: BinaryIO) -> None:
        """Write as much as was promised."""
        left = self._left or 0
        with suppress(ConnectionError):  # who has seen enough hangs up
            while left and (chunk := source.read(min(left, 1 << 20))):
                outputfile.write(chunk)
                left -= len(chunk)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


def _bounds(asked: re.Match[str], size: int) -> tuple[int, int]:
    first, last = asked.groups()
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size


if __name__ == "__main__":
    answering = functools.partial(Parts, directory=sys.argv[2])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), answering).serve_forever()
