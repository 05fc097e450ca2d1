"""Sensitivity: the selection under other settings, beside what the command line would choose under them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from core.errors import GamutError
from core.scores.feature_sets import Activity
from core.selection.budget import Budget
from core.selection.sensitivity import (
    OWN,
    POOLING,
    SEED,
    SPAN,
    THRESHOLD,
    Chosen,
    Setting,
    by_factor,
    choose_under,
    matrix,
    settings,
)
from core.selection.specification import RankingSpec, active_sets, pool_of, select_by
from core.store.analyses import open_analysis
from core.store.datasets import Dataset

BUDGET = Budget(rows=12)


@pytest.fixture
def opened(made):
    return open_analysis(made, "made"), Dataset(made, "made")


def spec_of(analysis, **more) -> RankingSpec:
    return RankingSpec(analysis=analysis.id, method="sae-greedy", **more)


def test_every_setting_changes_one_thing_and_none_is_the_selection_as_it_is(opened):
    spec = spec_of(opened[0])
    found = settings(spec)
    assert found[0] == Setting(OWN, "as it is", spec)
    assert all((one.spec, one.pooling) != (spec, "max") for one in found[1:])
    assert {one.factor for one in found[1:]} == {THRESHOLD, SPAN, POOLING}  # greedy has no seed
    for one in found[1:]:
        changed = [name for name in ("activity", "span", "options") if getattr(one.spec, name) != getattr(spec, name)]
        assert len(changed) + (one.pooling != "max") == 1
    random = settings(replace(spec, method="random", options={"seed": 3}))
    assert [one.words for one in random if one.factor == SEED] == ["seed 0", "seed 1", "seed 2", "seed 4"]


def test_each_setting_chooses_what_its_specification_chooses_and_it_is_kept(opened):
    analysis, dataset = opened
    for setting in settings(spec_of(analysis)):
        chosen = choose_under(analysis, dataset, setting, BUDGET)
        if setting.pooling == "max":
            pool = pool_of(analysis, dataset, setting.spec)
            assert chosen.ids.tolist() == select_by(pool, setting.spec, BUDGET).sample_ids.tolist()
        again = choose_under(analysis, dataset, setting, BUDGET)
        assert again.ids.tolist() == chosen.ids.tolist() and again.live == chosen.live
    assert len(list((analysis.folder / "derived").glob("sensitivity-*.parquet"))) == len(settings(spec_of(analysis)))


def test_a_click_is_worth_no_file(opened):
    analysis, dataset = opened
    choose_under(analysis, dataset, Setting(OWN, "", spec_of(analysis, pins=(3,))), BUDGET)
    assert not list((analysis.folder / "derived").glob("sensitivity-*.parquet"))


def test_pooling_by_sum_and_by_tokens_is_held_against_each_features_own_quantile(opened):
    analysis, _ = opened
    rows = analysis.cursor().execute("SELECT sample_id, feature_id, max, sum, count FROM activations").fetchall()
    for pooling, place, join in (("max", 2, max), ("sum", 3, lambda *x: sum(x)), ("count", 4, lambda *x: sum(x))):
        pooled: dict[tuple[int, int], float] = {}
        for row in rows:
            key = row[:2]
            pooled[key] = join(pooled[key], row[place]) if key in pooled else row[place]
        sets = active_sets(analysis, span="conversation", activity=Activity(quantile=0.5), pooling=pooling)
        for (sample, feature), value in pooled.items():
            own = sorted(one for (_, f), one in pooled.items() if f == feature)
            active = feature in sets.features.row(sample)
            assert active == (np.float32(value) >= np.float32(own[int(np.ceil(0.5 * (len(own) - 1)))]))
    with pytest.raises(GamutError, match="use one of max, sum, count"):
        analysis.activations(pooling="mean")


def chosen_of(*lists: list[int]) -> list[Chosen]:
    spec = RankingSpec(analysis="x", method="sae-greedy")
    factors = (OWN, THRESHOLD, THRESHOLD, SPAN)
    return [
        Chosen(Setting(factor, str(ids), spec), np.array(ids, np.int32), 0, 0, 0.0, 0.0)
        for factor, ids in zip(factors, lists, strict=False)
    ]


def test_the_matrix_counts_shares_chance_and_orders():
    chosen = chosen_of([1, 2, 3, 4], [4, 3, 2, 9], [5, 6], [1])
    told = matrix(chosen, n=20)
    assert told.shared[0].tolist() == [4, 3, 0, 1]
    assert told.share[0].tolist() == [1, 0.75, 0, 1]
    assert told.chance[0].tolist() == [0.2, 0.2, 0.2, 0.2]
    assert told.spearman[0, 1] == pytest.approx(spearmanr([0, 1, 2], [2, 1, 0]).statistic) == -1
    assert np.isnan(told.spearman[0, 2]) and np.array_equal(told.shared, told.shared.T)


def test_what_moves_most_comes_first():
    chosen = chosen_of([1, 2, 3, 4], [4, 3, 2, 9], [5, 6], [1, 2])
    told = by_factor(chosen, matrix(chosen, n=20), parts=np.array([0.5, 0.7]))
    assert [(one.factor, one.settings, one.mean) for one in told] == [
        (THRESHOLD, 2, 0.375), ("part of the pool", 2, 0.6), (SPAN, 1, 1.0),
    ]  # fmt: skip
    assert (told[0].low, told[0].high) == (0, 0.75)
