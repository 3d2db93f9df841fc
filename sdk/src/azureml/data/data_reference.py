"""References: paths of a datastore that runs are given, or that they write to."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from azureml.core import _late
from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from azureml.core.runconfig import DataReferenceConfiguration

__all__ = ["DataReference"]

_MODES = ("mount", "download", "upload")
_TOP = ("", ".", "./", "/")


class DataReference:
    """A path of a datastore, and what a run does with it.

    As text it is `$AZUREML_DATAREFERENCE_<name>`; in the arguments of a run it stands for the
    path where the data lies on the machine of the run.

    Example:
        >>> data = datastore.path("data/files").as_download(path_on_compute="training_data")
        >>> ScriptRunConfig(".", script="train.py", arguments=["--data", data])

    Args:
        datastore: Where.
        data_reference_name: Under which the run knows it; the name of the datastore for all of
            it, and a made-up one for a path.
        path_on_datastore: A file or folder; None is all.
        mode: `mount`, `download` or `upload`.
        path_on_compute: Where it is to lie on the machine of the run.
        overwrite: Replace what is there.
    """

    def __init__(
        self,
        datastore: Any,
        data_reference_name: str | None = None,
        path_on_datastore: str | None = None,
        mode: str = "mount",
        path_on_compute: str | None = None,
        overwrite: bool = False,
    ) -> None:
        if datastore is None or not hasattr(datastore, "name"):
            raise UserErrorException(
                f"`datastore` is {datastore!r}; a datastore is expected, such as "
                "`workspace.get_default_datastore()`."
            )
        self.datastore = datastore
        self.path_on_datastore = path_on_datastore
        self.data_reference_name = data_reference_name or _name(datastore, path_on_datastore)
        self.mode = check_mode(mode)
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite

    @staticmethod
    def create(
        data_reference_name: str | None = None,
        datapath: Any = None,
        datapath_compute_binding: Any = None,
    ) -> DataReference:
        """Return a reference for a `DataPath` and how a run is to be given it."""
        if datapath is None:
            raise UserErrorException("`datapath` is None; a DataPath is expected.")
        binding = datapath_compute_binding
        if binding is None:
            binding = _late.find("azureml.data.datapath", "DataPathComputeBinding")()
        return DataReference(
            datapath._datastore,  # noqa: SLF001 - one house
            data_reference_name,
            datapath.path_on_datastore,
            binding._mode,  # noqa: SLF001 - one house
            binding._path_on_compute,  # noqa: SLF001 - one house
            binding._overwrite,  # noqa: SLF001 - one house
        )

    def path(
        self, path: str | None = None, data_reference_name: str | None = None
    ) -> DataReference:
        """Return a reference to a path below this one; this one without path and name."""
        if (path or "") in _TOP and data_reference_name is None:
            return self
        below = "/".join(
            part.strip("/") for part in (self.path_on_datastore, path) if part and part.strip("/")
        )
        return DataReference(
            self.datastore,
            data_reference_name,
            below or None,
            self.mode,
            self.path_on_compute,
            self.overwrite,
        )

    def as_mount(self) -> DataReference:
        """Return the reference as one whose files are shown to the run without copying."""
        return self._as("mount", None, overwrite=False)

    def as_download(
        self, path_on_compute: str | None = None, overwrite: bool = False
    ) -> DataReference:
        """Return the reference as one whose files are fetched before the run starts."""
        return self._as("download", path_on_compute, overwrite=overwrite)

    def as_upload(
        self, path_on_compute: str | None = None, overwrite: bool = False
    ) -> DataReference:
        """Return the reference as one to which a folder of the run is sent when it has ended."""
        return self._as("upload", path_on_compute, overwrite=overwrite)

    def to_config(self) -> DataReferenceConfiguration:
        """Return what `run_config.data_references` holds of it."""
        kind = _late.find("azureml.core.runconfig", "DataReferenceConfiguration")
        section: DataReferenceConfiguration = kind(
            datastore_name=self.datastore.name,
            mode=self.mode,
            path_on_datastore=self.path_on_datastore,
            path_on_compute=self.path_on_compute,
            overwrite=self.overwrite,
        )
        return section

    def __repr__(self) -> str:
        return f"$AZUREML_DATAREFERENCE_{self.data_reference_name}"

    def _as(self, mode: str, path_on_compute: str | None, *, overwrite: bool) -> DataReference:
        changed = copy(self)
        changed.mode = mode
        changed.path_on_compute = path_on_compute
        changed.overwrite = overwrite
        return changed


def check_mode(mode: Any) -> str:
    """Return how a run is given data.

    Raises:
        UserErrorException: It is none of the ways there are.
    """
    if mode not in _MODES:
        raise UserErrorException(f"Invalid mode {mode}. Only {', '.join(_MODES)} are supported")
    return str(mode)


def _name(datastore: Any, path: str | None) -> str:
    return str(datastore.name) if (path or "") in _TOP else uuid4().hex
