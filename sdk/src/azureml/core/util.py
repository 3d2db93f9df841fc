"""Small things around programs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["NewLoggingLevel"]


class NewLoggingLevel:
    """Gives a logger another level for the length of a block."""

    def __init__(self, logger_name: str, level: int = logging.WARNING) -> None:
        self._logger = logging.getLogger(logger_name)
        self._level = level
        self._before = self._logger.level

    def __enter__(self) -> logging.Logger:
        self._before = self._logger.level
        self._logger.setLevel(self._level)
        return self._logger

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._logger.setLevel(self._before)
