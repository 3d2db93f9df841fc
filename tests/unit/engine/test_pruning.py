"""The loop that removes what nothing has used for long."""

import asyncio
import logging
from datetime import UTC, datetime

from zaffre.base.clock import Clock
from zaffre.domain.environments import Kept
from zaffre.domain.errors import UnavailableError
from zaffre.engine.pruning import PruningLoop
from zaffre.services.environment_pruning import Limits, Used

NOW = datetime(2030, 1, 10, tzinfo=UTC)
CLOCK = Clock(now=lambda: NOW, monotonic=lambda: 0.0)
LIMITS = Limits(unused_seconds=1.0, keep_bytes=2)


class Pruner:
    def __init__(self, *, works: bool = True) -> None:
        self.works = works

    async def tidy(self, limits: Limits, *, now: datetime) -> list[Used]:
        assert (limits, now) == (LIMITS, NOW)
        if not self.works:
            raise UnavailableError("DatabaseBusy", "The database is busy.")
        kept = Kept(
            key="ab" * 32,
            python="/x",
            packages=(),
            size=3_000_000,
            built_at=NOW,
            used_at=datetime(2029, 12, 1, 8, 30, tzinfo=UTC),
        )
        return [Used(kept, ())]


def test_what_went_is_said(caplog):
    with caplog.at_level(logging.INFO):
        asyncio.run(PruningLoop(Pruner(), LIMITS, CLOCK).look())
    assert "abababababab was removed" in caplog.text
    assert "since 2029-12-01 08:30: 3 MB" in caplog.text


def test_it_looks_again_when_the_database_does_not_answer(caplog):
    asyncio.run(PruningLoop(Pruner(works=False), LIMITS, CLOCK).look())
    assert "could not be removed" in caplog.text
