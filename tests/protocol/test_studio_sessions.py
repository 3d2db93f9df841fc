"""Ways into the studio that nobody thinks of, and curves of odd numbers."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from doors import BEARER, HOST, SECRET, Reply, ask, open_doors
from zaffre.domain.access import Token
from zaffre.protocols.studio.app import create_studio
from zaffre.protocols.studio.charts import line_chart
from zaffre.services.tokens import digest_of
from zaffre.services.work import Services

FORM = (b"content-type", b"application/x-www-form-urlencoded")
OF_A_RUN = "zrt_run-secret"
Asked = Callable[..., Awaitable[Reply]]


def add_token(services: Services) -> None:
    services.stores.tokens.add(
        Token(
            digest=digest_of(OF_A_RUN),
            name="run r1",
            role="run",
            workspace_id="w1",
            run_id="r1",
            attempt=1,
            created_at=datetime.now(UTC),
        )
    )


def studio(
    folder: Path, test: Callable[[Asked], Awaitable[None]], *, url: str | None = None
) -> None:
    async def inside() -> None:
        async with open_doors(folder, []) as doors:
            await doors.house.work.write(add_token)
            house = dataclasses.replace(doors.house, url=url or doors.house.url)
            app = create_studio(house, doors.authenticator)

            async def asked(
                method: str,
                target: str,
                *headers: tuple[bytes, bytes],
                form: dict[str, str] | None = None,
            ) -> Reply:
                sent: Iterable[Any] = [HOST, *headers, *([FORM] if form else [])]
                body = urlencode(form or {}).encode()
                return await ask(app, method, target, headers=sent, body=body)

            await test(asked)

    asyncio.run(inside())


def test_a47_the_token_of_a_run_opens_no_session(tmp_path: Path) -> None:
    async def test(asked: Asked) -> None:
        refused = await asked("POST", "/studio/login", form={"token": OF_A_RUN})
        assert (refused.status, refused.headers.get("set-cookie")) == (401, None)
        assert (await asked("POST", "/studio/login", form={"token": SECRET})).status == 303

    studio(tmp_path, test)


def test_the_next_page_may_have_any_name(tmp_path: Path) -> None:
    async def test(asked: Asked) -> None:
        form = {"token": SECRET, "next": "/studio/workspaces/w\u20ac/a%20b"}
        entered = await asked("POST", "/studio/login", form=form)
        assert entered.status == 303
        assert entered.headers["location"] == "/studio/workspaces/w%E2%82%AC/a%20b"

    studio(tmp_path, test)


def test_the_way_back_is_the_path_that_was_asked_for(tmp_path: Path) -> None:
    async def test(asked: Asked) -> None:
        path = "/studio/a&code=x+\u20ac"
        page = await asked("GET", quote(path))
        assert page.status == 401
        assert 'value="/studio/a&amp;code=x+\u20ac"' in page.body.decode()
        assert "does not open anything" not in page.body.decode()
        assert (await asked("GET", "/studio/" + "x" * 3000)).status == 401

    studio(tmp_path, test)


def test_the_request_itself_is_left_as_it_was(tmp_path: Path) -> None:
    # The server decides by its method whether an answer has a body: one behind the answer to HEAD
    # would be read as the beginning of the next answer.
    async def inside() -> None:
        async with open_doors(tmp_path, []) as doors:
            app = create_studio(doors.house, doors.authenticator)
            seen: list[str] = []

            async def watching(scope: Any, receive: Any, send: Any) -> None:
                await app(scope, receive, send)
                seen.append(scope["method"])

            assert (await ask(watching, "HEAD", "/studio", headers=[HOST])).status == 401
            assert seen == ["HEAD"]

    asyncio.run(inside())


def test_c33_two_tokens_are_refused(tmp_path: Path) -> None:
    async def test(asked: Asked) -> None:
        assert (await asked("GET", "/studio", BEARER)).status == 200
        assert (await asked("GET", "/studio", (b"authorization", b"x"), BEARER)).status == 401

    studio(tmp_path, test)


@pytest.mark.parametrize(
    ("url", "secure"),
    [("https://127.0.0.1:8642", True), ("https://other.test", False), (None, False)],
)
def test_the_cookie_stays_on_tls_where_there_is_some(
    tmp_path: Path, url: str | None, *, secure: bool
) -> None:
    async def test(asked: Asked) -> None:
        entered = await asked("POST", "/studio/login", form={"token": SECRET})
        assert ("Secure" in entered.headers["set-cookie"]) is secure

    studio(tmp_path, test, url=url)


@pytest.mark.parametrize(
    "points",
    [
        [(0.0, -1.7e308), (1.0, 1.7e308)],
        [(0.0, 0.0), (5e-324, 5e-324)],
        [(0.0, 1.0)],
    ],
)
def test_every_finite_curve_can_be_drawn(points: list[tuple[float, float]]) -> None:
    drawn = line_chart(points)
    assert "nan" not in drawn
    assert "inf" not in drawn
