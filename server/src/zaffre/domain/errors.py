"""What can go wrong, in words that every door translates.

ZaffreError
├── InvalidError            what was sent breaks a rule          (`invalid`)
├── UnauthenticatedError    nobody, or nobody we know            (`unauthenticated`)
├── ForbiddenError          somebody who may not                 (`forbidden`)
├── NotFoundError           no such thing, or not yours to see   (`not_found`)
├── ConflictError           true, but not in the present state   (`conflict`)
│   └── InProgressError     not while something else is going on
├── PreconditionError       what was sent contradicts what is    (`mismatch`)
├── TooLargeError           over a stated limit                  (`too_large`)
├── StorageFullError        no room left for bytes               (`storage_full`)
└── UnavailableError        later, perhaps                       (`unavailable`)
"""

from typing import ClassVar

from zaffre.base.text import shown


class ZaffreError(Exception):
    """A failure with a stable code, a message for people and the field it is about.

    Attributes:
        kind: The word by which doors choose a status; one per class.
        code: A stable PascalCase name of the rule that was broken.
        message: What is wrong, with the value in backticks.
        target: The field or thing that the message is about.
        hint: What to do next.
        name: How the caller named the thing that the error is about, whole; None where there is
            no such thing. Doors whose clients know other words make them with it.
    """

    kind: ClassVar[str] = "internal"

    def __init__(
        self,
        code: str,
        message: str,
        *,
        target: str | None = None,
        hint: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.target = target
        self.hint = hint
        self.name = name


class InvalidError(ZaffreError):
    """What was sent breaks a rule."""

    kind = "invalid"


class UnauthenticatedError(ZaffreError):
    """Nobody, or nobody we know."""

    kind = "unauthenticated"


class ForbiddenError(ZaffreError):
    """Somebody who may not."""

    kind = "forbidden"


class NotFoundError(ZaffreError):
    """No such thing, or not the caller's to see."""

    kind = "not_found"


class ConflictError(ZaffreError):
    """True, but not in the present state."""

    kind = "conflict"


class InProgressError(ConflictError):
    """Something else is being done to it; soon it will not.

    Attributes:
        retry_after: In how many seconds it is worth another try.
    """

    retry_after: ClassVar[int] = 2


class PreconditionError(ZaffreError):
    """What was sent contradicts what is stored: a digest, a key reused with another body."""

    kind = "mismatch"


class TooLargeError(ZaffreError):
    """Over a stated limit."""

    kind = "too_large"


class StorageFullError(ZaffreError):
    """No room left for bytes."""

    kind = "storage_full"


class UnavailableError(ZaffreError):
    """Not now; later, perhaps."""

    kind = "unavailable"


def missing(noun: str, name: object) -> NotFoundError:
    """Return the error for a thing that is absent or foreign: the same words for both.

    Args:
        noun: In one word, such as `run`; the code is made of it.
        name: How the caller named the thing.
    """
    return NotFoundError(
        f"{noun.capitalize()}NotFound",
        f"There is no {noun} {shown(name)} here.",
        target=noun,
        hint=f"Check the spelling, and the workspace that the {noun} is in.",
        name=str(name),
    )
