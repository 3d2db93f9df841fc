"""From the arguments and commands of programs to the words of a command line."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING, Any

from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from collections.abc import Iterable

    from azureml.core._run_data import RunData

_SHELL = ("/bin/sh", "-c")
_OPERATOR = re.compile(r"&&|\|\|?|;|&|[0-9&]?>>?(?:&[0-9])?|<")
_VARIABLE = re.compile(r"\$(?!\{?AZUREML_DATAREFERENCE_)[A-Za-z_{(]")


def texts(values: Iterable[Any], argument: str, data: RunData) -> list[str]:
    """Return values as words, with what stands for data in place of data.

    Raises:
        UserErrorException: One is neither text nor a number nor data; says which.
    """
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise UserErrorException(f"`{argument}` must be a list, not {values!r}.")
    words = []
    for position, value in enumerate(values):
        standing = data.text(value)
        plain = _plain(value) if standing is None else standing
        if not isinstance(plain, (str, int, float, os.PathLike)):
            raise UserErrorException(
                f"`{argument}[{position}]` must be text or a number, "
                f"not {value!r} ({type(value).__name__})."
            )
        words.append(os.fspath(plain) if isinstance(plain, os.PathLike) else str(plain))
    return words


def command_words(command: list[Any] | str, data: RunData) -> list[str]:
    """Return a command as it is started: text by a shell, and a list of words as it is.

    A list with words for a shell (`$RANK`, `&&`) is one of a text that was split: it goes to a
    shell too, with the other words protected from it.
    """
    if not command:
        return []
    if isinstance(command, str):
        return [*_SHELL, command]
    words = texts(command, "command", data)
    if len(words) == 1 and any(letter.isspace() for letter in words[0]):
        return [*_SHELL, words[0]]
    if not any(_OPERATOR.fullmatch(word) or _VARIABLE.search(word) for word in words):
        return words
    return [*_SHELL, " ".join(_for_shell(word) for word in words)]


def _for_shell(word: str) -> str:
    if _OPERATOR.fullmatch(word):
        return word
    if "$" not in word:
        return shlex.quote(word)
    protected = re.sub(r'(["`\\])', r"\\\1", word)
    return f'"{protected}"'


def _plain(value: Any) -> Any:
    """Return a number for one of numpy or its kin; what has several is left as it is."""
    if isinstance(value, str) or not hasattr(value, "item"):
        return value
    try:
        return value.item()
    except (TypeError, ValueError, RuntimeError):
        return value
