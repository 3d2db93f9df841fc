"""Datasets on the wire: what they are made of, their versions, and who read and made them.

A definition is lazy: places, how they are read, and steps. Steps follow one another in the order
in which a program asked for them; all of them are pure: one definition gives one content.
"""

from typing import Optional, Union

import msgspec

from zaffre_sdk.wire.shapes import In, Out

Value = Union[str, int, float, bool, None]


class DataPlace(In):
    """Where files lie: a path or pattern below a datastore, or an http(s) address.

    Attributes:
        datastore: None for an address.
        path: `*` is anything within one name, `**` any number of folders; a folder means all
            files below it.
    """

    path: str
    datastore: Optional[str] = None


class ColumnType(In):
    """The type that a column is given.

    Attributes:
        name: `string`, `integer`, `float`, `boolean`, `datetime` or `stream`.
        formats: Of date and time, as `strptime` has them; empty means ISO 8601.
        true_values: Texts that count as true; empty means the usual ones.
        false_values: Likewise.
        mismatch: What becomes of other texts in a boolean column: `error`, `true` or `false`.
        decimal_mark: Of a float: `.` or `,`.
        truncate: Of an integer: what lies behind a decimal point is left out; else a number with
            decimals does not fit.
    """

    name: str
    formats: list[str] = msgspec.field(default_factory=list)
    true_values: list[str] = msgspec.field(default_factory=list)
    false_values: list[str] = msgspec.field(default_factory=list)
    mismatch: str = "error"
    decimal_mark: str = "."
    truncate: bool = False


class Delimited(In, tag="delimited", tag_field="format"):
    """Text with a record in each line.

    Attributes:
        header: `all_files_same`, `only_first_file`, `all_files_different` or `none`.
        multi_line: A quoted cell may hold line breaks.
        empty_as_text: An empty cell is an empty text, not null.
        skip_lines: Left out at the beginning of each file.
    """

    separator: str = ","
    header: str = "all_files_same"
    encoding: str = "utf8"
    multi_line: bool = False
    empty_as_text: bool = False
    skip_lines: int = 0


class Parquet(In, tag="parquet", tag_field="format"):
    """Parquet files."""


class JsonLines(In, tag="json_lines", tag_field="format"):
    """Text with a JSON object in each line.

    Attributes:
        invalid_lines: `error` or `drop`.
    """

    encoding: str = "utf8"
    invalid_lines: str = "error"


class SqlQuery(In, tag="sql", tag_field="format"):
    """The answer of a SQL datastore to a query."""

    datastore: str
    query: str
    timeout_seconds: int = 30


Reader = Union[Delimited, Parquet, JsonLines, SqlQuery]


class Column(In, tag="column", tag_field="is"):
    """The value of a column."""

    name: str


class Literal(In, tag="literal", tag_field="is"):
    """A value; of a date and time, `datetime` is true and the value ISO 8601."""

    value: Value
    datetime: bool = False


class Operation(In, tag="operation", tag_field="is"):
    """An operator over expressions.

    Attributes:
        operator: `==`, `!=`, `<`, `<=`, `>`, `>=`, `&`, `|`, `~`, `+`, `-`, `*`, `/`, `//`, `%`,
            `**`, `is_null`, `is_not_null`, `is_error`, `starts_with`, `ends_with`, `contains`,
            `length`, `lower`, `upper`, `index_of` or `substring` (start, and length or none).
            Arithmetic but `**` takes two operands or more, and is computed from the left.
    """

    operator: str
    operands: list[Union[Column, Literal, "Operation"]]


Expression = Union[Column, Literal, Operation]


class KeepColumns(In, tag="keep_columns", tag_field="do"):
    """Keep these columns, in the order that they have."""

    columns: list[str]


class DropColumns(In, tag="drop_columns", tag_field="do"):
    """Leave these columns out."""

    columns: list[str]


class Skip(In, tag="skip", tag_field="do"):
    """Leave out the first records, or files."""

    count: int


class Take(In, tag="take", tag_field="do"):
    """Keep the first records, or files."""

    count: int


class Sample(In, tag="sample", tag_field="do"):
    """Keep each record, or file, with a probability; the seed decides which."""

    probability: float
    seed: int


class Split(In, tag="split", tag_field="do"):
    """Keep one part of a division by chance.

    Attributes:
        percentage: Of the first part, between 0 and 1.
        first: Keep the first part, else all others.
    """

    percentage: float
    seed: int
    first: bool


class Filter(In, tag="filter", tag_field="do"):
    """Keep what meets a condition."""

    condition: Expression


class TimeRange(In, tag="time_range", tag_field="do"):
    """Keep what lies in a time, by the timestamp column.

    Attributes:
        start: ISO 8601; None has no bound.
        end: Likewise.
        boundary: Both bounds belong to it.
    """

    column: str
    start: Optional[str] = None
    end: Optional[str] = None
    boundary: bool = True


Step = Union[KeepColumns, DropColumns, Skip, Take, Sample, Split, Filter, TimeRange]


