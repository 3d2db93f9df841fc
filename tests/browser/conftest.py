"""A real browser, and a real server for its pages."""

import shutil
from collections.abc import Iterator

import pytest
from live import LiveServer
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")  # while it is open, no other test of the process has a loop
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("NO BROWSER HERE: install Chromium to run the tests of what it shows")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def server(
    browser: Browser,  # noqa: ARG001 (without one there is no need of a server)
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("browser") / "home") as live:
        yield live


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in the colours that a module asks for by `COLORS`; no script of it may fail."""
    context = browser.new_context(color_scheme=getattr(request.module, "COLORS", "light"))
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    context.close()
    assert faults == []
