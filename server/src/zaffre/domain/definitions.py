"""Which definitions of datasets can be kept: those that somebody could read.

A definition comes as plain data in its known shape; what is asked here are the rules between and
behind its fields. Every fault is named by its place in the definition.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from zaffre.base.text import shown
from zaffre.domain.datasets import DatasetKind, Definition
from zaffre.domain.definition_steps import check_column, check_steps, check_word, refused
from zaffre.domain.errors import InvalidError

_MAX_BYTES: Final = 1024 * 1024
_MAX_PLACES: Final = 1000
_MAX_COLUMNS: Final = 10_000
_MAX_PATH_BYTES: Final = 2048
_MAX_ADDRESS: Final = 8192
_MAX_QUERY_SECONDS: Final = 3600
_MAX_SEPARATOR: Final = 16
_HEADERS: Final = ("all_files_same", "only_first_file", "all_files_different", "none")
_ENCODINGS: Final = (
    *("utf8", "utf8bom", "utf16", "utf32"),
    *("ascii", "latin1", "iso88591", "windows1252"),
)
_TYPES: Final = ("string", "integer", "float", "boolean", "datetime", "stream")
_TABULAR_ONLY: Final = ("reader", "types", "include_path", "timestamp", "partition_timestamp")
_PART: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def check_definition(document: Mapping[str, Any]) -> Definition:
    """Return the definition, its paths without slashes at their beginning.

    Paths and datastores are written in one way, so that equal definitions are equal.

    Raises:
        InvalidError: `InvalidDefinition`, naming the field.
    """
    if len(json.dumps(document)) > _MAX_BYTES:
        raise refused(f"The definition is larger than {_MAX_BYTES} bytes.", "")
    kind = check_word(document["kind"], tuple(DatasetKind), "kind")
    places = document.get("places", [])
    checked = {**document, "places": [_checked_place(*each) for each in enumerate(places)]}
    if len(places) > _MAX_PLACES:
        raise refused(
            f"The definition has {len(places)} places; at most {_MAX_PLACES} are kept.",
            "places",
            "Name folders or patterns instead of single files.",
        )
    if kind == DatasetKind.FILE:
        _check_files(checked)
    else:
        _check_table(checked)
    _check_partition(checked.get("partition_format"))
    check_steps(checked.get("steps", []), tabular=kind == DatasetKind.TABULAR)
    return Definition(checked)


def _check_files(document: Mapping[str, Any]) -> None:
    for name in _TABULAR_ONLY:
        if document.get(name):
            raise refused(f"A dataset of files has no `{name}`.", name)
    if not document["places"]:
        raise refused("A dataset of files has no place where they lie.", "places")


def _check_table(document: Mapping[str, Any]) -> None:
    reader = document.get("reader")
    if not reader:
        raise refused("A tabular dataset says how it is read.", "reader")
    is_query = reader["format"] == "sql"
    if is_query == bool(document["places"]):
        words = "a query has no places" if is_query else "it has no place where its files lie"
        raise refused(f"The dataset cannot be read: {words}.", "places")
    _check_reader(reader)
    _check_columns(document)


def _check_columns(document: Mapping[str, Any]) -> None:
    types = document.get("types", {})
    if len(types) > _MAX_COLUMNS:
        raise refused(f"The definition has {len(types)} columns.", "types")
    for column, given in types.items():
        _check_type(column, given)
    stamps = [document.get(name) for name in ("timestamp", "partition_timestamp")]
    for name, column in zip(("timestamp", "partition_timestamp"), stamps, strict=True):
        if column is not None:
            check_column(column, name)
    if stamps[0] is not None and stamps[0] == stamps[1]:
        raise refused(
            f"The column {shown(stamps[0])} cannot be the time of rows and of parts.", "timestamp"
        )


def _checked_place(index: int, place: Mapping[str, Any]) -> dict[str, Any]:
    target = f"places[{index}].path"
    path = str(place["path"])
    if place.get("datastore") is None:
        _check_address(path, target)
        return dict(place)
    while path.startswith(("/", "./")):
        path = path.removeprefix("./").lstrip("/")
    if len(path.encode("utf-8", "surrogatepass")) > _MAX_PATH_BYTES:
        raise refused(f"The path {shown(path)} has more than {_MAX_PATH_BYTES} bytes.", target)
    if any(ord(character) < ord(" ") for character in path):
        raise refused(f"The path {shown(path)} has a control character.", target)
    if ".." in path.split("/"):
        raise refused(
            f"The path {shown(path)} climbs.",
            target,
            "Use a path or pattern below the datastore, such as `diabetes/*.csv`.",
        )
    # Names of datastores do not differ by their case alone.
    return {**place, "path": path, "datastore": place["datastore"].lower()}


def _check_address(address: str, target: str) -> None:
    parts = _parts_of(address)
    if parts is None or len(address) > _MAX_ADDRESS:
        raise refused(
            f"{shown(address)} is no address of a file.",
            target,
            "Give an http or https address, or the datastore that the path is below.",
        )
    if parts.username is not None:
        raise refused(
            f"The address at `{parts.hostname}` has a name or password in it.",
            target,
            "They would be seen by all; keep the files in a datastore, with its credential.",
        )
    if "*" in parts.path:
        raise refused(
            f"The address {shown(address)} has a pattern.", target, "An address names one file."
        )


def _parts_of(address: str) -> SplitResult | None:
    """Return the parts of an http(s) address; None for anything else."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    is_web = address.startswith(("http://", "https://"))
    return parts if is_web and parts.hostname else None


