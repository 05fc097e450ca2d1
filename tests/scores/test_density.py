"""The map as cells: every sample in one, and what each cell says equals going through the samples one by one."""

from collections import Counter

import numpy as np
import pytest

from core.scores.density import grid, view_of_most, whole_view, widened, within


@pytest.mark.parametrize("seed", range(4))
def test_counts_means_and_commonest_groups_equal_a_loop_over_the_samples(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, 400)).astype(np.float32)
    values, codes = rng.normal(size=400), rng.integers(0, 3, 400).astype(np.int32)
    values[::7] = np.nan
    view, columns, rows = (-1.0, 1.5, -2.0, 2.0), 7, 5
    cells = grid(x, y, view, columns=columns, rows=rows)
    held = {}
    for i in range(400):
        if view[0] <= x[i] <= view[1] and view[2] <= y[i] <= view[3]:
            column = min(columns - 1, int((x[i] - view[0]) / (view[1] - view[0]) * columns))
            row = min(rows - 1, int((y[i] - view[2]) / (view[3] - view[2]) * rows))
            held.setdefault((row, column), []).append(i)
    counts, means, most = cells.counts(), cells.means(values), cells.commonest(codes, 3)
    assert counts.sum() == within(x, y, view).sum() == sum(map(len, held.values()))
    for row in range(rows):
        for column in range(columns):
            own = held.get((row, column), [])
            assert counts[row, column] == len(own)
            told = [values[i] for i in own if not np.isnan(values[i])]
            assert means[row, column] == pytest.approx(np.mean(told)) if told else np.isnan(means[row, column])
            tally = Counter(codes[own].tolist())
            assert most[row, column] == (min(tally, key=lambda code: (-tally[code], code)) if own else -1)
    assert cells.counts(codes == 1).sum() == (within(x, y, view) & (codes == 1)).sum()


@pytest.mark.parametrize("view", [(0, 1, 0, 1), (0, 4, 1, 2), (-1, 0, 0, 9)])
def test_a_widened_view_has_the_shape_asked_for_and_nothing_of_the_other_is_lost(view):
    x0, x1, y0, y1 = widened(view, 1.5)
    assert (x1 - x0) / (y1 - y0) == pytest.approx(1.5)
    assert x0 <= view[0] and x1 >= view[1] and y0 <= view[2] and y1 >= view[3]
    assert x1 - x0 == pytest.approx(view[1] - view[0]) or y1 - y0 == pytest.approx(view[3] - view[2])


def test_the_whole_view_holds_everybody_and_the_view_of_most_nearly_everybody():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 1000)).astype(np.float32)
    x[:5] += 100
    assert within(x, y, whole_view(x, y)).all()
    most = view_of_most(x, y)
    assert not within(x, y, most)[:5].any() and within(x, y, most).mean() > 0.9
    alone = np.zeros(1, np.float32)
    assert (
        within(alone, alone, whole_view(alone, alone)).all() and within(alone, alone, view_of_most(alone, alone)).all()
    )
