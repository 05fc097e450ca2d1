"""Redundancy against brute force, ties included."""

from fractions import Fraction
from itertools import combinations
from math import ceil
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import GamutError
from core.scores import redundant_groups
from core.scores.distinct_sets import distinct_sets
from core.scores.feature_sets import Activity, FeatureSets
from core.scores.links import groups_of
from core.scores.minhash import Bands, band_keys, likely_pairs
from core.scores.redundancy import kept_redundancy, redundancy_of
from core.scores.redundancy_null import deal, draw_null
from core.scores.redundancy_search import BITWISE, COUNTED, JOINED, redundancy, shortest_way
from core.scores.redundancy_text import agreement
from core.scores.redundant_groups import OUT, STAYS, groups_at, in_order, propose, smallest_inside
from core.scores.set_join import join_of, meetings, pairs_of
from core.selection.specification import active_sets
from core.store.analyses import open_analysis


def sets_of(rows: list[set[int]], n_features: int = 40) -> FeatureSets:
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    indices = np.array([feature for row in rows for feature in sorted(row)], np.int32)
    return FeatureSets(indptr, indices, n_features)


def overlap(one: set[int], other: set[int]) -> Fraction:
    return Fraction(len(one & other), max(1, len(one | other)))


def nearest(rows: list[set[int]], sample: int) -> tuple[int, Fraction]:
    others = [(-overlap(rows[sample], rows[k]), k) for k in range(len(rows)) if k != sample]
    most, who = min(others, default=(Fraction(0), -1))
    return (who, -most) if most else (-1, Fraction(0))


def groups(rows: list[set[int]], at: Fraction) -> set[frozenset[int]]:
    """Connected components of two or more, by merging until nothing merges."""
    found = [{k} for k in range(len(rows))]
    for a, b in combinations(range(len(rows)), 2):
        if rows[a] and overlap(rows[a], rows[b]) >= at:
            one = next(group for group in found if a in group)
            other = next(group for group in found if b in group)
            if one is not other:
                found.remove(other)
                one |= other
    return {frozenset(group) for group in found if len(group) > 1}


def looked_up(found, n: int, at: float) -> set[frozenset[int]]:
    lowest = groups_of(found.links.reaching(at), n)
    together = [frozenset(np.flatnonzero(lowest == one).tolist()) for one in np.unique(lowest)]
    return {group for group in together if len(group) > 1}


rows_of = st.lists(st.sets(st.integers(0, 11), max_size=8), min_size=1, max_size=24)


@settings(max_examples=60, deadline=None)
@given(rows_of, st.sampled_from([BITWISE, JOINED, COUNTED]))
def test_nearest_pairs_and_groups_equal_brute_force_ties_included(rows, way):
    found = redundancy(sets_of(rows), way=way)
    for sample in range(len(rows)):
        who, most = nearest(rows, sample)
        assert (found.nearest[sample], Fraction(int(found.shared[sample]), max(1, int(found.union[sample])))) == (
            who,
            most,
        )
    for at in (0.6, 0.75, 0.8, 1.0):
        exact = Fraction(str(at))
        assert looked_up(found, len(rows), at) == groups(rows, exact)
        pairs = sum(bool(a) and overlap(a, b) >= exact for a, b in combinations(rows, 2))
        assert found.pairs_at(at) == pairs


@settings(max_examples=20, deadline=None)
@given(rows_of)
def test_minhash_finds_nothing_that_is_not_there_and_the_same_copies(rows):
    found, truth = redundancy(sets_of(rows), exact=False), redundancy(sets_of(rows))
    assert (found.overlap <= truth.overlap).all()
    assert looked_up(found, len(rows), 1.0) == looked_up(truth, len(rows), 1.0)


def test_redundancy_is_computed_once_and_kept_with_its_analysis(made):
    analysis = open_analysis(made, "made")
    features = active_sets(analysis, span="conversation", activity=Activity()).features
    assert kept_redundancy(analysis, features) is None
    found = redundancy_of(analysis, features)
    kept = kept_redundancy(analysis, features)
    for name in ("nearest", "shared", "union", "pairs"):
        assert np.array_equal(getattr(kept, name), getattr(found, name))
    assert np.array_equal(kept.links.a, found.links.a) and len(kept.links.a)
    assert kept.exact and kept.floor == found.floor


@settings(max_examples=60, deadline=None)
@given(rows_of, st.integers(1, 10))
def test_the_join_finds_every_pair_at_any_floor(rows, tenths):
    sets = distinct_sets(sets_of(rows))
    one, other, shared = pairs_of(join_of(sets, tenths, 10), 0, len(sets))
    told = {(*sorted((sets.first[a], sets.first[b])), s) for a, b, s in zip(one, other, shared, strict=True)}
    first = [rows.index(row) for row in {frozenset(row): row for row in rows if row}.values()]
    true = {
        (a, b, len(rows[a] & rows[b]))
        for a, b in combinations(sorted(first), 2)
        if overlap(rows[a], rows[b]) >= Fraction(tenths, 10)
    }
    assert told == true and len(one) == len(told)


