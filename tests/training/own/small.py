"""A small training on the tiny model of the tests, run as the command runs it."""

from collections.abc import Callable
from pathlib import Path

from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.training.own.identity import TrainingIdentity, identify_training
from core.training.own.settings import OwnSaeSettings
from core.training.own.stream import Sizes
from core.training.own.train import train_own_sae
from core.workspace import Workspace
from tests.made import made_records, write_jsonl

SIZES = Sizes(part=200, round=700)  # several rounds an epoch, each of several parts
SETTINGS = {"block": 1, "width": 64, "k": 4, "batch": 32, "tokens": 4000, "dtype": "float32"}


def with_data(folder: Path, *, samples: int = 80) -> Workspace:
    """A workspace with data set `d`."""
    workspace = Workspace(folder / "workspace")
    folder.mkdir(parents=True, exist_ok=True)
    import_dataset(workspace, write_jsonl(folder / "d.jsonl", made_records(samples)), name="d")
    return workspace


def identity_of(workspace: Workspace, model: Path, **settings) -> TrainingIdentity:
    chosen = OwnSaeSettings(**{**SETTINGS, **settings})
    return identify_training(Dataset(workspace, "d"), model=str(model), settings=chosen)


def run(
    workspace: Workspace, identity: TrainingIdentity, *, name: str = "s", stop_at: float | None = None,
    see: Callable[[int, int, str], None] = lambda done, total, note: None, **more,
) -> Path:  # fmt: skip
    """Train; with `stop_at` the wish to stop comes once so great a share of all is done."""
    share = [0.0]

    def progress(done: int, total: int, note: str) -> None:
        share[0] = done / total if total else 0.0
        see(done, total, note)

    return train_own_sae(
        workspace, Dataset(workspace, "d"), identity, name=name, progress=progress,
        stop=lambda: stop_at is not None and share[0] >= stop_at, where={"device": "cpu"}, sizes=SIZES, **more,
    )  # fmt: skip
