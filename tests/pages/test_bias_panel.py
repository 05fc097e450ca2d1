"""The bias panel: how the subset differs from its pool, the farthest difference first, each beside random subsets."""

import numpy as np
import pytest

from core.selection.specification import RankingSpec, pool_of, rank_by
from core.store.analyses import all_analyses
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from pages.select.panels import bias_panel
from tests.made import made_analysis, made_batches, made_records, write_jsonl
from tests.pages.conftest import said


@pytest.fixture
def topics(workspace: Workspace, tmp_path) -> Workspace:
    """A data set with a score and a category, of which the longest fifth of the samples is "law", whatever it says."""
    records = made_records(60)
    lengths = made_batches(np.random.default_rng(0), 60)[0].tokens.lengths  # as `made_analysis` draws them
    for i, record in enumerate(records):
        record |= {"topic": "law" if lengths[i] >= np.quantile(lengths, 0.8) else "art", "quality_score": i % 7 + 0.5}
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", records), name="d")
    made_analysis(workspace, Dataset(workspace, "d"))
    return workspace


def test_the_table_tells_subset_pool_difference_and_band_the_farthest_first(topics, open_app):
    app = open_app(topics, "Budget", unit="rows", amount="12", method="longest", tab="bias")
    assert not app.exception and not app.error
    shown = app.dataframe[-1].value
    assert {"of", "what", "subset", "pool", "difference", "random", "outside"} <= set(shown.columns)
    assert shown["outside"].tolist() == sorted(shown["outside"], reverse=True)
    analysis = all_analyses(topics)[0][0]
    spec = RankingSpec(analysis=analysis.id, method="longest")
    pool = pool_of(analysis, Dataset(topics, "d"), spec)
    law = pool.known.groups("topic").members("law", column="topic")
    ids = rank_by(pool, spec, upto=12).sample_ids
    row = shown[(shown["of"] == "topic") & (shown["what"] == "law")].iloc[0]
    assert row["subset"] == f"{100 * law[ids].mean():.3g} %"
    assert row["pool"] == f"{100 * law[pool.free].mean():.3g} %"
    by = law[ids].mean() - law[pool.free].mean()
    assert row["difference"] == f"{'+' if by > 0 else '−'}{100 * abs(by):.3g} points"
    assert " figures lie outside what random subsets of equal tokens show" in said(app)


def test_an_empty_selection_asks_for_a_budget(topics, open_app):
    app = open_app(topics, "Budget", unit="tokens", amount="1", tab="bias")
    assert "raise the budget" in said(app)
    assert not app.exception


def test_one_click_adds_the_quota_that_repairs_a_difference_and_another_takes_it_away(topics, open_app):
    app = open_app(topics, "Budget", unit="rows", amount="12", method="longest", tab="bias")
    before = app.dataframe[-1].value
    assert float(before[before["of"] == "topic"]["outside"].max()) > 0
    app.button(key="repair_topic").click().run()
    assert not app.exception and not app.error
    after = app.dataframe[-1].value
    shares = after[after["of"] == "topic"]
    for _, row in shares.iterrows():  # as near as whole rows of 12 come
        assert abs(float(row["subset"].split()[0]) - float(row["pool"].split()[0])) <= 100 / 12
    assert shares["outside"].max() == 0
    assert '"column":"topic"' in str(app.query_params["constraints"])
    app.button(key="repair_topic").click().run()
    assert app.dataframe[-1].value.equals(before)


def test_what_has_no_button_of_its_own_is_repaired_from_a_list(topics, open_app, monkeypatch):
    monkeypatch.setattr(bias_panel, "REPAIRS", 0)
    app = open_app(topics, "Budget", unit="rows", amount="12", method="longest", tab="bias")
    further = app.selectbox(key=bias_panel.FURTHER)
    before = app.dataframe[-1].value
    outside = set(before[before["outside"] > 0]["of"])
    assert f"and {len(outside)} more:" in said(app) and len(further.options) == len(outside) > 1
    further.set_value("topic as in the pool").run()
    app.button(key="repair_further").click().run()
    assert not app.exception and not app.error
    after = app.dataframe[-1].value
    assert after[after["of"] == "topic"]["outside"].max() == 0
    assert '"column":"topic"' in str(app.query_params["constraints"])
