"""sae-greedy over shards: the picks of the whole pool, however it is cut and however few rows are sent at once."""

import numpy as np
import pytest

from core.errors import GamutError
from core.scores.feature_sets import FeatureSets
from core.selection.methods.sae_greedy import SaeGreedyOptions, rank
from core.selection.shard import in_shards
from core.selection.sharded_greedy import ROWS, Picks, ShardsHere, greedy_over_shards


def in_process(shards: int, *, rows: int = ROWS):
    """The order of `rank`, found over so many shards."""

    def order(features, left, covered, ids, gains, rounds, at):
        found = Picks(covered, ids, gains, rounds, at)
        greedy_over_shards(ShardsHere(in_shards(features, left, shards)), found, left=len(left), rows=rows)
        return found.at

    return order


def picks(ranking):
    return list(zip(ranking.sample_ids.tolist(), ranking.gains.tolist(), ranking.rounds.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(150))
def test_over_any_number_of_shards_it_equals_the_pseudo_code(seed, random_pool, naive_greedy):
    rng = np.random.default_rng(seed)
    rows, pool = random_pool(rng)
    order = in_process(int(rng.integers(1, 9)), rows=int(rng.integers(1, 5)))
    assert picks(rank(pool, SaeGreedyOptions(), order=order)) == naive_greedy(rows, pool)


@pytest.mark.parametrize("options", [SaeGreedyOptions(support=2), SaeGreedyOptions(target="half")])
def test_features_that_do_not_count_are_left_out_as_on_one_machine(random_pool, options):
    for seed in range(40):
        _, pool = random_pool(np.random.default_rng(seed))
        for upto in (None, 3):
            here, sharded = (rank(pool, options, upto=upto, order=order) for order in (None, in_process(3)))
            assert picks(sharded) == picks(here)


def random_sets(rng, n, m):
    rows = [np.unique(rng.zipf(1.3, rng.integers(1, 40)).clip(1, m) - 1) for _ in range(n)]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return FeatureSets(indptr, np.concatenate(rows).astype(np.int32), m)


def run(features, shards, n, rows):
    left = np.arange(features.n_samples, dtype=np.int32)
    empty = [np.zeros(n, np.int32) for _ in range(3)]
    made = Picks(np.zeros(features.n_features, bool), *empty, 0)
    return made, greedy_over_shards(ShardsHere(in_shards(features, left, shards)), made, left=len(left), rows=rows)


def test_thousands_of_rows_in_many_rounds_are_the_same_by_one_shard_and_by_twelve():
    features = random_sets(np.random.default_rng(1), 1200, 150)
    one, twelve = (run(features, shards, 1200, 16)[0] for shards in (1, 12))
    assert one.rounds.max() > 20
    assert (one.ids == twelve.ids).all() and (one.gains == twelve.gains).all() and (one.rounds == twelve.rounds).all()


def test_a_row_is_sent_once_a_round_and_shards_that_cannot_win_are_not_asked():
    features = random_sets(np.random.default_rng(2), 2000, 4000)
    made, traffic = run(features, 8, 100, 16)
    assert made.rounds.max() == 1 and 100 <= traffic.rows <= 2000
    assert traffic.questions < 8 * traffic.exchanges and traffic.exchanges < 100
    assert traffic.bytes_out == traffic.questions * 500, "4000 features are 500 bytes of bits"


def test_shards_hold_every_row_once_and_about_as_many_entries(random_pool):
    features = random_sets(np.random.default_rng(3), 500, 100)
    left = np.flatnonzero(np.random.default_rng(4).random(500) < 0.7).astype(np.int32)
    shards = in_shards(features, left, 4)
    assert np.concatenate([each.ids for each in shards]).tolist() == left.tolist()
    entries = [len(each.features.indices) for each in shards]
    assert max(entries) - min(entries) <= 2 * features.richness.max()
    for each in shards:
        for k, sample_id in enumerate(each.ids.tolist()):
            assert each.features.row(k).tolist() == features.row(sample_id).tolist()


def test_there_are_no_more_shards_than_rows_and_none_of_nothing():
    features = random_sets(np.random.default_rng(5), 3, 20)
    assert len(in_shards(features, np.arange(3, dtype=np.int32), 50)) <= 3
    assert in_shards(features, np.empty(0, np.int32), 4) == []


@pytest.mark.parametrize("options", [{"per_token": True}, {"wanted": 2}, {"rarity": "idf"}, {"one_pass": True}])
def test_what_shards_do_not_rank_by_is_refused(options, build_pool):
    with pytest.raises(GamutError, match="--engine ray ranks by sae-greedy where every feature counts alike"):
        rank(build_pool([{1}]), SaeGreedyOptions(**options), order=in_process(2))
