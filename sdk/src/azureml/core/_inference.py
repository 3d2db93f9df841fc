"""How a model answers: the entry script, the folder around it, and the environment."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.core._unsupported import unsupported
from azureml.core.environment import Environment
from azureml.exceptions import UserErrorException
from zaffre_sdk.files.entries import local_bytes

if TYPE_CHECKING:
    from azureml.core._nouns import Nouns

_RUNTIMES = ("python", "python-slim")


class InferenceConfig:
    """A script with `init()` and `run(data)`, and what it needs.

    Example:
        >>> InferenceConfig("score.py", source_directory="svc", environment=environment)

    Args:
        entry_script: Path below `source_directory`, or of a file when there is none.
        runtime: `python`, the older way to ask for an environment.
        conda_file: A conda file, with `runtime`.
        source_directory: Sent with the script.
        environment: What the script finds installed; the interpreter that deploys without one.
    """

    def __init__(
        self,
        entry_script: str,
        runtime: str | None = None,
        conda_file: str | None = None,
        extra_docker_file_steps: str | None = None,
        source_directory: str | None = None,
        enable_gpu: bool | None = None,
        description: str | None = None,
        base_image: str | None = None,
        base_image_registry: Any = None,
        cuda_version: str | None = None,
        environment: Environment | None = None,
    ) -> None:
        self.entry_script = entry_script
        self.runtime = runtime
        self.conda_file = conda_file
        self.extra_docker_file_steps = extra_docker_file_steps
        self.source_directory = source_directory
        self.enable_gpu = enable_gpu
        self.description = description
        self.base_image = base_image
        self.base_image_registry = base_image_registry
        self.cuda_version = cuda_version
        self.environment = environment
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Refuse what cannot be deployed, naming the argument and the path."""
        if not isinstance(self.entry_script, str) or not self.entry_script:
            raise UserErrorException("`entry_script` must name a Python file.")
        if self.environment is not None and (self.runtime or self.conda_file):
            raise UserErrorException(
                "`environment` cannot be combined with `runtime` or `conda_file`."
            )
        if self.runtime is not None and self.runtime.lower() not in _RUNTIMES:
            raise UserErrorException(
                f"`runtime` must be one of {', '.join(_RUNTIMES)}, not `{self.runtime}`."
            )
        folder = Path(self.source_directory or ".")
        if not folder.is_dir():
            raise UserErrorException(
                f"`source_directory` names `{folder.absolute()}`, which is no folder."
            )
        if not (folder / self.entry_script).is_file():
            raise UserErrorException(
                f"The `entry_script` `{self.entry_script}` is not in `{folder.absolute()}`."
            )

    def validation_script_content(self) -> None:
        """Refuse an entry script that lacks `init` or `run`, before anything is built."""
        file = Path(self.source_directory or ".") / self.entry_script
        names = _bound_names(file.read_bytes())
        for name in ("init", "run"):
            if names is not None and name not in names:
                raise UserErrorException(
                    f"The `entry_script` `{self.entry_script}` defines no `{name}`.\n"
                    "It needs `def init():` and `def run(data):`.",
                    code="UserScriptFunctionNotFound",
                )

    def send(self, nouns: Nouns) -> tuple[str, str]:
        """Send the folder, or the script alone; return the snapshot's id and the script's path."""
        if self.source_directory is not None:
            snapshot = nouns.snapshots.create(Path(self.source_directory))
            return snapshot.id, Path(self.entry_script).as_posix()
        script = Path(self.entry_script)
        snapshot = nouns.snapshots.create_from([local_bytes(script.name, script.read_bytes())])
        return snapshot.id, script.name

    def effective_environment(self) -> Environment:
        """Return the environment, whichever way it was asked for."""
        if self.environment is not None:
            return self.environment
        if self.conda_file is None:
            return Environment("azureml-defaults" if self.runtime else None)
        beside = Path(self.source_directory or ".") / self.conda_file
        return Environment.from_conda_specification(
            Path(self.conda_file).stem, str(beside if beside.is_file() else self.conda_file)
        )

    build_create_payload = unsupported("InferenceConfig.build_create_payload")
    build_profile_payload = unsupported("InferenceConfig.build_profile_payload")


def _bound_names(source: bytes) -> set[str] | None:
    """Return every name that a script may give a value; None when reading does not tell.

    Its own Python may be a newer one than this, so what does not parse here is left to it.
    """
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):
        return None
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return None if "*" in names else names
