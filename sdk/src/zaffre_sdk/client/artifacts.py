"""The files of runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from zaffre_sdk.client.paths import quoted, quoted_path
from zaffre_sdk.client.transfer import Source, download, upload
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.errors import TransferError
from zaffre_sdk.parallel import parallel
from zaffre_sdk.wire.artifacts import ArtifactIn, ArtifactList, ArtifactOut


class Artifacts:
    """Send, list and fetch files of runs."""

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._root = f"{root}/runs"

    def upload(
        self, run_id: str, path: str, source: Source, *, patience: float | None = None
    ) -> ArtifactOut:
        """Send a file, bytes or an open file to a path of the run, in constant memory.

        Args:
            run_id: The run.
            path: Where in the run.
            source: What to send.
            patience: How many seconds to try again while the server is away.

        Raises:
            ChangedWhileReadingError: The file was written to meanwhile.
            InvalidError: The path breaks a rule.
        """
        stored, digest = upload(
            self._transport,
            self._path(run_id, path),
            source,
            answer=ArtifactOut,
            patience=patience,
        )
        if stored.digest != digest:
            raise TransferError(
                f"`{path}` arrived with digest {stored.digest} instead of {digest}."
            )
        return stored

    def upload_many(self, run_id: str, sources: Mapping[str, Source]) -> Sequence[ArtifactOut]:
        """Send several files at once, by the path that each is to have."""
        return parallel(lambda item: self.upload(run_id, item[0], item[1]), sources.items())

    def list(self, run_id: str, *, prefix: str | None = None) -> Iterator[ArtifactOut]:
        """Yield the files of a run by path, or those whose path begins with `prefix`."""
        query = {"prefix": prefix}
        root = f"{self._root}/{quoted(run_id)}/artifacts"
        for page in self._transport.pages(root, answer=ArtifactList, query=query):
            yield from page.value

    def download(self, run_id: str, path: str, target: Path, *, overwrite: bool = False) -> Path:
        """Fetch a file of a run; `target` appears whole or not at all.

        Raises:
            FileExistsError: `target` is there, and `overwrite` is not set.
            NotFoundError: The run has no such file.
        """
        if target.is_dir():
            raise IsADirectoryError(f"`{target}` is a folder; name the file to write.")
        if target.exists() and not overwrite:
            raise FileExistsError(f"`{target}` exists; pass overwrite=True to replace it.")
        target.parent.mkdir(parents=True, exist_ok=True)
        download(self._transport, self._path(run_id, path), target)
        return target

    def link(self, run_id: str, path: str, *, digest: str) -> ArtifactOut:
        """Put bytes that the workspace was sent already at a path of the run."""
        return self._transport.call(
            "POST",
            f"{self._root}/{quoted(run_id)}/artifacts",
            answer=ArtifactOut,
            body=ArtifactIn(path=path, digest=digest),
        )

    def _path(self, run_id: str, path: str) -> str:
        return f"{self._root}/{quoted(run_id)}/artifacts/{quoted_path(path)}"
