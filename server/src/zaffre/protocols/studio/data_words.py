"""Definitions of datasets in words for people."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from zaffre.domain.datasets import DatasetKind, Definition, Place

_SHOWN_COLUMNS: Final = 12
_HEADERS: Final = {
    "all_files_same": "each file begins with the names of the columns",
    "only_first_file": "the first file begins with the names of the columns",
    "all_files_different": "each file begins with names of columns of its own",
    "none": "no file has the names of the columns",
}
_SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
_OPERATORS: Final = {
    "&": "and",
    "|": "or",
    "is_null": "is null",
    "is_not_null": "is not null",
    "is_error": "is an error",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "contains": "contains",
}
_BEHIND: Final = frozenset({"is_null", "is_not_null", "is_error"})

Step = Mapping[str, Any]


def kind_in_words(definition: Definition) -> str:
    """Return what a dataset is, in a word or two."""
    if definition.kind is DatasetKind.FILE:
        return "Files"
    return {
        "delimited": "Table of text files",
        "parquet": "Table of Parquet files",
        "json_lines": "Table of JSON lines",
        "sql": "Answer to a query",
    }[definition.document["reader"]["format"]]


def place_in_words(place: Place) -> str:
    """Return where files lie."""
    if place.is_address:
        return place.path
    return f"{place.path or '**'} in {place.datastore}"


def reading_in_words(definition: Definition) -> list[str]:
    """Return how the files of a dataset are read, a sentence for each thing to know."""
    document = definition.document
    reader = document.get("reader") or {}
    said = _READERS[reader["format"]](reader) if reader else []
    if document.get("include_path"):
        said.append("The column Path has the path of the file.")
    if document.get("partition_format"):
        said.append(f"Columns are made of the path by {document['partition_format']}.")
    if document.get("timestamp"):
        said.append(f"The time of a row is in the column {document['timestamp']}.")
    if document.get("partition_timestamp"):
        said.append(f"The coarse time is in the column {document['partition_timestamp']}.")
    return said


def steps_in_words(definition: Definition) -> list[str]:
    """Return the steps of a definition, one after the other."""
    return [_STEPS[step["do"]](step) for step in definition.document.get("steps", [])]


def types_in_words(definition: Definition) -> dict[str, str]:
    """Return the types of columns; those that are not named are text."""
    types: Mapping[str, Step] = definition.document.get("types", {})
    return {column: _type(given) for column, given in types.items()}


def _type(given: Step) -> str:
    formats = given.get("formats", [])
    comma = given.get("decimal_mark", ".") == ","
    return (
        f"{given['name']}"
        + (f", written as {' or '.join(formats)}" if formats else "")
        + (" with a decimal comma" if comma else "")
    )


def _delimited(reader: Step) -> list[str]:
    separator = reader.get("separator", ",")
    between = _SEPARATORS.get(separator, separator)
    said = [
        f"Cells are separated by {between}; {_HEADERS[reader.get('header', 'all_files_same')]}.",
        *_encoding(reader),
    ]
    if reader.get("skip_lines"):
        said.append(f"The first {reader['skip_lines']} lines of each file are left out.")
    if reader.get("multi_line"):
        said.append("A quoted cell may have line breaks.")
    if reader.get("empty_as_text"):
        said.append("An empty cell is an empty text.")
    return said


def _json_lines(reader: Step) -> list[str]:
    drops = reader.get("invalid_lines") == "drop"
    said = "Lines that are no JSON are left out." if drops else "Each line is a JSON object."
    return [said, *_encoding(reader)]


def _parquet(_reader: Step) -> list[str]:
    return []


def _query(reader: Step) -> list[str]:
    return [f"The datastore {reader['datastore']} is asked: {reader['query']}"]


def _encoding(reader: Step) -> list[str]:
    encoding = reader.get("encoding", "utf8")
    return [] if encoding == "utf8" else [f"The text is in {encoding}."]


def _columns(step: Step) -> str:
    columns = step["columns"]
    more = len(columns) - _SHOWN_COLUMNS
    named = ", ".join(columns[:_SHOWN_COLUMNS]) + (f" and {more} more" if more > 0 else "")
    return f"{'Keep' if step['do'] == 'keep_columns' else 'Drop'} the columns {named}"


def _split(step: Step) -> str:
    share = step["percentage"] if step["first"] else 1 - step["percentage"]
    which = "first" if step["first"] else "second"
    return f"Keep the {which} part of a split, about {share:.4g} of all (seed {step['seed']})"


def _time_range(step: Step) -> str:
    start, end = step.get("start"), step.get("end")
    bounds = [f"from {start}" if start else "", f"to {end}" if end else ""]
    without = "" if step.get("boundary", True) else ", without the bounds"
    return f"Keep {step['column']} {' '.join(filter(None, bounds))}{without}"


def _expression(node: Step) -> str:
    if node["is"] == "column":
        return str(node["name"])
    if node["is"] == "literal":
        value = node.get("value")
        return "null" if value is None else repr(value)
    operands = [_expression(operand) for operand in node["operands"]]
    operator = str(node["operator"])
    word = str(_OPERATORS.get(operator, operator))
    if len(operands) == 1:
        return _of_one(operator, word, operands[0])
    parts = zip(operands, node["operands"], strict=True)
    return f" {word} ".join(f"({t})" if o["is"] == "operation" else t for t, o in parts)


def _of_one(operator: str, word: str, operand: str) -> str:
    if operator in _BEHIND:
        return f"{operand} {word}"
    if operator == "~":
        return f"not ({operand})"
    return f"{word}({operand})" if word.isalpha() else f"{word}{operand}"


_READERS: Final[dict[str, Callable[[Step], list[str]]]] = {
    "delimited": _delimited,
    "parquet": _parquet,
    "json_lines": _json_lines,
    "sql": _query,
}
_STEPS: Final[dict[str, Callable[[Step], str]]] = {
    "keep_columns": _columns,
    "drop_columns": _columns,
    "skip": lambda step: f"Leave out the first {step['count']}",
    "take": lambda step: f"Keep the first {step['count']}",
    "sample": lambda step: (
        f"Keep each with a probability of {step['probability']:g} (seed {step['seed']})"
    ),
    "split": _split,
    "filter": lambda step: f"Keep where {_expression(step['condition'])}",
    "time_range": _time_range,
}
