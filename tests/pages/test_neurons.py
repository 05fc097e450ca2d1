"""Neurons: the link says what is looked at, the screen answers it; a neuron's own page; hostile words stay words."""

import json

import pytest

from core.scores.capability import save_capability
from core.selection.neuron_answer import sentence
from core.selection.neuron_picture import picture
from core.store.contents import Budgets
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from tests.made import SHAPE, made_analysis, made_records, write_jsonl
from tests.pages.conftest import said
from tests.scores.test_alignment import made_capability
from tests.selection.test_neuron_picture import SOME, asked_of

SCREEN = "Neurons"
IDS = json.dumps({"kind": "filter", "filter": {"ids": [1, 4, 9, 16, 25, 36, 49]}})
REST, NOBODY = json.dumps({"kind": "rest"}), json.dumps({"kind": "nobody"})


def plain(app) -> str:
    return said(app).replace("\\", "")


def test_the_screen_says_the_engines_sentence_and_lists_its_neurons(made, open_app):
    app = open_app(made, SCREEN, heat_a=IDS, heat_b=REST)
    found = picture(asked_of(made, SOME, "rest"))
    assert sentence(found) in plain(app)
    table = app.dataframe[0].value
    assert table["rank"].tolist() == list(range(1, 21))
    first = int(table["layer"][0]), int(table["neuron"][0])
    assert table["in spreads"][0] == pytest.approx(found.in_spreads[first])
    assert "every cell is one neuron" in plain(app)
    assert json.loads(app.query_params["heat_a"]) == json.loads(IDS)


def test_without_a_link_the_first_group_is_one_of_a_column_that_most_samples_tell(workspace, open_app, tmp_path):
    """In a pool a column may be known of one member only; what has no value is no group to begin with."""
    records = [record | {"source": "web" if i % 3 else "book"} for i, record in enumerate(made_records())]
    records = [({"kind": "sum" if i < 5 else "talk"} if i < 11 else {}) | record for i, record in enumerate(records)]
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", records), name="d")
    made_analysis(workspace, Dataset(workspace, "d"))
    app = open_app(workspace, SCREEN, dataset="d")
    kinds = app.selectbox(key="heat_a_kind").options
    assert kinds.index("source") < kinds.index("kind") and "source = web" in plain(app)
    app.selectbox(key="heat_a_kind").select("kind").run()
    assert "kind = talk" in plain(app)


def test_without_a_link_the_whole_pool_is_shown_by_itself_where_nothing_groups_it(made, open_app):
    app = open_app(made, SCREEN)
    assert app.selectbox(key="heat_a_kind").value == "whole" and app.selectbox(key="heat_b_kind").value == "nobody"
    assert "All samples drive hardest" in plain(app)


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"heat_show": "both"}, "A: one of 7 samples"),
        ({"heat_order": "value"}, "ranks 0 to 99"),
        ({"heat_places": "10-19", "heat_layers": "1-1"}, "Layer 1, neurons 10 to 19"),
        ({"heat_site": "residual"}, "dimension"),
        ({"heat_equal": "0"}, "sets one of 7 samples apart from the rest by"),
        ({"heat_unit": "value"}, "Colours end at"),
        ({"heat_places": "900-1000"}, "neurons 0 to 99"),
    ],
)  # fmt: skip
def test_every_way_of_looking_is_in_the_link(made, open_app, link, words):
    app = open_app(made, SCREEN, heat_a=IDS, heat_b=REST, **link)
    assert not app.error and words in plain(app)
    for key, value in link.items():
        assert app.query_params[key] == value


def test_a_capability_and_a_sample_are_sides_and_the_form_changes_the_link(made, open_app):
    save_capability(made, made_capability())
    app = open_app(made, SCREEN, heat_a=IDS, heat_b=NOBODY)
    app.selectbox(key="heat_a_kind").set_value("capability").run()
    assert json.loads(app.query_params["heat_a"]) == {"kind": "capability", "name": "maths"}
    assert "Capability maths drives hardest" in plain(app)
    app.selectbox(key="heat_a_kind").set_value("sample").run()
    app.number_input(key="heat_a_sample").set_value(3).run()
    assert json.loads(app.query_params["heat_a"]) == {"kind": "filter", "filter": {"ids": [3]}}
    app.selectbox(key="heat_b_kind").set_value("rest").run()
    assert "sample 3" in plain(app) and not app.exception


def test_zooming_by_the_sliders_and_to_the_farthest_and_out(made, open_app):
    app = open_app(made, SCREEN, heat_a=IDS, heat_b=REST)
    app.slider(key="heat_places_slider").set_value((20, 39)).run()
    assert app.query_params["heat_places"] == "20-39" and "neurons 20 to 39" in plain(app)
    app.button(key="heat_out").click().run()
    assert "heat_places" not in app.query_params
    app.button(key="heat_far").click().run()
    assert "heat_places" in app.query_params and not app.exception


def test_a_neurons_page_is_a_link_and_goes_back_to_the_picture(made, open_app):
    app = open_app(made, SCREEN, heat_a=IDS, heat_b=REST, neuron="1.17")
    assert "Neuron 17 of layer 1" in plain(app)
    assert len(app.dataframe[0].value) == len(app.dataframe[1].value) == 10
    assert "needs the model" in plain(app)  # that of a made analysis is nowhere
    app.button(key="neuron_back").click().run()
    assert "neuron" not in app.query_params and "random groups" in plain(app)


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"heat_a": json.dumps({"kind": "odd"})}, "no set of samples 'odd'"),
        ({"heat_a": json.dumps({"kind": "capability", "name": "gone"})}, "no capability 'gone'"),
        ({"heat_a": json.dumps({"kind": "filter", "filter": {"ids": [4000]}})}, "Set A holds no sample"),
        ({"neuron": "7.7"}, "There is no neuron 7.7"),
        ({"heat_b": IDS}, "same samples as the other"),
    ],
)
def test_a_link_that_cannot_be_is_one_sentence(made, open_app, link, words):
    app = open_app(made, SCREEN, **({"heat_a": IDS, "heat_b": REST} | link))
    assert any(words in error.value.replace("\\", "") for error in app.error)


def test_where_the_store_has_no_room_reading_again_is_estimated_and_started_as_a_job(made, open_app, monkeypatch):
    started = []
    monkeypatch.setattr("pages.explore.panels.heat_again.start", lambda *_, **asked: started.append(asked))
    monkeypatch.setattr("pages.explore.panels.heat_again.model_missing", lambda _: "")
    made_analysis(made, Dataset(made, "made"), id="fewfew", budgets=Budgets(vectors=40_000))
    app = open_app(made, SCREEN, analysis="fewfew", heat_a=IDS, heat_b=REST)
    assert "does not keep every neuron" in plain(app) and "60 samples" in plain(app)
    app.button(key="heat_read").click().run()
    (asked,) = started
    assert asked["command"][:3] == ["neurons", "read", "fewfew"] and asked["command"][-1] == "1000"


def test_the_cells_of_a_zoomed_picture_are_single_neurons_with_value_and_rank_on_hover(made, open_app):
    app = open_app(made, SCREEN, heat_a=IDS, heat_b=REST, heat_places="0-9")
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    points = figure["data"][1]
    assert len(points["hovertext"]) == SHAPE.layers * 10
    assert "spreads from B" in points["hovertext"][0] and f"of {2 * SHAPE.neurons}" in points["hovertext"][0]
