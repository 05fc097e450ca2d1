"""The hygiene of features: every measure against a loop over the analysis, and who is of which kind."""

import numpy as np
import pytest

from core.errors import GamutError
from core.scores.hygiene import DEAD, DENSE, KINDS, LENGTH, POSITION, SPECIAL, HygieneSettings, hygiene
from core.scores.hygiene_measures import is_blank, length_aurocs, position_distances, special_shares
from core.store.analyses import Analysis, open_analysis
from core.store.bins import POSITION_BINS
from core.workspace import Workspace
from tests.made import FEATURES


@pytest.fixture
def analysis(made: Workspace) -> Analysis:
    return open_analysis(made, "made")


def active_pairs(analysis: Analysis) -> set[tuple[int, int]]:
    return set(analysis.cursor().execute("SELECT DISTINCT sample_id, feature_id FROM activations").fetchall())


def test_the_length_auroc_equals_a_count_over_all_pairs_of_samples_ties_counting_half(analysis):
    lengths, pairs = analysis.counts.scored_tokens, active_pairs(analysis)
    measured = length_aurocs(analysis, 5)
    for feature in range(FEATURES):
        lit = [sample for sample in range(analysis.n_samples) if (sample, feature) in pairs]
        silent = [sample for sample in range(analysis.n_samples) if (sample, feature) not in pairs]
        if min(len(lit), len(silent)) < 5:
            assert np.isnan(measured[feature])
            continue
        won = [np.sign(lengths[a] - lengths[b]) / 2 + 0.5 for a in lit for b in silent]
        area = sum(won) / len(won)
        assert measured[feature] == pytest.approx(max(area, 1 - area))


def test_the_position_distance_is_the_share_of_tokens_that_would_have_to_move(analysis):
    measured = position_distances(analysis, 1)
    rows = analysis.cursor().execute("SELECT feature_id, position FROM histograms").fetchall()
    whole = [sum(counts[b] for _, counts in rows) for b in range(POSITION_BINS)]
    for feature, counts in rows:
        moved = sum(max(0.0, counts[b] / sum(counts) - whole[b] / sum(whole)) for b in range(POSITION_BINS))
        assert measured[feature] == pytest.approx(moved)


def test_the_special_share_counts_peaks_after_template_tokens(analysis):
    measured = special_shares(analysis, 1)
    examples = analysis.cursor().execute("SELECT feature_id, sample_id, position FROM examples").fetchall()
    roles = dict(analysis.cursor().execute("SELECT sample_id, roles FROM tokens").fetchall())
    for feature in range(FEATURES):
        peaks = [(sample, position) for found, sample, position in examples if found == feature]
        after = sum(roles[sample][position - 1] >= 254 for sample, position in peaks)
        assert measured[feature] == pytest.approx(after / len(peaks))


def test_what_shows_nothing_to_a_reader_is_blank():
    for text in (" ", "\n", "", "<|bos|>", "<s>", "[INST]", " </s>"):
        assert is_blank(text)
    for text in (".", "a", " the", "<b>", "[1]"):
        assert not is_blank(text)


def test_kinds_follow_the_thresholds_and_unmeasured_features_are_of_none(analysis):
    loose = hygiene(analysis, HygieneSettings(dense=0, position=0, special=0, length=0, fewest=5))
    strict = hygiene(analysis, HygieneSettings(dense=2, position=2, special=2, length=2, fewest=5))
    samples = analysis.cursor().execute("SELECT samples FROM features ORDER BY feature_id").fetchnumpy()["samples"]
    for kind in (DENSE, POSITION, SPECIAL, LENGTH):
        assert loose.kinds[kind].dtype == bool and loose.kinds[kind].shape == (FEATURES,)
        assert loose.kinds[kind].any() and not strict.kinds[kind].any()
    assert (loose.kinds[LENGTH] == ~np.isnan(loose.length_auroc)).all()
    assert (strict.kinds[DEAD] == (samples == 0)).all()
    assert (loose.any_of([DENSE, DEAD]) == (loose.kinds[DENSE] | loose.kinds[DEAD])).all()
    assert not loose.any_of([]).any()
    assert set(loose.of(0)) == {kind for kind in KINDS if loose.kinds[kind][0]}


def test_an_unknown_kind_is_refused_with_those_there_are(analysis):
    with pytest.raises(GamutError, match="'noisy'; use dense, position-bound"):
        hygiene(analysis).any_of(["noisy"])


def test_what_was_measured_is_kept_and_read_again(analysis):
    first = hygiene(analysis)
    (kept,) = (analysis.folder / "derived").glob("hygiene-*.parquet")
    stamp = kept.stat().st_mtime_ns
    second = hygiene(analysis, HygieneSettings(dense=0.5))
    assert kept.stat().st_mtime_ns == stamp
    np.testing.assert_array_equal(first.length_auroc, second.length_auroc)
    kept.write_bytes(b"nothing")
    with pytest.raises(GamutError, match="is damaged .* remove it"):
        hygiene(analysis)


def test_a_kind_that_an_analysis_cannot_tell_is_unknown_with_the_reason(analysis):
    contents = analysis.contents
    contents.absent["examples"] = "there was no room"
    found = hygiene(analysis)
    assert "there was no room" in found.unknown[SPECIAL]
    assert not found.kinds[SPECIAL].any() and DENSE not in found.unknown
