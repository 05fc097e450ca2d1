"""A ranking that takes its time is made as far as the slider needs, says so, and goes on when the slider does."""

from dataclasses import replace

import pytest

from core.selection.methods.registry import METHODS
from pages.shared import engine
from tests.pages.conftest import said

PART = "Ranked as far as {} of 60 rows"


@pytest.fixture
def ranked(monkeypatch):
    """How far k-center was ranked, each time that it was."""
    asked = []
    real = METHODS["k-center"]

    def rank(pool, options, *, upto=None):
        asked.append(upto)
        return real.rank(pool, options, upto=upto)

    monkeypatch.setitem(METHODS, "k-center", replace(real, rank=rank, whole_upto=10))
    return asked


def move(app, rows: int):
    return app.number_input(key="amount").set_value(float(rows)).run()


def test_the_slider_goes_on_from_there_and_is_never_ranked_twice(made, open_app, ranked):
    app = open_app(made, "Budget", method="k-center", unit="rows", amount="2", tab="reproduce", unanswered="1")
    assert ranked == [6] and PART.format(6) in said(app)
    first = app.dataframe[0].value["sample"].tolist()
    move(app, 6)
    assert ranked == [6]
    move(app, 7)
    assert ranked == [6, 24] and PART.format(24) in said(app)
    assert app.dataframe[0].value["sample"].tolist()[:2] == first
    move(app, 2)
    assert ranked == [6, 24] and PART.format(24) in said(app)  # what is known stays on the picture
    move(app, 31)
    assert ranked == [6, 24, 60] and "Ranked as far as" not in said(app)
    whole = app.dataframe[0].value["sample"].tolist()
    engine._ranked.clear()
    engine._farthest.clear()
    app = open_app(made, "Budget", method="k-center", unit="rows", amount="31", tab="reproduce", unanswered="1")
    assert ranked == [6, 24, 60]  # read where it is kept
    assert app.dataframe[0].value["sample"].tolist() == whole


def test_what_looks_beyond_the_budget_ranks_no_farther_than_it_looks(made, open_app, ranked):
    link = {"method": "k-center", "unit": "rows", "unanswered": "1"}
    app = open_app(made, "Budget", amount="3", tab="missed", **link)
    assert "The next 1 row" in said(app) and ranked == [6]
    app = open_app(made, "Budget", amount="3", tab="queue", queue="left", left_order="next", **link)
    assert "Behind the 6 rows that are ranked so far" in said(app) and ranked == [6]
    app = open_app(made, "Budget", amount="3", tab="compare", compare_b="method:longest", **link)
    assert ranked == [6]


def test_quotas_and_tokens_go_no_farther_either(made, open_app, ranked, monkeypatch):
    quotas = '{"quotas": [{"kind": "cap", "column": "turns", "value": "2", "amount": 30}]}'
    link = {"method": "k-center", "tab": "reproduce", "unanswered": "1"}
    app = open_app(made, "Budget", unit="rows", amount="2", constraints=quotas, **link)
    assert ranked == [6] and PART.format(6) in said(app)
    app = open_app(made, "Budget", unit="tokens", amount="60", **link)
    assert ranked in ([6], [6, 12])
    assert app.subheader[0].value[0].isdigit()


def test_the_height_of_the_whole_pool_is_drawn_though_the_order_is_not_whole(made, open_app, ranked):
    link = {"unit": "rows", "amount": "2", "tab": "reproduce", "unanswered": "1"}

    def whole_pool(app) -> str:
        figure = app.get("plotly_chart")[0].proto.spec
        return figure[figure.index("whole pool: ") :].split('"')[0]

    part = open_app(made, "Budget", method="k-center", **link)
    assert PART.format(6) in said(part)
    whole = whole_pool(open_app(made, "Budget", method="longest", **link))
    assert whole_pool(part) == whole
    few = '{"quotas": [{"kind": "cap", "column": "turns", "amount": 3}]}'  # ends the order before the pool does
    assert whole_pool(open_app(made, "Budget", method="longest", constraints=few, **link)) == whole
