"""What stands in arguments for data, until it is known where the data lies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_PLACEHOLDER = re.compile(
    r"\$\{AZUREML_DATAREFERENCE_(\w+)\}"
    r"|\$AZUREML_DATAREFERENCE_(\w+)"
    r"|Dataset(?:Consumption|Output)Config:(\w+)"
)


def filled(words: Iterable[str], values: Mapping[str, str]) -> list[str]:
    """Return `words` with the value of each named input and output in place of what stands for it.

    What stands for nothing that is known stays as it is.
    """

    def value(match: re.Match[str]) -> str:
        return values.get(match.group(match.lastindex or 0), match.group())

    return [_PLACEHOLDER.sub(value, word) for word in words]
