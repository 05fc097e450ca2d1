"""The Diversity screen, run by Streamlit's test harness on a made workspace."""

import io

import numpy as np
import pyarrow.csv as csv
import pytest

from core.scores.length_view import Box
from pages.explore.panels.length_chart import length_figure
from pages.shared.state import DIVERSITY_TABS
from tests.made_grouped import grouped_workspace
from tests.pages.conftest import said
from tests.selection.test_diversity_report import opened


@pytest.mark.parametrize("tab", DIVERSITY_TABS)
def test_every_tab_opens_by_its_link(made, open_app, tab):
    app = open_app(made, "Diversity", diversity_tab=tab)
    assert not app.error
    assert app.segmented_control(key="diversity_tab").value == tab


def test_length_answers_above_the_fold_and_theta_0_changes_what_counts(made, open_app):
    app = open_app(made, "Diversity")
    assert "Length explains" in app.subheader[0].value
    assert "the rule chosen on Budget" in said(app) and "At θ \\= 0" in said(app)
    app.segmented_control(key="diversity_counted").set_value("zero").run()
    assert "own activation function" in said(app)
    assert app.query_params["diversity_counted"] == "zero"


def test_the_switch_says_what_remains_of_the_picks(made, open_app):
    app = open_app(made, "Diversity", unit="rows", amount="12", method="longest")
    assert "chose reach" not in said(app)
    app.toggle(key="length_matched").set_value(True).run()
    assert "chose reach" in said(app) and "12 picks" in said(app)
    assert not app.error and not app.exception


def test_an_odd_link_shows_the_whole_picture(made, open_app):
    app = open_app(
        made, "Diversity", length_box="a,b", diversity_by="nowhere", diversity_resampled="nobody", rare="900"
    )
    assert not app.error
    assert "60 samples, a point each" in said(app)
    assert app.selectbox(key="diversity_by").value == "language"


def test_points_within_a_box_are_drawn_each_and_many_as_density(made, monkeypatch):
    diversity = opened(made)
    from core.scores.length_view import view

    points = length_figure(diversity, diversity.null, view(diversity.tokens, diversity.features.richness), None)
    assert [trace.type for trace in points.data] == ["scattergl", "scatter", "scatter"]
    assert len(points.data[0].x) == 60
    box = Box(5, 15, 0, 40)
    seen = view(diversity.tokens, diversity.features.richness, box, most=3)
    cells = length_figure(diversity, diversity.null, seen, box)
    assert cells.data[0].type == "heatmap" and np.nansum(cells.data[0].customdata) == seen.inside
    assert tuple(cells.layout.xaxis.range) == (5, 15)


def test_samples_are_sorted_by_what_is_asked_and_one_group_can_be_looked_at(tmp_path, open_app):
    app = open_app(grouped_workspace(tmp_path), "Diversity", diversity_tab="samples", samples_sort="sample")
    rows = app.dataframe[0].value
    assert rows["sample"].tolist() == list(range(99, 49, -1))
    app.toggle(key="samples_ascending").set_value(True).run()
    assert app.dataframe[0].value["sample"].tolist() == list(range(50))
    app.selectbox(key="samples_group").set_value("odd ones").run()
    assert app.dataframe[0].value["sample"].tolist() == list(range(1, 100, 2))
    assert app.query_params["samples_group"] == "odd ones"
    app.selectbox(key="samples_measure").set_value("richness").run()
    assert "The median of “richness” is 1" in said(app)  # by the rule of Budget; of two features each


def test_the_download_holds_every_row_and_what_the_table_says(made):
    from core.scores.spectrum import Bounds
    from core.selection.diversity_table import diversity_table
    from pages.explore.panels.sample_diversity_panel import _written

    table = diversity_table(opened(made), by="language", bounds=Bounds(), size=16)
    read = csv.read_csv(io.BytesIO(_written(table, csv.write_csv)))
    assert read.num_rows == 60 and read.column_names == table.names
    assert read["richness"].to_pylist() == table.table["richness"].to_pylist()


def test_the_bounds_of_the_spectrum_move_its_sentence_and_never_cross(tmp_path, open_app):
    workspace = grouped_workspace(tmp_path)
    app = open_app(
        workspace, "Diversity", diversity_tab="spectrum", diversity_counted="zero", rare="50", ubiquitous="90"
    )
    assert "37 are dead here, 2 rare, 0 common and 1 ubiquitous" in said(app).replace("\\", "")
    app = open_app(
        workspace, "Diversity", diversity_tab="spectrum", diversity_counted="zero", rare="40", ubiquitous="10"
    )
    assert not app.error and app.number_input(key="ubiquitous").value == 80


def test_group_names_are_never_markup(tmp_path, open_app):
    workspace = grouped_workspace(tmp_path)
    for tab in ("length", "samples", "spectrum"):
        app = open_app(workspace, "Diversity", diversity_tab=tab)
        assert "<b>ones</b>" not in said(app).replace("\\<b\\>", "")
