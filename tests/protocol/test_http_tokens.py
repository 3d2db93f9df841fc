"""Tokens of runs: known while they hold, forgotten the moment they are removed."""

import asyncio
from datetime import UTC, datetime

from doors import HOST, Doors, ask, open_doors
from litestar import Router, get
from litestar.exceptions import HTTPException
from zaffre.domain.access import Permission, Token
from zaffre.protocols.http.call import Call
from zaffre.services.tokens import digest_of
from zaffre.services.work import Services

SECRET = "zrt_run-secret"  # noqa: S105


@get("/who", permission=Permission.RUNS_DRIVE)
async def who(call: Call) -> dict[str, str | int | None]:
    return {
        "name": call.caller.name,
        "workspace": call.caller.workspace_id,
        "run": call.caller.run_id,
        "attempt": call.caller.attempt,
    }


@get("/manage", permission=Permission.SERVER_MANAGE)
async def manage() -> None: ...


def add(services: Services, role: str = "run") -> None:
    services.stores.tokens.add(
        Token(
            digest=digest_of(SECRET),
            name="run r1",
            role=role,
            workspace_id="w1",
            run_id="r1",
            attempt=3,
            created_at=datetime.now(UTC),
        )
    )


async def asked(doors: Doors, path: str = "/t/who"):
    bearer = (b"authorization", b"bearer  " + SECRET.encode())
    return await ask(doors.app, "GET", path, headers=[HOST, bearer])


def run(tmp_path, test):
    async def inside():
        async with open_doors(tmp_path, [Router("/t", route_handlers=[who, manage])]) as doors:
            await test(doors)

    asyncio.run(inside())


def test_a47_a_run_token_is_its_run_and_no_more(tmp_path):
    async def test(doors: Doors):
        await doors.house.work.write(add)
        assert (await asked(doors)).json == {
            "name": "run r1",
            "workspace": "w1",
            "run": "r1",
            "attempt": 3,
        }
        refused = await asked(doors, "/t/manage")
        assert (refused.status, refused.code) == (403, "Forbidden")
        assert "`server/manage`" in refused.error["message"]

    run(tmp_path, test)


def test_a33_a47_a_run_token_dies_with_its_run(tmp_path):
    async def test(doors: Doors):
        await doors.house.work.write(add)
        assert (await asked(doors)).status == 200
        await doors.house.work.write(lambda s: s.stores.tokens.remove_of_run("w1", "r1"))
        doors.authenticator.forget_run("r1")
        assert (await asked(doors)).status == 401

    run(tmp_path, test)


def test_a33_a_token_removed_while_it_is_looked_up_is_not_remembered(tmp_path):
    async def test(doors: Doors):
        await doors.house.work.write(add)
        read = doors.house.work.read

        async def slow_read(use):
            found = await read(use)
            await doors.house.work.write(lambda s: s.stores.tokens.remove_of_run("w1", "r1"))
            doors.authenticator.forget_run("r1")
            return found

        doors.house.work.read = slow_read
        assert (await asked(doors)).status == 200
        doors.house.work.read = read
        assert (await asked(doors)).status == 401

    run(tmp_path, test)


def test_a_role_that_nobody_knows_has_no_permissions(tmp_path):
    async def test(doors: Doors):
        await doors.house.work.write(lambda s: add(s, role="emperor"))
        assert (await asked(doors)).status == 401

    run(tmp_path, test)


def test_a32_secrets_are_not_stored(tmp_path):
    async def test(doors: Doors):
        await doors.house.work.write(add)
        assert (await asked(doors)).status == 200

    run(tmp_path, test)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes()


def test_litestar_errors_have_our_body(tmp_path):
    @get("/teapot", permission=Permission.SERVER_READ)
    async def teapot() -> None:
        raise HTTPException(status_code=418, detail="short and stout")

    async def inside():
        async with open_doors(tmp_path, [Router("/t", route_handlers=[teapot])]) as doors:
            reply = await ask(doors.app, "GET", "/t/teapot")
            assert (reply.status, reply.code) == (400, "InvalidRequest")

    asyncio.run(inside())
