"""How far the readings that the paper of NAIT leaves open agree on one pool: rank correlation and overlap at 10 %.

A reading is a choice of site, pooling, sign and scale. Where two of them rank a pool alike, the choice does not matter;
where they do not, a result under one says nothing of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from core.files import json_hash
from core.scores.alignment import POOLINGS, PRINCIPAL, AlignmentSettings, alignment, needs_pass
from core.scores.capability import SITES, Capability
from core.store.analyses import Analysis
from core.store.derived import kept_table

SHARE = 0.10  # the paper's own budget


@dataclass(frozen=True, eq=False)
class Agreement:
    """Readings by name, and each pair of them, float64 (r, r): Spearman's `correlation`, and `overlap` of the best 10 %.

    `chance`: the overlap of two random choices of so many samples, their share of the pool; `rows`: how many those are.
    `left_out`: readings that cannot be told without a projection pass, each with the reason.
    """

    names: tuple[str, ...]
    correlation: np.ndarray
    overlap: np.ndarray
    rows: int
    chance: float
    left_out: dict[str, str]


def reading_name(settings: AlignmentSettings) -> str:
    """mlp mean, or residual last, layers on one scale; a control is called by its rule."""
    said = [f"{settings.site} {settings.pooling if settings.rule == PRINCIPAL else settings.rule}"]
    said += ["sign by change"] if settings.by_change else []
    said += ["layers on one scale"] if settings.layer_z else []
    said += ["lengths on one scale"] if settings.length_z else []
    return ", ".join(said)


def _readings() -> tuple[AlignmentSettings, ...]:
    plain = [AlignmentSettings(site=site, pooling=pooling) for site in SITES for pooling in POOLINGS]
    return tuple(
        settings
        for own in plain
        for settings in (own, replace(own, by_change=True), replace(own, layer_z=True), replace(own, length_z=True))
    )


READINGS = _readings()
PLAIN = tuple(own for own in READINGS if not (own.by_change or own.layer_z or own.length_z))  # site and pooling only


def agreement(
    analysis: Analysis, capability: Capability, *, readings: Sequence[AlignmentSettings] = READINGS
) -> Agreement:
    """Compare readings of one capability on one pool; kept beside the analysis."""
    capability.require(analysis)
    left_out, used = {}, []
    for settings in readings:
        reason = _cannot(analysis, capability, settings)
        if reason:
            left_out[reading_name(settings)] = reason
        else:
            used.append(settings)

    def make() -> tuple[dict, dict[str, np.ndarray]]:
        scores = np.stack([alignment(analysis, capability, settings) for settings in used])
        correlation, overlap, rows = compare(scores)
        return {"rows": rows}, {"correlation": correlation.ravel(), "overlap": overlap.ravel()}

    names, size = tuple(reading_name(settings) for settings in used), len(used)
    if not used:
        return Agreement(names, np.empty((0, 0)), np.empty((0, 0)), 0, 0.0, left_out)
    decides = [1, analysis.content_hash, capability.sha256, [asdict(settings) for settings in used]]
    about, columns = kept_table(analysis, f"readings-{json_hash(decides)[:16]}", make)
    correlation, overlap = (columns[name].reshape(size, size) for name in ("correlation", "overlap"))
    return Agreement(names, correlation, overlap, about["rows"], about["rows"] / analysis.n_samples, left_out)


def compare(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Of several scores of the same samples, float (r, n): Spearman's correlation and overlap of the best 10 %, (r, r) each.

    Also the samples that 10 % are: ⌊n/10 + ½⌋, at least one. Ranks are average ranks; ties of the best go to the lowest
    id. A score that does not vary correlates with nothing: NaN.
    """
    from scipy.stats import rankdata  # slow to import

    n = scores.shape[1]
    rows = max(1, int(n * SHARE + 0.5))
    ranks = np.stack([rankdata(own) for own in scores])
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    sizes = np.sqrt((centred**2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = centred @ centred.T / np.outer(sizes, sizes)
    best = np.zeros(scores.shape, np.float32)
    for chosen, own in zip(best, scores, strict=True):
        chosen[np.argsort(-own, kind="stable")[:rows]] = 1
    return correlation, (best @ best.T).astype(np.float64) / rows, rows


def _cannot(analysis: Analysis, capability: Capability, settings: AlignmentSettings) -> str | None:
    if settings.site not in capability.directions:
        return f"Capability {capability.name!r} has no directions at {settings.site!r}."
    if settings.by_change and capability.learned.stored:
        return f"Capability {capability.name!r} was learned without a pass: the sign of its change is not known."
    return needs_pass(analysis, capability, settings)
