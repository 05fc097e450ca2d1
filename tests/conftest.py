"""Fixtures that several floors share."""

import os
import shutil
from pathlib import Path

import pytest

from core.workspace import Workspace
from tests.made import made_workspace

# Each worker, and all that it starts, computes on one processor: they share the machine, and threads that wait for a
# processor that another has are many times slower than one thread.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow files first, then those in a browser: a long test that begins last keeps the other workers waiting."""
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in ("slow", "browser")])


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace."""
    return Workspace(tmp_path / "workspace")


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a workspace that is made once: tests get copies."""
    folder = tmp_path_factory.mktemp("made")
    made_workspace(folder)
    return folder


@pytest.fixture
def made(tmp_path: Path, made_once: Path) -> Workspace:
    """A workspace with data set and analysis `made`, no model needed."""
    shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
    return Workspace(tmp_path / "workspace")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of a minuscule model and SAE."""
    from tests.tiny import tiny_model, tiny_sae

    folder = tmp_path_factory.mktemp("tiny")
    return {"model": tiny_model(folder / "model"), "sae": tiny_sae(folder / "sae")}


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; the test skips where the machine has none."""
    folder = os.environ.get("GAMUT_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("GAMUT_TEST_DATA names no folder of real data sets")
    return Path(folder)
