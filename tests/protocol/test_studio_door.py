"""The studio's own authentication: sessions that open the studio and nothing else."""

import html
import http.client
import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest
from live import LiveRuns, LiveServer
from zaffre.protocols.studio.app import PUBLIC_PATHS
from zaffre.protocols.studio.entrance import inside
from zaffre.protocols.studio.router import create_router
from zaffre_sdk.client.connection import local_client
from zaffre_sdk.home import Home


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    live = LiveServer(tmp_path_factory.mktemp("studio-door") / "home")
    live.start()
    yield live
    live.stop()


def ask(
    server: LiveServer,
    method: str,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    body: str = "",
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse()
    answer.text = answer.read().decode()  # type: ignore[attr-defined]
    connection.close()
    return answer


def logged_in(server: LiveServer) -> str:
    once = urlsplit(local_client(Home(server.home), url=server.url).studio_link())
    answer = ask(server, "GET", f"{once.path}?{once.query}")
    assert answer.status == 303
    return answer.getheader("set-cookie").partition(";")[0]


def test_a23_every_page_needs_a_session(server: LiveServer) -> None:

    paths = {route.path_format for route in create_router().routes}
    assert len(paths) > 10
    for path in paths:
        plain = re.sub(r"\{\w+\}", "x", path)
        assert ask(server, "GET", plain).status == (200 if plain in PUBLIC_PATHS else 401), plain


def test_a_session_opens_the_studio_and_nothing_else(server: LiveServer) -> None:
    cookie = {"cookie": logged_in(server)}
    assert ask(server, "GET", "/studio", headers=cookie).status == 200
    assert ask(server, "GET", "/api/v1/workspaces", headers=cookie).status == 401
    assert ask(server, "GET", "/studio", headers={"cookie": "zaffre-studio=x"}).status == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(server: LiveServer) -> None:
    once = urlsplit(local_client(Home(server.home), url=server.url).studio_link())
    answer = ask(server, "GET", f"{once.path}?{once.query}")
    assert {"HttpOnly", "SameSite=Strict", "Path=/studio"} <= {
        part.strip() for part in answer.getheader("set-cookie").split(";")
    }


@pytest.mark.parametrize("origin", ["null", "https://evil.test", "http://127.0.0.1:1"])
@pytest.mark.parametrize("path", ["/studio/login", "/studio/logout", "/studio/links"])
def test_a38_other_sites_cannot_post(server: LiveServer, origin: str, path: str) -> None:
    headers = {
        "origin": origin,
        "cookie": logged_in(server),
        "content-type": "application/x-www-form-urlencoded",
    }
    assert ask(server, "POST", path, headers=headers, body="token=x").status == 403


@pytest.mark.parametrize(
    "target",
    [
        "//evil.test",
        "/\\evil.test",
        "https:evil.test",
        "/studio//evil.test",
        "/other",
        "/studio/\n",
    ],
)
def test_a41_nobody_is_sent_elsewhere(target: str) -> None:
    assert inside(target) == "/studio"


def test_a41_pages_inside_are_kept() -> None:
    assert inside("/studio/workspaces/w/runs/r") == "/studio/workspaces/w/runs/r"


def test_files_are_saved_and_pictures_shown(server: LiveServer) -> None:
    runs = LiveRuns(server)
    body = {"experiment": "files", "spec": {"kind": "interactive"}}
    run = server.json("POST", f"{runs.root}/runs", body)["id"]
    for name in ("page.html", "plot.png"):
        server.ask("PUT", f"{runs.root}/runs/{run}/artifacts/{name}", b"bytes")
    cookie = {"cookie": logged_in(server)}
    root = f"/studio/workspaces/{runs.workspace_id}/runs/{run}/files"
    page = ask(server, "GET", f"{root}/page.html", headers=cookie)
    assert page.getheader("content-disposition", "").startswith("attachment")
    assert page.getheader("content-type") == "application/octet-stream"
    plot = ask(server, "GET", f"{root}/plot.png", headers=cookie)
    assert plot.getheader("content-disposition") == "inline"
    assert plot.getheader("content-type") == "image/png"
    assert plot.getheader("x-content-type-options") == "nosniff"


def test_what_is_not_there_is_a_page(server: LiveServer) -> None:
    answer = ask(server, "GET", "/studio/workspaces/none", headers={"cookie": logged_in(server)})
    assert answer.status == 404
    assert "none" in answer.text  # type: ignore[attr-defined]


def test_links_lead_to_files_of_any_name(server: LiveServer) -> None:
    runs = LiveRuns(server)
    body = {"experiment": "names", "spec": {"kind": "interactive"}}
    run = server.json("POST", f"{runs.root}/runs", body)["id"]
    name = "a#b 100%25 c&d.png"
    server.ask("PUT", f"{runs.root}/runs/{run}/artifacts/{quote(name)}", b"bytes")
    cookie = {"cookie": logged_in(server)}
    page = ask(server, "GET", f"/studio/workspaces/{runs.workspace_id}/runs/{run}", headers=cookie)
    assert page.status == 200
    links = re.findall(r'(?:href|src)="([^"]*/files/[^"]*)"', page.text)  # type: ignore[attr-defined]
    assert len(links) == 2
    for link in links:
        file = ask(server, "GET", html.unescape(link), headers=cookie)
        assert (file.status, file.text) == (200, "bytes")  # type: ignore[attr-defined]


def test_a_run_that_hardly_logged_a_number_has_a_page(server: LiveServer) -> None:
    runs = LiveRuns(server)
    body = {"experiment": "diverged", "spec": {"kind": "interactive"}}
    run = server.json("POST", f"{runs.root}/runs", body)["id"]
    # The only number is not among the few hundred points that are drawn.
    values = ["none", 1.0, *["none"] * 1000]
    points = [["loss", "scalar", value, None, 1.0] for value in values]
    batch = {"writer": "w", "sequence": 1, "points": points}
    server.json("POST", f"{runs.root}/runs/{run}/metrics", batch)
    cookie = {"cookie": logged_in(server)}
    page = ask(server, "GET", f"/studio/workspaces/{runs.workspace_id}/runs/{run}", headers=cookie)
    assert page.status == 200
    assert "loss" in page.text  # type: ignore[attr-defined]


def test_a_run_leads_to_its_children_and_they_to_it(server: LiveServer) -> None:
    runs = LiveRuns(server)
    body = {"experiment": "tree", "spec": {"kind": "interactive"}}
    parent = server.json("POST", f"{runs.root}/runs", {**body, "display_name": "the parent"})["id"]
    below = {**body, "display_name": "the child", "parent_id": parent}
    child = server.json("POST", f"{runs.root}/runs", below)["id"]
    cookie = {"cookie": logged_in(server)}
    root = f"/studio/workspaces/{runs.workspace_id}/runs"
    above = ask(server, "GET", f"{root}/{parent}", headers=cookie)
    assert f'<a href="{root}/{child}">the child</a>' in above.text  # type: ignore[attr-defined]
    page = ask(server, "GET", f"{root}/{child}", headers=cookie)
    assert f'<a href="{root}/{parent}">the parent</a>' in page.text  # type: ignore[attr-defined]
