"""Never covered: the features and regions that a subset misses, by label, and what one more percent would buy."""

import json

import numpy as np
import pytest

from core.scores.feature_sets import Activity
from core.scores.layout import Layout, LayoutSettings, write_layout
from core.scores.map_regions import names_of_regions
from core.selection.constraints import Constraints
from core.selection.quotas import CAP, Quota
from core.selection.specification import RankingSpec, active_sets, pool_of, rank_by
from core.store.analyses import Analysis, all_analyses
from core.store.datasets import Dataset
from pages.shared.engine import Opened
from pages.shared.feature_words import feature_words
from tests.made import made_workspace
from tests.pages.conftest import said


def table(app, column: str):
    return next(frame.value for frame in app.dataframe if column in frame.value.columns)


def analysis_of(made) -> Analysis:
    return all_analyses(made)[0][0]


def test_features_that_no_chosen_row_has_are_listed_the_commonest_first_with_words(made, open_app):
    app = open_app(made, "Budget", unit="rows", amount="3", method="longest", tab="missed")
    assert not app.error
    analysis, dataset = analysis_of(made), Dataset(made, "made")
    features = active_sets(analysis, span="conversation", activity=Activity()).features
    spec = RankingSpec(analysis=analysis.id, method="longest")
    pool = pool_of(analysis, dataset, spec)
    ids = rank_by(pool, spec, upto=3).sample_ids
    in_pool = np.bincount(np.concatenate([features.row(i) for i in np.flatnonzero(pool.free)]), minlength=40)
    covered = np.unique(np.concatenate([features.row(i) for i in ids]))
    lacking = sorted((-int(in_pool[j]), j) for j in range(40) if in_pool[j] and j not in covered)
    shown = table(app, "% of rows")
    assert shown["feature"].tolist() == [j for _, j in lacking]
    assert shown["rows"].tolist() == [-rows for rows, _ in lacking]
    assert all(shown["what it is"])
    assert f"{len(lacking)} of the pool's {np.count_nonzero(in_pool)} features" in said(app).replace("\\", "")


def test_the_next_rows_and_the_features_they_add_are_named(made, open_app):
    app = open_app(made, "Budget", unit="rows", amount="1", method="longest", tab="missed", rule="raw")
    spec = RankingSpec(analysis=analysis_of(made).id, method="longest", activity=Activity(mode="raw"))
    order = rank_by(pool_of(analysis_of(made), Dataset(made, "made"), spec), spec).sample_ids
    assert "The next 1 row" in said(app)
    assert set(table(app, "comes with")["comes with"]) == {int(order[1])}


def test_a_subset_that_has_everything_says_so_and_asks_for_more_rows_a_feature(made, open_app):
    app = open_app(made, "Budget", unit="rows", amount="59", tab="missed")
    assert "features of the pool are in the subset" in said(app)
    assert "no further rows" in said(app)
    assert not app.exception and not app.error


@pytest.mark.parametrize("by", ["language", "turns", "regions of the map"])
def test_regions_are_by_what_the_link_names_and_fall_back_where_that_is_not_there(made, open_app, by):
    app = open_app(made, "Budget", unit="rows", amount="3", tab="missed", regions=by)
    assert not app.exception and not app.error
    assert app.selectbox(key="regions").value == ("language" if by == "regions of the map" else by)  # no map is drawn
    regions = table(app, "% chosen")
    assert (regions["rows"].sum(), regions["chosen"].sum()) == (59, 3)


def test_regions_of_the_map_are_called_by_their_features(made, open_app):
    analysis = analysis_of(made)
    x = np.repeat([0, 50, 100], 20).astype(np.float32)
    write_layout(analysis, Layout(LayoutSettings(), x, np.arange(60, dtype=np.float32) / 100))
    app = open_app(made, "Budget", unit="rows", amount="3", tab="missed", regions="regions of the map")
    regions = table(app, "% chosen")
    assert sorted(regions["rows"]) == [19, 20, 20] and all(" · " in name for name in regions["region"])


def test_c_asks_for_features_that_too_few_rows_have(made, open_app):
    one, ten = (
        table(open_app(made, "Budget", unit="rows", amount="9", tab="missed", rule="raw", c=c), "% of rows")
        for c in ("3", "10")
    )
    assert set(one["feature"]) < set(ten["feature"])


def test_names_of_regions_are_of_the_tokens_and_features_that_count_now(made, open_app):
    analysis = analysis_of(made)
    codes = np.repeat([0, 1, 2], 20)
    x = (50 * codes).astype(np.float32)
    write_layout(analysis, Layout(LayoutSettings(), x, np.arange(60, dtype=np.float32) / 100))
    seen = []
    for link, features in (
        ({"rule": "raw"}, active_sets(analysis, span="conversation", activity=Activity(mode="raw")).features),
        ({"span": "response"}, active_sets(analysis, span="response", activity=Activity()).features),
    ):
        app = open_app(made, "Budget", unit="rows", amount="3", tab="missed", regions="regions of the map", **link)
        names = {name.split(": ", 1)[1] for name in table(app, "% chosen")["region"]}
        opened = Opened(made, analysis, Dataset(made, "made"))
        expected = {
            " · ".join(feature_words(opened, telling)[f] for f in telling)
            for telling in names_of_regions(features, codes).tolist()
        }
        assert names == expected
        seen.append(names)
    assert seen[0] != seen[1]


def test_the_last_rows_within_the_constraints_are_further_rows_though_fewer_than_one_percent(tmp_path, open_app):
    workspace = made_workspace(tmp_path, samples=200)
    wanted = Constraints(quotas=(Quota(kind=CAP, column="turns", amount=12),))
    spec = RankingSpec(analysis=analysis_of(workspace).id, method="longest", constraints=wanted)
    pool = pool_of(analysis_of(workspace), Dataset(workspace, "made"), spec)
    there = len(rank_by(pool, spec))
    assert there < pool.available and round(pool.available / 100) == 2
    link = {"unit": "rows", "method": "longest", "tab": "missed", "constraints": json.dumps(wanted.as_dict())}
    assert "The next 1 row " in said(open_app(workspace, "Budget", amount=str(there - 1), **link))
    assert "no further rows" in said(open_app(workspace, "Budget", amount=str(there), **link))
