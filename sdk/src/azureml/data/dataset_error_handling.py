"""Errors of datasets, and how errors of the parts below become them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from azureml.core._errors import translate
from azureml.exceptions import UserErrorException
from zaffre_sdk.errors import SdkError, ServerUnreachableError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DatasetChangedWarning", "DatasetExecutionError", "DatasetValidationError"]


class DatasetValidationError(UserErrorException):
    """The data of a dataset cannot be read as the program says."""

    def __init__(self, message: str, exception: BaseException | None = None) -> None:
        super().__init__(message, inner_exception=exception)
        _say_codes(self, exception)


class DatasetExecutionError(UserErrorException):
    """Reading a dataset failed."""

    def __init__(self, message: str, exception: BaseException | None = None) -> None:
        super().__init__(message, inner_exception=exception)
        _say_codes(self, exception)


class DatasetChangedWarning(UserWarning):
    """The files of a registered version are no longer what they were when it was registered."""


@contextmanager
def execution(operation: str) -> Iterator[None]:
    """Raise what goes wrong while a dataset is read as v1 names it.

    Args:
        operation: What the program asked for, such as `to_pandas_dataframe`.
    """
    try:
        yield
    except SdkError as error:
        if _is_of_the_server(error):
            raise translate(error, UserErrorException) from error
        words = f"Execution failed in operation '{operation}': {error}"
        raise DatasetExecutionError(words, error) from error


@contextmanager
def validation(message: str) -> Iterator[None]:
    """Raise what goes wrong while data is looked at for the first time as v1 names it.

    Args:
        message: What could not be done and what to do instead.
    """
    try:
        yield
    except SdkError as error:
        if _is_of_the_server(error):
            raise translate(error, UserErrorException) from error
        raise DatasetValidationError(f"{message}\n{error}", error) from error


def _is_of_the_server(error: SdkError) -> bool:
    return isinstance(error, (ServiceError, ServerUnreachableError))


def _say_codes(error: Any, cause: BaseException | None) -> None:
    error.error_code = getattr(cause, "code", None)
    error.validation_error_code = None
    error.compliant_message = None if cause is None else str(cause)
