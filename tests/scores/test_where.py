"""Where a feature fires, counted token by token; and a subset beside random ones."""

import numpy as np
import pytest

from core.datasets.sample import ROLES
from core.scores.by_chance import by_chance
from core.scores.where import samples_of, scored_tokens, where_it_fires
from core.store.analyses import open_analysis
from core.store.bins import POSITION_BINS


def test_shares_are_of_the_scored_tokens_counted_one_by_one(made):
    analysis = open_analysis(made, "made")
    position, role = np.zeros(POSITION_BINS, int), np.zeros(len(ROLES), int)
    for sample in range(analysis.n_samples):
        for place, code in enumerate(analysis.tokens_of(sample)[1]):
            if place and code < len(ROLES):
                position[int(np.log2(place))] += 1
                role[code] += 1
    everything = scored_tokens(analysis)
    assert everything.position.tolist() == position.tolist()
    assert everything.role.tolist() == role.tolist()
    found = where_it_fires(analysis, 5, everything)
    assert found.position.sum() == found.role.sum() > 0
    assert found.role_share[1] == found.role[1] / role[1]
    assert np.isnan(found.role_share[0])  # nobody speaks as the system here
    assert samples_of(analysis, 5).tolist() == sorted(s for s, _, _ in analysis.strongest_of(5, limit=1000))


def test_a_feature_planted_in_the_subset_lies_beyond_chance_and_one_drawn_at_random_within():
    rng = np.random.default_rng(1)
    tokens, chosen = rng.integers(5, 60, 2000), np.arange(2000) < 300
    beyond = by_chance(chosen | (rng.random(2000) < 0.05), chosen=chosen, tokens=tokens)
    assert beyond.own == 1 > beyond.high
    within = by_chance(rng.random(2000) < 0.3, chosen=chosen, tokens=tokens)
    assert within.low < within.own < within.high
    assert within.low < within.pool < within.high


def test_a_subset_of_everything_is_what_chance_gives():
    holds = np.arange(40) % 3 == 0
    found = by_chance(holds, chosen=np.ones(40, bool), tokens=np.ones(40, int))
    assert found.own == found.pool == pytest.approx(found.low) == pytest.approx(found.high)
