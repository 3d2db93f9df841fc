"""A dataset: a lazy definition of data, version by version, and what its files were.

What a definition means is known to those who read data; it is kept here as the document that its
maker wrote. `domain.definitions` refuses documents that nobody could read.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from zaffre.domain.names import DATASET
from zaffre.domain.paths import check_path

MAX_FILES: Final = 1_000_000
"""How many files a version may have: each is remembered by name, mark and digest."""
SLICE: Final = 10_000
"""How many files one transaction keeps: others who write wait for so long."""
_DIGESTED_AT_ONCE: Final = 1000


class DatasetKind(StrEnum):
    """What a dataset is made of."""

    TABULAR = "tabular"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Place:
    """Where files lie.

    Attributes:
        path: A path or pattern below the datastore, or an http(s) address.
        datastore: None for an address.
    """

    path: str
    datastore: str | None = None

    @property
    def is_address(self) -> bool:
        """Whether the files are elsewhere; the server opens no address."""
        return self.datastore is None


@dataclass(frozen=True, slots=True)
class Definition:
    """What a dataset is, as its maker wrote it.

    Attributes:
        document: Plain data as JSON has it; what is left out has its usual value.
    """

    document: dict[str, Any]

    @property
    def kind(self) -> DatasetKind:
        """What it is made of."""
        return DatasetKind(self.document["kind"])

    @property
    def places(self) -> tuple[Place, ...]:
        """Where its files lie; nowhere for a query."""
        listed = self.document.get("places", [])
        return tuple(Place(place["path"], place.get("datastore")) for place in listed)

    @property
    def query_datastore(self) -> str | None:
        """The datastore that is asked, when it is a query."""
        reader = self.document.get("reader") or {}
        store: str | None = reader.get("datastore") if reader.get("format") == "sql" else None
        return store

    @property
    def datastores(self) -> tuple[str, ...]:
        """The datastores that it reads, each but once."""
        named = [place.datastore for place in self.places] + [self.query_datastore]
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @property
    def digest(self) -> str:
        """What is equal for equal definitions alone."""
        text = json.dumps(self.document, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class FileMark:
    """What a file was at some time.

    Attributes:
        path: Below the datastore; an address in full.
        datastore: None for an address.
        mark: Changes whenever the content does, and sometimes when it does not.
        digest: SHA-256; empty when nobody computed it.
    """

    path: str
    size: int
    mark: str
    datastore: str | None = None
    digest: str = ""

    @property
    def key(self) -> tuple[str | None, str]:
        """Which file it is."""
        return self.datastore, self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The files of a dataset that is about to be registered, added up.

    Attributes:
        marks: What they are, unless they were kept beforehand.
        count: How many they are.
        size: Their bytes.
        digest: Is equal for equal files alone, as far as their marks tell.
        draft_id: The draft with which they were kept.
    """

    marks: Sequence[FileMark] = ()
    count: int = 0
    size: int = 0
    digest: str
    draft_id: str | None = None

    @classmethod
    def of(cls, marks: Sequence[FileMark]) -> "Listing":
        """Return what files add up to; takes seconds for a million of them."""
        return cls(
            marks=marks,
            count=len(marks),
            size=sum(mark.size for mark in marks),
            digest=digest_of_marks(marks),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One version of a dataset, or a definition without a name.

    Attributes:
        name: None for a definition that was kept for runs to use.
        version: 1, 2, 3 … without gaps within the name; None without a name.
        files: How many files it had when it was registered.
        size: Their bytes.
        run_id: The run that made it, if one did.
        unregistered_at: Since when the name does not stand for it any more; it stays readable.
    """

    id: str
    workspace_id: str
    name: str | None = None
    version: int | None = None
    definition: Definition
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    files: int = 0
    size: int = 0
    created_by: str = ""
    created_at: datetime
    run_id: str | None = None
    unregistered_at: datetime | None = None

    @property
    def is_registered(self) -> bool:
        """Whether its name stands for it."""
        return self.name is not None and self.unregistered_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """How files differ from what they were.

    Attributes:
        doubtful: Files whose mark is another one; only their digest tells whether they changed.
        checked: How many files were looked at.
    """

    changed: tuple[FileMark, ...] = ()
    missing: tuple[FileMark, ...] = ()
    added: tuple[FileMark, ...] = ()
    doubtful: tuple[FileMark, ...] = ()
    checked: int = 0


def compare(known: Iterable[FileMark], seen: Iterable[FileMark]) -> Differences:
    """Return how what is seen differs from what was known, by marks alone.

    Where the mark differs and the size does not, a digest may tell that nothing changed: a file
    that was copied anew has another time.
    """
    before = {mark.key: mark for mark in known}
    now = {mark.key: mark for mark in seen}
    other = [mark for key, mark in now.items() if key in before and _moved(before[key], mark)]
    doubtful = [mark for mark in other if _may_be_equal(before, mark)]
    certain = set(other) - set(doubtful)
    return Differences(
        changed=tuple(mark for mark in other if mark in certain),
        missing=tuple(mark for key, mark in before.items() if key not in now),
        added=tuple(mark for key, mark in now.items() if key not in before),
        doubtful=tuple(doubtful),
        checked=len(before),
    )


def digest_of_marks(marks: Sequence[FileMark]) -> str:
    """Return what is equal for equal files alone, as far as their marks tell."""
    seen = hashlib.sha256(b"[")
    for start in range(0, len(marks), _DIGESTED_AT_ONCE):
        some = marks[start : start + _DIGESTED_AT_ONCE]
        # One text of a million files would hold all other threads for seconds.
        text = json.dumps([(mark.datastore, mark.path, mark.size, mark.mark) for mark in some])
        seen.update((", " if start else "").encode() + text[1:-1].encode())
    seen.update(b"]")
    return seen.hexdigest()


def check_dataset_name(name: str) -> str:
    """Return the name; what is fetched of it lies in a folder of that name, on every system.

    Raises:
        InvalidError: `InvalidName` or `InvalidPath`.
    """
    return check_path(DATASET.check(name), target="name")


def _moved(before: FileMark, now: FileMark) -> bool:
    return (before.mark, before.size) != (now.mark, now.size)


def _may_be_equal(before: Mapping[tuple[str | None, str], FileMark], now: FileMark) -> bool:
    return bool(before[now.key].digest) and before[now.key].size == now.size
