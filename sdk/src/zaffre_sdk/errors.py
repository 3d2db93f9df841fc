"""What can go wrong on the client's side, in one tree.

SdkError
├── ServiceError               the server answered with a failure
│   ├── InvalidError           400  what was sent breaks a rule
│   ├── UnauthenticatedError   401  no token, or one that the server does not know
│   ├── ForbiddenError         403  somebody who may not
│   ├── NotFoundError          404  no such thing, or not yours to see
│   ├── ConflictError          409  true, but not in the present state
│   ├── TooLargeError          413  over a stated limit
│   ├── MismatchError          422  what was sent contradicts what is stored
│   ├── StorageFullError       507  no room left for bytes
│   └── UnavailableError       429, 502, 503, 504  later, perhaps
├── ServerUnreachableError     nothing answered at all
├── NoServerError              no server is known, and none could be started
├── SourceError                a local file or folder cannot be sent as it is
│   └── ChangedWhileReadingError
├── NoFilesError               a place of a dataset has no files
├── DataError                  data is not what its definition says; names file, row and column
├── UnsafePathError            a path from elsewhere would leave its folder
└── TransferError              bytes arrived that are not those that were sent
"""

from __future__ import annotations


class SdkError(Exception):
    """A failure with a message for people.

    Attributes:
        message: What is wrong and what to do next.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ServiceError(SdkError):
    """The server answered with a failure.

    Attributes:
        code: A stable PascalCase name of the rule that was broken.
        target: The field or thing that the message is about.
        status: The HTTP status.
        request_id: Under which the server logged it.
        hint: What to do next; empty when the message says it.
        tries: How often it was asked, this answer included.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        target: str | None = None,
        status: int = 500,
        request_id: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.target = target
        self.status = status
        self.request_id = request_id
        self.hint = hint
        self.tries = 1

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class InvalidError(ServiceError):
    """What was sent breaks a rule."""


class UnauthenticatedError(ServiceError):
    """No token was sent, or one that the server does not know."""


class ForbiddenError(ServiceError):
    """The token belongs to somebody who may not."""


class NotFoundError(ServiceError):
    """No such thing, or not the caller's to see."""


class ConflictError(ServiceError):
    """True, but not in the present state."""


class TooLargeError(ServiceError):
    """Over a stated limit."""


class MismatchError(ServiceError):
    """What was sent contradicts what is stored, such as a digest."""


class StorageFullError(ServiceError):
    """The server has no room left for bytes."""


class UnavailableError(ServiceError):
    """The server answers, but cannot do it now."""


class ServerUnreachableError(SdkError):
    """Nothing answered at the address of the server."""


class NoServerError(SdkError):
    """No server is known, and none could be started."""


class SourceError(SdkError):
    """A local file or folder cannot be sent as it is."""


class ChangedWhileReadingError(SourceError):
    """A file was written to while it was read."""


class NoFilesError(SdkError):
    """A place of a dataset has no files."""


class DataError(SdkError):
    """Data is not what its definition says; the message names file, row and column."""


class UnsafePathError(SdkError):
    """A path that came from elsewhere would leave the folder that it belongs to."""


class TransferError(SdkError):
    """Bytes arrived that are not those that were sent."""


_BY_STATUS: dict[int, type[ServiceError]] = {
    400: InvalidError,
    401: UnauthenticatedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: TooLargeError,
    422: MismatchError,
    429: UnavailableError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
    507: StorageFullError,
}


def error_type(status: int) -> type[ServiceError]:
    """Return the class of failures that a status stands for."""
    return _BY_STATUS.get(status, ServiceError)
