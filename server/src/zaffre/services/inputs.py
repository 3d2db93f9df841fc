"""Use cases of what runs read."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import InvalidError
from zaffre.domain.inputs import MAX_INPUT_TEXT, ReadDataset, RunInput
from zaffre.domain.labels import check_labels, check_text
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_workspace, writable_run


class InputService:
    """Use cases of inputs, within one transaction."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def log(
        self, workspace_id: str, run_id: str, inputs: Iterable[RunInput], *, caller: Principal
    ) -> None:
        """Keep what a run read; what it is known to have read is passed over.

        Raises:
            InvalidError: `RunArchived`, `MissingField` or `TextTooLong`.
        """
        run = writable_run(self._stores, workspace_id, run_id, caller=caller)
        run.check_listed()
        self._stores.inputs.add(run, [_checked(read) for read in inputs])

    def datasets(
        self, workspace_id: str, experiment_ids: Sequence[str], *, caller: Principal, limit: int
    ) -> list[ReadDataset]:
        """Return the datasets that runs of these experiments read, each but once."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.inputs.datasets(workspace_id, experiment_ids, limit=limit)


def _checked(read: RunInput) -> RunInput:
    for field in ("name", "digest"):
        if not getattr(read, field):
            raise InvalidError(
                "MissingField", f"A dataset has no {field}.", target=f"datasets.dataset.{field}"
            )
    for field in ("name", "digest", "source_type", "source"):
        check_text(getattr(read, field), target=field)
    for field in ("schema", "profile"):
        _check_long(getattr(read, field), field)
    return replace(read, tags=check_labels(read.tags, target="tags"))


def _check_long(text: str | None, field: str) -> None:
    if text is not None and (len(text) > MAX_INPUT_TEXT or "\0" in text):
        raise InvalidError(
            "TextTooLong",
            f"The {field} of a dataset, {shown(text)}, has {len(text)} characters or a NUL.",
            target=field,
            hint=f"At most {MAX_INPUT_TEXT} characters are kept.",
        )
