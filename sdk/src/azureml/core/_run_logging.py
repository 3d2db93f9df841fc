"""Logging metrics of a run."""

from __future__ import annotations

import io
import itertools
import time
from pathlib import Path
from typing import Any

from azureml.core import _late
from azureml.core import _metric_values as values
from azureml.core._run_files import RunFiles
from azureml.exceptions import UserErrorException
from zaffre_sdk.notices import notice
from zaffre_sdk.tracking import senders
from zaffre_sdk.tracking.arriving import wait_for_metrics
from zaffre_sdk.tracking.logged_files import files

_FLUSH_SECONDS = 300.0
_LONGEST_STEM = 100
_counter = itertools.count(1)


class Logging:
    """The `log…` methods; what they record goes to `_record` and `_record_file`."""

    def log(
        self, name: str, value: Any, description: str | None = "", step: int | None = None
    ) -> None:
        """Log a number or text; logging the same name again makes a series.

        Example:
            >>> run.log("accuracy", 0.93)
        """
        self._record(
            values.checked_name(name), "scalar", values.scalar(name, value), values.step(step)
        )

    def log_list(self, name: str, value: list[Any], description: str | None = "") -> None:
        """Log a list of numbers or texts."""
        self._record(values.checked_name(name), "list", values.scalars(name, value))

    def log_row(self, name: str, description: str | None = None, **kwargs: Any) -> None:
        """Log one row; logging the same name again makes a table.

        Example:
            >>> run.log_row("losses", epoch=1, loss=0.3)
        """
        self._record(values.checked_name(name), "row", values.row(name, kwargs))

    def log_table(self, name: str, value: dict[str, Any], description: str | None = "") -> None:
        """Log columns of equal length."""
        self._record(values.checked_name(name), "table", values.columns(name, value))

    def log_image(
        self,
        name: str,
        path: str | None = None,
        plot: Any = None,
        description: str | None = "",
    ) -> None:
        """Log an image: a file, or what matplotlib has drawn."""
        values.checked_name(name)
        if (path is None) == (plot is None):
            raise UserErrorException(
                f"The image `{name}` needs either `path` or `plot`, and not both."
            )
        if plot is not None:
            self._record_file(name, "image", _drawn(name, plot), ".png")
            return
        file = Path(str(path))
        if not file.is_file():
            raise UserErrorException(f"`path` names `{file.absolute()}`, which does not exist.")
        self._record_file(name, "image", file.read_bytes(), file.suffix)

    def log_accuracy_table(self, name: str, value: Any, description: str | None = "") -> None:
        """Log an accuracy table: a document in v1's form."""
        self._record_document(name, "accuracy_table", value)

    def log_confusion_matrix(self, name: str, value: Any, description: str | None = "") -> None:
        """Log a confusion matrix: a document in v1's form."""
        self._record_document(name, "confusion_matrix", value)

    def log_predictions(self, name: str, value: Any, description: str | None = "") -> None:
        """Log predictions: a document in v1's form."""
        self._record_document(name, "predictions", value)

    def log_residuals(self, name: str, value: Any, description: str | None = "") -> None:
        """Log residuals: a document in v1's form."""
        self._record_document(name, "residuals", value)

    def _record_document(self, name: str, kind: str, value: Any) -> None:
        document = _late.find("azureml.core._metric_documents", "document")
        data = document(values.checked_name(name), kind, value)
        self._record_file(name, kind, data, ".json")

    def _record(self, name: str, kind: str, value: Any, step: int | None = None) -> None:
        raise NotImplementedError

    def _record_file(self, name: str, kind: str, data: bytes, ending: str) -> None:
        raise NotImplementedError


class RunLogging(Logging, RunFiles):
    """A run and what is logged to it.

    Logging returns at once: values are kept in a local file and sent in the background, so that
    neither a slow nor an absent server is in the way.
    """

    def flush(self, timeout_seconds: float = _FLUSH_SECONDS) -> None:
        """Wait until everything logged so far is safe on the server.

        It says so when that takes long, and ends earlier when the server has not answered for a
        minute. What has not arrived is kept, and sent by `zaffre runs sync`.
        """
        sender = senders.find(self._nouns.workspace, self.id)
        if sender is not None:
            wait_for_metrics(sender, self.id, timeout=timeout_seconds)
        if not files.flush(timeout_seconds):
            notice(f"not all files that the run {self.id} logged have arrived; they are kept.")

    def _record(self, name: str, kind: str, value: Any, step: int | None = None) -> None:
        senders.of(self._nouns.workspace, self.id).log(name, kind, value, step)

    def _record_file(self, name: str, kind: str, data: bytes, ending: str) -> None:
        path = file_name(name, ending)
        files.put(self._nouns.workspace, self.id, path, data)
        self._record(name, kind, path)


def _drawn(name: str, plot: Any) -> bytes:
    figure = plot if hasattr(plot, "savefig") else getattr(plot, "figure", None)
    if figure is None or not hasattr(figure, "savefig"):
        raise values.MetricTypeError(
            f"The image `{name}` needs a matplotlib figure as `plot`, not {type(plot).__name__}."
        )
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    return drawn.getvalue()


def file_name(name: str, ending: str) -> str:
    """Return a name for a file that was logged; no other one of this program has it."""
    kept = "".join(one if one.isalnum() or one in " -_." else "_" for one in name)
    stem = kept[:_LONGEST_STEM].strip(". ") or "image"
    return f"{stem}_{time.time_ns() // 1_000_000}_{next(_counter)}{ending}"
