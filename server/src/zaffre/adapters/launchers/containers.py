"""Containers that a run left behind: they are no children of its runner."""

import logging
from collections.abc import Mapping

from zaffre_sdk.containers.engines import NoEngineError, engine_environ, find_engine
from zaffre_sdk.containers.removing import labels_of, remove

logger = logging.getLogger(__name__)


def end_containers(
    environ: Mapping[str, str], workspace_id: str, run_id: str, attempt: int | None
) -> None:
    """Kill and remove the containers of a run, or of one attempt at it."""
    try:
        engine = find_engine(environ)
    except NoEngineError:
        return  # Without an engine there are none.
    labels = labels_of(workspace_id, run_id, attempt)
    if not remove(engine, labels, environ=engine_environ(environ)):
        logger.error("Containers of the run %s cannot be removed.", run_id)
