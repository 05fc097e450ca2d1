"""Reproduce: the link, the command line and the Python lines for what is on screen give the same ids; revisions return."""

from __future__ import annotations

import json
import shlex
from urllib.parse import parse_qs, urlsplit

import pytest

from core.__main__ import run
from core.selection.constraints import Constraints
from core.selection.quotas import CAP, FLOOR, SHARE, Quota
from core.selection.saved import load_selection
from core.store.datasets import Dataset
from core.store.people import BAN, PIN, set_mark
from core.store.sample_filter import Range, SampleFilter
from tests.pages.conftest import said
from tests.sourced import sourced_workspace

EVERYTHING = Constraints(
    only=SampleFilter(tokens=Range(9), columns=(("quality", Range(low=0.2)),)),
    quotas=(
        Quota(kind=CAP, column="source", value="a=b:c", amount=2), Quota(kind=FLOOR, column="source", value="book", amount=4),
        Quota(kind=SHARE, column="source", value="web", amount=0.4),
    ),
    near_duplicates=0.9,
)  # fmt: skip


@pytest.fixture
def sourced(tmp_path):
    return sourced_workspace(tmp_path)


def save(app, name):
    app.text_input(key="save_as").set_value(name).run()
    next(button for button in app.button if button.label in ("Save", "Replace")).click().run()
    assert not app.exception and not app.error
    return app


def words_of(line):
    words = shlex.split(line)
    assert words[:3] == ["python", "-m", "core"]
    return words[3:]


def asked(open_app, workspace, **link):
    return open_app(
        workspace, "Budget", **{"dataset": "sourced", "tab": "reproduce", "unit": "rows", "amount": "12"} | link
    )


@pytest.mark.parametrize(
    "link",
    [
        {"method": "sae-greedy"},
        {"method": "score", "score.column": "quality", "score.order": "ascending"},
        {"method": "mixture", "mixture.parts": "sae-greedy:0.7,score(column=quality; order=descending):0.3"},
        {"method": "sae-greedy", "constraints": json.dumps(EVERYTHING.as_dict()), "without": "dense", "rule": "raw"},
        {"method": "longest", "unit": "tokens", "amount": "150", "skip": "1", "span": "response"},
    ],
)  # fmt: skip
def test_link_line_and_python_give_the_ids_on_screen(sourced, open_app, tmp_path, monkeypatch, link):
    mark = Dataset(sourced, "sourced").content_hash
    set_mark(sourced, mark, 13, PIN)
    set_mark(sourced, mark, 21, BAN)
    app = save(asked(open_app, sourced, **link), "on-screen")
    ids = load_selection(sourced, "on-screen").ids
    address, line, lines = (code.value for code in app.code)
    assert ids[0] == 13 and 21 not in ids and len(ids) > 3

    by_link = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
    save(open_app(sourced, "Budget", **by_link), "by-link")
    assert load_selection(sourced, "by-link").ids == ids

    set_mark(sourced, mark, 13, None)  # line and lines name every pin and ban themselves
    monkeypatch.chdir(tmp_path)  # a line finds its workspace from anywhere
    (sourced.selections / "on-screen.json").unlink()
    assert run(words_of(line)) == 0
    assert load_selection(sourced, "on-screen").ids == ids

    names: dict = {}
    exec(lines, names)
    assert names["ids"] == list(ids)


def test_the_line_as_it_is_shown_replaces_the_name_it_shows_or_takes_a_free_one(
    sourced, open_app, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    app = save(asked(open_app, sourced, method="random"), "my-selection")
    app.number_input(key="amount").set_value(5.0).run()
    assert "my-selection holds before stays as a revision" in said(app).replace("\\", "")
    assert run(words_of(app.code[1].value)) == 0
    newest, before = load_selection(sourced, "my-selection"), load_selection(sourced, "my-selection", revision=1)
    assert newest.revision == 2 and newest.ids == before.ids[:5] and len(before.ids) == 12
    fresh = asked(open_app, sourced, method="random", amount="7")  # nothing is named: nothing is replaced
    assert run(words_of(fresh.code[1].value)) == 0
    assert load_selection(sourced, "my-selection") == newest
    assert load_selection(sourced, "my-selection-2").ids == before.ids[:7]


def test_an_earlier_revision_is_looked_at_and_made_the_newest_again(sourced, open_app):
    app = save(asked(open_app, sourced, method="random"), "mine")
    app.number_input(key="amount").set_value(5.0).run()
    save(app, "mine")
    assert len(load_selection(sourced, "mine").ids) == 5
    app.selectbox(key="revision_of").set_value(1).run()
    app.button(key="revision_look").click().run()
    assert "12 rows" in app.subheader[0].value and len(load_selection(sourced, "mine").ids) == 5
    app.selectbox(key="revision_of").set_value(1).run()
    app.button(key="revision_restore").click().run()
    newest = load_selection(sourced, "mine")
    assert (newest.revision, newest.ids) == (3, load_selection(sourced, "mine", revision=1).ids)
    assert "Revision 1 of mine is revision 3 now" in said(app).replace("\\", "") and not app.exception


def test_a_link_keeps_what_was_marked_on_top_of_a_saved_selection_and_what_was_taken_back(sourced, open_app):
    mark = Dataset(sourced, "sourced").content_hash
    set_mark(sourced, mark, 5, PIN)
    line = ["--workspace", str(sourced.root), "select", "sourced", "--method", "random", "--rows", "12", "--no-marks"]
    assert run([*line, "--pin", "5,30", "--ban", "7", "--name", "held"]) == 0
    app = open_app(sourced, "Budget", selection="held", tab="reproduce")
    set_mark(sourced, mark, 21, BAN)
    set_mark(sourced, mark, 5, None)
    set_mark(sourced, mark, 33, PIN)
    app.run()
    assert "those marked since" in said(app)
    by_link = {key: values[0] for key, values in parse_qs(urlsplit(app.code[0].value).query).items()}
    for name, one in (("first", app), ("again", open_app(sourced, "Budget", **by_link))):
        saved = load_selection(sourced, save(one, name).text_input(key="save_as").value)
        assert saved.name == name and (saved.spec.pins, saved.spec.bans) == ((30, 33), (7, 21))
