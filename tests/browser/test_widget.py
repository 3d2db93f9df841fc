"""The widget of a run in a real browser, over the real Python side of it.

The page has what anywidget promises a module: a model with `get`, `set`, `on`, `send`. Behind it
is the widget's Python object on a live server; changes of its state are carried over as they come.
"""

import json
from pathlib import Path

import pytest
from live import LiveRuns, LiveServer, until
from playwright.sync_api import Page, expect
from zaffre_sdk import widgets
from zaffre_sdk.client.connection import local_client
from zaffre_sdk.home import Home
from zaffre_sdk.widgets.reading import RunSight

anywidget = pytest.importorskip("anywidget", reason="NO ANYWIDGET HERE")
from zaffre_sdk.widgets.widget import RunWidget  # noqa: E402 (needs anywidget)

HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'
COLORS = "dark"
TRAITS = ("run", "figures", "images", "logs", "children", "picked")
SOURCES = Path(widgets.__file__).parent
HOST = """
import module from "./widget.js";
const heard = {}, state = STATE;
const model = {
  get: (name) => state[name],
  set: (name, value) => {
    state[name] = value;
    for (const act of heard[`change:${name}`] ?? []) act();
  },
  save_changes: () => window.saved?.(JSON.stringify(state.picked)),
  on: (event, act) => { (heard[event] ??= []).push(act); },
  off: (event, act) => { heard[event] = heard[event].filter((one) => one !== act); },
  send: (message) => window.sent?.(JSON.stringify(message)),
};
window.model = model;
window.cleanup = await module.render({ model, el: document.getElementById("here") });
"""


class Shown:
    """A widget in a page, with what a notebook would carry between the two."""

    def __init__(self, server: LiveServer, runs: LiveRuns, run: str, page: Page) -> None:
        workspace = local_client(Home(server.home), url=server.url).workspace(runs.workspace_id)
        page_url = f"{server.url}/studio/workspaces/{runs.workspace_id}/runs/{run}"
        sight = RunSight(workspace, run, page=page_url)
        self.page = page
        self.widget = RunWidget(sight, sight.look())
        self.ends: list[str] = []
        self._carried: dict[str, str] = {}
        page.expose_function("sent", lambda text: self.widget._hear(None, json.loads(text), []))
        page.route("http://notebook/**", self._answer)
        page.goto("http://notebook/")
        page.wait_for_function("Boolean(window.cleanup)")
        self.widget.start(lambda view: self.ends.append(view.run["state"]))

    def carry(self) -> None:
        """Bring what changed in Python to the page."""
        for name in TRAITS[:-1]:
            text = json.dumps(getattr(self.widget, name), allow_nan=False)
            if self._carried.get(name) != text:
                self._carried[name] = text
                self.page.evaluate("([n, v]) => model.set(n, JSON.parse(v))", [name, text])

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()

    def _answer(self, route) -> None:
        name = route.request.url.rpartition("/")[2]
        if name == "widget.js":
            route.fulfill(body=(SOURCES / name).read_text(), content_type="text/javascript")
            return
        state = json.dumps({name: getattr(self.widget, name) for name in TRAITS}, allow_nan=False)
        host = HOST.replace("STATE", state.replace("<", "\\u003c"))
        css = (SOURCES / "widget.css").read_text()
        route.fulfill(
            body=f"<!doctype html><meta charset=utf-8><style>{css}</style>"
            f'<div id="here"></div><script type="module">{host}</script>',
            content_type="text/html",
        )


def log(server: LiveServer, runs: LiveRuns, run: str, *points: list) -> None:
    batch = {"writer": "w", "sequence": 1, "points": list(points)}
    server.json("POST", f"{runs.root}/runs/{run}/metrics", batch)


def interactive(server: LiveServer, runs: LiveRuns, **more) -> str:
    body = {"experiment": "widgets", "spec": {"kind": "interactive"}, **more}
    return server.json("POST", f"{runs.root}/runs", body)["id"]


def test_a_run_is_watched_until_it_is_cancelled(server: LiveServer, page: Page) -> None:
    runs = LiveRuns(server)
    run = runs.submit(
        "import time\n"
        "from azureml.core import Run\n"
        "run = Run.get_context()\n"
        "for step in range(5):\n"
        "    run.log('loss', 1 / (step + 1), step=step)\n"
        "run.flush()\n"
        "print('\\x1b[31mred\\x1b[0m and <b>bold</b>', flush=True)\n"
        "time.sleep(300)\n",
        arguments=["--rate", "0.1"],
    )
    shown = Shown(server, runs, run, page)

    def comes(text: str) -> None:
        until(lambda: shown.carry() or text in page.inner_text("#here"), seconds=60)

    comes("Running")
    comes("loss")
    assert page.locator("svg polyline.curve").count() == 1
    assert page.locator(".chip").all_inner_texts() == ["rate: 0.1"]
    shown.tab("Logs")
    comes("red and <b>bold</b>")
    assert page.locator("pre").get_attribute("data-log") == "user_logs/std_log.txt"
    page.get_by_role("button", name="Cancel").click()
    comes("Canceled")
    assert until(lambda: shown.ends) == ["Canceled"]
    assert shown.widget.watch.join(10)
    assert page.get_by_role("button", name="Cancel").count() == 0
    assert page.locator("pre").count() == 1, "the tab that was picked stays"
    shown.widget.close()


