"""The picture of A against B: one scale for both sides, limits within it, a data set's words never as markup."""

import numpy as np

from core.scores.enrichment import enrichment
from core.scores.feature_sets import FeatureSets
from pages.explore.panels.odds_chart import odds_figure

HOSTILE = "</tspan><a href='javascript:x'>& <b>x"


def compared():
    """Feature 0 in A alone, feature 1 commoner in B, feature 2 alike in both."""
    number = np.arange(400)
    a = number < 150
    active = np.stack([a & (number % 3 == 0), (number % 10 == 0) | (~a & (number % 3 == 0)), number % 4 == 0], axis=1)
    indptr = np.concatenate([[0], np.cumsum(active.sum(axis=1))]).astype(np.int64)
    features = FeatureSets(indptr, np.nonzero(active)[1].astype(np.int32), 3)
    return enrichment(features, a=a, b=~a, tokens=number % 40, same=number)


def test_points_and_intervals_lie_within_one_scale_that_is_alike_on_both_sides():
    found = compared()
    assert np.isposinf(found.adjusted.high[0])
    figure = odds_figure(found, [0, 1, 2], {f: "word" for f in range(3)}, marked=1)
    low, high = figure.layout.xaxis.range
    assert low == -high
    points = figure.data[0]
    x, up, down = (np.array(values) for values in (points.x, points.error_x.array, points.error_x.arrayminus))
    assert (np.isfinite(up) & (up >= 0) & (down >= 0)).all()
    assert (x + up <= high).all() and (x - down >= low).all()
    assert points.marker.cmin == -points.marker.cmax
    assert [point[0] for point in points.customdata] == [0, 1, 2]


def test_words_of_a_data_set_are_no_markup_in_labels_and_on_hover():
    figure = odds_figure(compared(), [0], {0: HOSTILE}, marked=0)
    for text in (*figure.layout.yaxis.ticktext, *figure.data[0].hovertext):
        assert "<a " not in text and "<b>" not in text and "</tspan>" not in text
        assert "&lt;/tspan&gt;" in text
