"""The area under the ROC curve: against brute force and scikit-learn, its interval against what it must cover."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from core.scores.labels.auroc import FEWEST, area, auroc, balanced_accuracy

FEW = some.lists(some.integers(0, 3).map(float), min_size=1, max_size=12)


@settings(deadline=None)  # the first call compiles
@given(FEW, FEW)
def test_the_area_equals_a_count_over_pairs_and_scikit_learns(positives, negatives):
    pairs = [1.0 if p > n else 0.5 if p == n else 0.0 for p in positives for n in negatives]
    said = auroc(np.array(positives), np.array(negatives))
    assert said == pytest.approx(sum(pairs) / len(pairs))
    truth = [1] * len(positives) + [0] * len(negatives)
    assert said == pytest.approx(roc_auc_score(truth, [*positives, *negatives]))


def test_fewer_than_thirty_on_either_side_are_too_few():
    many, few = np.zeros(FEWEST), np.zeros(FEWEST - 1)
    assert area(many, many).measured
    assert not area(few, many).measured and not area(many, few).measured
    assert not balanced_accuracy(1, FEWEST - 1, 1, FEWEST).measured


def test_the_interval_holds_the_area_and_has_width_even_at_its_ends():
    rng = np.random.default_rng(0)
    for shift in (0, 0.5, 2, 100):
        found = area(rng.normal(shift, 1, 60), rng.normal(0, 1, 60))
        assert 0 <= found.low < found.value <= found.high <= 1
        assert 0.02 < found.high - found.low < 0.25


def test_the_interval_covers_the_truth_nineteen_times_in_twenty():
    rng = np.random.default_rng(1)
    truth = 0.5 * (1 + math.erf(0.5))  # P(N(1, 1) > N(0, 1))
    covered = [
        found.low <= truth <= found.high
        for found in (area(rng.normal(1, 1, 40), rng.normal(0, 1, 50)) for _ in range(1000))
    ]
    assert 0.93 < np.mean(covered) < 0.98


def test_balanced_accuracy_equals_scikit_learns_and_its_interval_holds_it():
    truth = [1] * 40 + [0] * 50
    answers = [1] * 30 + [0] * 10 + [1] * 5 + [0] * 45
    found = balanced_accuracy(30, 40, 5, 50)
    assert found.value == pytest.approx(balanced_accuracy_score(truth, answers))
    assert 0.7 < found.low < found.value < found.high < 0.95
