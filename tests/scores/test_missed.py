"""What a subset misses, against Python sets: features, regions, and what more rows would add."""

import numpy as np
import pytest

from core.scores.coverage import NOBODY
from core.scores.feature_sets import FeatureSets
from core.scores.layout import Layout, LayoutSettings
from core.scores.map_regions import ROWS_A_REGION, map_regions, names_of_regions
from core.scores.missed import bought, missed, regions

N, M = 30, 12


def problem(seed: int):
    rng = np.random.default_rng(seed)
    rows = [sorted(rng.choice(M, rng.integers(0, 6), replace=False).tolist()) for _ in range(N)]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    order = rng.permutation(N).astype(np.int32)
    eligible = rng.random(N) < 0.8
    return rows, FeatureSets(indptr, np.array([j for row in rows for j in row], np.int32), M), order, eligible


def having(rows, ids, feature: int) -> int:
    return sum(feature in rows[i] for i in ids)


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize("c", [1, 3])
def test_missed_features_are_those_of_python_sets_the_commonest_first(seed, c):
    rows, sets, order, eligible = problem(seed)
    ids, base = order[:4], order[20:22]
    found = missed(sets, ids, eligible=eligible, c=c, base=base)
    pool = np.flatnonzero(eligible)
    lacking = [
        (-having(rows, pool, j), j) for j in range(M) if having(rows, pool, j) and having(rows, [*ids, *base], j) < c
    ]
    expected = sorted(lacking)
    assert found.features.tolist() == [feature for _, feature in expected]
    assert found.pool_rows.tolist() == [-rows for rows, _ in expected]
    assert found.live == sum(having(rows, pool, j) > 0 for j in range(M))


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize("c", [1, 2])
def test_what_further_rows_buy_is_what_taking_them_one_by_one_adds(seed, c):
    rows, sets, order, _ = problem(seed)
    ids, further, base = order[:4], order[4:9], order[20:22]
    gain = bought(sets, ids, further, c=c, base=base)
    taken, expected = [*base, *ids], []
    for row in further:
        taken.append(row)
        expected += [(j, int(row)) for j in rows[row] if having(rows, taken, j) == c]
    assert list(zip(gain.features.tolist(), gain.by.tolist(), strict=True)) == expected


@pytest.mark.parametrize("seed", range(15))
def test_regions_count_pairs_and_far_rows_as_python_sets_do(seed):
    rows, sets, order, eligible = problem(seed)
    rng = np.random.default_rng(seed)
    codes, names = rng.integers(-1, 4, N), ("a", "b", "c", "d", "never")
    ids, base = order[:3], order[20:21]
    covered = {j for i in [*ids, *base] for j in rows[i]}
    expected = []
    for code, name in enumerate(names):
        own = [i for i in range(N) if codes[i] == code and (eligible[i] or i in ids)]
        left = [i for i in own if i not in ids]
        pairs = sum(len(rows[i]) for i in left)
        reached = sum(len(covered & set(rows[i])) for i in left)
        far = sum(len(covered & set(rows[i])) < len(rows[i]) / 2 for i in left)
        if own:
            expected.append((name, len(own), len(own) - len(left), pairs, reached, far))
    expected.sort(key=lambda own: (own[2] / own[1], -own[1], own[0]))
    found = regions(sets, ids, codes=codes, names=names, eligible=eligible, base=base)
    assert [(r.name, r.rows, r.chosen, r.pairs, r.reached, r.far) for r in found] == expected


def test_nothing_chosen_misses_everything():
    _, sets, _, eligible = problem(1)
    found = missed(sets, NOBODY, eligible=eligible)
    assert len(found.features) == found.live


def test_the_map_is_cut_where_samples_lie_apart_the_largest_region_first():
    rng = np.random.default_rng(0)
    sizes = [ROWS_A_REGION, 3 * ROWS_A_REGION, 2 * ROWS_A_REGION]
    places = np.concatenate([rng.normal(20 * k, 0.1, (size, 2)) for k, size in enumerate(sizes)]).astype(np.float32)
    layout = Layout(LayoutSettings(), places[:, 0], places[:, 1])
    codes = map_regions(layout, most=3)
    assert codes.tolist() == [2] * sizes[0] + [0] * sizes[1] + [1] * sizes[2]
    assert (map_regions(layout) == map_regions(layout)).all()
    few = Layout(LayoutSettings(), places[:5, 0], places[:5, 1])
    assert map_regions(few).tolist() == [0] * 5


def test_a_region_is_named_by_the_features_whose_share_stands_out_most():
    rows = [[0, 5], [0, 5], [0, 1], [2, 5], [2, 3], [2, 3]]
    sets = FeatureSets(np.arange(0, 13, 2), np.array([j for row in rows for j in row], np.int32), 8)
    # Inside region 0 feature 0 has 3 of 3 rows, elsewhere none; 5 has 2 of 3 against 1 of 3 and 1 has 1 of 3: 5 and 1 tie.
    assert names_of_regions(sets, np.array([0, 0, 0, 1, 1, 1])).tolist() == [[0, 1], [2, 3]]
