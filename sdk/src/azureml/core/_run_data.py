"""The data of a submission: which inputs and outputs its arguments and its settings name.

Arguments may hold objects of `azureml.data`, which this room does not import: an object that has
`_to_run` adds itself and returns what stands for it in the arguments.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.core._data_sections import (
    Data,
    DataReferenceConfiguration,
    OutputData,
    section_of,
)
from azureml.core._nouns import nouns_of
from azureml.core._run_data_wire import (
    input_of_data,
    input_of_reference,
    output_of,
)
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.datasets import Definition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from azureml.core._data_sections import Dataset
    from azureml.core._sections import Section
    from zaffre_sdk.wire.datasets import DataInput, DataOutput

_NAME = re.compile(r"[A-Za-z0-9_]+")
_NAMED = re.compile(r"\$\{?AZUREML_DATAREFERENCE_(\w+)")
_BARE = (
    "A dataset cannot be an argument by itself: {}.\n"
    "Use `dataset.as_named_input('name')` to read it in the script, or `.as_mount()` or "
    "`.as_download()` on a FileDataset to have its files laid in a folder."
)


class RunData:
    """The data of one submission.

    Args:
        workspace: Where definitions without a name are kept; None only looks whether all is well.
    """

    def __init__(self, workspace: Any = None) -> None:
        self._workspace = workspace
        self._data: dict[str, Data] = {}
        self._references: dict[str, DataReferenceConfiguration] = {}
        self._outputs: dict[str, OutputData] = {}
        self._kept: dict[int, tuple[Any, str]] = {}
        self._makers: list[Any] = []

    def configure(self, run_config: Any) -> None:
        """Take what a run configuration names.

        Raises:
            UserErrorException: It asks for a data cache, or holds what is no input or output.
        """
        if run_config.datacaches:
            raise UserErrorException(
                "`datacaches` asks for a cache beside a cluster, and there is none.\n"
                "Data lies on the machine of its runs: use `as_mount` or `as_download`."
            )
        for name, value in run_config.data.items():
            if self.text(value) is None:
                self.add_data(name, section_of(Data, value))
        for name, value in run_config.data_references.items():
            if self.text(value) is None:
                self.add_reference(name, section_of(DataReferenceConfiguration, value))
        for name, value in run_config.output_data.items():
            if self.text(value) is None:
                self.add_output(name, section_of(OutputData, value))

    def text(self, value: Any) -> str | None:
        """Take an argument that is data, and return what stands for it; None for what is not.

        Raises:
            UserErrorException: It is a dataset without a word on how it is to be given.
        """
        if hasattr(value, "_to_run"):
            return str(value._to_run(self))  # noqa: SLF001 - one house
        if hasattr(value, "data_reference_name") and hasattr(value, "to_config"):
            self.add_reference(value.data_reference_name, value.to_config())
            return str(value)
        if hasattr(value, "as_named_input"):
            raise UserErrorException(_BARE.format(type(value).__name__))
        return None

    def add_data(self, name: str, section: Data) -> None:
        """Take an input; the same twice is one."""
        self._add(self._data, name, section)

    def add_reference(self, name: str, section: DataReferenceConfiguration) -> None:
        """Take a path of a datastore; the same twice is one."""
        self._add(self._references, name, section)

    def add_output(self, name: str, section: OutputData, maker: Any = None) -> None:
        """Take an output; the same twice is one.

        Args:
            name: Its name.
            section: What it is.
            maker: Told which run makes it, by `_made_by`.
        """
        self._add(self._outputs, name, section)
        if maker is not None:
            self._makers.append(maker)

    def kept(self, dataset: Any) -> str:
        """Return the id of a dataset; one that was not registered is kept without a name.

        Only looking, this is the empty text for what has no id yet.
        """
        if isinstance(dataset, tuple):
            return self._version(*dataset[1:])
        if hasattr(dataset, "_made_id"):
            return "" if self._workspace is None else str(dataset._made_id())  # noqa: SLF001 - one house
        known = self._kept.get(id(dataset))
        if known is None:
            # The dataset is kept along, so that its number is not another's meanwhile.
            known = self._kept[id(dataset)] = (dataset, self._id_of(dataset))
        return known[1]

    def check_arguments(self, words: Iterable[str]) -> None:
        """Refuse words that stand for data references that the run does not have.

        Raises:
            UserErrorException: There is such a word; names it and those that there are.
        """
        there = {*self._data, *self._references, *self._outputs}
        for word in words:
            for name in _NAMED.findall(word):
                if name not in there:
                    known = ", ".join(f"`{one}`" for one in sorted(there)) or "none"
                    raise UserErrorException(
                        f"The argument `{word}` stands for the data reference `{name}`, which the "
                        f"run does not have; it has {known}.\nPass the DataReference itself as "
                        "an argument, or put its `to_config()` into `run_config.data_references`."
                    )

    def inputs(self) -> list[DataInput]:
        """Return the inputs as the server takes them."""
        data = [input_of_data(name, one, self) for name, one in self._data.items()]
        references = [input_of_reference(name, one) for name, one in self._references.items()]
        return [*data, *references]

    def outputs(self) -> list[DataOutput]:
        """Return the outputs as the server takes them."""
        return [output_of(name, one) for name, one in self._outputs.items()]

    def definition(self) -> dict[str, Any]:
        """Return the parts of the run definition that are about data."""
        return {
            "dataReferences": _written(self._references),
            "data": _written(self._data),
            "outputData": _written(self._outputs),
        }

    def made_by(self, run_id: str) -> None:
        """Say to the objects that stand for outputs which run makes them."""
        for maker in self._makers:
            maker._made_by(self._workspace, run_id)  # noqa: SLF001 - one house

    def dataset_id(self, dataset: Dataset) -> str:
        """Return the id of the dataset that a section names; empty when only looking.

        Raises:
            UserErrorException: It names none, or one that there is not.
        """
        if dataset.id:
            return str(dataset.id)
        if dataset.name:
            return self._version(dataset.name, dataset.version or "latest")
        if self._workspace is None:
            return ""
        raise UserErrorException("A dataset of the run has neither `id` nor `name`.")

    def keep(self, definition: Definition) -> str:
        """Keep a definition without a name and return its id; empty when only looking."""
        if self._workspace is None:
            return ""
        return str(nouns_of(self._workspace).datasets.keep(definition).id)

    def _version(self, name: str, version: Any = "latest") -> str:
        if self._workspace is None:
            return ""
        dataset = _late.find("azureml.core.dataset", "Dataset")
        return str(dataset.get_by_name(self._workspace, name, version=version).id)

    def _id_of(self, dataset: Any) -> str:
        if self._workspace is None:
            return str(dataset.id or "")
        return str(dataset._ensure_saved(self._workspace))  # noqa: SLF001 - one house

    @staticmethod
    def _add(present: dict[str, Any], name: str, section: Section) -> None:
        if not _NAME.fullmatch(name):
            raise UserErrorException(
                f"The input or output `{name}` cannot be found by its name: a name has letters of "
                "English, digits and `_`.\nGive it another one, such as with "
                "`data_reference_name`."
            )
        if name in present and present[name] != section:
            raise UserErrorException(
                f"Two different inputs or outputs of the run are named `{name}`.\n"
                "Give each a name of its own, such as with `as_named_input`."
            )
        present[name] = section


def _written(sections: dict[str, Any]) -> dict[str, Any]:
    return {name: one.to_dict() for name, one in sections.items()}
