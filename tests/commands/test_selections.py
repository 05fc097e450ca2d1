"""Saved selections are named files with revisions: none is lost, each can be looked at, exported and brought back."""

from __future__ import annotations

import json

import pytest

from core.__main__ import run
from core.errors import GamutError
from core.export.verify import SAME, verify
from core.selection.saved import load_selection, restore_revision, revisions_of


def select(made, rows: int) -> None:
    line = ["select", "made", "--method", "random", "--rows", str(rows), "--name", "s", "--replace"]
    assert run(["--workspace", str(made.root), *line]) == 0


def said(made, capsys, *words):
    capsys.readouterr()
    assert run(["--workspace", str(made.root), "--json", *words]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_revision_is_kept_and_listed_with_when_and_how_many_rows(made, capsys):
    for rows in (5, 9, 9, 3):  # the same again is no revision
        select(made, rows)
    found = said(made, capsys, "selections", "revisions", "s")
    assert [(one["revision"], one["rows"]) for one in found] == [(3, 3), (2, 9), (1, 5)] and all(
        one["saved"] for one in found
    )
    assert [one["name"] for one in said(made, capsys, "selections", "list")] == ["s"]
    assert [len(one.ids) for one in revisions_of(made, "s")] == [3, 9, 5]


def test_an_earlier_revision_is_exported_verified_and_brought_back_without_losing_the_newest(made, capsys, tmp_path):
    for rows in (5, 9):
        select(made, rows)
    first = load_selection(made, "s", revision=1)
    words = ["export", "s", "--revision", "1", "--to", str(tmp_path / "first.jsonl")]
    assert run(["--workspace", str(made.root), *words]) == 0
    assert len((tmp_path / "first.jsonl").read_text().splitlines()) == 5
    assert verify(made, tmp_path / "first.jsonl.manifest.json").code == SAME
    assert said(made, capsys, "selections", "restore", "s", "--revision", "1")["revision"] == 3
    newest = load_selection(made, "s")
    assert (newest.revision, newest.ids, newest.spec, newest.budget) == (3, first.ids, first.spec, first.budget)
    assert [one.revision for one in revisions_of(made, "s")] == [3, 2, 1]
    assert restore_revision(made, "s", 3) == newest


def test_a_revision_that_is_not_kept_is_refused_with_those_that_are(made):
    select(made, 5)
    select(made, 6)
    with pytest.raises(GamutError, match="Selection 's' has no revision 7; there are: 2, 1."):
        load_selection(made, "s", revision=7)


def test_chance_of_a_comparison_draws_from_rows_that_may_be_chosen_and_not_from_bans(made, capsys):
    select(made, 5)
    words = ["select", "made", "--method", "random", "--rows", "5", "--ban", "0,1,2,3", "--name", "banned"]
    assert run(["--workspace", str(made.root), *words]) == 0
    could = 59 - len({0, 1, 2, 3} - {*load_selection(made, "s").ids})  # one row has no response
    assert could < 59
    assert said(made, capsys, "selections", "compare", "banned", "s")["overlap"]["n"] == could