@settings(max_examples=20, deadline=None)
@given(rows_of, st.integers(1, 10))
def test_the_meetings_of_the_join_are_those_of_the_first_features(rows, tenths):
    sets = distinct_sets(sets_of(rows))
    own = [sets.ids[a:b].tolist() for a, b in zip(sets.indptr, sets.indptr[1:], strict=False)]
    asked = [ids[: len(ids) - ceil(Fraction(tenths, 10) * len(ids)) + 1] for ids in own]
    held = [ids[: len(ids) - ceil(Fraction(2 * tenths, 10 + tenths) * len(ids)) + 1] for ids in own]
    assert meetings(sets, tenths, 10) == sum(len(set(a) & set(b)) for a in asked for b in held) / 2


def test_the_join_is_taken_only_where_it_spares_counting():
    rare, _ = near_copies(60)  # sets of 40 to 80 of 2,000 features
    apart, dense = sets_of([{k} for k in range(300)], 70_000), sets_of([set(range(64))] * 9, 64)
    for features, way in ((rare, COUNTED), (apart, JOINED), (dense, BITWISE)):
        assert shortest_way(features, distinct_sets(features), Fraction(3, 10)) == way


def near_copies(n: int, seed: int = 0) -> tuple[FeatureSets, list[set[int]]]:
    """n random sets of 40 to 80 of 2,000 features and as many copies of them with some features exchanged."""
    random = np.random.default_rng(seed)
    rows = [set(random.choice(2000, random.integers(40, 80), replace=False).tolist()) for _ in range(n)]
    for row in rows[:n]:
        kept = [feature for feature in row if random.random() > 0.15]
        rows.append(set(kept) | set(random.choice(2000, random.integers(0, 6)).tolist()))
    return sets_of(rows, 2000), rows


def test_minhash_finds_the_share_of_pairs_that_it_promises():
    features, _ = near_copies(1500)
    found, truth = redundancy(features, exact=False), redundancy(features)
    assert found.bands is not None and truth.exact
    for step in range(round(100 * found.floor), 95, 5):
        there, met = truth.pairs[step : step + 5].sum(), found.pairs[step : step + 5].sum()
        if there >= 100:
            low, high = found.recall_at(step / 100), found.recall_at((step + 5) / 100)
            slack = 3 * np.sqrt(low * (1 - low) / there)  # three standard errors
            assert low - slack <= met / there <= min(1, high + slack)


def test_signatures_agree_as_often_as_those_of_a_peer_library():
    datasketch = pytest.importorskip("datasketch")
    features, rows = near_copies(300)
    sets = distinct_sets(features)
    keys = band_keys(sets, Bands(256, 1))
    place = {int(first): k for k, first in enumerate(sets.first)}
    made = []
    for row in (*rows[:300], *rows[300:]):
        peer = datasketch.MinHash(num_perm=256)
        for feature in row:
            peer.update(str(feature).encode())
        made.append(peer)
    mine = [(keys[place[k]] == keys[place[k + 300]]).mean() for k in range(300)]
    theirs = [made[k].jaccard(made[k + 300]) for k in range(300)]
    true = [float(overlap(rows[k], rows[k + 300])) for k in range(300)]
    assert abs(np.mean(mine) - np.mean(true)) < 0.01 and abs(np.mean(theirs) - np.mean(true)) < 0.01
    assert np.sqrt(np.mean(np.subtract(mine, true) ** 2)) < 1.2 * np.sqrt(np.mean(np.subtract(theirs, true) ** 2))


def test_a_crowded_band_leaves_comparisons_out_and_counts_them():
    sets = distinct_sets(sets_of([set(range(9)) | {9 + k} for k in range(30)]))
    same = np.zeros((30, 1), np.uint64)  # everybody agrees in the one band there is
    crowded = list(likely_pairs(sets, same, 4, 5, widest=5))
    assert sum(left_out for _, left_out in crowded) == 24 * 25 // 2  # each is compared with five before it
    assert sum(len(pairs[0]) for pairs, _ in crowded) == 30 * 29 // 2 - 24 * 25 // 2
    assert sum(len(pairs[0]) for pairs, _ in likely_pairs(sets, np.zeros((30, 2), np.uint64), 4, 5)) == 30 * 29 // 2


