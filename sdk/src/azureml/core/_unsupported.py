"""What v1 has and zaffre has not: names that can be imported and refuse to be used."""

from __future__ import annotations

from typing import Any, NoReturn

from azureml.exceptions import UserErrorException

_ADVICE = "docs/compatibility.md lists what works."


def unsupported(what: str, advice: str = _ADVICE) -> Any:
    """Return a function that refuses to be called, naming `what`."""

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise UserErrorException(f"`{what}` is not part of zaffre.\n{advice}", code="NotSupported")

    refuse.__name__ = refuse.__qualname__ = what.rsplit(".", 1)[-1]
    refuse.__doc__ = f"Refuse: not part of zaffre. {advice}"
    refuse.__unsupported__ = True  # type: ignore[attr-defined] # read by tools that count
    return refuse


class UnsupportedType(type):
    """The type of classes that refuse to be used."""

    def __call__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse(cls.__name__)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        _refuse(f"{cls.__name__}.{name}")


def _refuse(what: str) -> NoReturn:
    raise UserErrorException(f"`{what}` is not part of zaffre.\n{_ADVICE}", code="NotSupported")


class Unsupported(metaclass=UnsupportedType):
    """A class that refuses to be used, so that programs which only import it run."""

    __unsupported__ = True
