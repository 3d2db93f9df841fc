"""What is told while files are on their way."""

from __future__ import annotations

import sys
import threading
from typing import TextIO


class Progress:
    """Hears of files on their way, from several threads at once; this one keeps silent."""

    def total(self, count: int) -> None:
        """So many files more are expected."""

    def began(self, name: str) -> None:
        """A file is on its way."""

    def ended(self, name: str) -> None:
        """A file has arrived."""

    def skipped(self, name: str) -> None:
        """A file was there already and stays as it is."""


class _Printed(Progress):
    """Writes the lines that Azure ML writes."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._total = 0
        self._count = 0

    def total(self, count: int) -> None:
        self._total += count

    def _line(self, text: str) -> None:
        stream = self._stream or sys.stdout
        stream.write(f"{text}\n")

    def _counted(self, word: str, name: str) -> None:
        with self._lock:
            self._count += 1
            self._line(
                f"{word} {name}, {self._count} files out of an estimated total of {self._total}"
            )


class PrintedUpload(_Printed):
    """Prints what is sent."""

    def total(self, count: int) -> None:
        """So many files more are expected."""
        super().total(count)
        self._line(f"Uploading an estimated of {count} files")

    def began(self, name: str) -> None:
        """A file is on its way."""
        with self._lock:
            self._line(f"Uploading {name}")

    def ended(self, name: str) -> None:
        """A file has arrived."""
        self._counted("Uploaded", name)

    def skipped(self, name: str) -> None:
        """A file was there already and stays as it is."""
        with self._lock:
            self._line(f"Target already exists. Skipping upload for {name}")

    def close(self) -> None:
        """Say how many arrived."""
        self._line(f"Uploaded {self._count} files")


class PrintedDownload(_Printed):
    """Prints what is fetched."""

    def began(self, name: str) -> None:
        """A file is on its way."""
        with self._lock:
            self._line(f"Downloading {name}")

    def ended(self, name: str) -> None:
        """A file has arrived."""
        self._counted("Downloaded", name)


SILENT = Progress()
