"""A page of the feature table: every live feature once, in the order asked for."""

import numpy as np
import pyarrow as pa
import pytest

from core.errors import GamutError
from core.store.analyses import open_analysis
from core.store.feature_table import ORDERS, Beside, feature_page
from core.store.features import direction_of, examples_of
from core.store.peaks import STRONGEST, peak_tokens

LABELS = pa.table(
    {
        "feature_id": pa.array([3, 5, 8], pa.int32()),
        "text": ["Ähren", "about 50% of_it", "zebra"],
        "search": ["ähren | wheat", "about 50% of_it", "zebra"],
    }
)
LABEL = dict(zip(LABELS["feature_id"].to_pylist(), LABELS["text"].to_pylist(), strict=True))


def table_of(analysis) -> list[tuple]:
    query = "SELECT feature_id, samples, tokens, max FROM features"
    return analysis.cursor().execute(query).fetchall()


def in_order(rows, chosen, subset, *, order, descending, n_samples):
    """The table sorted by Python: labels by their small letters, features without one last whatever the direction."""

    def key(row):
        if order == "label":
            label = LABEL.get(row[0])
            return (
                label is None,
                [-ord(c) for c in label.lower()] + [1] if label and descending else (label or "").lower(),
            )
        value = chosen[row[0]] * n_samples - row[1] * subset if order == "subset" else row[ORDERS.index(order)]
        return (False, -value if descending else value)

    return sorted(rows, key=lambda row: (*key(row), row[0]))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("descending", [True, False])
def test_pages_end_to_end_are_the_sorted_table(made, order, descending):
    analysis = open_analysis(made, "made")
    chosen = np.random.default_rng(0).integers(0, 9, analysis.n_features)
    beside = Beside(labels=LABELS, chosen=chosen, subset=11)
    rows = [row for row in table_of(analysis) if row[1]]
    expected = in_order(rows, chosen, 11, order=order, descending=descending, n_samples=analysis.n_samples)
    pages = [
        feature_page(analysis, order=order, descending=descending, beside=beside, limit=7, offset=at)
        for at in range(0, len(rows), 7)
    ]
    found = [(row.feature_id, row.samples, row.tokens, row.max) for page in pages for row in page.rows]
    assert found == expected
    assert {page.total for page in pages} == {len(rows)}
    assert all(row.label == LABEL.get(row.feature_id) for page in pages for row in page.rows)
    assert all(row.chosen == chosen[row.feature_id] for page in pages for row in page.rows)


@pytest.mark.parametrize(
    ("search", "told"),
    [
        ("ähREN", {3}),
        ("WHEAT", {3}),
        ("50%", {5}),
        ("of_it", {5}),
        ("oXit", set()),
        ("#8", {8}),
        ("' OR 1=1 --", set()),
    ],
)
def test_a_label_or_an_id_is_found_whatever_the_case_and_nothing_is_a_pattern(made, search, told):
    beside = Beside(labels=LABELS)
    found = feature_page(open_analysis(made, "made"), search=search, beside=beside, live=False)
    assert {row.feature_id for row in found.rows} == told
    assert found.total == len(told)


def test_a_word_finds_the_features_that_promote_it_or_fire_on_it(made):
    analysis = open_analysis(made, "made")
    expected = set()
    for feature in range(analysis.n_features):
        spoken = [text for text, _ in direction_of(analysis, feature).promoted]
        for example in examples_of(analysis, feature, limit=STRONGEST):
            spoken.append(analysis.tokens_of(example.sample_id)[0][example.position])
        if any("w27" in text for text in spoken):
            expected.add(feature)
    found = feature_page(analysis, search="W27", beside=Beside(peaks=peak_tokens(analysis)), live=False, limit=1000)
    assert {row.feature_id for row in found.rows} == expected
    assert 0 < len(expected) < analysis.n_features


def test_only_features_that_are_kept_are_shown_and_counted(made):
    analysis = open_analysis(made, "made")
    kept = np.arange(analysis.n_features) % 3 == 0
    found = feature_page(analysis, beside=Beside(kept=kept), live=False, limit=1000)
    assert sorted(row.feature_id for row in found.rows) == np.flatnonzero(kept).tolist()
    assert found.total == kept.sum()


def test_an_unknown_order_is_a_sentence(made):
    with pytest.raises(GamutError, match="use one of feature_id, samples"):
        feature_page(open_analysis(made, "made"), order="max; DROP TABLE features")
