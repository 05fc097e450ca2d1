"""How far samples point along a capability's directions, layer by layer, and what that makes as one score.

score(y) = Σ_l A_l(y) · v_l. A_l(y): the states of the sample at layer l. Source: NAIT, arXiv 2603.13201; what the paper
leaves open is an option: the site, the pooling, and whether layers or lengths are put on one scale.
Two controls stand beside it: the difference of the means of capability and pool in place of v, and the cosine with the
capability's mean at the last layer.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import GamutError
from core.files import json_hash, written_beside
from core.scores.capability import SITES, Capability
from core.scores.pool_means import pool_mean
from core.store.analyses import Analysis
from core.store.contents import EVERY
from core.store.contrast import length_bins
from core.store.derived import kept_table
from core.store.vectors import not_every, state_rows

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
        if self.rule != PRINCIPAL and (self.pooling != "mean" or self.by_change):
            raise GamutError(f"The rule {self.rule!r} compares means: it takes no other pooling and no sign.")


def projections(analysis: Analysis, capability: Capability, settings: AlignmentSettings) -> np.ndarray:
    """A_l(y) · v_l of every sample and layer, float32 (n, layers), or one column of cosines; kept beside the analysis.

    Read in pieces, so that a pool of any size takes little memory. GamutError where the capability is of another model, or
    where the analysis does not hold what is asked for and no projection pass was made (see `needs_pass`).
    """
    capability.require(analysis)
    found = kept_projections(analysis, capability, settings)
    if found is None:
        if reason := missing(analysis, capability, settings):
            raise GamutError(
                f"{reason} A projection pass reads it: `capability project {capability.name} --analysis {analysis.name}`."
            )
        found = _projected(analysis, capability, settings)
        with suppress(OSError):  # keeping them saves time only
            keep_projections(analysis, capability, settings, found)
    if settings.by_change:
        _refuse_unsigned(capability)
        found = found * np.where(capability.at(settings.site).flips, np.float32(-1), np.float32(1))
    return found


def needs_pass(analysis: Analysis, capability: Capability, settings: AlignmentSettings) -> str | None:
    """Why a projection pass must be made before these scores can be told, in a sentence; None where they can."""
    if _path(analysis, capability, settings).is_file():
        return None
    return missing(analysis, capability, settings)


def missing(analysis: Analysis, capability: Capability, settings: AlignmentSettings) -> str | None:
    """What of these scores the analysis does not hold by itself, in a sentence; None where it holds everything."""
    held, name = analysis.contents, analysis.name
    if settings.site == "mlp":
        if settings.pooling != "mean":
            return f"Analysis {name!r} keeps the mean of the neurons of a sample, not those of its last token."
        if "neurons" in held.absent:
            return f"Analysis {name!r} has no neurons of samples: {held.absent['neurons']}."
        return None if held.neurons == EVERY else not_every(analysis)
    if "vectors" in held.absent:
        return f"Analysis {name!r} has no vectors of samples and layers: {held.absent['vectors']}."
    if settings.pooling == "delta" and "residual" not in capability.firsts:
        return f"{capability.name!r} was learned without a pass, so its states at position 0 are not known."
    if settings.pooling == "delta" and not _one_first(analysis, capability):
        return f"Samples of {name!r} and of {capability.name!r} do not all begin with one token, and position 0 is not kept."
    return None


def kept_projections(analysis: Analysis, capability: Capability, settings: AlignmentSettings) -> np.ndarray | None:
    """What was kept of an earlier call or of a projection pass, float32 (n, layers), without `by_change`; None of neither."""
    path = _path(analysis, capability, settings)
    if not path.is_file():
        return None
    try:
        found = pq.read_table(path)
    except (pa.ArrowException, OSError):
        return None  # made again
    if found.num_rows != analysis.n_samples:
        return None
    return np.stack([column.to_numpy() for column in found.columns], axis=1)


def keep_projections(analysis: Analysis, capability: Capability, settings: AlignmentSettings, made: np.ndarray) -> None:
    """Keep projections float32 (n, layers) beside the analysis."""
    columns = {f"layer_{layer}": np.ascontiguousarray(made[:, layer]) for layer in range(made.shape[1])}
    with written_beside(_path(analysis, capability, settings)) as out:
        pq.write_table(pa.table(columns), out, compression="zstd")


def alignment(analysis: Analysis, capability: Capability, settings: AlignmentSettings) -> np.ndarray:
    """The score of every sample, float64 (n)."""
    return scores_of(projections(analysis, capability, settings), analysis.counts.scored_tokens, settings)


def scores_of(projected: np.ndarray, scored_tokens: np.ndarray, settings: AlignmentSettings) -> np.ndarray:
    """Scores out of projections float (n, layers), float64 (n); a layer or a bin that does not vary scores 0."""
    score = np.zeros(len(projected))
    for column in np.asarray(projected).T:  # layer by layer: a pool of a million samples takes little memory
        score += _z(column.astype(np.float64)) if settings.layer_z else column
    if not settings.length_z:
        return score
    bins = length_bins(np.asarray(scored_tokens))
    out = np.zeros(len(score))
    for each in np.unique(bins):
        own = bins == each
        out[own] = _z(score[own])
    return out


def layer_shares(projected: np.ndarray, *, layer_z: bool = False) -> np.ndarray:
    """How much of the score's variance over the pool each layer brings, float64 (layers), summing to 1.

    The covariance of a layer's projections with their sum, over the variance of the sum: may be below 0. `layer_z`: of
    projections as z-scores.
    """
    columns = [_z(column.astype(np.float64)) if layer_z else column for column in np.asarray(projected).T]
    total = np.zeros(len(projected))
    for column in columns:
        total += _centred(column)
    spread = float(total @ total)
    return np.array([_centred(column) @ total / spread if spread > 0 else 0.0 for column in columns])


def toward(analysis: Analysis, capability: Capability, site: str) -> np.ndarray:
    """The unit difference from the pool's mean to the capability's at every layer, float32 (layers, d)."""
    gap = capability.mean_at(site) - pool_mean(analysis, site)
    length = np.linalg.norm(gap, axis=1, keepdims=True)
    return np.where(length > 0, gap / np.where(length > 0, length, 1), 0).astype(np.float32)


def cosines(own: np.ndarray, wanted: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """The cosine of states (n, d) with a capability's mean (d), both less the pool's mean (d): float32 (n), 0 for none."""
    own, wanted = own.astype(np.float32) - middle, wanted - middle
    sizes = np.linalg.norm(own, axis=1) * np.linalg.norm(wanted)
    return np.where(sizes > 0, own @ wanted / np.where(sizes > 0, sizes, 1), 0).astype(np.float32)


def _projected(analysis: Analysis, capability: Capability, settings: AlignmentSettings) -> np.ndarray:
    site, n = settings.site, analysis.n_samples
    if settings.rule == COSINE:
        wanted, middle = capability.mean_at(site), pool_mean(analysis, site)
        layer = len(wanted) - 1
        out = np.zeros((n, 1), np.float32)
        for ids, states in state_rows(analysis, layer, site=site):
            out[ids, 0] = cosines(states, wanted[layer], middle[layer])
        return out
    vectors = capability.at(site).vectors if settings.rule == PRINCIPAL else toward(analysis, capability, site)
    out = np.zeros((n, len(vectors)), np.float32)
    for layer, vector in enumerate(vectors):
        before = capability.firsts[site][layer] @ vector if settings.pooling == "delta" else np.float32(0)
        seen = 0
        for ids, states in state_rows(analysis, layer, site=site, last=settings.pooling != "mean"):
            out[ids, layer] = states.astype(np.float32) @ vector - before
            seen += len(ids)
        assert seen == n, f"{seen} rows of {n} samples in layer {layer}"
    return out


def _one_first(analysis: Analysis, capability: Capability) -> bool:
    """Whether all samples of the pool begin with the one token that all of the capability do: then position 0 is alike."""
    if capability.learned.first_token is None:
        return False

    def make() -> tuple[dict, dict[str, np.ndarray]]:
        query = "SELECT DISTINCT token_ids[1] AS token FROM tokens WHERE len(token_ids) > 0 ORDER BY token LIMIT 2"
        return {}, {"token": np.asarray(analysis.cursor().execute(query).fetchnumpy()["token"])}

    _, columns = kept_table(analysis, "first-tokens", make)  # two of them at most: more need not be told apart
    return columns["token"].tolist() == [capability.learned.first_token]


def _refuse_unsigned(capability: Capability) -> None:
    if capability.learned.stored:
        raise GamutError(
            f"Capability {capability.name!r} was learned without a pass, from last tokens alone, which do not tell the sign of "
            "the change; learn it with a pass."
        )


def _centred(column: np.ndarray) -> np.ndarray:
    wide = column.astype(np.float64)
    return wide - wide.mean()


def _z(values: np.ndarray) -> np.ndarray:
    """Z-scores float64 (n), 0 where they do not vary."""
    spread = values.std()
    if spread <= 1e-12 * max(1.0, float(np.abs(values).max(initial=0))):
        return np.zeros(len(values))
    return (values - values.mean()) / spread


def _path(analysis: Analysis, capability: Capability, settings: AlignmentSettings) -> Path:
    # Signs and scales are made of what is kept.
    said = asdict(settings) | {"layer_z": False, "length_z": False, "by_change": False}
    decides = [2, analysis.content_hash, capability.sha256, said]
    return analysis.folder / "derived" / "alignment" / f"{json_hash(decides)[:16]}.parquet"
