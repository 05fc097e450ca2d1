"""How well a kind is found: beside scikit-like plain loops, ties and weights included, and what the words say of it."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import GamutError
from core.scores.capability import save_capability
from core.scores.find_by_capability import find_by_capability
from core.scores.finding import NAIT, find_kind
from core.scores.finding_words import FLOOR, UNMATCHED, drawn_over, verdict
from core.scores.own_samples import learned_from
from core.store.analyses import open_analysis
from core.store.contrast import length_bins
from core.store.datasets import Dataset
from tests.scores.test_alignment import made_capability


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(6, 40))
def test_area_and_precision_are_those_of_all_pairs_and_of_every_way_to_break_ties(seed, n):
    rng = np.random.default_rng(seed)
    kind = rng.random(n) < 0.4
    kind[:2] = True, False
    score, lengths = rng.integers(0, 4, n).astype(float), rng.choice([3, 20, 200], n)
    found = find_kind({"x": score}, kind, lengths=lengths, draws=3)
    plain, matched = found.plain[0], found.matched[0]
    assert plain.auroc.value == pytest.approx(area(score, kind, np.ones(n)))
    for figure, cut in ((plain.precision, n / 10), (plain.precision_at_all, kind.sum())):
        assert figure.value == pytest.approx(precision(score, kind, np.ones(n), cut))
    weights, bins = np.zeros(n), length_bins(lengths)
    both = [b for b in set(bins.tolist()) if len(set(kind[bins == b].tolist())) == 2]
    inside = np.isin(bins, both)
    for b in both:
        own, others = (bins == b) & kind, (bins == b) & ~kind
        weights[own] = 1
        weights[others] = own.sum() / (kind & inside).sum() * (~kind & inside).sum() / others.sum()
    assert found.unmatched == int((kind & ~inside).sum())
    if both:
        assert matched.auroc.value == pytest.approx(area(score, kind, weights))
        assert matched.precision.value == pytest.approx(precision(score, kind, weights, weights.sum() / 10))
    else:
        assert np.isnan(matched.auroc.value)


def area(score, kind, weights):
    pairs = [
        (weights[a] * weights[b], (score[a] > score[b]) + (score[a] == score[b]) / 2)
        for a, b in itertools.product(np.flatnonzero(kind), np.flatnonzero(~kind))
    ]
    return sum(w * x for w, x in pairs) / sum(w for w, _ in pairs)


def precision(score, kind, weights, cut):
    """Equal scores share what is left of the cut in proportion to their weight."""
    left, hits = cut, 0.0
    for value in sorted(set(score.tolist()), reverse=True):
        own = score == value
        if (total := weights[own].sum()) > 0:
            part = min(1.0, left / total)
            hits += part * weights[own & kind].sum()
            left -= part * total
    return hits / cut


def test_intervals_come_from_whole_tasks_and_the_difference_from_the_same_draws():
    rng = np.random.default_rng(4)
    tasks = np.repeat(np.arange(40), 25)
    kind = tasks < 8
    shift = rng.normal(size=40)[tasks]  # what a task's rows have in common
    score = 2.0 * kind + shift + rng.normal(size=1000) / 5
    scores = {NAIT: score, "bm25": score + rng.normal(size=1000) / 50, "random": rng.random(1000)}
    by_task, by_row = (find_kind(scores, kind, lengths=np.full(1000, 9), tasks=own, draws=150) for own in (tasks, None))
    wide, narrow = (found.plain[0].auroc.high - found.plain[0].auroc.low for found in (by_task, by_row))
    assert wide > 2 * narrow and by_task.tasks == 8 and by_row.tasks is None
    nearly, chance = by_task.plain[1].behind, by_task.plain[2].behind
    assert nearly.high - nearly.low < wide / 5 and not by_task.plain[0].behind
    assert chance.apart and chance.value == pytest.approx(by_task.plain[0].auroc.value - by_task.plain[2].auroc.value)
    said = " ".join(verdict(by_task))
    assert "better than random" in said and "not to be told from BM25" in said and said.endswith(FLOOR)
    few = find_kind(scores, tasks < 2, lengths=np.full(1000, 9), tasks=tasks, draws=20)
    assert "come from 2 tasks" in " ".join(verdict(few))


def test_what_is_found_only_by_length_is_lost_when_lengths_are_matched():
    rng = np.random.default_rng(1)
    lengths = np.concatenate([rng.integers(50, 300, 200), rng.integers(5, 200, 800)])
    kind = np.arange(1000) < 200
    found = find_kind({NAIT: lengths.astype(float), "length": lengths.astype(float)}, kind, lengths=lengths, draws=50)
    assert found.plain[0].auroc.value > 0.75 and abs(found.matched[0].auroc.value - 0.5) < 0.1
    assert "With lengths matched its AUROC is 0.5" in " ".join(verdict(found))
    with pytest.raises(ValueError):
        find_kind({NAIT: lengths}, np.zeros(1000, bool), lengths=lengths)


def test_a_kind_of_one_task_is_drawn_by_row_and_noise_beats_nothing():
    rng = np.random.default_rng(3)
    n = 400
    kind = np.arange(n) < 100
    scores = {NAIT: rng.random(n), "bm25": rng.random(n), "random": rng.random(n), "length": rng.random(n)}
    for tasks in (np.where(kind, 0, 1), np.where(kind, 0, 1 + np.arange(n) % 9)):
        found = find_kind(scores, kind, lengths=np.full(n, 9), tasks=tasks, draws=200)
        for own in (*found.plain, *found.matched):
            assert own.auroc.high - own.auroc.low > 0.05 and not (own.behind and own.behind.without_width)
        said = " ".join(verdict(found))
        assert "better than" not in said and "worse than" not in said
        assert "come from one task: the interval is over rows and says little of other tasks" in said
        assert drawn_over(found).startswith("rows of the kind, and ")
    alone = find_kind(scores, kind, lengths=np.full(n, 9), tasks=np.where(kind, np.arange(n) % 8, 9), draws=50)
    assert alone.other_tasks == 1 and alone.plain[0].auroc.high > alone.plain[0].auroc.low
    assert "All other rows come from one task" in " ".join(verdict(alone))
    assert drawn_over(alone) == "8 tasks, and rows of the others"


def test_an_interval_without_width_is_no_verdict():
    kind = np.arange(200) < 50
    rank = np.arange(200.0)
    found = find_kind({NAIT: -rank, "bm25": rank}, kind, lengths=np.full(200, 9), draws=50)
    behind = found.plain[1].behind
    assert behind.value == behind.low == behind.high == 1 and not behind.apart
    said = " ".join(verdict(found))
    assert "better than" not in said and "without a verdict, every draw being the same, beside BM25" in said


def test_where_no_length_is_shared_it_says_that_nothing_can_be_matched():
    kind = np.arange(200) < 50
    scores = {NAIT: np.arange(200) % 7}
    assert UNMATCHED in verdict(find_kind(scores, kind, lengths=np.where(kind, 500, 5), draws=20))
    assert UNMATCHED not in verdict(find_kind(scores, kind, lengths=np.full(200, 5), draws=20))


def test_a_capability_is_judged_without_the_samples_it_was_learned_from(made):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    one = made_capability()
    one.learned.sources[:] = [{"dataset": "made", "content_hash": dataset.content_hash, "ids": [0, 5, 7]}]
    one = save_capability(made, one)
    assert np.flatnonzero(learned_from(dataset, one)).tolist() == [0, 5, 7]
    kind = np.arange(60) < 20
    found = find_by_capability(analysis, dataset, one, kind, draws=10)
    assert (found.rows, found.samples) == (17, 57) and not found.missing
    assert [own.method for own in found.plain] == [
        NAIT, "difference-of-means", "embedding-similarity", "bm25", "mona", "neuron-overlap", "random", "length",
    ]  # fmt: skip
    with pytest.raises(GamutError, match="there must be some, and others"):
        find_by_capability(analysis, dataset, one, np.isin(np.arange(60), [0, 5]))
