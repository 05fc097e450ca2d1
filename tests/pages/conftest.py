"""The app as its pages see it: run by Streamlit's own test harness on a made workspace."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from core.workspace import Workspace

APP = Path(__file__).resolve().parents[2] / "app.py"
SCREENS = {
    "Data sets": "pages/data/data_sets.py",
    "Analyse": "pages/data/analyse.py",
    "Features": "pages/explore/features.py",
    "Diversity": "pages/explore/diversity.py",
    "Map": "pages/explore/map.py",
    "Neurons": "pages/explore/neurons.py",
    "A against B": "pages/explore/a_against_b.py",
    "Inspector": "pages/explore/inspector.py",
    "Budget": "pages/select/budget.py",
    "Hand-over": "pages/select/hand_over.py",
}

Opener = Callable[..., AppTest]


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch) -> Opener:
    """Open a screen of a workspace, with what its link says, as a new session does.

    Without an address the app would run Budget first, and `switch_page` knows the addresses only after a run: so the one
    that is wanted is set here as it would set it.
    """

    def opened(workspace: Workspace, screen: str, **link: str) -> AppTest:
        monkeypatch.setattr(sys, "argv", ["app.py", "--workspace", str(workspace.root)])
        app = AppTest.from_file(str(APP), default_timeout=60)
        for key, value in link.items():
            app.query_params[key] = value
        assert screen in SCREENS, screen
        app._page_hash = calc_hash(screen.lower().replace(" ", "-"))
        app.run()
        assert not app.exception, app.exception
        return app

    return opened


def said(app: AppTest) -> str:
    """All text of a screen."""
    kinds = ("title", "subheader", "caption", "markdown", "info", "success", "warning", "error", "text", "code")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(app, kind))


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}
