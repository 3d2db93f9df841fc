"""The pages of compute in a real browser."""

import pytest
from live import LiveRuns, LiveServer, until
from playwright.sync_api import Page, expect
from zaffre_sdk.client.connection import local_client
from zaffre_sdk.home import Home

HOSTILE = '<img src=x onerror="window.pwned=1">'
CLUSTER = {
    "name": "cpu-cluster",
    "kind": "cluster",
    "type": "AmlCompute",
    "vm_size": "STANDARD_DS11_V2",
    "scale": {"min_nodes": 0, "max_nodes": 1, "idle_seconds": 60},
    "tags": {"team": HOSTILE},
}
FOR_EVER = "import time; print('begun', flush=True); time.sleep(600)"


@pytest.fixture
def runs(server: LiveServer, page: Page) -> LiveRuns:
    page.goto(local_client(Home(server.home), url=server.url).studio_link())
    return LiveRuns(server)


def test_a_cluster_shows_who_holds_its_nodes_and_who_waits(runs: LiveRuns, page: Page) -> None:
    runs.server.json("POST", f"{runs.root}/computes", CLUSTER)
    first = runs.submit(FOR_EVER, compute="cpu-cluster")
    until(lambda: runs.get(first)["state"] == "Running")
    second = runs.submit(FOR_EVER, compute="cpu-cluster")
    try:
        page.goto(f"{runs.server.url}/studio{runs.root}/compute")
        row = page.locator("tr", has_text="cpu-cluster")
        expect(row).to_contain_text("Succeeded")
        expect(row).to_contain_text("1 of 1 (at most 1)")

        row.locator("a").click()
        expect(page.locator("h1")).to_have_text("cpu-cluster")
        expect(page.locator("main")).to_contain_text("Standard_DS11_v2: 2 cores, 14 GB")
        expect(page.locator("main")).to_contain_text(HOSTILE)
        assert page.evaluate("window.pwned") is None
        nodes = page.locator("section", has=page.get_by_role("heading", name="Nodes"))
        expect(nodes).to_contain_text(first)
        waiting = page.locator("section", has=page.get_by_role("heading", name="Waiting"))
        waiting.locator("a").first.click()

        expect(page.locator("h1")).to_have_text(second)
        expect(page.locator("main")).to_contain_text(
            "It waits for a node of `cpu-cluster`: 1 of 1 are held by runs; it is the next one."
        )
    finally:
        for run in (second, first):
            runs.cancel(run)
            runs.wait(run)
