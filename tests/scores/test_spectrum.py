"""The spectrum of features, who carries the rare ones, and effective numbers beside samples of the same lengths."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import GamutError
from core.scores.diversity import novelty
from core.scores.feature_sets import FeatureSets
from core.scores.length_matched import FEATURES_REACHED, LikeLengths, remains
from core.scores.spectrum import Bounds, carriers, effective_beside_null, hill_numbers, spectrum

ROWS = st.lists(st.sets(st.integers(0, 9)), min_size=1, max_size=20)


def packed(rows, n_features=10) -> FeatureSets:
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return FeatureSets(indptr, np.array([f for row in rows for f in sorted(row)], np.int32), n_features)


@settings(deadline=None)
@given(ROWS, st.integers(1, 40), st.integers(41, 100))
def test_every_feature_is_of_the_kind_that_its_samples_say(rows, rare, ubiquitous):
    found = spectrum(packed(rows), Bounds(rare=rare, ubiquitous=ubiquitous))
    for feature in range(10):
        held = sum(feature in row for row in rows)
        kind = (
            "dead" if held == 0
            else "ubiquitous" if held * 100 >= ubiquitous * len(rows)
            else "rare" if held * 100 <= rare * len(rows)
            else "common"
        )  # fmt: skip
        assert ("dead", "rare", "common", "ubiquitous")[found.kind[feature]] == kind
    assert sum(found.counts.values()) == 10
    assert found.histogram()[1].sum() == 10 - found.counts["dead"]
    by_hand = [sum(found.rare[f] for f in row) for row in rows]
    assert packed(rows).hits(found.rare).tolist() == by_hand
    shares = [count / len(row) if row else np.nan for count, row in zip(by_hand, rows, strict=True)]
    np.testing.assert_allclose(novelty(packed(rows), found.rare), shares)


def test_rare_must_lie_below_ubiquitous():
    with pytest.raises(GamutError, match="smaller"):
        Bounds(rare=20, ubiquitous=10)


def test_hill_numbers_are_those_of_the_textbook():
    assert hill_numbers(np.array([5, 5, 5, 5, 0])) == pytest.approx((4, 4, 4))
    p = np.array([0.5, 0.25, 0.25])
    assert hill_numbers(p * 100) == pytest.approx((3, np.exp(-(p * np.log(p)).sum()), 1 / (p**2).sum()))
    assert hill_numbers(np.zeros(3)) == (0, 0, 0)


def test_carriers_share_out_samples_tokens_and_rare_holdings():
    rows = [{0, 1}, {0, 2}, {0, 3}, {0}]
    found = carriers(
        packed(rows), np.isin(np.arange(10), [1, 2, 3]), codes=np.array([0, 0, 1, 1]), names=("a", "b", "empty"),
        tokens=np.array([10, 10, 20, 60]), lengths=np.zeros(4, np.int64),
    )  # fmt: skip
    assert [one.name for one in found] == ["a", "b"]
    assert [one.share_of_samples for one in found] == [0.5, 0.5]
    assert [one.share_of_tokens for one in found] == [0.2, 0.8]
    assert [one.share_of_rare for one in found] == pytest.approx([2 / 3, 1 / 3])
    assert found[0].rare_per_token == pytest.approx(10 / 3)


def test_the_band_of_the_rare_is_that_of_samples_drawn_at_the_same_lengths():
    rng = np.random.default_rng(0)
    lengths, rare = rng.integers(0, 3, 300), np.arange(10) < 8
    rows = [set(np.flatnonzero(rng.random(10) < 0.05 * (1 + length)).tolist()) for length in lengths]
    codes = (rng.random(300) < 0.3).astype(int)
    rows = [own | {0, 1, 2, 3} if at < 20 else own for at, own in enumerate(rows)]
    codes[:20] = 2
    found = carriers(
        packed(rows), rare, codes=codes, names=("a", "b", "c"), tokens=np.full(300, 5), lengths=lengths
    )  # fmt: skip
    held, like = np.array([len(own & set(range(8))) for own in rows]), LikeLengths(lengths)
    for code, one in enumerate(found):
        drawn = [held[like.draw(rng, np.flatnonzero(codes == code))].sum() / held.sum() for _ in range(1000)]
        assert (one.rare_low + one.rare_high) / 2 == pytest.approx(np.mean(drawn), rel=0.02)
        assert one.rare_high - one.rare_low == pytest.approx(2 * 2.394 * np.std(drawn), rel=0.12)
    assert found[2].share_of_rare > found[2].rare_high


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.data())
def test_a_draw_has_as_many_of_each_length_all_different_and_eligible(groups, data):
    groups = np.array(groups)
    eligible = np.array(data.draw(st.lists(st.booleans(), min_size=len(groups), max_size=len(groups))))
    ids = np.flatnonzero(data.draw(st.lists(st.booleans(), min_size=len(groups), max_size=len(groups))))
    drawn = LikeLengths(groups, eligible).draw(np.random.default_rng(0), ids)
    assert len(set(drawn.tolist())) == len(drawn) and eligible[drawn].all()
    for group in range(5):
        there = int((eligible & (groups == group)).sum())
        assert (groups[drawn] == group).sum() == min(there, (groups[ids] == group).sum())


def test_all_samples_are_their_own_counterpart():
    rows = [{f % 10, (3 * f) % 10} for f in range(30)]
    (found,) = effective_beside_null(packed(rows), [np.arange(30)], np.arange(30) // 10)
    assert found[0] == pytest.approx(found[1]) == pytest.approx(found[2]) and found[3] == 30


def test_picks_that_are_only_long_keep_nothing_at_equal_length():
    rng = np.random.default_rng(0)
    length = rng.integers(1, 40, 600)
    rows = [set(rng.choice(3000, size, replace=False).tolist()) for size in length]
    long = np.flatnonzero(length > 30)[:60]
    reached, richness = _remains(rows, long, length)
    assert reached.measure == FEATURES_REACHED
    assert not reached.beyond_length and reached.chosen > reached.random_high and abs(reached.kept) < 0.1
    assert richness.kept == pytest.approx(0, abs=1e-9)  # richness is length here


def test_picks_with_features_of_their_own_keep_that_at_equal_length():
    rng = np.random.default_rng(0)
    length = rng.integers(5, 30, 600)
    rows = [set(rng.choice(100, size, replace=False).tolist()) for size in length]
    for at in range(40):  # as long as before
        rows[at] = set(range(100 + 30 * at, 100 + 30 * at + length[at]))
    reached, _ = _remains(rows, np.arange(40), length)
    assert reached.beyond_length and reached.chosen > 2 * reached.matched and reached.kept > 0.9


def _remains(rows, ids, length):
    features = packed(rows, 3000)
    measures = {"richness": features.richness.astype(float)}
    return remains(ids, features=features, measures=measures, groups=length, eligible=np.ones(len(rows), bool))
