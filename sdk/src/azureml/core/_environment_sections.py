"""The sections of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.core._sections import Section
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.container_registry import ContainerRegistry

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"


class PythonSection(Section):
    """Which Python and which packages.

    Attributes:
        user_managed_dependencies: Use an interpreter as it is and build nothing.
        interpreter_path: That interpreter; `python` is the one that submits.
        conda_dependencies: What is built otherwise.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.interpreter_path = "python"
        self.user_managed_dependencies = False
        self._conda_dependencies_file: str | None = None
        self._base_conda_environment: str | None = None
        self.conda_dependencies: CondaDependencies | None = (
            CondaDependencies() if kwargs.pop("_fresh", True) else None
        )

    @property
    def conda_dependencies_file(self) -> str | None:
        """A conda file; assigning its path reads it."""
        return self._conda_dependencies_file

    @conda_dependencies_file.setter
    def conda_dependencies_file(self, path: str | None) -> None:
        if path is not None:
            self.conda_dependencies = CondaDependencies(path)
        self._conda_dependencies_file = path


PythonEnvironment = PythonSection


class DockerImagePlatform(Section):
    """For which machine an image is."""

    def __init__(self) -> None:
        self.os = "Linux"
        self.architecture = "amd64"


class DockerBuildContext(Section):
    """A folder with a Dockerfile, as the workspace keeps it.

    Attributes:
        location_type: Where it is kept.
        location: What it is known by there.
        dockerfile_path: Of the Dockerfile, below the folder.
        dockerfile: What the Dockerfile says.
        files: The digests of the files beside it, by path.
    """

    def __init__(
        self,
        location_type: str | None = None,
        location: str | None = None,
        dockerfile_path: str = "Dockerfile",
    ) -> None:
        self.location_type = location_type
        self.location = location
        self.dockerfile_path = dockerfile_path
        self.dockerfile: str | None = None
        self.files: dict[str, str] = {}

    @classmethod
    def from_local_directory(
        cls, workspace: Any, path: str, dockerfile_path: str = "Dockerfile"
    ) -> DockerBuildContext:
        """Send a folder with a Dockerfile to the workspace.

        Raises:
            UserErrorException: There is no such folder, or no Dockerfile in it.
        """
        sent = _late.find("azureml.core._build_contexts", "send_context")
        context = cls("blobs", None, dockerfile_path)
        context.dockerfile, context.files = sent(workspace, path, dockerfile_path)
        context.location = f"{workspace.name}/{path}"
        return context


class DockerSection(Section):
    """Settings of containers, and the image that an environment is built on."""

    enabled: bool | None = None
    base_image: str | None = None
    base_dockerfile: str | None = None
    shared_volumes: bool | None = None
    shm_size: str | None = None
    gpu_support: bool | None = None
    arguments: Sequence[str] = ()
    build_context: DockerBuildContext | None = None

    def __init__(self, **kwargs: Any) -> None:
        self.enabled = None
        self.base_image = DEFAULT_IMAGE
        self.base_dockerfile = None
        self.base_image_registry = ContainerRegistry()
        self.platform = DockerImagePlatform()
        self.shared_volumes = None
        self.shm_size = None
        self.gpu_support = None
        self.arguments = []
        self.build_context = None

    def update(self, content: Any) -> DockerSection:
        """Take over what `content` says."""
        super().update(content)
        if isinstance(self.build_context, dict):
            self.build_context = DockerBuildContext().update(self.build_context)
        return self


DockerEnvironment = DockerSection


class SparkPackage(Section):
    """A package of Maven that Spark fetches."""

    def __init__(
        self, group: str | None = None, artifact: str | None = None, version: str | None = None
    ) -> None:
        self.group, self.artifact, self.version = group, artifact, version


class SparkSection(Section):
    """Packages of Spark, and where they come from.

    Attributes:
        precache_packages: Accepted: they are fetched when the run starts.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.repositories: list[str] = []
        self.packages: list[SparkPackage] = []
        self.precache_packages = True


SparkEnvironment = SparkSection


class RCranPackage(Section):
    """A package of CRAN."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.version: str | None = None
        self.repository: str | None = None


class RGitHubPackage(Section):
    """A package of R on GitHub."""

    def __init__(self) -> None:
        self.repository: str | None = None
        self.auth_token: str | None = None


class RSection(Section):
    """Settings of R: kept as written."""

    def __init__(self) -> None:
        self.r_version: str | None = None
        self.user_managed = False
        self.rscript_path: str | None = None
        self.snapshot_date: str | None = None
        self.cran_packages: list[RCranPackage] = []
        self.git_hub_packages: list[RGitHubPackage] = []
        self.custom_url_packages: list[str] = []
        self.bioconductor_packages: list[str] = []
