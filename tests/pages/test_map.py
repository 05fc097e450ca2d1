"""Map: the link says what is drawn, the screen who lies there and what they are like; sent on, it arrives."""

import json
import shutil

import numpy as np
import pytest

from core.__main__ import run
from core.scores.layout import read_layout
from core.scores.outline import box, outline
from core.store.datasets import Dataset
from core.store.people import BAN, PIN, marked, set_mark
from core.store.sample_groups import load_group
from core.workspace import Workspace
from pages.shared.address import map_view
from tests.made_map import HOSTILE, analysis_of, made_map
from tests.pages.conftest import said

LEFT = outline([box(-20, 3, -20, 20)])


@pytest.fixture(scope="module")
def mapped_once(tmp_path_factory):
    """A workspace with a map: made once, tests get copies."""
    return made_map(tmp_path_factory.mktemp("mapped"))


@pytest.fixture
def mapped(mapped_once, workspace) -> Workspace:
    shutil.copytree(mapped_once.root, workspace.root)
    return workspace


def inside(workspace: Workspace) -> list[int]:
    layout = read_layout(analysis_of(workspace))
    return np.flatnonzero(LEFT.inside(layout.x, layout.y)).tolist()


def specs(app) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def press(app, key: str):
    app.button(key=key).click().run()
    assert not app.exception, app.exception
    return app


def test_without_a_map_the_screen_says_what_it_is_and_offers_the_job(made, open_app):
    app = open_app(made, "Map")
    assert "has no map yet" in app.info[0].value and "about 1 min" in app.info[0].value
    assert app.button(key="map_draw").label == "Draw the map" and not app.subheader


def test_it_opens_coloured_by_the_category_and_hostile_names_stay_text(mapped, open_app):
    app = open_app(mapped, "Map")
    assert app.selectbox(key="map_colour").value == "group:kind"
    assert "150 samples; those alike lie together" in app.subheader[0].value.replace("\\", "")
    (spec,) = specs(app)
    names = [trace["name"] for trace in spec["data"]]
    assert (
        len(names) == 3 and not any("<b>" in name for name in names) and any("&lt;b&gt;two" in name for name in names)
    )
    assert {trace["type"] for trace in spec["data"]} == {"scattergl"}
    axes = spec["layout"]["xaxis"], spec["layout"]["yaxis"]
    assert axes[1]["scaleanchor"] == "x" and not axes[0]["visible"] and not axes[1]["visible"]
    assert not any("<b>two" in block.value for block in (*app.markdown, *app.caption, *app.subheader))


def test_the_same_link_draws_the_same_picture(mapped, open_app):
    link = {"map_outline": LEFT.text(), "map_colour": "tokens", "map_view": "all"}
    first, second = (specs(open_app(mapped, "Map", **link))[0] for _ in range(2))
    assert first == second and first["layout"]["selections"][0]["path"].startswith("M")


def test_an_outline_tells_who_is_inside_and_what_they_are(mapped, open_app):
    ids = inside(mapped)
    app = open_app(mapped, "Map", map_outline=LEFT.text())
    shown = said(app).replace("\\", "")
    assert (
        app.subheader[0]
        .value.replace("\\", "")
        .startswith(f"{len(ids)} samples, {100 * len(ids) / 150:.3g} % of the pool")
    )
    assert app.metric[0].value == str(len(ids)) and "no feature is surely commoner or rarer here" in shown
    tables = [frame.value for frame in app.dataframe]
    groups = next(table for table in tables if "inside, %" in table)
    kinds = np.arange(150) % 3
    one = groups[groups["kind"] == "one"].iloc[0]
    assert one["samples"] == int((kinds[ids] == 0).sum())
    samples = next(table for table in tables if "begins with" in table)
    assert set(samples["sample"]) <= set(ids)


