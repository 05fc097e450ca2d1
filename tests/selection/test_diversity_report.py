"""The diversity of an analysis, gathered and kept: against what can be counted straight from the store."""

import numpy as np
import pytest
from scipy import stats

from core.errors import GamutError
from core.scores.feature_sets import Activity
from core.scores.rarefied import SIZES
from core.scores.redundancy_search import redundancy
from core.scores.spectrum import Bounds
from core.selection.diversity_report import (
    COPIES,
    THETA_0,
    Diversity,
    at_equal_length,
    at_theta_0,
    carrier_columns,
    cluster_columns,
    clusters,
    group_columns,
    length_report,
    size_of,
)
from core.selection.diversity_table import diversity_table, measures_of
from core.selection.diversity_words import length_paragraph, length_sentence, matched_sentence, spectrum_sentence
from core.selection.methods.registry import find
from core.selection.specification import RankingSpec, active_sets, pool_of
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.token_counts import active_tokens, token_counts
from tests.made_grouped import grouped_workspace


def opened(workspace, activity=THETA_0, span="conversation") -> Diversity:
    analysis = open_analysis(workspace, "made")
    features = active_sets(analysis, span=span, activity=activity).features
    return Diversity(analysis, Dataset(workspace, "made"), features, span, activity)


@pytest.mark.parametrize("span", ["conversation", "response"])
@pytest.mark.parametrize("rows", [1, 37, 10_000])
def test_token_counts_read_in_pieces_are_those_of_the_store(made, span, rows):
    analysis = open_analysis(made, "made")
    sides = {"conversation": "(0, 1)", "response": "(1)"}[span]
    query = f"SELECT sample_id, feature_id, sum(count)::INTEGER FROM activations WHERE side IN {sides} GROUP BY ALL ORDER BY ALL"
    told = analysis.cursor().execute(query).fetchall()
    found = []
    for piece in token_counts(analysis, span=span, rows=rows):
        samples = np.repeat(piece.first + np.arange(len(piece.indptr) - 1), np.diff(piece.indptr))
        found += list(zip(samples.tolist(), piece.feature.tolist(), piece.count.tolist(), strict=True))
    assert found == told
    by_feature = np.zeros(analysis.n_features, np.int64)
    for _, feature, count in told:
        by_feature[feature] += count
    assert active_tokens(analysis, span=span).tolist() == by_feature.tolist()


def test_richness_at_theta_0_is_that_of_the_pass_and_is_kept(made):
    diversity = opened(made)
    assert diversity.by_tokens.richness.tolist() == diversity.analysis.counts.richness.tolist()
    assert diversity.by_tokens.richness.tolist() == diversity.features.richness.tolist()
    kept = sorted((diversity.analysis.folder / "derived").glob("richness-*.parquet"))
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    again = opened(made).by_tokens
    assert kept[0].stat().st_mtime_ns == before
    np.testing.assert_array_equal(again.rarefied, diversity.by_tokens.rarefied)
    short = diversity.tokens < SIZES[0]
    assert np.isnan(again.at(SIZES[0])[short]).all() and not np.isnan(again.at(SIZES[0])[~short]).any()


def test_the_report_says_what_scipy_says_and_comes_back_the_same_from_its_file(made):
    diversity = opened(made)
    report = length_report(diversity, by="language", resampled=COPIES, size=16)
    x, y = diversity.tokens, diversity.features.richness
    assert report.pearson.value == pytest.approx(stats.pearsonr(x, y).statistic)
    assert report.spearman.value == pytest.approx(stats.spearmanr(x, y).statistic)
    assert report.pearson.low < report.pearson.value < report.pearson.high
    assert sum(one.samples for one in report.groups) == len(x)
    again = length_report(opened(made), by="language", resampled=COPIES, size=16)
    assert (again.pearson, again.groups, again.within_groups) == (report.pearson, report.groups, report.within_groups)
    assert at_theta_0(diversity).pearson == pytest.approx(report.pearson.value)
    assert at_theta_0(diversity).null_r == report.null.r
    assert f"r = {report.pearson.value:.2f}" in length_sentence(report)
    assert "language accounts for" in length_paragraph(report, size=16) or len(report.groups) == 1


