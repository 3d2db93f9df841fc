"""Use cases of params: what a run was given, written once."""

from collections.abc import Mapping

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import ConflictError
from zaffre.domain.labels import check_text
from zaffre.domain.names import PARAM
from zaffre.domain.runs import Run
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_run, writable_run


class ParamService:
    """Use cases of params, within one transaction."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def log(
        self, workspace_id: str, run_id: str, params: Mapping[str, str], *, caller: Principal
    ) -> None:
        """Keep params of a run; the same value again changes nothing.

        Raises:
            ConflictError: `ParamExists`, with both values.
            InvalidError: `RunArchived`, and names and values against the rules.
        """
        run = writable_run(self._stores, workspace_id, run_id, caller=caller)
        run.check_listed()
        add_params(self._stores, run, params)

    def of(self, workspace_id: str, run_id: str, *, caller: Principal) -> dict[str, str]:
        """Return the params of a run, by name."""
        run = seen_run(self._stores, workspace_id, run_id, caller=caller)
        return self._stores.params.of(workspace_id, [run.id]).get(run.id, {})


def add_params(stores: Stores, run: Run, params: Mapping[str, str]) -> None:
    """Keep params of a run that its caller may write.

    Raises:
        ConflictError: `ParamExists`, with both values.
        InvalidError: For names and values against the rules.
    """
    checked = {
        PARAM.check(name): check_text(value, target=f"params.{name}")
        for name, value in params.items()
    }
    if not checked:
        return
    present = stores.params.add(run, checked)
    for name, value in checked.items():
        if present[name] != value:
            raise ConflictError(
                "ParamExists",
                f"Changing param values is not allowed. Param with key={shown(name)} was already "
                f"logged with value={shown(present[name])} for run ID={shown(run.id)}. "
                f"Attempted logging new value {shown(value)}.",
                target=f"params.{name}",
                hint="Params are written once; use a tag for what changes.",
            )
