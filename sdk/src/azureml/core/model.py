"""Models: files under a name with versions, which runs leave behind and services use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.core._inference import InferenceConfig
from azureml.core._model_datasets import (
    SAMPLE_INPUT,
    SAMPLE_OUTPUT,
    by_purpose,
    references,
    sample,
)
from azureml.core._model_paths import check_free, model_path, root_name
from azureml.core._nouns import nouns_of
from azureml.core._run_base import text_pairs, utc
from azureml.core._run_filters import fits, label_filter
from azureml.core._unsupported import Unsupported, unsupported
from azureml.exceptions import (
    ModelNotFoundException,
    ModelPathNotFoundException,
    UserErrorException,
)
from zaffre_sdk.wire.models import ModelChange, ModelIn

if TYPE_CHECKING:
    from azureml.core.resource_configuration import ResourceConfiguration
    from zaffre_sdk.wire.models import ModelOut

__all__ = ["InferenceConfig", "Model", "ModelPackage"]


class ModelPackage(Unsupported):
    """An image with models: images are not built here."""


class Model:
    """A registered model.

    Example:
        >>> model = Model.register(workspace, model_path="model.pkl", model_name="diabetes")
        >>> model.download("here")

    Args:
        workspace: The workspace.
        name: The newest version of this name, or the one of `version`.
        id: `name:version`.
        tags: Keys, or pairs of key and value, that it must have.
        properties: As `tags`.
        version: The version.
        run_id: The run that it came from.
        model_framework: The framework that it must have.

    Raises:
        ModelNotFoundException: No model answers the description.
    """

    class Framework:
        """Names of frameworks."""

        CUSTOM = "Custom"
        TFKERAS = "TfKeras"
        SCIKITLEARN = "ScikitLearn"
        ONNX = "Onnx"
        TENSORFLOW = "TensorFlow"
        PYTORCH = "PyTorch"
        FRAMEWORKS = (CUSTOM, TFKERAS, SCIKITLEARN, ONNX, TENSORFLOW, PYTORCH)

    def __init__(
        self,
        workspace: Any,
        name: str | None = None,
        id: str | None = None,
        tags: Any = None,
        properties: Any = None,
        version: int | None = None,
        run_id: str | None = None,
        model_framework: str | None = None,
        expand: bool = True,
        **kwargs: Any,
    ) -> None:
        self.workspace = workspace
        self._nouns = nouns_of(workspace)
        found = kwargs.get("_seen")
        if found is None:
            if id is None and name is not None and version is not None:
                id = f"{name}:{version}"  # noqa: A001 - Microsoft's name
            found = self._find(name, id, _wanted(tags, properties, run_id, model_framework))
        self._take(found)

    @staticmethod
    def register(
        workspace: Any,
        model_path: str,
        model_name: str,
        tags: dict[str, Any] | None = None,
        properties: dict[str, Any] | None = None,
        description: str | None = None,
        datasets: Any = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        child_paths: list[str] | None = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: ResourceConfiguration | None = None,
    ) -> Model:
        """Register a local file or folder as the next version of a model.

        Raises:
            ModelPathNotFoundException: There is nothing at `model_path`.
        """
        source = Path(model_path)
        if not source.exists():
            raise ModelPathNotFoundException(
                f"`model_path` names `{source.absolute()}`, which does not exist."
            )
        if child_paths:
            raise UserErrorException("`child_paths` is not part of zaffre.")
        wanted = ModelIn(
            name=model_name,
            tags=text_pairs(tags, "tags"),
            properties=text_pairs(properties, "properties"),
            description=description or "",
            framework=model_framework or "",
            framework_version=model_framework_version or "",
            datasets=references(workspace, datasets, sample_input_dataset, sample_output_dataset),
        )
        registered = nouns_of(workspace).models.register(wanted, source=source)
        return Model._from_wire(workspace, registered)

    @staticmethod
    def list(
        workspace: Any,
        name: str | None = None,
        tags: Any = None,
        properties: Any = None,
        run_id: str | None = None,
        latest: bool = False,
        dataset_id: str | None = None,
        expand: bool = True,
        page_count: int = 255,
        model_framework: str | None = None,
    ) -> list[Model]:
        """Return the versions that fit, newest first; with `latest` one of each name."""
        filters: dict[str, Any] = {"name": name, "run": run_id, "newest": 1 if latest else None}
        found = nouns_of(workspace).models.list(
            **{key: value for key, value in filters.items() if value is not None}
        )
        wanted = _wanted(tags, properties, run_id, model_framework)
        return [
            Model._from_wire(workspace, one)
            for one in found
            if _fits(one, wanted) and _came_of(one, dataset_id)
        ]

    @staticmethod
    def get_model_path(model_name: str, version: int | None = None, _workspace: Any = None) -> str:
        """Return the local path of a model; inside a service, where it was deployed to."""
        return model_path(model_name, version, _workspace)

    def download(
        self, target_dir: str = ".", exist_ok: bool = False, exists_ok: bool | None = None
    ) -> str:
        """Fetch the files into a folder and return the path of the file or folder."""
        folder = Path(target_dir)
        target = folder / root_name([file.path for file in self._seen.files])
        check_free(target, exist_ok=exist_ok or bool(exists_ok) or target == folder)
        self._nouns.models.download(self.id, folder)
        return str(target)

    def delete(self) -> None:
        """Delete this version; refused while a service uses it."""
        self._nouns.models.delete(self.id)

    def update(
        self,
        tags: dict[str, Any] | None = None,
        description: str | None = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: Any = None,
    ) -> None:
        """Replace the tags, or the description, and add examples of what it takes and answers."""
        new: dict[str, str | None] = dict.fromkeys(self.tags) if tags is not None else {}
        new.update(text_pairs(tags, "tags"))
        samples = references(self.workspace, (), sample_input_dataset, sample_output_dataset)
        self._change(tags=new or None, description=description, datasets=samples)

    def add_tags(self, tags: dict[str, Any]) -> None:
        """Set tags; those that are not named stay."""
        self._change(tags=text_pairs(tags, "tags"))

    def remove_tags(self, tags: Any) -> None:
        """Remove tags."""
        self._change(tags=dict.fromkeys(label_filter(tags, "tags")))

    def add_properties(self, properties: dict[str, Any]) -> None:
        """Add properties; what was set before cannot be changed."""
        self._change(properties=text_pairs(properties, "properties"))

    def update_tags_properties(
        self, add_tags: Any = None, remove_tags: Any = None, add_properties: Any = None
    ) -> None:
        """Do all three at once."""
        tags: dict[str, str | None] = dict.fromkeys(label_filter(remove_tags, "remove_tags"))
        tags.update(text_pairs(add_tags, "add_tags"))
        self._change(
            tags=tags or None, properties=text_pairs(add_properties, "add_properties") or None
        )

    @property
    def datasets(self) -> dict[str, Any]:
        """The datasets that the model came of or was measured on, by what they were for."""
        return by_purpose(self.workspace, self._seen.datasets)

    @property
    def sample_input_dataset(self) -> Any:
        """A dataset as the model takes it, or None."""
        return sample(self.workspace, self._seen.datasets, SAMPLE_INPUT)

    @property
    def sample_output_dataset(self) -> Any:
        """A dataset as the model answers it, or None."""
        return sample(self.workspace, self._seen.datasets, SAMPLE_OUTPUT)

    def add_dataset_references(self, datasets: Any) -> None:
        """Note which datasets the model came of or was measured on.

        Args:
            datasets: Pairs of what a dataset was for, such as `Dataset.Scenario.TRAINING`, and
                the dataset. One that is not registered is kept without a name.

        Raises:
            UserErrorException: Something is no such pair, or no dataset.
        """
        self._change(datasets=references(self.workspace, datasets))

    def serialize(self) -> dict[str, Any]:
        """Return everything about the model, under v1's keys."""
        return {
            "createdTime": self.created_time.isoformat(),
            "createdBy": self.created_by,
            "datasets": [
                {"name": each.name, "id": each.dataset_id} for each in self._seen.datasets
            ],
            "description": self.description,
            "experimentName": self.experiment_name,
            "framework": self.model_framework,
            "frameworkVersion": self.model_framework_version,
            "id": self.id,
            "name": self.name,
            "properties": self.properties,
            "runId": self.run_id,
            "tags": self.tags,
            "version": self.version,
        }

    @staticmethod
    def deploy(
        workspace: Any,
        name: str,
        models: Any,
        inference_config: InferenceConfig | None = None,
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
        show_output: bool = False,
    ) -> Any:
        """Deploy models as a web service and return it at once; `wait_for_deployment` waits."""
        deploy = _late.find("azureml.core.webservice._deploying", "deploy")
        service = deploy(
            workspace,
            name,
            models=models,
            inference_config=inference_config,
            deployment_config=deployment_config,
            deployment_target=deployment_target,
            overwrite=overwrite,
        )
        if show_output:
            service.wait_for_deployment(show_output=True)
        return service

    def __repr__(self) -> str:
        return (
            f"Model(workspace={self.workspace!r}, name={self.name}, id={self.id}, "
            f"version={self.version}, tags={self.tags}, properties={self.properties})"
        )

    @classmethod
    def _from_wire(cls, workspace: Any, found: ModelOut) -> Model:
        return cls(workspace, _seen=found)

    def _find(self, name: str | None, model_id: str | None, wanted: dict[str, Any]) -> ModelOut:
        if model_id is not None:
            return self._nouns.models.get(model_id)
        if name is None:
            raise UserErrorException("A model is found by `name` or by `id`.")
        for one in self._nouns.models.list(name=name):
            if _fits(one, wanted):
                return one
        known = sorted(one.name for one in self._nouns.models.list(newest=1))
        raise ModelNotFoundException(
            f"ModelNotFound: no model `{name}` answers the description.\n"
            f"Registered models: {', '.join(known) or 'none'}",
            code="ModelNotFound",
        )

    def _take(self, found: ModelOut) -> None:
        self._seen = found
        self.id, self.name, self.version = found.id, found.name, found.version
        self.tags, self.properties = dict(found.tags), dict(found.properties)
        self.description, self.run_id = found.description, found.run_id
        self.experiment_name, self.created_by = found.experiment_name, found.created_by
        self.created_time = utc(found.created_at)
        self.model_framework = found.framework or None
        self.model_framework_version = found.framework_version or None
        self.url = f"aml://asset/{found.id}"

    def _change(self, **changes: Any) -> None:
        self._take(self._nouns.models.change(self.id, ModelChange(**changes)))

    deserialize = staticmethod(unsupported("Model.deserialize"))
    get_sas_urls = unsupported("Model.get_sas_urls")
    package = staticmethod(unsupported("Model.package"))
    print_configuration = staticmethod(unsupported("Model.print_configuration"))
    profile = staticmethod(unsupported("Model.profile"))


def _wanted(tags: Any, properties: Any, run_id: Any, framework: Any) -> dict[str, Any]:
    return {
        "tags": label_filter(tags, "tags"),
        "properties": label_filter(properties, "properties"),
        "run": run_id,
        "framework": framework,
    }


def _fits(found: ModelOut, wanted: dict[str, Any]) -> bool:
    return (
        fits(found.tags, wanted["tags"])
        and fits(found.properties, wanted["properties"])
        and wanted["run"] in (None, found.run_id)
        and wanted["framework"] in (None, found.framework)
    )


def _came_of(found: ModelOut, dataset_id: str | None) -> bool:
    return dataset_id is None or any(each.dataset_id == dataset_id for each in found.datasets)
