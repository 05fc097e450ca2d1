"""The app as a user starts it, and a Chromium to look at it: for the tests in a browser and for the benches."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
START_SECONDS = 90


@dataclass(frozen=True)
class Server:
    """A running app: its address, and the process that serves it."""

    address: str
    pid: int


@contextmanager
def serving(workspace: Workspace) -> Iterator[Server]:
    """The app on a workspace, ended with the block."""
    port = free_port()
    words = ["-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.port", str(port)]
    words += ["--", "--workspace", str(workspace.root)]
    server = subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_up(address, server)
        yield Server(address, server.pid)
    finally:
        server.terminate()
        server.wait(timeout=60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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


@contextmanager
def chromium_started() -> Iterator:
    """A Chromium: the system's own where there is one, else that of Playwright."""
    from playwright.sync_api import sync_playwright

    own = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(args=FLAGS, **({"executable_path": own} if own else {}))
        yield browser
        browser.close()
