import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from zaffre.domain.errors import ConflictError, NotFoundError, UnavailableError
from zaffre.domain.runs import RunState
from zaffre.domain.workspaces import Workspace
from zaffre.ports.stores import RunFilter

from contract.stores.conftest import Database
from contract.stores.entities import artifact, batch, model, point, run, token, workspace


class TestTransactions:
    def test_returns_what_the_unit_returned(self, empty: Database):
        assert empty.write(lambda _: 7) == 7
        assert empty.read(lambda _: "x") == "x"

    def test_sees_what_it_wrote_before_it_commits(self, empty: Database):
        def unit(s):
            s.workspaces.add(workspace())
            return s.workspaces.get("w1")

        assert empty.write(unit) == workspace()

    def test_undoes_a_unit_that_raises(self, empty: Database):
        def fail(s):
            s.workspaces.add(workspace())
            raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            empty.write(fail)
        assert empty.read(lambda s: s.workspaces.list()) == []

    @pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError(), GeneratorExit()])
    def test_hands_over_whatever_is_raised(self, empty: Database, error: BaseException):
        async def ask() -> BaseException | None:
            def fail(_):
                raise error

            for call in (empty.transactions.write, empty.transactions.read):
                with pytest.raises(type(error)):
                    await call(fail)

        empty.runner.run(ask())
        assert empty.write(lambda _: 1) == empty.read(lambda _: 1) == 1

    def test_hands_over_the_end_of_an_iterator(self, empty: Database):
        with pytest.raises(RuntimeError, match="StopIteration"):
            empty.write(lambda _: next(iter(())))

    def test_undoes_only_the_units_that_raise(self, empty: Database):
        async def many() -> list[object]:
            def unit(s, number):
                s.workspaces.add(workspace(f"w{number}"))
                if number % 3 == 0:
                    raise ValueError(number)
                return number

            return await asyncio.gather(
                *(empty.transactions.write(lambda s, n=n: unit(s, n)) for n in range(300)),
                return_exceptions=True,
            )

        results = empty.runner.run(many())

        assert [n for n, result in enumerate(results) if result == n] == [
            n for n in range(300) if n % 3
        ]
        assert all(isinstance(result, ValueError) for result in results[::3])
        stored = {w.id for w in empty.read(lambda s: s.workspaces.list())}
        assert stored == {f"w{n}" for n in range(300) if n % 3}

    def test_acts_only_after_the_commit(self, empty: Database):
        seen = []

        def unit(s):
            s.workspaces.add(workspace())
            s.after_commit(lambda: seen.append(threading.current_thread()))
            assert seen == []

        def failing(s):
            s.after_commit(lambda: seen.append("never"))
            raise ValueError("no")

        empty.write(unit)
        with pytest.raises(ValueError, match="no"):
            empty.write(failing)

        assert len(seen) == 1
        assert seen[0] is not threading.current_thread()

    def test_acts_when_others_can_see_it(self, empty: Database):
        loop, seen = empty.runner.get_loop(), []

        async def look():
            found = asyncio.Event()

            async def read():
                seen.append(await empty.transactions.read(lambda s: s.workspaces.get("w1")))
                found.set()

            def hint():
                asyncio.run_coroutine_threadsafe(read(), loop)

            await empty.transactions.write(
                lambda s: (s.workspaces.add(workspace()), s.after_commit(hint))
            )
            await asyncio.wait_for(found.wait(), 10)

        empty.runner.run(look())
        assert seen == [workspace()]

    def test_survives_an_action_that_raises(self, empty: Database, caplog):
        acted = []

        def unit(s):
            s.after_commit(lambda: acted.remove(7))
            s.after_commit(lambda: acted.append(1))
            return 5

        assert empty.write(unit) == 5
        assert acted == [1]
        assert "after a commit" in caplog.text

    def test_reads_one_state_however_long_it_takes(self, database: Database):
        async def interleave():
            began, go_on = threading.Event(), threading.Event()

            def slow(s):
                before = s.workspaces.list()
                began.set()
                assert go_on.wait(10)
                return before, s.workspaces.list()

            reading = asyncio.ensure_future(database.transactions.read(slow))
            await asyncio.to_thread(began.wait, 10)
            await database.transactions.write(lambda s: s.workspaces.add(workspace("w3")))
            go_on.set()
            before, after = await reading
            assert before == after
            assert len(await database.transactions.read(lambda s: s.workspaces.list())) == 3

        database.runner.run(interleave())

    def test_reads_while_a_unit_writes(self, database: Database):
        async def interleave():
            began, go_on = threading.Event(), threading.Event()

            def slow(s):
                s.workspaces.add(workspace("w3"))
                began.set()
                assert go_on.wait(10)

            writing = asyncio.ensure_future(database.transactions.write(slow))
            await asyncio.to_thread(began.wait, 10)
            seen = await database.transactions.read(lambda s: s.workspaces.list())
            go_on.set()
            await writing
            return len(seen)

        assert database.runner.run(interleave()) == 2

    def test_refuses_to_write_in_a_unit_that_reads(self, empty: Database):
        with pytest.raises(Exception, match="readonly"):
            empty.read(lambda s: s.workspaces.add(workspace()))
        assert empty.read(lambda s: s.workspaces.list()) == []

    def test_does_a_unit_whose_caller_went_away(self, database: Database):
        async def abandon():
            began, go_on = threading.Event(), threading.Event()

            def slow(_):
                began.set()
                assert go_on.wait(10)

            first = asyncio.ensure_future(database.transactions.write(slow))
            waiting = asyncio.ensure_future(
                database.transactions.write(lambda s: s.workspaces.add(workspace("w3")))
            )
            await asyncio.to_thread(began.wait, 10)
            first.cancel()
            waiting.cancel()
            go_on.set()
            done = await asyncio.gather(first, waiting, return_exceptions=True)
            assert all(isinstance(one, asyncio.CancelledError) for one in done)
            return await database.transactions.write(lambda s: len(s.workspaces.list()))

        assert database.runner.run(abandon()) == 3

    def test_does_not_let_a_unit_start_another(self, empty: Database):
        def nested(_):
            return asyncio.run(empty.transactions.read(lambda s: s.workspaces.list()))

        for call in (empty.write, empty.read):
            with pytest.raises(RuntimeError, match="may not start another"):
                call(nested)

    def test_serves_several_event_loops(self, empty: Database):
        numbers = count()

        async def add(added: Workspace) -> bool:
            await empty.transactions.write(lambda s: s.workspaces.add(added))
            return await empty.transactions.read(lambda s: s.workspaces.get(added.id)) == added

        def program(_) -> bool:
            return all(asyncio.run(add(workspace(f"w{next(numbers)}"))) for _ in range(20))

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(program, range(4), timeout=60))
        assert len(empty.read(lambda s: s.workspaces.list())) == 80

    def test_survives_an_event_loop_that_is_gone(self, empty: Database, caplog):
        go_on = threading.Event()

        async def leave():
            asyncio.ensure_future(  # noqa: RUF006 - is to be lost
                empty.transactions.write(lambda s: (go_on.wait(10), s.workspaces.add(workspace())))
            )
            await asyncio.sleep(0)

        asyncio.run(leave())
        go_on.set()

        assert empty.write(lambda s: s.workspaces.get("w1")) == workspace()
        assert "event loop had closed" in caplog.text

    def test_finishes_what_it_accepted_before_it_closes(self, empty: Database):
        async def close_at_once():
            units = [
                asyncio.ensure_future(
                    empty.transactions.write(lambda s, n=n: s.workspaces.add(workspace(f"w{n}")))
                )
                for n in range(200)
            ]
            await asyncio.sleep(0)
            await asyncio.gather(empty.transactions.close(), empty.transactions.close())
            assert all(one.done() for one in units)
            await asyncio.gather(*units)
            for call in (empty.transactions.write, empty.transactions.read):
                with pytest.raises(UnavailableError) as caught:
                    await call(lambda s: s.workspaces.list())
                assert caught.value.code == "ShuttingDown"

        empty.runner.run(close_at_once())

    def test_r19_mixed_clients_never_see_a_lock(self, database: Database):
        write, read = database.transactions.write, database.transactions.read

        async def client(number: int):
            mine = run(f"c{number}", state=RunState.QUEUED, tags={"client": str(number)})
            await write(lambda s: s.runs.add(mine))
            for turn in range(1, 11):
                sent = batch(turn, point(float(turn)), point(float(-turn), "other"))
                await write(lambda s, sent=sent: s.metrics.append(mine, sent))
                await read(lambda s: s.runs.list("w1", RunFilter(tags={"client": None}), limit=5))
                put = artifact(f"outputs/{turn}", run_id=mine.id)
                await write(lambda s, put=put: s.artifacts.put("w1", put))
                summaries = await read(lambda s: s.metrics.summaries(mine))
                assert [one.count for one in summaries] == [turn, turn]
                with pytest.raises(ConflictError):
                    await write(lambda s: (s.models.add(model("lost")), s.runs.add(mine)))
            await write(lambda s: s.tokens.add(token(f"{number}")))
            return await read(lambda s: s.artifacts.list("w1", mine.id, prefix="", limit=99))

        async def all_clients():
            return await asyncio.gather(*(client(number) for number in range(64)))

        assert [len(found) for found in database.runner.run(all_clients())] == [10] * 64
        assert len(database.read(lambda s: s.runs.list("w1", RunFilter(), limit=99))) == 65
        with pytest.raises(NotFoundError):
            database.read(lambda s: s.models.get("w1", "lost:1"))
