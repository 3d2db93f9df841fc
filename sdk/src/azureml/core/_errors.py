"""From errors of the client to errors as v1 names them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import wraps
from typing import Any, TypeVar, cast

from azureml.exceptions import (
    AuthenticationException,
    AzureMLException,
    ServiceException,
    SnapshotException,
    UserErrorException,
    WebserviceException,
)
from zaffre_sdk import errors

T = TypeVar("T")

_USER = (errors.InvalidError, errors.MismatchError, errors.TooLargeError)
_ACCESS = (errors.UnauthenticatedError, errors.ForbiddenError)


def guarded(
    noun: T,
    not_found: type[AzureMLException],
    *,
    invalid: type[AzureMLException] = UserErrorException,
) -> T:
    """Return the client of a noun so that its errors are those of v1.

    Args:
        noun: Such as `client.models`.
        not_found: What is raised when the thing is not there, or not in the state for it.
        invalid: What is raised when what was asked for breaks a rule.
    """
    return cast("T", _Guard(noun, not_found, invalid))


def translate(
    error: errors.SdkError,
    not_found: type[AzureMLException],
    *,
    invalid: type[AzureMLException] = UserErrorException,
) -> AzureMLException:
    """Return the v1 error for `error`."""
    if not isinstance(error, errors.ServiceError):
        return _local(error)
    details: dict[str, Any] = {
        "inner_exception": error,
        "target": error.target,
        "code": error.code,
    }
    words = f"{error.message}\n{error.hint}" if error.hint else error.message
    if isinstance(error, _USER):
        return invalid(words, **details)
    if isinstance(error, _ACCESS):
        return AuthenticationException(words, **details)
    if isinstance(error, (errors.NotFoundError, errors.ConflictError)):
        if issubclass(not_found, WebserviceException):
            details["status_code"] = error.status
        return not_found(words, **details)
    failure = ServiceException(error, **details)
    failure.message = words
    return failure


def _local(error: errors.SdkError) -> AzureMLException:
    if isinstance(error, errors.SourceError):
        return SnapshotException(error.message, inner_exception=error)
    if isinstance(error, errors.UnsafePathError):
        return UserErrorException(error.message, inner_exception=error)
    return ServiceException(error, inner_exception=error)


class _Guard:
    """Passes calls on, and raises v1's errors."""

    def __init__(
        self, noun: Any, not_found: type[AzureMLException], invalid: type[AzureMLException]
    ) -> None:
        self._noun = noun
        self._not_found = not_found
        self._invalid = invalid

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._noun, name)
        if not callable(found):
            return found

        @wraps(found)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                answer = found(*args, **kwargs)
            except errors.SdkError as error:
                raise self._translated(error) from error
            return self._each(answer) if isinstance(answer, Iterator) else answer

        return call

    def _each(self, values: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from values
        except errors.SdkError as error:
            raise self._translated(error) from error

    def _translated(self, error: errors.SdkError) -> AzureMLException:
        return translate(error, self._not_found, invalid=self._invalid)
