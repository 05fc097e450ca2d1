"""The controls that stand beside NAIT wherever it is shown: how far they order the same pool alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import GamutError
from core.scores.alignment import COSINE, DIFFERENCE, AlignmentSettings, alignment, needs_pass
from core.scores.capability import Capability
from core.scores.readings import compare
from core.scores.target_likeness import BM25, likeness
from core.store.analyses import Analysis

CONTROLS = {
    "difference-of-means": AlignmentSettings(rule=DIFFERENCE),
    "embedding-similarity": AlignmentSettings(rule=COSINE, site="residual"),
    "bm25": None,  # no setting of an alignment: it reads words
}


@dataclass(frozen=True, eq=False)
class Beside:
    """Each control beside a score: `places` int32 (controls, n), from 1, of every sample in a control's order.

    `correlation`: Spearman's with the score; `overlap`: of the best 10 %, which are `rows`; float64 (controls) both.
    `chance`: the overlap of two random choices. `missing`: controls that cannot be told, with the reason.
    """

    names: tuple[str, ...]
    places: np.ndarray
    correlation: np.ndarray
    overlap: np.ndarray
    rows: int
    chance: float
    missing: dict[str, str]


def beside(analysis: Analysis, capability: Capability, scores: np.ndarray) -> Beside:
    """The controls of a capability beside its scores float (n) of an analysis' samples; ties to the lowest sample id."""
    found: dict[str, np.ndarray] = {}
    missing: dict[str, str] = {}
    for name in CONTROLS:
        try:
            found[name] = control(analysis, capability, name)
        except GamutError as error:
            missing[name] = str(error)
    correlation, overlap, rows = compare(np.stack([scores, *found.values()]))
    places = [np.argsort(np.argsort(-own, kind="stable"), kind="stable") + 1 for own in found.values()]
    return Beside(
        tuple(found), np.array(places, np.int32).reshape(len(found), len(scores)), correlation[0, 1:], overlap[0, 1:],
        rows, rows / max(1, len(scores)), missing,
    )  # fmt: skip


def reasons(analysis: Analysis, capability: Capability) -> list[str | None]:
    """Of each control, why it waits for a projection pass, None where it does not: a pass changes what can be told."""
    settings = [own for own in CONTROLS.values() if own is not None]
    return [needs_pass(analysis, capability, own) for own in settings]


def control(analysis: Analysis, capability: Capability, name: str) -> np.ndarray:
    """The score of every sample by one control, float64 (n); kept beside the analysis."""
    settings = CONTROLS[name]
    return likeness(analysis, capability, BM25) if settings is None else alignment(analysis, capability, settings)
