"""Errors that programs see, under the names that Azure ML v1 gives them.

AzureMLException
├── UserErrorException
│   ├── AuthenticationException
│   ├── ComputeTargetException
│   ├── DatasetTimestampMissingError
│   └── RunConfigurationException
├── ServiceException
├── AzureMLAggregatedException
├── ActivityFailedException
├── TrainingException
│   └── ExperimentExecutionException
├── ProjectSystemException
├── SnapshotException
├── RunEnvironmentException
├── DiscoveryUrlNotFoundException
├── ModelNotFoundException
├── ModelPathNotFoundException
├── ParallelRunException
├── WebserviceException
└── WorkspaceException
    └── WorkspacePrivateEndpointException
"""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "ActivityFailedException",
    "AuthenticationException",
    "AzureMLAggregatedException",
    "AzureMLException",
    "ComputeTargetException",
    "DatasetTimestampMissingError",
    "DiscoveryUrlNotFoundException",
    "ExperimentExecutionException",
    "ModelNotFoundException",
    "ModelPathNotFoundException",
    "ParallelRunException",
    "ProjectSystemException",
    "RunConfigurationException",
    "RunEnvironmentException",
    "ServiceException",
    "SnapshotException",
    "TrainingException",
    "UserErrorException",
    "WebserviceException",
    "WorkspaceException",
    "WorkspacePrivateEndpointException",
]


class AzureMLException(Exception):  # noqa: N818 - Microsoft's name
    """Any error of this package.

    Attributes:
        code: The stable name that the server gave, such as `NotFound`; empty for local errors.
    """

    def __init__(
        self,
        exception_message: str,
        inner_exception: BaseException | None = None,
        target: str | None = None,
        details: Sequence[Mapping[str, Any]] | None = None,
        message_format: str | None = None,
        message_parameters: Mapping[str, Any] | None = None,
        reference_code: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(exception_message)
        self._message = exception_message
        self._inner_exception = inner_exception
        self._target = target
        self._details = list(details or ())
        self._message_format = message_format
        self._message_parameters = dict(message_parameters or {})
        self._reference_code = reference_code
        self.code: str = str(kwargs.get("code") or "")

    @property
    def message(self) -> str:
        """What is wrong."""
        return self._message

    @message.setter
    def message(self, value: str) -> None:
        self._message = value

    @property
    def inner_exception(self) -> BaseException | None:
        """The error underneath, if there is one."""
        return self._inner_exception

    @inner_exception.setter
    def inner_exception(self, value: BaseException | None) -> None:
        self._inner_exception = value

    def print_stacktrace(self) -> None:
        """Print where the error underneath, or this one, was raised."""
        error = self._inner_exception or self
        traceback.print_exception(type(error), error, error.__traceback__)

    def __str__(self) -> str:
        return self._message


class UserErrorException(AzureMLException):
    """The program asked for something that cannot be."""


class AuthenticationException(UserErrorException):
    """The server does not know the caller, or does not let them."""


class ComputeTargetException(UserErrorException):
    """A compute target does not exist or cannot do what was asked."""


class DatasetTimestampMissingError(UserErrorException):
    """A dataset without timestamp column was asked for a range of time."""

    def __init__(self, error_details: str, **kwargs: Any) -> None:
        super().__init__(error_details, **kwargs)


class RunConfigurationException(UserErrorException):
    """A run configuration is not valid."""


class ServiceException(AzureMLException):
    """The server could not do it, or could not be reached.

    Attributes:
        status_code: The HTTP status, or None when there was no answer.
        response: The error underneath.
    """

    def __init__(self, error_response_exception: Any, **kwargs: Any) -> None:
        super().__init__(str(error_response_exception), **kwargs)
        self.response = error_response_exception
        self.status_code: int | None = getattr(error_response_exception, "status", None)


class AzureMLAggregatedException(AzureMLException):
    """Several errors at once."""

    def __init__(self, exceptions_list: Sequence[BaseException | str], **kwargs: Any) -> None:
        super().__init__("\n".join(str(one) for one in exceptions_list), **kwargs)
        self.exceptions = list(exceptions_list)


class ActivityFailedException(AzureMLException):
    """A run that was waited for failed.

    Attributes:
        error_details: What the run says about it.
    """

    def __init__(self, error_details: Any, **kwargs: Any) -> None:
        words = error_details if isinstance(error_details, str) else json.dumps(error_details)
        super().__init__(words, **kwargs)
        self.error_details = error_details


class TrainingException(AzureMLException):
    """Training failed."""


class ExperimentExecutionException(TrainingException):
    """A run could not be submitted or carried out."""


class ProjectSystemException(AzureMLException):
    """A folder or file that a program named cannot be used."""


class SnapshotException(AzureMLException):
    """A source folder could not be sent or restored."""


class RunEnvironmentException(AzureMLException):
    """The program does not run inside a run."""

    def __init__(self, **kwargs: Any) -> None:
        words = kwargs.pop(
            "exception_message",
            "This program does not run inside a run: the environment variable `AZUREML_RUN_ID` "
            "is missing.\nSubmit it with `Experiment.submit`, or call "
            "`Run.get_context()` without `allow_offline=False`.",
        )
        super().__init__(words, **kwargs)


class DiscoveryUrlNotFoundException(AzureMLException):
    """No service of the wanted kind is known."""

    def __init__(self, discovery_key: str, **kwargs: Any) -> None:
        super().__init__(f"No address is known for `{discovery_key}`.", **kwargs)


class ModelNotFoundException(AzureMLException):
    """No registered model answers the description."""

    def __init__(self, exception_message: str, logger: Any = None, **kwargs: Any) -> None:
        super().__init__(exception_message, **kwargs)


class ModelPathNotFoundException(AzureMLException):
    """The files of a model are not where they were said to be."""

    def __init__(self, exception_message: str, logger: Any = None, **kwargs: Any) -> None:
        super().__init__(exception_message, **kwargs)


class ParallelRunException(AzureMLException):
    """A parallel run step failed."""

    def __init__(
        self, exception_message: str, code: Any = None, delay_seconds: float = 0, **kwargs: Any
    ) -> None:
        super().__init__(exception_message, code=code, **kwargs)
        self.delay_seconds = delay_seconds


class WebserviceException(AzureMLException):
    """A web service is not there, failed, or cannot do what was asked.

    Attributes:
        status_code: The HTTP status, or None when there was no answer.
    """

    def __init__(
        self,
        exception_message: str,
        status_code: int | None = None,
        logger: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(exception_message, **kwargs)
        self.status_code = status_code


class WorkspaceException(AzureMLException):
    """A workspace is not there, or is there already."""

    def __init__(
        self, exception_message: str, found_multiple: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(exception_message, **kwargs)
        self.found_multiple = found_multiple


class WorkspacePrivateEndpointException(WorkspaceException):
    """A private endpoint of a workspace cannot be used."""
