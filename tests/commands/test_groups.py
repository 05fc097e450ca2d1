"""`groups` on the command line: added by a set in words, listed, shown; what names no samples is a sentence."""

import json

import pytest

from core.__main__ import run


def test_a_group_is_added_by_words_listed_and_shown(made, capsys):
    def say(*words: str) -> str:
        assert run(["--workspace", str(made.root), *words]) == 0
        return capsys.readouterr().out

    assert "No groups yet" in say("groups", "list")
    assert "few: 2 samples of made" in say("groups", "add", "made", "few", 'filter:{"ids":[5,2]}')
    assert json.loads(say("--json", "groups", "show", "few"))["ids"] == [2, 5]
    assert "one of 2 samples" in say("groups", "list")
    assert "in group few" in say("against", "made", "group:few", "rest")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("made", "x", "rest"), "names no samples"),
        (("made", "x"), "one of the two"),
        (("made", "x", "all", "--outline", "AAAA"), "one of the two"),
        (("made", "x", "--outline", "AAAA"), "has no map yet"),
        (("made", "x", "group:none"), "no group of samples"),
    ],
)
def test_what_can_be_no_group_is_a_sentence(made, capsys, words, told):
    assert run(["--workspace", str(made.root), "groups", "add", *words]) == 2
    assert told in capsys.readouterr().err
