"""The studio in a real browser: logging in, watching a run, and text that tries to be a page."""

from pathlib import Path

import pytest
from live import LiveRuns, LiveServer, until
from playwright.sync_api import Page, expect
from zaffre_sdk.client.connection import local_client
from zaffre_sdk.home import Home
from zaffre_sdk.wire.runs import RunIn, RunSpec

NAMES = (
    "/mlflow/v1.0/subscriptions/s/resourceGroups/g"
    "/providers/Microsoft.MachineLearningServices/workspaces/ws"
)
HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'


def link(server: LiveServer, target: str = "/studio") -> str:
    return local_client(Home(server.home), url=server.url).studio_link(target)


def test_a_link_logs_in_once_and_logging_out_ends_it(server: LiveServer, page: Page) -> None:
    once = link(server)
    page.goto(once)
    expect(page.locator("h1")).to_have_text("Workspaces")
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("h1")).to_have_text("Log in")
    page.goto(f"{server.url}/studio")
    expect(page.locator("h1")).to_have_text("Log in")
    page.goto(once)
    expect(page.locator("main")).to_contain_text("does not open anything")


def test_a_token_logs_in_and_leads_to_the_page_that_was_asked_for(
    server: LiveServer, page: Page
) -> None:
    workspace = LiveRuns(server).workspace_id
    page.goto(f"{server.url}/studio/workspaces/{workspace}/models")
    expect(page.locator("h1")).to_have_text("Log in")
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("main")).to_contain_text("does not open anything")
    page.get_by_label("Token").fill((server.home / "token").read_text().strip())
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("h1")).to_have_text("Models")


@pytest.mark.parametrize("names", ["", NAMES])
def test_links_that_clients_of_mlflow_print_lead_to_the_run(
    server: LiveServer, page: Page, names: str
) -> None:
    runs = LiveRuns(server)
    client = local_client(Home(server.home), url=server.url).workspace(runs.workspace_id)
    run = client.runs.create(RunIn(experiment="seen", spec=RunSpec(kind="interactive")))
    page.goto(link(server))

    page.goto(f"{server.url}{names}/#/experiments/0/runs/{run.id}")

    expect(page).to_have_url(f"{server.url}/studio/workspaces/{client.id}/runs/{run.id}")


def test_a_run_is_watched_while_it_runs_and_after_it_ended(
    server: LiveServer, page: Page, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    runs = LiveRuns(server)
    run = runs.submit(
        "import pathlib, time\n"
        "from azureml.core import Run\n"
        "run = Run.get_context()\n"
        "for step in range(5):\n"
        "    run.log('loss', 1 / (step + 1))\n"
        "print('before the gate', flush=True)\n"
        f"while not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.05)\n"
        "print('behind the gate', flush=True)\n"
    )
    page.goto(link(server, f"/studio/workspaces/{runs.workspace_id}/runs/{run}"))
    until(lambda: page.reload() and "before the gate" in page.inner_text("main"))
    gate.touch()
    expect(page.locator("pre[data-log]")).to_contain_text("behind the gate", timeout=20_000)
    expect(page.locator(".state").first).to_have_text("Completed", timeout=20_000)
    expect(page.locator("figure svg .curve")).to_have_count(1)
    expect(page.locator("section", has_text="Metrics").first).to_contain_text("loss")


def test_a40_text_of_users_is_never_a_page(server: LiveServer, page: Page) -> None:
    runs = LiveRuns(server)
    spec = {"kind": "interactive"}
    body = {"experiment": "hostile", "spec": spec, "tags": {HOSTILE: HOSTILE}}
    run = server.json("POST", f"{runs.root}/runs", {**body, "display_name": HOSTILE})["id"]
    point = [HOSTILE, "scalar", HOSTILE, None, 1.0]
    batch = {"writer": "w", "sequence": 1, "points": [point]}
    server.json("POST", f"{runs.root}/runs/{run}/metrics", batch)
    for name in ("evil.svg", "evil.html", "evil.png"):
        server.ask("PUT", f"{runs.root}/runs/{run}/artifacts/{name}", HOSTILE.encode())
    address = f"/studio/workspaces/{runs.workspace_id}/runs/{run}"
    page.goto(link(server, address))
    expect(page.locator("h1")).to_have_text(HOSTILE)
    assert page.evaluate("window.pwned") is None
    assert page.locator("main script").count() == 0
    for name in ("evil.svg", "evil.html"):
        with page.expect_download():
            page.locator("a", has_text=name).click()
    assert page.evaluate("window.pwned") is None
