"""Jupyter of an instance in a real browser: from the studio's page to the answer of a kernel."""

import pytest
from live import LiveRuns, LiveServer, until
from playwright.sync_api import Page, expect
from zaffre_sdk.client.connection import local_client
from zaffre_sdk.home import Home

INSTANCE = {"name": "ci1", "kind": "instance", "type": "ComputeInstance"}
CODE = "from azureml.core import Workspace; Workspace.from_config().name"


@pytest.fixture
def runs(server: LiveServer, page: Page) -> LiveRuns:
    page.goto(local_client(Home(server.home), url=server.url).studio_link())
    return LiveRuns(server)


def test_the_studio_leads_into_jupyter_and_a_cell_is_executed(runs: LiveRuns, page: Page) -> None:
    path = f"{runs.root}/computes"
    runs.server.json("POST", path, INSTANCE)
    found = until(
        lambda: (
            one if (one := runs.server.json("GET", f"{path}/ci1"))["power"] != "Starting" else {}
        ),
        seconds=90,
    )
    if "EnvironmentBuildFailed" in str(found["errors"]):
        pytest.skip(f"JupyterLab cannot be installed here: {found['errors']}")
    try:
        page.goto(f"{runs.server.url}/studio{runs.root}/compute/ci1")
        page.get_by_role("link", name="JupyterLab").click()
        page.wait_for_url("**/ci1/lab**", timeout=60_000)
        page.locator(".jp-LauncherCard", has_text="Python 3").first.click(timeout=60_000)
        # What is typed or run while the kernel still starts gets lost.
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
        cell = page.locator(".jp-NotebookPanel .cm-content").first
        cell.click()
        cell.press_sequentially(CODE)
        expect(cell).to_have_text(CODE)
        cell.press("Shift+Enter")
        expect(page.locator(".jp-OutputArea-output").first).to_have_text("'ws'", timeout=60_000)
    finally:
        runs.server.ask("DELETE", f"{path}/ci1")
        until(lambda: not runs.server.json("GET", path)["value"], seconds=60)
