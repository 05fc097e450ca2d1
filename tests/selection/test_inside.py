"""What lies inside an outline: counts, groups, the middle, and features that length alone never makes seem commoner."""

from itertools import pairwise

import numpy as np
import pytest

from core.errors import GamutError
from core.scores.feature_sets import FeatureSets
from core.selection.inside import features_inside, from_the_middle, inside_of, shares_inside
from core.selection.known import Grouping


def sets_of(active: np.ndarray) -> FeatureSets:
    indptr = np.concatenate([[0], np.cumsum(active.sum(axis=1))]).astype(np.int64)
    return FeatureSets(indptr, np.nonzero(active)[1].astype(np.int32), active.shape[1])


def test_a_length_biased_random_subset_has_no_more_than_5_percent_enriched_features():
    """Features depend on nothing but length, samples are drawn in proportion to it: the plain test calls most of them."""
    rng = np.random.default_rng(3)
    tokens = np.maximum(5, rng.lognormal(4.5, 1, 6_000)).astype(int)
    rates = np.exp(rng.uniform(np.log(1e-4), np.log(2e-2), 600))
    features = sets_of(rng.random((6_000, 600)) < 1 - (1 - rates) ** tokens[:, None])
    members = rng.random(6_000) < np.minimum(1, 0.15 * tokens / tokens.mean())
    found = features_inside(features, members, tokens=tokens, duplicate_of=np.full(6_000, -1))
    told = len(found.common_in_a()) + len(found.common_in_b())
    plain = len(found.common_in_a(found.plain)) + len(found.common_in_b(found.plain))
    assert told <= 0.05 * 600 and plain >= 0.5 * 600


def test_what_is_planted_inside_is_found_whatever_the_length():
    rng = np.random.default_rng(0)
    tokens = np.maximum(5, rng.lognormal(4, 1, 4_000)).astype(int)
    members = np.zeros(4_000, bool)
    members[:400] = True
    active = rng.random((4_000, 20)) < 0.1
    active[:400, 7] |= rng.random(400) < 0.4
    found = features_inside(sets_of(active), members, tokens=tokens, duplicate_of=np.full(4_000, -1))
    assert found.telling("a", 3).tolist()[0] == 7 and found.n_a == 400 and found.n_b == 3_600


def test_counts_shares_and_the_middle_equal_a_loop():
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 5, (2, 80)).astype(np.float32)
    members, tokens = rng.random(80) < 0.3, rng.integers(1, 2**30, 80).astype(np.int32)
    inside = inside_of(members, tokens=tokens)
    assert inside.ids.tolist() == [i for i in range(80) if members[i]] and inside.count == int(members.sum())
    assert inside.tokens == sum(int(t) for t, m in zip(tokens, members, strict=True) if m), "a sum beyond 32 bits"
    groups = Grouping(rng.integers(0, 4, 80).astype(np.int32), ("a", "b", "c", "none"))
    found = shares_inside(groups, members)
    for share in found:
        own = groups.codes == groups.names.index(share.name)
        assert (share.inside, share.pool) == (int((own & members).sum()), int(own.sum()))
    assert [share.inside for share in found] == sorted((share.inside for share in found), reverse=True)
    middle = x[members].mean(dtype=float), y[members].mean(dtype=float)
    away = {i: (x[i] - middle[0]) ** 2 + (y[i] - middle[1]) ** 2 for i in inside.ids.tolist()}
    order = from_the_middle(x, y, members).tolist()
    assert sorted(order) == inside.ids.tolist()
    assert all((round(away[a], 9), a) <= (round(away[b], 9), b) for a, b in pairwise(order))


def test_an_outline_around_everybody_leaves_nothing_to_compare_with():
    features = sets_of(np.ones((4, 2), bool))
    with pytest.raises(GamutError, match="every sample"):
        features_inside(features, np.ones(4, bool), tokens=np.ones(4, int), duplicate_of=np.full(4, -1))
