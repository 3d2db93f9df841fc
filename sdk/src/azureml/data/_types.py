"""Types of columns and ways to read text, from the forms in which programs say them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.data.dataset_type_definitions import FileEncoding, PromoteHeadersBehavior
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.datasets import ColumnType

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENCODINGS = ("utf8", "iso88591", "latin1", "ascii", "utf16", "utf32", "utf8bom", "windows1252")
_HEADERS = {
    PromoteHeadersBehavior.NO_HEADERS: "none",
    PromoteHeadersBehavior.ONLY_FIRST_FILE_HAS_HEADERS: "only_first_file",
    PromoteHeadersBehavior.COMBINE_ALL_FILES_HEADERS: "all_files_different",
    PromoteHeadersBehavior.ALL_FILES_HAVE_SAME_HEADERS: "all_files_same",
}


class DataType:
    """The type of a column, for `set_column_types`.

    Example:
        >>> Dataset.Tabular.from_delimited_files(
        ...     (store, "sales.csv"), set_column_types={"day": DataType.to_datetime("%d.%m.%Y")}
        ... )
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        wanted = args[0] if args else kwargs.get("_column_type")
        if not isinstance(wanted, ColumnType):
            raise UserErrorException(
                "A DataType is made by one of its functions, such as `DataType.to_float()`."
            )
        self._column_type = wanted

    @staticmethod
    def to_bool() -> DataType:
        """Return the type of true and false."""
        return DataType(ColumnType("boolean"))

    @staticmethod
    def to_datetime(formats: Any = None) -> DataType:
        """Return the type of dates and times.

        Args:
            formats: One or several formats, as `strptime` has them; found out of the data
                without.
        """
        given = [formats] if isinstance(formats, str) else list(formats or [])
        if not all(isinstance(one, str) and one for one in given):
            raise UserErrorException(
                f"`formats` is {formats!r}; a format such as `%d.%m.%Y`, or a list of them, is "
                "expected."
            )
        return DataType(ColumnType("datetime", formats=given))

    @staticmethod
    def to_float(decimal_mark: str = ".") -> DataType:
        """Return the type of numbers with decimals.

        Raises:
            ValueError: The decimal mark is neither a point nor a comma.
        """
        if decimal_mark not in (".", ","):
            raise ValueError(
                f'Unable to use "{decimal_mark}" as decimal mark for decimal conversion. '
                'Please use a dot "." or comma ",".'
            )
        return DataType(ColumnType("float", decimal_mark=decimal_mark))

    @staticmethod
    def to_long() -> DataType:
        """Return the type of whole numbers; of others what is behind the point is left out."""
        return DataType(ColumnType("integer", truncate=True))

    @staticmethod
    def to_stream(workspace: Any, escaped: bool = False) -> DataType:
        """Return the type of paths of files, which `download` and `mount` fetch.

        Args:
            workspace: Whose datastores the paths name.
            escaped: Whether the paths are percent-encoded; they are read as they are here.
        """
        return DataType(ColumnType("stream"))

    @staticmethod
    def to_string() -> DataType:
        """Return the type of text."""
        return DataType(ColumnType("string"))

    def __repr__(self) -> str:
        return f"DataType({self._column_type.name})"


def column_types(given: Any) -> dict[str, ColumnType]:
    """Return what `set_column_types` says.

    Raises:
        UserErrorException: It is not a dictionary of DataTypes.
    """
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(isinstance(one, str) for one in given):
        raise UserErrorException(
            f"`set_column_types` is {given!r}; a dictionary of DataTypes by the names of the "
            "columns is expected."
        )
    return _checked(given)


def _checked(given: Mapping[str, Any]) -> dict[str, ColumnType]:
    for name, one in given.items():
        if not isinstance(one, DataType):
            raise UserErrorException(
                f"`set_column_types` gives the column `{name}` the type {one!r}; a DataType such "
                "as `DataType.to_string()` is expected."
            )
    return {name: one._column_type for name, one in given.items()}  # noqa: SLF001 - one module


def header_of(header: Any) -> str:
    """Return which lines are headers, in words of the wire.

    Raises:
        UserErrorException: There is no such way.
    """
    if isinstance(header, bool):
        header = PromoteHeadersBehavior(3 if header else 0)
    if isinstance(header, str) and header in PromoteHeadersBehavior.__members__:
        header = PromoteHeadersBehavior[header]
    if not isinstance(header, PromoteHeadersBehavior):
        raise UserErrorException(
            f"`header` is {header!r}; true, false or one of "
            f"{', '.join(PromoteHeadersBehavior.__members__)} is expected."
        )
    return _HEADERS[header]


def encoding_of(encoding: Any) -> str:
    """Return an encoding in words of the wire.

    Raises:
        UserErrorException: There is no such encoding.
    """
    name = encoding.name if isinstance(encoding, FileEncoding) else encoding
    if not isinstance(name, str) or name.lower() not in _ENCODINGS:
        words = ", ".join(f"'{one}'" for one in _ENCODINGS[:-1])
        raise UserErrorException(
            f"Invalid encoding '{encoding}'. The supported encodings are {words} and "
            f"'{_ENCODINGS[-1]}'."
        )
    return name.lower()


def separator_of(separator: Any) -> str:
    """Return a separator.

    Raises:
        ValueError: It is not one character.
    """
    if not isinstance(separator, str) or len(separator) != 1:
        raise ValueError(
            f"`separator` is {separator!r}. Only single character is supported for argument: "
            "separator"
        )
    return separator
