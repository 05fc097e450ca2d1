"""The features that tell groups apart: planted ones are found, common ones first, groups too small are left out."""

import numpy as np

from core.scores.feature_sets import FeatureSets
from core.scores.telling import telling

GROUPS, SAMPLES, NOISE = 3, 300, 20


def planted() -> tuple[FeatureSets, np.ndarray, np.ndarray]:
    """Feature g is active in most samples of group g alone, feature 10 + g in few of them; the others in any sample."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, GROUPS, SAMPLES)
    rows = []
    for code in codes.tolist():
        own = {code} if rng.random() < 0.8 else set()
        own |= {10 + code} if rng.random() < 0.06 else set()
        rows.append(sorted(own | set((13 + np.flatnonzero(rng.random(NOISE) < 0.3)).tolist())))
    indptr = np.cumsum([0, *map(len, rows)])
    indices = np.array([f for row in rows for f in row], np.int32)
    return FeatureSets(indptr, indices, 13 + NOISE), codes, rng.integers(5, 50, SAMPLES)


def test_what_was_planted_in_a_group_tells_it_and_the_common_one_comes_first():
    features, codes, tokens = planted()
    names = ["a", "b", "c"]
    found = telling(features, codes=codes, names=names, tokens=tokens, same=np.arange(SAMPLES))
    assert sorted(group.name for group in found) == names
    for group in found:
        code = names.index(group.name)
        own = codes == code
        assert group.telling[0].feature_id == code
        assert group.telling[0].inside == np.mean([code in features.row(i) for i in np.flatnonzero(own)])
        assert group.telling[0].outside == 0
        assert group.telling[0].low > 0
        assert (group.samples, group.others) == (own.sum(), (~own).sum())
        rare = [told.inside < 0.1 for told in group.telling]
        assert rare == sorted(rare)


def test_groups_come_by_size_without_the_small_ones_and_without_samples_of_no_group():
    features, codes, tokens = planted()
    codes = np.where(np.arange(SAMPLES) < 15, 3, codes)  # a small group
    codes[100:140] = -1
    found = telling(features, codes=codes, names=["a", "b", "c", "few"], tokens=tokens, same=np.arange(SAMPLES))
    assert [group.samples for group in found] == sorted((group.samples for group in found), reverse=True)
    assert "few" not in {group.name for group in found}
    assert all(group.samples + group.others == SAMPLES - 40 for group in found)


def test_one_group_of_everything_tells_nothing():
    features, codes, tokens = planted()
    assert telling(features, codes=codes * 0, names=["all"], tokens=tokens, same=np.arange(SAMPLES)) == []
