"""The pages of data in a real browser."""

from typing import Any

import pytest
from live import LiveRuns, LiveServer
from playwright.sync_api import Page, expect
from zaffre_sdk.client.connection import local_client
from zaffre_sdk.home import Home

STORE = "workspaceblobstore"
HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'


class Data:
    """Datasets and runs of a workspace."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.root = LiveRuns(server).root
        self.pages = f"{server.url}/studio{self.root}"

    def put(self, path: str, data: bytes) -> None:
        address = f"{self.root}/datastores/{STORE}/files/{path}?overwrite=true"
        self.server.ask("PUT", address, data)

    def register(self, name: str, **said: Any) -> dict[str, Any]:
        definition = {
            "kind": "tabular",
            "places": [{"path": "diabetes/*.csv", "datastore": STORE}],
            "reader": {"format": "delimited"},
            "types": {"Age": {"name": "integer"}},
            "steps": [{"do": "take", "count": 100}],
        }
        body = {"name": name, "definition": definition, "new_version": True, **said}
        return self.server.json("POST", f"{self.root}/datasets", body)

    def run(self, **said: Any) -> str:
        body = {"experiment": "exp", "spec": {"kind": "interactive"}, **said}
        return self.server.json("POST", f"{self.root}/runs", body)["id"]

    def use(self, run: str, **said: Any) -> None:
        self.server.json("POST", f"{self.root}/runs/{run}/data", said)


@pytest.fixture
def data(server: LiveServer, page: Page) -> Data:
    made = Data(server)
    for name in ("a", "b"):
        made.put(f"diabetes/{name}.csv", b"Age,BMI\n1,2.5\n")
    page.goto(local_client(Home(server.home), url=server.url).studio_link())
    return made


def test_datasets_and_datastores_are_listed_and_lead_to_each_version(
    data: Data, page: Page
) -> None:
    for _ in range(2):
        made = data.register("diabetes dataset", tags={"source": "clinic"})
    page.goto(f"{data.pages}/data")
    row = page.locator("tr", has_text="diabetes dataset")
    expect(row).to_contain_text("Table of text files")
    expect(row).to_contain_text("28 bytes")
    expect(page.locator("tr", has_text=STORE)).to_contain_text("default")
    expect(page.locator("main")).to_contain_text("workspaceartifactstore")

    row.locator("a").first.click()
    expect(page.locator("h1")).to_have_text("diabetes dataset")
    expect(page.locator(".trail")).to_contain_text(f"version {made['version']}")
    for words in (
        f"diabetes/*.csv in {STORE}",
        "Cells are separated by commas; each file begins with the names of the columns.",
        "Keep the first 100",
        "Age",
        "sha256",
        "clinic",
        "No run has read or made it.",
    ):
        expect(page.locator("main")).to_contain_text(words)
    versions = page.locator("section", has=page.get_by_role("heading", name="Versions"))
    versions.locator("a").last.click()
    expect(page.locator(".trail")).to_contain_text("version 1")


def test_a_changed_file_is_shown_when_it_is_asked_for(data: Data, page: Page) -> None:
    made = data.register("changing")
    page.goto(f"{data.pages}/data/{made['id']}")
    page.get_by_role("link", name="Check whether the files").click()
    expect(page.locator("main")).to_contain_text("2 files are what they were")
    data.put("diabetes/a.csv", b"Age,BMI\n9,9.5\n")
    page.reload()
    changes = page.locator("section", has=page.get_by_role("heading", name="Changes"))
    expect(changes.locator(".state.bad")).to_have_text("Changed")
    expect(changes).to_contain_text("diabetes/a.csv")


def test_lineage_leads_from_run_to_dataset_and_back(data: Data, page: Page) -> None:
    made = data.register("lineage")
    run = data.run(display_name="reader")
    data.use(run, name="training", direction="input", mode="mount", dataset_id=made["id"])
    data.use(run, name="raw", direction="output", mode="upload", datastore=STORE, path="out/x")
    registered = data.register("made by it", run_id=run)

    page.goto(f"{data.pages}/runs/{run}")
    section = page.locator("section", has=page.get_by_role("heading", name="Data"))
    expect(section).to_contain_text("read (mount)")
    expect(section).to_contain_text(f"out/x in {STORE}")
    expect(section.locator("tr", has_text="made by it")).to_contain_text("registered")
    section.get_by_role("link", name="lineage").click()
    runs = page.locator("section", has=page.get_by_role("heading", name="Runs"))
    expect(runs).to_contain_text("training")
    runs.get_by_role("link", name=run).click()
    expect(page.locator("h1")).to_have_text("reader")
    page.goto(f"{data.pages}/data/{registered['id']}")
    expect(page.locator("main")).to_contain_text("Made by the run")


def test_a40_text_of_users_is_never_a_page_of_data(data: Data, page: Page) -> None:
    column = {"do": "keep_columns", "columns": [HOSTILE]}
    data.put("hostile/a.csv", b"a")
    definition = {
        "kind": "tabular",
        "places": [{"path": "hostile/a.csv", "datastore": STORE}],
        "reader": {"format": "delimited", "separator": "<b>"},
        "types": {HOSTILE: {"name": "datetime", "formats": [HOSTILE]}},
        "steps": [column],
    }
    made = data.register(
        "<b>bold", definition=definition, description=HOSTILE, tags={HOSTILE: HOSTILE}
    )
    run = data.run()
    data.use(run, name=HOSTILE, direction="input", dataset_id=made["id"], path_on_compute=HOSTILE)
    for address in (f"data/{made['id']}?check=true", f"runs/{run}", "data"):
        page.goto(f"{data.pages}/{address}")
        expect(page.locator("main")).to_contain_text("<b>bold")
        assert page.evaluate("window.pwned") is None
        assert page.locator("main script").count() == 0
        assert page.locator("main b").count() == 0
