"""From the whole model to one neuron in a real browser: a box zooms, a click opens the neuron, its sample opens a drawer."""

import json

import pytest

from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from tests import made
from tests.browser.conftest import quiet, reach, visit
from tests.made import made_analysis, made_records, write_jsonl

pytestmark = pytest.mark.browser
A = json.dumps({"kind": "filter", "filter": {"ids": [1, 4, 9, 16]}}, separators=(",", ":"))


def test_a_box_zooms_and_a_click_opens_the_neuron_and_its_sample(workspace, tmp_path, serve, page, monkeypatch):
    monkeypatch.setattr(made, "SHAPE", made.Shape(made.FEATURES, layers=2, neurons=300, width=4, block=0))
    import_dataset(workspace, write_jsonl(tmp_path / "wide.jsonl", made_records(20)), name="wide")
    made_analysis(workspace, Dataset(workspace, "wide"))
    visit(page, f'{serve(workspace)}/neurons?dataset=wide&heat_a={A}&heat_b={{"kind":"rest"}}')
    page.get_by_text("a cell stands for 2 neurons").wait_for()
    plot = page.locator(".js-plotly-plot").first.bounding_box()
    page.mouse.move(plot["x"] + 200, plot["y"] + 20)
    page.mouse.down()
    page.mouse.move(plot["x"] + 300, plot["y"] + 100, steps=5)
    page.mouse.up()
    reach(page, "heat_places")
    page.get_by_text("every cell is one neuron").wait_for()
    quiet(page)
    plot = page.locator(".js-plotly-plot").first.bounding_box()
    page.mouse.move(plot["x"] + 320, plot["y"] + 60)
    page.locator(".hoverlayer .hovertext").first.wait_for()
    page.mouse.click(plot["x"] + 320, plot["y"] + 60)
    reach(page, "neuron=")
    page.get_by_text("Samples in which it is highest").wait_for()
    assert page.get_by_test_id("stException").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