@pytest.mark.parametrize(
    "colour",
    [
        "chosen",
        "feature",
        "tokens",
        "richness",
        "rarefied",
        "novelty",
        "overlap",
        "built:code_lines",
        "gain",
        "round",
        "group:language",
        "group:flags",
        "group:duplicate",
        "plain",
    ],
)
def test_every_colour_draws_every_sample_once(mapped, open_app, colour):
    app = open_app(mapped, "Map", map_colour=colour, map_view="all", rule="raw", unit="rows", amount="20")
    assert not app.error, [error.value for error in app.error]
    assert app.selectbox(key="map_colour").value == colour
    assert sum(_points(trace) for trace in specs(app)[0]["data"]) == 150


def _points(trace: dict) -> int:
    x = trace["x"]
    return len(x) if isinstance(x, list) else len(x["bdata"]) * 3 // 4 // 4


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"map_outline": "junk"}, "150 samples; those"),
        ({"map_colour": "group:gone"}, "150 samples; those"),
        ({"map_view": "1,0,0,1"}, "150 samples; those"),
        ({"map_view": "-1e308,1e308,-1,1"}, "150 samples; those"),
        ({"map_feature": "999999", "map_colour": "feature"}, "150 samples; those"),
        ({"map_outline": outline([box(100, 101, 100, 101)]).text()}, "No sample lies inside"),
        ({"map_outline": outline([box(-99, 99, -99, 99)]).text()}, "150 samples, 100 % of the pool"),
    ],
)
def test_odd_links_are_read_as_far_as_they_can_be(mapped, open_app, link, words):
    app = open_app(mapped, "Map", **link)
    assert words in app.subheader[0].value.replace("\\", "")


@pytest.mark.parametrize(
    "view",
    ["-1e308,1e308,-1,1", "-1,1,-1e39,1", "0,1e300,0,1", "0,inf,0,1", "0,nan,0,1", "0,1e-300,0,1", "1,1,0,1", "1,2"],
)
def test_a_view_that_no_picture_could_show_is_refused(view):
    with pytest.raises(ValueError):
        map_view(view)
    assert map_view("-3.5,1,2,2.5") == "-3.5,1,2,2.5" and map_view("all") == "all"


def test_pins_and_bans_arrive_leave_the_other_marks_alone_and_can_be_undone(mapped, open_app):
    ids, mark = inside(mapped), Dataset(mapped, "made").content_hash
    set_mark(mapped, mark, ids[0], BAN)
    app = press(open_app(mapped, "Map", map_outline=LEFT.text()), "map_pin")
    assert sorted(marked(mapped, mark, PIN)) == ids[1:] and marked(mapped, mark, BAN) == (ids[0],)
    assert "1 sample banned before" in said(app).replace("\\", "")
    press(app, "map_undo")
    assert marked(mapped, mark, PIN) == () and marked(mapped, mark, BAN) == (ids[0],)
    press(app, "map_ban")
    assert sorted(marked(mapped, mark, BAN)) == ids


def test_a_group_is_saved_and_stands_against_the_rest(mapped, open_app):
    app = open_app(mapped, "Map", map_outline=LEFT.text())
    app.text_input(key="map_group_name").set_value("left").run()
    press(app, "map_save")
    assert list(load_group(mapped, "left").ids) == inside(mapped)
    kept = (mapped.groups / "left.json").read_bytes()
    (mapped.groups / "left.json").unlink()
    assert run(["--workspace", str(mapped.root), "groups", "add", "made", "left", "--outline", LEFT.text()]) == 0
    assert (mapped.groups / "left.json").read_bytes() == kept, "the command line and the app keep the same bytes"
    side = json.dumps({"kind": "filter", "filter": {"groups": ["left"]}})
    app = open_app(mapped, "A against B", a=side, b=json.dumps({"kind": "rest"}))
    assert app.selectbox(key="ab_a_kind").value == "group" and app.selectbox(key="ab_a_value").value == "left"
    shown = said(app).replace("\\", "")
    assert "separates in group left from the rest" in shown and "as a description of it, not as evidence" in shown


def test_a_hostile_category_is_told_in_the_sentence_as_text(mapped, open_app):
    right = outline([box(3, 20, -20, 3)])
    app = open_app(mapped, "Map", map_outline=right.text())
    assert HOSTILE not in app.subheader[0].value and "\\<b\\>two" in app.subheader[0].value