@settings(max_examples=60, deadline=None)
@given(rows_of, st.data())
def test_who_goes_is_near_one_that_stays_and_the_firm_stay(rows, data):
    n, features = len(rows), sets_of(rows)
    found = redundancy(features)
    flags = [np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n))) for _ in range(2)]
    firm, out = flags[0], flags[1]
    places = in_order(features, np.arange(n) % 3, keep="longest")
    for one_each in (False, True):
        told = propose(found, features, at=0.75, places=places, firm=firm, out=out, one_each=one_each)
        for wide in (40, 4000):  # packed as bits, and with marks
            with patch.object(redundant_groups, "MANY", 1):
                same = propose(
                    found, sets_of(rows, wide), at=0.75, places=places, firm=firm, out=out, one_each=one_each
                )
            for name in ("state", "instead", "shared", "union"):
                assert np.array_equal(getattr(same, name), getattr(told, name))
        assert not firm[told.goes].any()
        for sample in told.goes.tolist():
            instead = int(told.instead[sample])
            assert told.state[instead] == STAYS
            if not one_each:
                assert overlap(rows[sample], rows[instead]) >= Fraction(3, 4)
        for group in told.groups:
            left = [k for k in group.tolist() if told.state[k] == STAYS]
            assert left or (told.state[group] == OUT).all()
            if one_each:
                assert len(left) <= max(1, int(firm[group].sum()))
            else:  # nobody stays who could have gone: all that stay and are not firm are apart
                loose = [k for k in left if not firm[k]]
                assert all(overlap(rows[a], rows[b]) < Fraction(3, 4) for a in loose for b in left if a != b)


def test_the_longest_stays_and_ties_go_to_the_lowest_sample():
    rows = [{1, 2, 3, 4}, {1, 2, 3, 4}, {1, 2, 3, 4}]
    features, nobody = sets_of(rows), np.zeros(3, bool)
    found = redundancy(features)
    for tokens, keep, stays in (([5, 9, 9], "longest", 1), ([5, 9, 9], "first", 0), ([5, 9, 9], "richest", 0)):
        places = in_order(features, np.array(tokens), keep=keep)
        told = propose(found, features, at=1.0, places=places, firm=nobody, out=nobody)
        assert np.flatnonzero(told.state == STAYS).tolist() == [stays]
        assert told.overlap[told.goes].tolist() == [1.0, 1.0]


def test_the_smallest_overlap_inside_a_group_equals_brute_force():
    _, rows = near_copies(20, seed=3)
    features = sets_of(rows, 2000)
    group = np.arange(40, dtype=np.int32)
    assert smallest_inside(features, group) == float(min(overlap(a, b) for a, b in combinations(rows, 2)))


def test_a_threshold_that_cannot_be_looked_up_is_refused_in_a_sentence():
    found = redundancy(sets_of([{1}, {1}]))
    for at in (0.2, 0.755, 1.5):
        with pytest.raises(GamutError, match="give whole hundredths from"):
            groups_at(found, at)
    with pytest.raises(GamutError, match="use one of longest, first, richest"):
        in_order(sets_of([{1}]), np.ones(1), keep="shortest")


def test_dealt_anew_keeps_every_size_and_about_every_frequency():
    features, _ = near_copies(400)
    dealt = deal(features, np.random.default_rng(1))
    assert np.array_equal(dealt.indptr, features.indptr)
    for k in range(features.n_samples):
        row = dealt.row(k)
        assert (np.diff(row) > 0).all()
    assert np.corrcoef(dealt.samples, features.samples)[0, 1] > 0.95


def test_the_null_of_random_sets_is_what_chance_gives_and_no_copy_is_in_it():
    features, _ = near_copies(400)
    null = draw_null(features, redundancy(features))
    size = float(features.richness.mean())
    assert abs(null.overlap.mean() - size / 2000 / (2 - size / 2000)) < 0.005  # p² / (2p − p²) of two random sets
    assert null.overlap.max() < 0.3 and null.dealt.max() < 0.3
    assert null.reaching(0.6) == 0


def test_agreement_of_features_and_words_counts_what_both_find():
    rows = [{1, 2, 3, 4}, {1, 2, 3, 4}, {11, 12, 13}, {11, 12, 13}, {21, 22}, {31, 32}]
    words = [{1, 2, 3}, {1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {10, 11}, {10, 11}]
    features, runs = sets_of(rows), sets_of(words)
    told = agreement(features, redundancy(features), runs, redundancy(runs), at=0.8, words_at=0.8)
    assert (told.samples, told.by_features, told.by_words, told.both) == (6, 4, 4, 2)
    assert told.expected == pytest.approx(4 * 4 / 6) and told.firm == 0.5 and told.found == 0.5
    assert told.only_features.tolist() == [2, 3] and told.only_words.tolist() == [4, 5]
