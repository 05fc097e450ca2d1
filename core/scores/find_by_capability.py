"""The rows of a kind in an analysed pool, looked for by a capability: every method that knows how, and the controls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.errors import GamutError
from core.scores.alignment import COSINE, DIFFERENCE, AlignmentSettings, alignment
from core.scores.capability import Capability
from core.scores.coverage import seeded_order
from core.scores.finding import DRAWS, NAIT, Finding, find_kind
from core.scores.own_samples import caveat_of, learned_from
from core.scores.target_likeness import BM25, MONA, OVERLAP, likeness
from core.store.analyses import Analysis
from core.store.datasets import Dataset

METHODS = {
    NAIT: AlignmentSettings(),
    "difference-of-means": AlignmentSettings(rule=DIFFERENCE),
    "embedding-similarity": AlignmentSettings(rule=COSINE, site="residual"),
}
LIKENESS = (BM25, MONA, OVERLAP)
RANDOM, LENGTH = "random", "length"


def find_by_capability(
    analysis: Analysis, dataset: Dataset, capability: Capability, kind: np.ndarray, *, tasks: np.ndarray | None = None,
    nait: AlignmentSettings = METHODS[NAIT], leave_out: np.ndarray | None = None, draws: int = DRAWS, seed: int = 0,
) -> Finding:  # fmt: skip
    """How well a capability finds the samples of a kind, bool (n), by each method beside random and length alone.

    tasks: int (n), which samples come from one task, for the intervals. leave_out: bool (n), samples that count nowhere;
    those that the capability was learned from are always left out, by text. What a method cannot tell is in `missing` with the
    reason. `GamutError` where too little is left to find.
    """
    capability.require(analysis)
    its_own = learned_from(dataset, capability)
    used = ~its_own
    used &= True if leave_out is None else ~np.asarray(leave_out, bool)
    own = np.asarray(kind, bool)[used]
    if not 0 < own.sum() < len(own):
        raise GamutError(
            f"{int(own.sum())} of {len(own)} samples are of the kind, less those that {capability.name!r} was learned from; "
            "there must be some, and others."
        )
    scores, missing = scores_by_method(analysis, capability, nait=nait, seed=seed)
    found = find_kind(
        {method: score[used] for method, score in scores.items()}, own, lengths=analysis.counts.scored_tokens[used],
        tasks=None if tasks is None else np.asarray(tasks)[used], draws=draws, seed=seed,
    )  # fmt: skip
    return replace(found, missing=missing, left_out=int(its_own.sum()), caveat=caveat_of(capability))


def scores_by_method(
    analysis: Analysis, capability: Capability, *, nait: AlignmentSettings = METHODS[NAIT], seed: int = 0
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The score of every sample by each method, float (n), and the reason for each that cannot be told."""
    scores: dict[str, np.ndarray] = {}
    missing: dict[str, str] = {}
    told = METHODS | {NAIT: nait}
    asks = {name: lambda own=settings: alignment(analysis, capability, own) for name, settings in told.items()}
    asks |= {rule: lambda own=rule: likeness(analysis, capability, own) for rule in LIKENESS}
    for name, ask in asks.items():
        try:
            scores[name] = ask()
        except GamutError as error:
            missing[name] = str(error)
    scores[RANDOM] = -np.argsort(seeded_order(analysis.n_samples, seed)).astype(np.float64)
    scores[LENGTH] = analysis.counts.scored_tokens.astype(np.float64)
    return scores, missing
