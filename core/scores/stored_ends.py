"""What an analysis keeps of the ends of its own samples, so that a capability can be learned without a pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.datasets.sample import UNSCORED_ROLES
from core.errors import GamutError
from core.store.analyses import Analysis
from core.store.contents import EVERY
from core.store.strongest import TOP, strongest
from core.store.vectors import neurons_of, vectors_of


@dataclass(frozen=True, eq=False)
class StoredEnds:
    """The residual stream of n samples: `last` and `mean`, float32 (layers, n, width); `rows` int32, their ascending ids.

    `first_token`: what all of them begin with. `neuron_mean`: the mean over the samples of the neurons' means, float32
    (layers, neurons) as "mlp", nothing where not every neuron is kept.
    """

    rows: np.ndarray
    last: np.ndarray
    mean: np.ndarray
    first_token: int
    neuron_mean: dict[str, np.ndarray]


def stored_ends(analysis: Analysis, ids: np.ndarray) -> StoredEnds:
    """The ends of some samples; `GamutError` where they do not begin alike or the analysis keeps no vectors.

    Samples without a token that counts are left out, as a pass would.
    """
    ids = np.sort(np.asarray(ids, np.int32))
    token = _first_token(analysis, ids)
    layers = range(analysis.contents.shape.layers)
    kept = [vectors_of(analysis, layer, ids) for layer in layers]
    mean, last = (np.stack(found).astype(np.float32) for found in zip(*kept, strict=True))
    counts = mean.any(axis=2).all(axis=0)  # nothing was added up where no token counts
    rows = ids[counts]
    return StoredEnds(rows, last[:, counts], mean[:, counts], token, _neuron_mean(analysis, rows))


def stored_profile(analysis: Analysis, ids: np.ndarray) -> dict[str, np.ndarray]:
    """What some samples activate as a whole, by the names of a capability's profile (see `core.activations.profile`)."""
    n, tokens = len(ids), analysis.counts.scored_tokens
    query = (
        "SELECT sample_id, feature_id, sum(sum)::DOUBLE AS total FROM activations "
        "WHERE sample_id IN (SELECT unnest(?::INTEGER[])) GROUP BY ALL ORDER BY ALL"
    )
    found = analysis.cursor().execute(query, [ids.tolist()]).fetchnumpy()
    share = np.asarray(found["total"]) / np.maximum(tokens[np.asarray(found["sample_id"])], 1)
    features = np.bincount(np.asarray(found["feature_id"]), share, minlength=analysis.n_features) / max(1, n)
    profile = {"features": features.astype(np.float32), "tokens": _spoken(analysis, ids)}
    shape = analysis.contents.shape
    if shape.neurons and "neurons" not in analysis.contents.absent:
        shares = [_strongest_shares(analysis, layer, ids) for layer in range(shape.layers)]
        profile["neurons"] = np.stack(shares).astype(np.float32)
    return profile


def _strongest_shares(analysis: Analysis, layer: int, ids: np.ndarray) -> np.ndarray:
    own = neurons_of(analysis, layer, ids)
    best = (strongest(own.means)[0] if own.ids is None else own.ids)[:, :TOP]
    return np.bincount(best.ravel(), minlength=analysis.contents.shape.neurons) / max(1, len(ids))


def _neuron_mean(analysis: Analysis, ids: np.ndarray) -> dict[str, np.ndarray]:
    if analysis.contents.neurons != EVERY or "neurons" in analysis.contents.absent:
        return {}
    layers = range(analysis.contents.shape.layers)
    return {"mlp": np.stack([neurons_of(analysis, k, ids).means.astype(np.float32).mean(axis=0) for k in layers])}


def _spoken(analysis: Analysis, ids: np.ndarray) -> np.ndarray:
    """How often each token is said where it counts: int64 (vocabulary)."""
    size = analysis.cursor().execute("SELECT count(*) FROM vocabulary").fetchall()[0][0]
    query = "SELECT token_ids, roles FROM tokens WHERE sample_id IN (SELECT unnest(?::INTEGER[]))"
    table = analysis.cursor().sql(query, params=[ids.tolist()]).to_arrow_table()
    lists = table["token_ids"].combine_chunks()
    starts = np.asarray(lists.offsets)[:-1] - lists.offsets[0].as_py()
    scored = np.asarray(table["roles"].combine_chunks().flatten()) < UNSCORED_ROLES
    scored[starts[np.asarray(lists.value_lengths()) > 0]] = False  # position 0 counts nowhere
    return np.bincount(np.asarray(lists.flatten())[scored], minlength=size)


def _first_token(analysis: Analysis, ids: np.ndarray) -> int:
    query = "SELECT DISTINCT token_ids[1] FROM tokens WHERE sample_id IN (SELECT unnest(?::INTEGER[])) LIMIT 2"
    found = [token for (token,) in analysis.cursor().execute(query, [ids.tolist()]).fetchall() if token is not None]
    if len(found) != 1:
        raise GamutError(
            "Without a pass, samples must begin with the same token, as the states at position 0 are not kept; learn it with "
            "a pass."
        )
    return int(found[0])
