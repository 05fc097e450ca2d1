"""A tiny source folder and settings small enough to train in seconds."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.training.lm import train_lm
from core.training.settings import LmSettings

WORDS = "the cat dog sat ran on under mat tree red blue green and then slowly house river 1 22 333".split()


def sentence(rng: np.random.Generator) -> str:
    return " ".join(rng.choice(WORDS, size=int(rng.integers(4, 14)))) + "."


def _write_rows(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(scope="session")
def write_rows() -> Callable[[Path, list[dict]], None]:
    """Writes rows as gzipped JSONL."""
    return _write_rows


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 60 Natural Instructions rows of 6 tasks, and 60 Dolly rows."""
    folder, rng = tmp_path_factory.mktemp("source"), np.random.default_rng(0)
    tasks = [
        {
            "task": f"task{i % 6:03d}_{'abcdef'[i % 6]}x_write",
            "instruction": "Say it again.",
            "input": sentence(rng),
            "output": sentence(rng),
            "instance_license": "MIT",
        }
        for i in range(60)
    ]
    _write_rows(folder / "natural_instructions_sample.jsonl.gz", tasks)
    rows = [{"instruction": sentence(rng), "context": "", "response": sentence(rng)} for _ in range(60)]
    _write_rows(folder / "dolly_15k.jsonl.gz", rows)
    return folder


@pytest.fixture(scope="session")
def tiny() -> LmSettings:
    return LmSettings(
        vocabulary=300,
        context=32,
        window=16,
        hidden=16,
        layers=3,
        heads=2,
        intermediate=32,
        steps=6,
        step_tokens=64,
        warmup=2,
        decay=2,
        threads=1,
        held_tasks=2,
        held_share=0.05,
        bf16=False,
    )


@pytest.fixture(scope="session")
def tiny_model(source: Path, tiny: LmSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("lm") / "model"
    train_lm(
        source=source,
        to=to,
        work=to.parent / "work",
        settings=tiny,
        progress=lambda *_: None,
        stop=lambda: False,
    )
    return to


@pytest.fixture(scope="session")
def tiny_pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny model that the analyses' tests use."""
    from tests.tiny import tiny_model

    return tiny_model(tmp_path_factory.mktemp("tiny") / "model")
