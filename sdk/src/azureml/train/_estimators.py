"""What all estimators have in common."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, ClassVar

from azureml.core.runconfig import RunConfiguration, copied
from azureml.core.script_run_config import ScriptRunConfig
from azureml.exceptions import TrainingException, UserErrorException
from azureml.train._settings import Settings, add_inputs, words_of

if TYPE_CHECKING:
    from azureml.core.conda_dependencies import CondaDependencies
    from azureml.train._releases import Framework

_OVERRULED = ("script_params", "inputs", "source_directory_data_store")


class MMLBaseEstimator:
    """A script with its environment and compute target; programs use its subclasses.

    Args:
        source_directory: Sent with the run.
        compute_target: Where it runs.
        estimator_config: The run configuration.
    """

    def __init__(
        self,
        source_directory: str,
        *,
        compute_target: Any,
        estimator_config: RunConfiguration | None = None,
    ) -> None:
        self._source_directory = os.fspath(source_directory or ".")
        if estimator_config is None:
            estimator_config = RunConfiguration()
            estimator_config.target = compute_target
        self._run_config = estimator_config
        self._script_params: dict[Any, Any] = {}

    @property
    def source_directory(self) -> str:
        """The folder that is sent."""
        return self._source_directory

    @property
    def run_config(self) -> RunConfiguration:
        """Where and how the script runs; changes of it count."""
        return self._run_config

    @property
    def conda_dependencies(self) -> CondaDependencies | None:
        """The packages of the environment; changes of them count."""
        return self._run_config.environment.python.conda_dependencies

    def __repr__(self) -> str:
        run_config = self._run_config
        return (
            f"{type(self).__name__}(source_directory={self._source_directory!r}, "
            f"entry_script={run_config.script!r}, compute_target={run_config.target!r})"
        )

    def _to_script_run_config(self, **overruled: Any) -> ScriptRunConfig:
        """Return what is submitted, with what `submit` overrules for one run."""
        unknown = [name for name in overruled if name not in _OVERRULED]
        if unknown:
            raise TrainingException(
                f"`{unknown[0]}` cannot be overruled for one run; these can: "
                f"{', '.join(_OVERRULED)}."
            )
        run_config = copied(self._run_config)
        _check_script(run_config.script)
        params = overruled.get("script_params")
        if params:
            run_config.arguments = words_of({**self._script_params, **params})
        add_inputs(
            run_config, overruled.get("inputs"), overruled.get("source_directory_data_store")
        )
        return ScriptRunConfig(self._source_directory, run_config=run_config)


class SettingsEstimator(MMLBaseEstimator):
    """An estimator that is made of settings."""

    _SUPPORTED_BACKENDS: ClassVar[tuple[str, ...]] = ("mpi", "ps")

    def __init__(self, settings: Settings) -> None:
        name = type(self).__name__.lower()
        run_config = settings.run_config(name, self._SUPPORTED_BACKENDS)
        super().__init__(
            settings.source_directory or ".",
            compute_target=run_config.target,
            estimator_config=run_config,
        )
        self._script_params = dict(settings.script_params or {})

    @classmethod
    def _get_supported_backends(cls) -> list[str]:
        return list(cls._SUPPORTED_BACKENDS)


class FrameworkEstimator(SettingsEstimator):
    """An estimator that brings a framework along.

    Without a version, the run has the release of the program that submits, which can load the
    models that the run leaves. With one, it has that release, or the closest one for its Python.
    """

    FRAMEWORK_NAME: ClassVar[str] = ""
    DEFAULT_VERSION: ClassVar[str] = ""
    _FRAMEWORK: ClassVar[Framework]

    def __init__(self, settings: Settings) -> None:
        asked = settings.framework_version
        settings.framework_version = None if asked is None else self._checked(str(asked))
        settings.framework = self._FRAMEWORK
        self._framework_version = settings.framework_version
        super().__init__(settings)

    @property
    def framework_version(self) -> str:
        """The version that was asked for, or else that which this program has installed."""
        if self._framework_version is not None:
            return self._framework_version
        try:
            return version(self._FRAMEWORK.package)
        except PackageNotFoundError:
            return self.DEFAULT_VERSION

    @classmethod
    def get_supported_versions(cls) -> list[str]:
        """Return the versions that may be asked for."""
        return cls._FRAMEWORK.versions

    def _checked(self, asked: str) -> str:
        known = self._FRAMEWORK.versions
        if asked not in known and not self._FRAMEWORK.has(asked):
            raise TrainingException(
                f"{self.FRAMEWORK_NAME} {asked} is not supported by this estimator; "
                f"supported: {', '.join(known)}.\n"
                "An `Estimator` with `pip_packages` takes any version."
            )
        return asked


def _check_script(script: str | None) -> None:
    if not script:
        raise UserErrorException("`entry_script` must name a file below `source_directory`.")
    if script.lower().endswith(".ipynb"):
        raise UserErrorException(
            f"`entry_script` is the notebook `{script}`, and scripts are run here.\n"
            f"Make one of it: `jupyter nbconvert --to script {script}`."
        )
