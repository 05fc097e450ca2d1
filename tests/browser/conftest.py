"""A real server on a made workspace, and a real Chromium."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from core.workspace import Workspace
from tests.browser.traffic import Traffic

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
START_SECONDS = 90
PATIENCE = 60.0  # seconds that anything may take to appear on a machine under load

Serve = Callable[[Workspace], str]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start the app on a workspace as a user would; returns its address. Ended with the test."""
    with ExitStack() as until:
        yield lambda workspace: until.enter_context(serving(workspace))


@contextmanager
def serving(workspace: Workspace) -> Iterator[str]:
    """The app on a workspace, at the address given."""
    port = free_port()
    words = ["-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.port", str(port)]
    words += ["--", "--workspace", str(workspace.root)]
    server = subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_up(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_until_up(address: str, server: subprocess.Popen) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert server.poll() is None, "the server ended by itself"
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=2)
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the server was not up after {START_SECONDS} s")


@pytest.fixture(scope="module")
def chromium():
    """A browser for the tests of a file: each has a page of its own that shares nothing with others."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        own = shutil.which("chromium")
        browser = (
            playwright.chromium.launch(args=FLAGS, executable_path=own)
            if own
            else playwright.chromium.launch(args=FLAGS)
        )
        yield browser
        browser.close()


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
    """Wait until all that was asked of the server has run, and the page was idle at so many looks in a row."""
    page.wait_for_selector("[data-testid=stApp]", timeout=seconds * 1000)
    idle, until = 0, time.monotonic() + seconds
    while idle < looks:
        assert time.monotonic() < until, f"the app still runs after {seconds:g} s"
        page.wait_for_timeout(100)
        state = page.get_attribute("[data-testid=stApp]", "data-test-script-state")
        idle = idle + 1 if page.traffic.idle and state == "notRunning" else 0


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
        page.wait_for_timeout(100)
    return said
