"""Log lines: one JSON object each, bounded, with nothing in them that a terminal obeys."""

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import PurePath
from typing import IO, Final

MAX_LINE: Final = 1024
_MAX_MESSAGE: Final = 400
_MAX_FIELD: Final = 120
_MAX_TRACE: Final = 300


class JsonLines(logging.Formatter):
    """Formats a record as one line of ASCII JSON of at most `MAX_LINE` bytes.

    A record may carry a dictionary `fields` (through `extra`), whose values become members.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _cut(record.getMessage(), _MAX_MESSAGE),
        }
        fields: dict[str, object] = getattr(record, "fields", {})
        for name, value in fields.items():
            line[name] = value if isinstance(value, int | float) else _cut(str(value), _MAX_FIELD)
        if record.exc_info and record.exc_info[1]:
            line["error"] = _cut(_name_of(record.exc_info[1]), _MAX_FIELD)
            line["trace"] = _cut(_places(record.exc_info[1]), _MAX_TRACE)
        return _bounded(line)


def write_json_lines(stream: IO[str]) -> None:
    """Make every logger of this process write to `stream`: ours from INFO, others from WARNING."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("zaffre").setLevel(logging.INFO)


def _name_of(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _places(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return " | ".join(_name_of(each) + " " + _places(each) for each in error.exceptions)
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return " < ".join(f"{PurePath(f.filename).name}:{f.lineno} {f.name}" for f in frames)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _bounded(line: dict[str, object]) -> str:
    # ensure_ascii escapes control, bidirectional and half characters alike. Escaping may lengthen
    # a character twelvefold, hence the second bound.
    text = json.dumps(line, ensure_ascii=True)
    for name in ("trace", "message", "error", *line):
        if len(text) <= MAX_LINE:
            break
        if isinstance(line.get(name), str):
            line[name] = _cut(str(line[name]), 20)
            text = json.dumps(line, ensure_ascii=True)
    return text if len(text) <= MAX_LINE else json.dumps({"message": "a line was too long"})
