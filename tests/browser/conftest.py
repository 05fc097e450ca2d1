"""A real server on a made workspace, and a real Chromium."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from core.workspace import Workspace
from tests.browser.server import chromium_started, serving
from tests.browser.traffic import Traffic

PATIENCE = 60.0  # seconds that anything may take to appear on a machine under load
LOOK = 60  # milliseconds between looks at a page

# The page knows of no run, and no part of it is a grey box that waits for the code that draws it.
WHOLE = """
() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
  && ![...document.querySelectorAll('[data-testid=stSkeleton]')].some(box => box.offsetParent)
"""

Serve = Callable[[Workspace], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start the app on a workspace as a user would; returns its address. Ended with the test."""
    with ExitStack() as until:
        yield lambda workspace: until.enter_context(serving(workspace)).address


@pytest.fixture(scope="module")
def shared(made_once, tmp_path_factory) -> Workspace:
    """A made workspace of the tests of a file, which leave alone what the others look at."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copytree(made_once, folder, dirs_exist_ok=True)
    return Workspace(folder / "workspace")


@pytest.fixture(scope="module")
def address(shared) -> Iterator[str]:
    """The app on the shared workspace: one server for the tests of a file."""
    with serving(shared) as server:
        yield server.address


@pytest.fixture(scope="module")
def chromium():
    """A browser for the tests of a file: each has a page of its own that shares nothing with others."""
    pytest.importorskip("playwright.sync_api")
    with chromium_started() as browser:
        yield browser


@pytest.fixture
def page(chromium):
    """A page of 1280 × 800; afterwards no request may have gone to another host and no error may stand in the console."""
    with chromium.new_page(viewport={"width": 1280, "height": 800}) as opened:
        opened.set_default_timeout(PATIENCE * 1000)
        opened.set_default_navigation_timeout(PATIENCE * 1000)
        opened.traffic = Traffic(opened)
        hosts: set[str] = set()
        opened.on(
            "request",
            lambda request: hosts.add(request.url.split("/")[2].split(":")[0]) if "//" in request.url else None,
        )
        yield opened
    assert hosts <= {"127.0.0.1"}, f"requests went to {hosts - {'127.0.0.1'}}"


def visit(page, address: str) -> None:
    """Open an address and wait until its screen stands: its title is drawn and nothing runs any more."""
    page.goto(address)
    page.locator("[data-testid=stMain] h1").first.wait_for()
    quiet(page)


def quiet(page, seconds: float = PATIENCE, *, looks: int = 3) -> None:
    """Wait until all that was asked of the server has run, and the page was idle, and whole, at so many looks in a row."""
    page.wait_for_selector("[data-testid=stApp]", timeout=seconds * 1000)
    idle, until = 0, time.monotonic() + seconds
    while idle < looks:
        assert time.monotonic() < until, f"the app still runs after {seconds:g} s"
        page.wait_for_timeout(LOOK)
        idle = idle + 1 if page.traffic.idle and page.evaluate(WHOLE) else 0


def reach(page, *words: str) -> None:
    """Wait until the address holds all these words."""
    page.wait_for_function(
        "words => words.every(word => decodeURIComponent(location.href).includes(word))", arg=list(words)
    )


def answer(page, beginning: str = "") -> str:
    """Wait for the sentence of a screen, its first one, to begin so; returns it whole."""
    first = page.get_by_test_id("stMain").locator("h3").first
    until = time.monotonic() + PATIENCE
    while not (said := first.inner_text()).startswith(beginning):
        assert time.monotonic() < until, f"the sentence is still {said!r}, not {beginning!r} …"
        page.wait_for_timeout(LOOK)
    return said
