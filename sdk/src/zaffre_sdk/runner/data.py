"""The data of a run: laid before the user's process starts, taken home when it has ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from zaffre_sdk.errors import SdkError
from zaffre_sdk.runner.inputs import DataInputError, Inputs, Laid
from zaffre_sdk.runner.link import PATIENCE_SECONDS, Link
from zaffre_sdk.runner.order import Folders, Order
from zaffre_sdk.runner.outcome import Outcome
from zaffre_sdk.runner.outputs import DataOutputError, Outputs
from zaffre_sdk.runner.pump import LogPump
from zaffre_sdk.runner.waiting import UnwantedError, wanted
from zaffre_sdk.tracking.given_data import GivenInput, with_data
from zaffre_sdk.wire.datasets import DataOutput
from zaffre_sdk.wire.runs import RunError, RunSpec

if TYPE_CHECKING:
    from zaffre_sdk.client.client import WorkspaceClient

LOG_PATH = "system_logs/data.txt"


class RunData:
    """The inputs and outputs of one run; does nothing where there are none."""

    def __init__(self, link: Link, order: Order, spec: RunSpec, *, folders: Folders) -> None:
        self._spec = spec
        self._order = order
        self._laid: list[Laid] = []
        self._folders: dict[str, str] = {}
        self._pump: Optional[LogPump] = None  # noqa: UP045 (evaluated on Python 3.9)
        self._link = link
        self._places = folders
        if spec.inputs or spec.outputs:
            self._pump = LogPump(link, order, log_path=LOG_PATH, file=folders.data_log)

    @cached_property
    def _workspace(self) -> WorkspaceClient:
        return _workspace(self._link, self._order)

    @cached_property
    def _inputs(self) -> Inputs:
        return Inputs(self._workspace, self._places, self._say)

    @cached_property
    def _outputs(self) -> Outputs:
        return Outputs(self._workspace, self._order, self._places, say=self._say)

    @property
    def values(self) -> dict[str, str]:
        """By name, what stands in the arguments for each input and output."""
        return {**{laid.given.name: laid.value for laid in self._laid}, **self._folders}

    def prepare(self, is_unwanted: Callable[[], bool]) -> None:
        """Lay the inputs, say that the run reads them, and make the folders of the outputs.

        Args:
            is_unwanted: Whether the run is to end; looked at before each input and file.

        Raises:
            DataInputError: An input cannot be had.
            DataOutputError: The folder of an output cannot be made.
        """
        for given in self._spec.inputs:
            laid = self._inputs.lay(given, is_unwanted)
            if laid is None:
                return
            self._laid.append(laid)
            self._note(laid)
        for output in self._spec.outputs:
            if output.mode != "link":
                self._folders[output.name] = str(self._outputs.make(output))

    def environ(self, present: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of the user's process, with what names its data."""
        links = [one.name for one in self._spec.outputs if one.mode == "link"]
        inputs = [
            GivenInput(
                laid.given.name, laid.given.mode, laid.value, laid.given.dataset_id is not None
            )
            for laid in self._laid
        ]
        return with_data(present, inputs, folders=self._folders, links=links)

    def finish(self, outcome: Outcome, is_unwanted: Callable[[], bool]) -> Outcome:
        """Take home what the script left, and return how the run ends with that.

        A run that would have completed fails when an output of it cannot be kept.

        Args:
            outcome: How it would end without.
            is_unwanted: Whether the run is to end, and nothing more is to be sent.
        """
        errors = []
        for keep in self._to_keep(completed=outcome.state == "Completed"):
            try:
                wanted(keep, is_unwanted)
            except UnwantedError:  # noqa: PERF203 (each output for itself)
                return Outcome("Canceled", outcome.exit_code)
            except DataOutputError as error:
                self._say(str(error))
                errors.append(str(error))
        if not errors or outcome.state != "Completed":
            return outcome
        reason = RunError(code="DataOutputFailed", message="\n".join(errors))
        return Outcome("Failed", outcome.exit_code, reason)

    def close(self) -> None:
        """Take down what was mounted, and send the rest of the log."""
        for laid in self._laid:
            self._inputs.take_down(laid)
        if self._pump is not None:
            self._pump.finish()

    def _to_keep(self, *, completed: bool) -> list[Callable[[], None]]:
        def keep(output: DataOutput) -> Callable[[], None]:
            return lambda: self._outputs.keep(output, completed=completed)

        def send(laid: Laid) -> Callable[[], None]:
            return lambda: self._send(laid)

        sent = [laid for laid in self._laid if completed and laid.given.mode == "upload"]
        return [*map(keep, self._spec.outputs), *map(send, sent)]

    def _send(self, laid: Laid) -> None:
        given = laid.given
        try:
            count = self._outputs.send_folder(
                Path(laid.value),
                str(given.datastore),
                given.path.strip("/"),
                overwrite=given.overwrite,
            )
        except (SdkError, OSError, DataOutputError) as error:
            raise DataOutputError(f"The output `{given.name}` cannot be kept: {error}") from error
        self._say(f"{count} files of `{laid.value}` are in `{given.datastore}/{given.path}`.")

    def _note(self, laid: Laid) -> None:
        try:
            self._workspace.datasets.note(self._order.run_id, laid.use)
        except SdkError as error:
            raise DataInputError(
                f"The input `{laid.given.name}` cannot be noted: {error}"
            ) from error

    def _say(self, line: str) -> None:
        if self._pump is not None:
            self._pump.write(f"{line}\n".encode(errors="backslashreplace"))


def _workspace(link: Link, order: Order) -> WorkspaceClient:
    """Return a client that waits for its server as the runner does."""
    from zaffre_sdk.client.client import Client  # noqa: PLC0415 (most runs have no data)
    from zaffre_sdk.client.transport import Transport  # noqa: PLC0415 (as above)

    transport = Transport(
        link.url, order.token, source=Path(order.server_file), patience=PATIENCE_SECONDS
    )
    return Client(transport).workspace(order.workspace_id)