def test_under_a_rule_the_null_has_the_mean_richness_of_the_data(made):
    diversity = opened(made, Activity(quantile=0.5))
    assert diversity.null.at(diversity.tokens).mean() == pytest.approx(diversity.features.richness.mean(), rel=1e-6)


def test_only_columns_that_group_are_offered(tmp_path):
    workspace = grouped_workspace(tmp_path)
    dataset = Dataset(workspace, "made")
    assert group_columns(dataset) == ["kind", "language"]
    assert carrier_columns(dataset)[-1] == "length"
    assert cluster_columns(dataset)[0] == COPIES  # no column names tasks
    with pytest.raises(GamutError, match="cannot resample"):
        clusters(opened(workspace), "kind")
    with pytest.raises(GamutError, match="not at 20"):
        size_of(opened(workspace), 20)


def test_a_planted_feature_is_carried_by_its_kind(tmp_path):
    diversity = opened(grouped_workspace(tmp_path))
    found = diversity.spectrum(Bounds(rare=50, ubiquitous=90))
    assert found.counts == {"dead": 37, "rare": 2, "common": 0, "ubiquitous": 1}
    by_kind = diversity.carriers("kind", Bounds(rare=50, ubiquitous=90))
    assert [one.share_of_rare for one in by_kind] == [0.5, 0.5]
    assert all(one.effective < one.null_low for one in by_kind)  # two features a kind, three in a mixture
    assert "37 are dead" in spectrum_sentence(found.counts, 3.0, by_kind)
    assert (diversity.novelty(Bounds(rare=50, ubiquitous=90)) == 0.5).all()


def test_copies_are_resampled_together(made):
    found = clusters(opened(made), COPIES)
    assert found[8] == found[9] and len(set(found.tolist())) == len(found) - 1


def test_measures_go_with_richness_by_name(made):
    found = at_equal_length(opened(made), resampled=COPIES)
    assert [one.first for one in found] == ["turns", "words a sentence", "clauses a sentence", "code lines", "nesting"]
    assert {one.third for one in found} == {"length"}
    assert found[0].plain.value is not None  # number 7 has no answer: one turn


def test_the_table_holds_a_row_a_sample_and_pages_like_a_sort(made):
    diversity = opened(made)
    spec = RankingSpec(analysis=diversity.analysis.id, method="richest", activity=THETA_0)
    pool = pool_of(diversity.analysis, diversity.dataset, spec)
    method = find("richest")
    ranking = method.rank(pool, method.options())
    n = diversity.features.n_samples
    found = redundancy(diversity.features)
    table = diversity_table(diversity, by="language", bounds=Bounds(), size=16, ranking=ranking, redundancy=found)
    assert table.table["most alike"].to_pylist()[:9] == [k if k >= 0 else None for k in found.nearest[:9].tolist()]
    assert table.table.num_rows == n and "richness" in measures_of(table) and "place" not in measures_of(table)
    whole, total = table.page("richness", limit=n)
    assert total == n
    richness = diversity.features.richness
    assert whole["sample"] == sorted(range(n), key=lambda i: (-richness[i], i))
    part, _ = table.page("richness", limit=7, offset=20)
    assert part["sample"] == whole["sample"][20:27]
    last, _ = table.page("gain", descending=False, limit=n)
    assert last["gain"][-1] is None and last["sample"][-1] == 7  # unanswered: not ranked, and last either way
    language = diversity.known.groups("language")
    some, count = table.page("sample", where=("group", language.names[0]), limit=n)
    assert count == (language.codes == 0).sum() == len(some["sample"])
    with pytest.raises(GamutError, match="no column"):
        table.page("nothing")


def test_what_remains_is_said_for_the_picks(made):
    diversity = opened(made)
    longest = np.argsort(-diversity.tokens, kind="stable")[:12]
    found = diversity.remains(longest, np.ones(60, bool), Bounds(), 16)
    assert found[0].measure == "features reached"
    assert matched_sentence(found, method="Longest").startswith("The samples that Longest chose reach")