def test_child_runs_are_sorted_and_drawn_over_a_parameter(server: LiveServer, page: Page) -> None:
    runs = LiveRuns(server)
    parent = interactive(server, runs)
    for rate, loss in (("0.1", 0.5), ("0.2", 0.25), ("0.4", 0.75)):
        child = interactive(server, runs, parent_id=parent, display_name=f"rate {rate}")
        log(server, runs, child, ["loss", "scalar", loss, None, 1.0])
    shown = Shown(server, runs, parent, page)
    shown.tab("Child runs (3)")
    assert page.locator("circle.dot").count() == 3
    names = page.locator("tbody td:nth-child(2)")
    assert names.all_inner_texts() == ["rate 0.1", "rate 0.2", "rate 0.4"]
    page.get_by_role("button", name="loss").click()
    assert names.all_inner_texts() == ["rate 0.2", "rate 0.1", "rate 0.4"]
    page.get_by_role("button", name="loss").click()
    assert names.all_inner_texts() == ["rate 0.4", "rate 0.1", "rate 0.2"]
    link = page.locator("tbody a").first.get_attribute("href")
    assert link.startswith(f"{server.url}/studio/workspaces/{runs.workspace_id}/runs/")
    shown.widget.close()


def test_every_kind_of_metric_is_drawn(server: LiveServer, page: Page) -> None:
    runs = LiveRuns(server)
    run = interactive(server, runs)
    matrix = {"data": {"class_labels": ["benign", "malignant"], "matrix": [[88, 2], [4, 49]]}}
    server.ask("PUT", f"{runs.root}/runs/{run}/artifacts/m.json", json.dumps(matrix).encode())
    png = b"\x89PNG\r\n\x1a\nno picture"
    server.ask("PUT", f"{runs.root}/runs/{run}/artifacts/p.png", png)
    log(
        server,
        runs,
        run,
        ["best", "scalar", 0.97, None, 1.0],
        ["curve", "list", [1, 4, 9], None, 1.0],
        ["rows", "row", {"epoch": 1, "loss": 0.5}, None, 1.0],
        ["rows", "row", {"epoch": 2, "loss": 0.25}, None, 2.0],
        ["confusion", "confusion_matrix", "m.json", None, 1.0],
        ["plot", "image", "p.png", None, 1.0],
        ["gone", "image", "nothing.png", None, 1.0],
    )
    Shown(server, runs, run, page).widget.close()
    expect(page.locator(".value b")).to_have_text("0.97")
    assert page.locator("figure.lines polyline").count() == 1
    assert page.locator("figure.table td").all_inner_texts() == ["1", "0.5", "2", "0.25"]
    assert page.locator("figure.matrix td").all_inner_texts() == ["88", "2", "4", "49"]
    assert page.locator("figure.images img").count() == 1
    expect(page.locator("figure.images", has_text="gone")).to_contain_text("nothing.png")
    shown = page.evaluate("getComputedStyle(document.querySelector('.zaffre-run')).color")
    assert shown == "rgb(230, 235, 241)", "dark where the browser is, and no Jupyter says else"


def test_curves_of_large_numbers_that_differ_by_little_are_drawn(
    server: LiveServer, page: Page
) -> None:
    runs = LiveRuns(server)
    run = interactive(server, runs)
    log(server, runs, run, ["time", "list", [1.7e18, 1.7e18 + 256], None, 1.0])
    Shown(server, runs, run, page).widget.close()
    expect(page.locator("figure.lines polyline.curve")).to_have_count(1)


def test_a40_text_of_users_never_becomes_a_part_of_the_notebook(
    server: LiveServer, page: Page
) -> None:
    runs = LiveRuns(server)
    run = interactive(server, runs, tags={HOSTILE: HOSTILE}, display_name=HOSTILE)
    child = interactive(server, runs, parent_id=run, display_name=HOSTILE)
    for one in (run, child):
        log(
            server,
            runs,
            one,
            [HOSTILE, "scalar", HOSTILE, None, 1.0],
            [f"{HOSTILE}2", "row", {HOSTILE: HOSTILE}, None, 1.0],
            [f"{HOSTILE}3", "image", f"{HOSTILE}.svg", None, 1.0],
            [f"{HOSTILE}4", "confusion_matrix", "m.json", None, 1.0],
        )
    error = {"code": "UserError", "message": HOSTILE}
    server.json("POST", f"{runs.root}/runs/{run}/end", {"state": "Failed", "error": error})
    shown = Shown(server, runs, run, page)
    for tab in ("Metrics", "Child runs", "Logs", "Details"):
        shown.tab(tab)
        assert page.locator("#here script, #here [onerror]").count() == 0
    expect(page.locator(".error")).to_contain_text(HOSTILE)
    assert page.evaluate("window.pwned") is None
    page.evaluate("cleanup()")
