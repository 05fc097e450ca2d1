"""How far samples point along a capability's directions, layer by layer, and what that makes as one score.

score(y) = Σ_l A_l(y) · v_l. A_l(y): what an analysis keeps of the sample at layer l. Source: NAIT, arXiv 2603.13201;
what the paper leaves open is an option: the site, the pooling, and whether layers or lengths are put on one scale.
Two controls stand beside it: the difference of the means of capability and pool in place of v, and the cosine with the
capability's mean at the last layer.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import GamutError
from core.files import json_hash, written_beside
from core.scores.capability import SITES, Capability
from core.store.analyses import Analysis
from core.store.contrast import length_bins
from core.store.vectors import neuron_means, residuals

POOLINGS = ("mean", "last", "delta")
PRINCIPAL, DIFFERENCE, COSINE = "principal", "difference", "cosine"
RULES = (PRINCIPAL, DIFFERENCE, COSINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentSettings:
    """How samples are scored: `site` mlp or residual; `pooling` of the tokens that count: their mean, the last one, or
    the last less position 0. `by_change`: the sign that the mean change gives, not that of the token means. `rule`:
    "principal" projects on the directions, "difference" on the unit difference of the means of capability and pool, layer
    by layer; "cosine" is that of sample and capability at the last layer, both less the pool's mean.
    `layer_z`: each layer's projections as z-scores over the pool. `length_z`: the score as z-score within its length bin.
    """

    rule: str = PRINCIPAL
    site: str = "mlp"
    pooling: str = "mean"
    by_change: bool = False
    layer_z: bool = False
    length_z: bool = False

    def __post_init__(self) -> None:
        named = (("rule", self.rule, RULES), ("site", self.site, SITES), ("pooling", self.pooling, POOLINGS))
        for what, said, allowed in named:
            if said not in allowed:
                raise GamutError(f"There is no {what} {said!r}; use one of {', '.join(allowed)}.")
        if self.site == "mlp" and self.pooling != "mean":
            raise GamutError(
                "An analysis keeps the mean of the MLP neurons of a sample, not those of its last token; use pooling mean, or "
                "the site residual."
            )
        if self.rule != PRINCIPAL and (self.pooling != "mean" or self.by_change):
            raise GamutError(f"The rule {self.rule!r} compares means: it takes no other pooling and no sign.")


def projections(analysis: Analysis, capability: Capability, settings: AlignmentSettings) -> np.ndarray:
    """A_l(y) · v_l of every sample and layer, float32 (n, layers), or one column of cosines; kept beside the analysis.

    Read in pieces, so that a pool of any size takes little memory. GamutError where the capability is of another model
    or the analysis does not hold what is asked for.
    """
    capability.require(analysis)
    path = _path(analysis, capability, settings)
    if path.is_file():
        found = pq.read_table(path)
        if found.num_rows == analysis.n_samples:
            return np.stack([column.to_numpy() for column in found.columns], axis=1)
    made = _projected(analysis, capability, settings)
    columns = {f"layer_{layer}": made[:, layer] for layer in range(made.shape[1])}
    try:
        with written_beside(path) as out:
            pq.write_table(pa.table(columns), out, compression="zstd")
    except OSError:
        pass  # keeping them saves time only
    return made


def alignment(analysis: Analysis, capability: Capability, settings: AlignmentSettings) -> np.ndarray:
    """The score of every sample, float64 (n)."""
    return scores_of(projections(analysis, capability, settings), analysis.counts.scored_tokens, settings)


def scores_of(projected: np.ndarray, scored_tokens: np.ndarray, settings: AlignmentSettings) -> np.ndarray:
    """Scores out of projections float (n, layers), float64 (n); a layer or a bin that does not vary scores 0."""
    by_layer = np.asarray(projected, np.float64)
    if settings.layer_z:
        by_layer = _z(by_layer)
    score = by_layer.sum(axis=1)
    if not settings.length_z:
        return score
    bins = length_bins(np.asarray(scored_tokens))
    out = np.zeros(len(score))
    for each in np.unique(bins):
        own = bins == each
        out[own] = _z(score[own, None])[:, 0]
    return out


def layer_shares(projected: np.ndarray) -> np.ndarray:
    """How much of the score's variance over the pool each layer brings, float64 (layers), summing to 1.

    The covariance of a layer's projections with their sum, over the variance of the sum: may be below 0.
    """
    wide = np.asarray(projected, np.float64)
    centred = wide - wide.mean(axis=0)
    total = centred.sum(axis=1)
    spread = float(total @ total)
    return centred.T @ total / spread if spread > 0 else np.zeros(wide.shape[1])


def _projected(analysis: Analysis, capability: Capability, settings: AlignmentSettings) -> np.ndarray:
    if settings.rule == COSINE:
        return _cosines(analysis, capability, settings)
    return _along(analysis, capability, settings)


def _along(analysis: Analysis, capability: Capability, settings: AlignmentSettings) -> np.ndarray:
    found = capability.at(settings.site)
    vectors = np.where(found.flips[:, None], -found.vectors, found.vectors) if settings.by_change else found.vectors
    if settings.rule == DIFFERENCE:
        vectors = np.stack([_difference(analysis, capability, settings, layer) for layer in range(len(vectors))])
    out = np.zeros((analysis.n_samples, len(vectors)), np.float32)
    for layer, vector in enumerate(vectors):
        before = capability.firsts[settings.site][layer] @ vector if settings.pooling == "delta" else np.float32(0)
        at = 0
        for states in _states(analysis, layer, settings):
            out[at : at + len(states), layer] = states.astype(np.float32) @ vector - before
            at += len(states)
        assert at == analysis.n_samples, f"{at} rows of {analysis.n_samples} samples in layer {layer}"
    return out


def _cosines(analysis: Analysis, capability: Capability, settings: AlignmentSettings) -> np.ndarray:
    layer = len(capability.at(settings.site).vectors) - 1
    middle = _pool_mean(analysis, settings, layer)
    wanted = capability.means[settings.site][layer] - middle
    out, at = np.zeros((analysis.n_samples, 1), np.float32), 0
    for states in _states(analysis, layer, settings):
        own = states.astype(np.float32) - middle
        sizes = np.linalg.norm(own, axis=1) * np.linalg.norm(wanted)
        out[at : at + len(own), 0] = np.where(sizes > 0, own @ wanted / np.where(sizes > 0, sizes, 1), 0)
        at += len(own)
    return out


def _difference(analysis: Analysis, capability: Capability, settings: AlignmentSettings, layer: int) -> np.ndarray:
    gap = capability.means[settings.site][layer] - _pool_mean(analysis, settings, layer)
    length = np.linalg.norm(gap)
    return (gap / length if length > 0 else gap).astype(np.float32)


def _pool_mean(analysis: Analysis, settings: AlignmentSettings, layer: int) -> np.ndarray:
    """The mean over samples of what is kept of them, float32 (d)."""
    total = sum(states.sum(axis=0, dtype=np.float64) for states in _states(analysis, layer, settings))
    return (total / max(1, analysis.n_samples)).astype(np.float32)


def _states(analysis: Analysis, layer: int, settings: AlignmentSettings):
    if settings.site == "mlp":
        return neuron_means(analysis, layer)
    return residuals(analysis, layer, last=settings.pooling != "mean")


def _z(columns: np.ndarray) -> np.ndarray:
    """Z-scores of each column, 0 where it does not vary."""
    spread = columns.std(axis=0)
    steady = spread <= 1e-12 * np.maximum(1.0, np.abs(columns).max(axis=0, initial=0))
    return np.where(steady, 0.0, (columns - columns.mean(axis=0)) / np.where(steady, 1.0, spread))


def _path(analysis: Analysis, capability: Capability, settings: AlignmentSettings) -> Path:
    said = asdict(settings) | {"layer_z": False, "length_z": False}  # those are made of what is kept
    decides = [analysis.content_hash, capability.sha256, said]
    return analysis.folder / "derived" / "alignment" / f"{json_hash(decides)[:16]}.parquet"
