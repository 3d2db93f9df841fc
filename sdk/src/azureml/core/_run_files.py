"""The files of a run: sending, listing and fetching them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.core._errors import translate
from azureml.core._metric_values import path_of
from azureml.core._model_datasets import references
from azureml.core._run_base import RunBase, text_pairs
from azureml.exceptions import ModelPathNotFoundException, UserErrorException
from zaffre_sdk.errors import SdkError
from zaffre_sdk.files.paths import inside
from zaffre_sdk.wire.models import ModelIn

if TYPE_CHECKING:
    from collections.abc import Sequence


class Uploading:
    """The `upload…` methods; the files go to `_send`."""

    def upload_file(
        self, name: str, path_or_stream: Any, datastore_name: str | None = None
    ) -> Any:
        """Send a file, or an open binary file, under `name`."""
        source = path_or_stream
        if not hasattr(source, "read"):
            source = existing(path_or_stream, "path_or_stream")
        [sent] = self._send({relative(name): source})
        return sent

    def upload_files(
        self,
        names: list[str],
        paths: list[str],
        return_artifacts: bool = False,
        timeout_seconds: int | None = None,
        datastore_name: str | None = None,
    ) -> Any:
        """Send several files; `names` and `paths` go in pairs."""
        files = _pairs_of(names, paths)
        sent = self._send(files)
        return dict(zip(files, sent)) if return_artifacts else None

    def upload_folder(self, name: str, path: str, datastore_name: str | None = None) -> Any:
        """Send every file below a folder, under `name`."""
        return self._send(_files_below(name, path))

    def _send(self, files: dict[str, Any]) -> Sequence[Any]:
        """Send files by their paths in the run, and return what became of each."""
        raise NotImplementedError


class RunFiles(Uploading, RunBase):
    """A run and its files."""

    def get_file_names(self) -> list[str]:
        """Return the paths of all files and logs of the run."""
        files = {one.path for one in self._nouns.artifacts.list(self.id)}
        return sorted(files | {one.path for one in self._nouns.logs.list(self.id)})

    def download_file(
        self,
        name: str,
        output_file_path: str | None = None,
        _validate_checksum: bool = False,
    ) -> None:
        """Fetch a file; what is at `output_file_path` is replaced.

        Args:
            name: Such as `outputs/model.pkl`.
            output_file_path: A file, or a folder to put it into; the present folder without one.
        """
        last = Path(name).name
        target = Path(output_file_path or last)
        if target.is_dir() or str(output_file_path or "").endswith(("/", "\\")):
            target /= last
        name = path_of(name, self.id)
        names = self.get_file_names()
        if name not in names:
            raise UserErrorException(
                f"The run `{self.id}` has no file `{name}`.\nIts files: {', '.join(names)}"
            )
        self._fetch(name, target)

    def download_files(
        self,
        prefix: str | None = None,
        output_directory: str | None = None,
        output_paths: list[str] | None = None,
        batch_size: int = 100,
        append_prefix: bool | None = True,
        timeout_seconds: int | None = None,
    ) -> None:
        """Fetch every file whose path begins with `prefix`.

        Args:
            prefix: A folder or the beginning of paths.
            output_directory: Where to put them; the present folder without one.
            output_paths: Where to put each, in place of its path.
            batch_size: Accepted; files are fetched as they come.
            append_prefix: Whether the local paths keep the prefix.
            timeout_seconds: Accepted.
        """
        names = [name for name in self.get_file_names() if name.startswith(prefix or "")]
        places = output_paths or [_place(name, prefix, keep=append_prefix) for name in names]
        if len(places) != len(names):
            raise UserErrorException(
                f"`output_paths` has {len(places)} entries for {len(names)} files: "
                f"{', '.join(names)}"
            )
        folder = Path(output_directory or ".")
        try:
            targets = [inside(folder, place) for place in places]
        except SdkError as error:
            raise translate(error, UserErrorException) from error
        for name, target in zip(names, targets):
            self._fetch(name, target)

    def register_model(
        self,
        model_name: str,
        model_path: str | None = None,
        tags: dict[str, Any] | None = None,
        properties: dict[str, Any] | None = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        description: str | None = None,
        datasets: Any = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Register a file or a folder of the run as the next version of a model.

        Raises:
            ModelPathNotFoundException: The run has no such file; lists those that it has.
        """
        path = relative(model_path or model_name)
        self._check_has(path)
        registered = self._nouns.models.register(
            ModelIn(
                name=model_name,
                run_id=self.id,
                run_path=path,
                tags=text_pairs(tags, "tags"),
                properties=text_pairs(properties, "properties"),
                description=description or "",
                framework=model_framework or "",
                framework_version=model_framework_version or "",
                datasets=references(
                    self.experiment.workspace,
                    datasets,
                    sample_input_dataset,
                    sample_output_dataset,
                ),
            )
        )
        model = _late.find("azureml.core.model", "Model")
        return model._from_wire(self.experiment.workspace, registered)  # noqa: SLF001 - one house

    def _send(self, files: dict[str, Any]) -> Sequence[Any]:
        return self._nouns.artifacts.upload_many(self.id, files)

    def _check_has(self, path: str) -> None:
        names = [one.path for one in self._nouns.artifacts.list(self.id)]
        if not any(name == path or name.startswith(f"{path}/") for name in names):
            raise ModelPathNotFoundException(
                f"The run `{self.id}` has no file or folder `{path}` to register.\n"
                f"Its files: {', '.join(names) or 'none'}"
            )

    def _fetch(self, name: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if name in {one.path for one in self._nouns.logs.list(self.id)}:
            target.write_bytes(self._log_bytes(name))
        else:
            self._nouns.artifacts.download(self.id, name, target, overwrite=True)

    def _log_bytes(self, path: str) -> bytes:
        parts = bytearray()
        while True:
            part = self._nouns.logs.read(self.id, path, offset=len(parts))
            parts += part.data
            if not part.data or len(parts) >= part.size:
                return bytes(parts)


def _pairs_of(names: list[str], paths: list[str]) -> dict[str, Path]:
    """Return the files to be sent by their names; `names` and `paths` go in pairs.

    Raises:
        UserErrorException: They do not, or a file does not exist.
    """
    if len(names) != len(paths):
        raise UserErrorException(
            f"`names` has {len(names)} entries and `paths` {len(paths)}; they go in pairs."
        )
    return {relative(name): existing(path, "paths") for name, path in zip(names, paths)}


def _files_below(name: str, path: str) -> dict[str, Path]:
    """Return every file below a folder by its path in the run, under `name`.

    Raises:
        UserErrorException: There is no such folder.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise UserErrorException(f"`path` names `{folder.absolute()}`, which is no folder.")
    return {
        f"{relative(name)}/{file.relative_to(folder).as_posix()}": file
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def existing(path: Any, argument: str) -> Path:
    """Return a file; raises `UserErrorException` when there is none."""
    file = Path(path)
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "does not exist"
        raise UserErrorException(f"`{argument}` names `{file.absolute()}`, which {what}.")
    return file


def relative(name: Any) -> str:
    """Return a path inside of a run; raises `UserErrorException` when it is none."""
    if not isinstance(name, str) or not name.strip("./"):
        raise UserErrorException(f"`name` must be a path inside the run, not {name!r}.")
    return name.removeprefix("./").rstrip("/")


def _place(name: str, prefix: str | None, *, keep: bool | None) -> str:
    if keep or not prefix:
        return name
    return name[len(prefix) :].lstrip("/") or Path(name).name
