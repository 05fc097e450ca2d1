"""How far readings agree, and what scores look like as a whole, beside scipy and plain loops."""

import numpy as np
import pytest
from scipy import stats

from core.scores.alignment import AlignmentSettings, alignment, layer_shares
from core.scores.alignment_summary import summary
from core.scores.capability import save_capability
from core.scores.readings import PLAIN, READINGS, agreement, compare, reading_name
from core.store.analyses import open_analysis
from tests.scores.test_alignment import made_capability


def test_correlation_is_spearman_s_and_overlap_counts_the_best_tenth_with_ties_to_the_lowest_id():
    scores = np.random.default_rng(2).integers(0, 7, (4, 57)).astype(float)
    correlation, overlap, rows = compare(scores)
    assert rows == 6
    best = [set(sorted(range(57), key=lambda i, s=own: (-s[i], i))[:6]) for own in scores]
    for a in range(4):
        for b in range(4):
            assert correlation[a, b] == pytest.approx(stats.spearmanr(scores[a], scores[b]).statistic)
            assert overlap[a, b] == pytest.approx(len(best[a] & best[b]) / 6)
    assert np.isnan(compare(np.array([[1.0, 2, 3], [5, 5, 5]]))[0][0, 1])


def test_readings_that_are_kept_are_compared_and_the_others_named_with_the_reason(made):
    analysis, capability = open_analysis(made, "made"), save_capability(made, made_capability())
    for _ in range(2):  # made, then read where it was kept
        found = agreement(analysis, capability)
        assert (
            len(found.names) == 12 and len(found.left_out) == 12 and set(found.names) < set(map(reading_name, READINGS))
        )
        assert "not those of its last token" in found.left_out["mlp last"]
        assert found.rows == 6 and found.chance == pytest.approx(0.1)
        assert np.allclose(np.diag(found.correlation), 1) and np.allclose(np.diag(found.overlap), 1)
        mean, last = (found.names.index(f"residual {pooling}") for pooling in ("mean", "last"))
        expected = [
            alignment(analysis, capability, AlignmentSettings(site="residual", pooling=p)) for p in ("mean", "last")
        ]
        assert found.correlation[mean, last] == pytest.approx(stats.spearmanr(*expected).statistic)
    assert len(PLAIN) == 6
    none = agreement(analysis, capability, readings=[AlignmentSettings(pooling="last")])
    assert none.names == () and none.correlation.shape == (0, 0)


def test_a_summary_tells_the_distribution_the_ends_the_layers_and_the_length():
    rng = np.random.default_rng(0)
    projected, tokens = rng.normal(size=(80, 3)) * [1, 2, 4], rng.integers(1, 99, 80)
    projected[11] = projected[5]
    settings = AlignmentSettings(layer_z=True)
    found = summary(projected, tokens, settings)
    z = (projected - projected.mean(axis=0)) / projected.std(axis=0)
    assert (
        np.allclose(found.scores, z.sum(axis=1))
        and found.counts.sum() == 80
        and len(found.edges) == len(found.counts) + 1
    )
    assert np.allclose(found.shares, layer_shares(z)) and found.shares.sum() == pytest.approx(1)
    assert found.spearman == pytest.approx(stats.spearmanr(tokens, found.scores).statistic)
    best = sorted(range(80), key=lambda i: (-found.scores[i], i))
    assert found.highest(80).tolist() == best and found.lowest(1)[0] == best[-1]
    assert summary(np.ones((5, 2)), np.ones(5), settings).spearman is None
