"""The token view: what reaches the browser is data, whole and exact, and nothing of it stands in the component's markup."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import token_view
from pages.shared.token_view import TokenRow
from tests.made import CANARY

HOSTILE = [CANARY, "\u202eevil", "👩\u200d👧", "\x00", "\ud800", "a" * 100_000, "", "\n", " مرحبا"]


def sent(app: AppTest) -> list[dict]:
    """The data of every token view of a screen, as the browser gets it."""
    assert not app.exception, app.exception
    return [json.loads(view.proto.json) for view in app.get("bidi_component")]


def one_view():
    from pages.shared.token_view import token_view
    from tests.pages.test_token_view import HOSTILE

    token_view(HOSTILE, [float("nan"), 1.23456789, 0, 2, 0, 0, 0, 0, 0], peak=3, key="one")


def test_hostile_tokens_arrive_as_data_exactly_as_they_are():
    (data,) = sent(AppTest.from_function(one_view).run())
    (row,) = data["rows"]
    assert row["tokens"] == HOSTILE
    assert row["values"] == [None, 1.235, 0, 2, 0, 0, 0, 0, 0]
    assert (row["peak"], data["top"]) == (3, 2)


def two_rows():
    from pages.shared.token_view import TokenRow, token_rows

    rows = [TokenRow(tokens=["a"], values=[3.0]), TokenRow(tokens=["b"], head="#1")]
    token_rows(rows, key="rows", opens=True)


def test_many_texts_are_one_component_with_one_scale():
    (data,) = sent(AppTest.from_function(two_rows).run())
    assert [row["tokens"] for row in data["rows"]] == [["a"], ["b"]]
    assert (data["top"], data["opens"]) == (3, True)


def test_values_of_another_length_are_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="2 tokens came with 1 values"):
        TokenRow(tokens=["a", "b"], values=[1.0])


def test_the_component_writes_text_only_and_fetches_nothing():
    """What would make markup of a string, or a request of it, is not in the file at all."""
    code = token_view.HERE.joinpath("token_view.js").read_text(encoding="utf-8")
    style = token_view.HERE.joinpath("token_view.css").read_text(encoding="utf-8")
    ways = ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "fetch(", "import(")
    for way in ways:
        assert way not in code
    assert "url(" not in style and "@import" not in style