def _check_reader(reader: Mapping[str, Any]) -> None:
    if reader["format"] in {"delimited", "json_lines"}:
        check_word(reader.get("encoding", "utf8"), _ENCODINGS, "reader.encoding")
    if reader["format"] == "delimited":
        _check_delimited(reader)
    elif reader["format"] == "json_lines":
        check_word(reader.get("invalid_lines", "error"), ("error", "drop"), "reader.invalid_lines")
    elif reader["format"] == "sql":
        _check_query(reader)


def _check_delimited(reader: Mapping[str, Any]) -> None:
    check_word(reader.get("header", _HEADERS[0]), _HEADERS, "reader.header")
    separator = reader.get("separator", ",")
    if not 0 < len(separator) <= _MAX_SEPARATOR or set(separator) & set('\r\n"'):
        raise refused(
            f"The separator {shown(separator)} cannot be told from cells and lines.",
            "reader.separator",
            "Use a character such as `,`, `;` or a tab.",
        )
    if reader.get("skip_lines", 0) < 0:
        raise refused("Less than no lines cannot be skipped.", "reader.skip_lines")


def _check_query(reader: Mapping[str, Any]) -> None:
    for name in ("datastore", "query"):
        if not reader[name].strip():
            raise refused(f"The query has no {name}.", f"reader.{name}")
    seconds = reader.get("timeout_seconds", 30)
    if not 0 < seconds <= _MAX_QUERY_SECONDS:
        raise refused(
            f"A query is given between 1 and {_MAX_QUERY_SECONDS} seconds, not {seconds}.",
            "reader.timeout_seconds",
        )


def _check_type(column: str, given: Mapping[str, Any]) -> None:
    target = f"types.{column}"
    check_column(column, target)
    check_word(given["name"], _TYPES, f"{target}.name")
    check_word(given.get("mismatch", "error"), ("error", "true", "false"), f"{target}.mismatch")
    check_word(given.get("decimal_mark", "."), (".", ","), f"{target}.decimal_mark")
    both = set(given.get("true_values", [])) & set(given.get("false_values", []))
    if both:
        raise refused(f"{shown(min(both))} would be true and false.", f"{target}.true_values")


def _check_partition(partition: str | None) -> None:
    if partition is None:
        return
    columns = [found for found in _PART.finditer(partition) if found[0] not in {"{{", "}}"}]
    if any(found[1] is None for found in columns):
        raise _bad_partition(partition, "brackets come in pairs and are not nested")
    if not columns:
        raise _bad_partition(partition, "there is no {column} in it")
    for found in columns:
        name, colon, parts = found[1].partition(":")
        if not name:
            raise _bad_partition(partition, f"the part {shown(found[0])} names no column")
        if colon and not parts:
            raise _bad_partition(partition, f"the part {shown(found[0])} has no date format")


def _bad_partition(partition: str, words: str) -> InvalidError:
    return refused(
        f"The partition format {shown(partition)} cannot be used: {words}.",
        "partition_format",
        "It is like `{region}/{day:yyyy-MM-dd}.csv`.",
    )
