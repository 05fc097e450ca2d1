"""The response loss of every sample, as the analysis's own model has it: made by a job, kept beside the analysis."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.errors import GamutError
from core.files import json_hash
from core.scores.learn_capability import identity_of
from core.store.analyses import Analysis
from core.store.datasets import dataset_with_hash
from core.store.derived import derived_path, read_derived, write_derived
from core.workspace import Workspace

VERSION = 1
PART_SECONDS = 30.0
NAME = "response loss"
Progress = Callable[[int, int, str], None]


def kept_loss(analysis: Analysis) -> np.ndarray | None:
    """Nats a response token, float32 (n), NaN where a sample has no response; None while it has not been made."""
    found = read_derived(_path(analysis))
    return None if found is None else found[1]["loss"].to_numpy()


def loss_there(analysis: Analysis) -> bool:
    """Whether it has been made."""
    return _path(analysis).is_file()


def make_loss(
    workspace: Workspace, analysis: Analysis, *, progress: Progress, stop: Callable[[], bool],
    part_seconds: float = PART_SECONDS,
) -> np.ndarray:  # fmt: skip
    """Read every sample again and keep its response loss.

    Raises `core.activations.cancelled.Cancelled` when `stop()` turns true; the same call then goes on from there.
    """
    if (kept := kept_loss(analysis)) is not None:
        return kept
    dataset = dataset_with_hash(workspace, analysis.dataset_hash, name=analysis.dataset)
    if dataset is None:
        raise GamutError(f"The data set {analysis.dataset!r} of analysis {analysis.name!r} is not here; add it again.")
    identity = identity_of(analysis, dataset)
    from core.activations.response_loss import read_losses  # torch: only what reads a model needs it

    part = _path(analysis).with_suffix(".part.parquet")
    before = read_derived(part)
    pieces = [np.empty(0, np.float32) if before is None else before[1]["loss"].to_numpy()]
    saved = time.monotonic()
    try:
        for piece in read_losses(
            identity.model.folder, analysis, identity.settings, begin=len(pieces[0]), progress=progress, stop=stop
        ):
            pieces.append(piece)
            if time.monotonic() - saved > part_seconds:
                write_derived(part, {}, {"loss": np.concatenate(pieces)})
                saved = time.monotonic()
    except BaseException:
        write_derived(part, {}, {"loss": np.concatenate(pieces)})
        raise
    made = np.concatenate(pieces)
    write_derived(_path(analysis), {"unit": "nats a response token"}, {"loss": made})
    part.unlink(missing_ok=True)
    return made


def loss_command(analysis: Analysis) -> list[str]:
    """The words of the command that makes it, for a job."""
    return ["response-loss", analysis.id]


def _path(analysis: Analysis) -> Path:
    return derived_path(analysis, f"response-loss-{json_hash([analysis.content_hash, VERSION])[:16]}")