class Definition(In):
    """What a dataset is.

    Attributes:
        kind: `tabular` or `file`.
        places: Where its files lie; none for a query.
        reader: How a tabular dataset reads them; None for files.
        types: Of columns; frozen when the dataset was defined, so that it does not change with
            what is inferred later. A column that is not named is text.
        include_path: A tabular dataset has a column `Path`.
        partition_format: Makes columns of parts of the path, such as
            `{year:yyyy}/{month:MM}/data.csv` or `{region}/data.csv`.
        timestamp: The column of fine time.
        partition_timestamp: The column of coarse time, from the path.
    """

    kind: str
    places: list[DataPlace] = msgspec.field(default_factory=list)
    reader: Optional[Reader] = None
    types: dict[str, ColumnType] = msgspec.field(default_factory=dict)
    include_path: bool = False
    partition_format: Optional[str] = None
    timestamp: Optional[str] = None
    partition_timestamp: Optional[str] = None
    steps: list[Step] = msgspec.field(default_factory=list)


class FileMark(In):
    """What a file was when a version was registered.

    Attributes:
        path: As `place` lists it; an address in full.
        datastore: None for an address.
        digest: SHA-256, hexadecimal; empty when the place has only marks (ETags).
    """

    path: str
    size: int
    mark: str
    datastore: Optional[str] = None
    digest: str = ""


class DatasetIn(In):
    """Register a version, or keep a nameless definition (`name` None), for runs to use.

    Attributes:
        new_version: A name that exists gets a further version; else only the same definition is
            taken, and answered as it is.
        marks: Of addresses, which the server does not open; the marks of datastores are its own.
    """

    definition: Definition
    name: Optional[str] = None
    description: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    new_version: bool = False
    marks: list[FileMark] = msgspec.field(default_factory=list)
    run_id: Optional[str] = None


class DatasetChange(In):
    """Change what is given of a version; a tag of None is removed."""

    description: Optional[str] = None
    tags: Optional[dict[str, Optional[str]]] = None


class DatasetOut(Out):
    """One version of a dataset; the id is its own and never another's.

    Attributes:
        name: None while it is not registered.
        version: 1, 2, 3 … without gaps within the name; None while it is not registered. The
            numbers of a name that was unregistered are not given again.
        files: How many files it had when it was registered.
        bytes: How much they were.
    """

    id: str
    definition: Definition
    description: str
    tags: dict[str, str]
    files: int
    bytes: int
    created_by: str
    created_at: float
    name: Optional[str] = None
    version: Optional[int] = None
    run_id: Optional[str] = None


class DatasetList(Out):
    """A page of datasets; `next` continues it, None ends it."""

    value: list[DatasetOut]
    next: Optional[str] = None


class DatasetMarks(Out):
    """A page of files as they were; `next` continues it, None ends it."""

    value: list[FileMark]
    next: Optional[str] = None


class DatasetChanges(Out):
    """How the files of a version differ from what they were when it was registered.

    Attributes:
        checked: How many files were looked at.
    """

    checked: int
    changed: list[str] = msgspec.field(default_factory=list)
    missing: list[str] = msgspec.field(default_factory=list)
    added: list[str] = msgspec.field(default_factory=list)


class DataUse(In):
    """That a run read or made data.

    Attributes:
        name: As the run knows it.
        direction: `input` or `output`.
        mode: `direct`, `download`, `mount`, `hdfs`, `upload` or `link`.
        dataset_id: The version; None for a bare path of a datastore.
        path_on_compute: Where it lay for the script.
    """

    name: str
    direction: str
    mode: str = "direct"
    dataset_id: Optional[str] = None
    datastore: Optional[str] = None
    path: Optional[str] = None
    path_on_compute: Optional[str] = None


class DataUseOut(Out):
    """Who read or made what."""

    run_id: str
    experiment: str
    name: str
    direction: str
    mode: str
    at: float
    dataset_id: Optional[str] = None
    dataset_name: Optional[str] = None
    dataset_version: Optional[int] = None
    datastore: Optional[str] = None
    path: Optional[str] = None
    path_on_compute: Optional[str] = None


class DataUseList(Out):
    """Uses of data, oldest first."""

    value: list[DataUseOut]
    next: Optional[str] = None


class DataInput(In):
    """What a script run is to be given before it starts.

    In the arguments of the run `DatasetConsumptionConfig:NAME` and
    `$AZUREML_DATAREFERENCE_NAME` stand for it: the id of the dataset when it is `direct`, else
    the path where it lies on the machine of the run.

    Attributes:
        mode: `direct`, `download`, `mount`, `hdfs`; for a bare path also `upload`, which means a
            folder whose files are sent there when the script has ended.
        dataset_id: A version; or `datastore` with `path`.
        path_on_compute: Where to lay it; relative to the working folder, or absolute.
        overwrite: Replace files that are there.
    """

    name: str
    mode: str = "direct"
    dataset_id: Optional[str] = None
    datastore: Optional[str] = None
    path: str = ""
    path_on_compute: Optional[str] = None
    overwrite: bool = False


class OutputRegistration(In):
    """Under which name the output of a run becomes a dataset when the run completes."""

    name: str
    description: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)


class DataOutput(In):
    """A folder that a script run fills, and where its files go.

    In the arguments of the run `DatasetOutputConfig:NAME` stands for the folder.

    Attributes:
        mode: `upload`, `mount` or `link`.
        path: Below the datastore; `{run-id}` and `{output-name}` are filled in.
        source: The folder on the machine of the run; made up when it is None.
        globs: Which files are sent; empty means all.
        definition: How the files are read as a dataset; its places are filled in.
        register: None keeps the definition nameless.
    """

    name: str
    mode: str = "mount"
    datastore: Optional[str] = None
    path: str = "dataset/{run-id}/{output-name}"
    source: Optional[str] = None
    overwrite: bool = False
    globs: list[str] = msgspec.field(default_factory=list)
    definition: Optional[Definition] = None
    register: Optional[OutputRegistration] = None
