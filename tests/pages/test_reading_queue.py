"""The reading queue: picks and left-out samples in order, marks that take effect at once, a filter, and progress."""

from __future__ import annotations

import pytest

from core.__main__ import run as command_line
from core.scores.feature_sets import Activity
from core.selection.coverers import coverers, stands_for
from core.selection.left_out import left_out
from core.selection.saved import load_selection
from core.selection.specification import RankingSpec, pool_of, rank_by
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.people import BAN, PIN, mark_read, marked, read_samples, set_mark
from pages.shared.cover_words import covered_by_words, left_out_words, stands_for_words
from tests.pages.conftest import said

LINK = {"unit": "rows", "amount": "9", "rule": "raw", "tab": "queue"}


def picks(made, *more: str) -> list[int]:
    """What the command line chooses with the same words and the marks of the workspace."""
    line = ["--workspace", str(made.root), "select", "made", "--method", "sae-greedy", "--rows", "9", "--theta", "0"]
    assert command_line([*line, "--name", "now", "--replace", *more]) == 0
    return list(load_selection(made, "now").ids)


def at(app) -> tuple[int, int]:
    """Place and sample on screen, from the line over the text."""
    line = next(value.value for value in app.markdown if " · sample #" in value.value)
    place, _, rest = line.removeprefix("**").partition(" of ")
    return int(place), int(rest.partition("#")[2].split(" ")[0])


def press(app, key: str):
    return app.button(key=f"queue_{key}").click().run()


def test_the_queue_walks_through_the_picks_in_order_and_counts_what_was_read(made, open_app):
    chosen = picks(made)
    app = open_app(made, "Budget", **LINK)
    assert "0 of 9 read" in said(app) and app.button(key="queue_previous").disabled
    for place, sample_id in enumerate(chosen, start=1):
        assert at(app) == (place, sample_id)
        if place < len(chosen):
            press(app, "next")
    assert app.button(key="queue_next").disabled and "8 of 9 read" in said(app)
    assert read_samples(made, Dataset(made, "made").content_hash) == set(chosen[:-1])
    press(app, "previous")
    assert at(app) == (8, chosen[7]) and "9 of 9 read" in said(app)
    assert app.query_params["place"] == "8"


def test_a_card_says_what_the_pick_newly_covered(made, open_app):
    app = open_app(made, "Budget", place="3", **LINK)
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    rows = analysis.activations()
    has = {i: set(rows.feature[rows.sample == i].tolist()) for i in range(len(dataset))}
    first, second, third = picks(made)[:3]
    new = has[third] - has[first] - has[second]
    table = next(frame.value for frame in app.dataframe if "fires at" in frame.value)
    assert set(table["id"]) == new and f"newly covers {len(new)} features" in said(app)
    for feature, fires in zip(table["id"], table["fires at"], strict=True):
        found = next(f for f in analysis.features_of(third, limit=99) if f.feature_id == feature)
        assert f"⟦{analysis.tokens_of(third)[0][found.position]}⟧" in fires


def test_a_ban_takes_effect_at_once_and_the_queue_stays_at_its_place(made, open_app):
    chosen = picks(made)
    app = open_app(made, "Budget", place="4", **LINK)
    press(app, "ban")
    now = picks(made)
    assert marked(made, Dataset(made, "made").content_hash, BAN) == (chosen[3],)
    assert now[:3] == chosen[:3] and at(app) == (4, now[3]) and chosen[3] not in now


def test_keep_pins_the_sample_and_goes_on(made, open_app):
    chosen = picks(made)
    app = open_app(made, "Budget", place="4", **LINK)
    press(app, "keep")
    assert marked(made, Dataset(made, "made").content_hash, PIN) == (chosen[3],)
    now = picks(made)
    assert now[0] == chosen[3] and at(app) == (5, now[4])
    for _ in range(4):
        press(app, "previous")
    assert at(app) == (1, chosen[3]) and app.button(key="queue_keep").label == "Let go"
    press(app, "keep")
    assert marked(made, Dataset(made, "made").content_hash, PIN) == () and at(app) == (1, chosen[0])


@pytest.mark.parametrize("order", ["nearest", "next", "richest"])
def test_left_out_samples_stand_in_order_with_those_that_cover_them(made, open_app, order):
    app = open_app(made, "Budget", queue="left", left_order=order, **LINK)
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    spec = RankingSpec(analysis=analysis.id, method="sae-greedy", activity=Activity(mode="raw"))
    pool = pool_of(analysis, dataset, spec)
    ranking = rank_by(pool, spec)
    expected = left_out(pool, ranking, ranking.head(9), order=order).tolist()
    covered = coverers(pool.features, ranking.head(9), expected)
    table = next(frame.value for frame in app.dataframe if "already covered by" in frame.value)
    assert table["sample"].tolist() == expected[:10]
    assert table["already covered by"].tolist() == [covered_by_words(one) for one in covered[:10]]
    assert at(app) == (1, expected[0]) and left_out_words(covered[0]) in said(app)
    press(app, "next")
    assert at(app) == (2, expected[1])
    press(app, "keep")  # it leaves this list for the picks: the list is another one now
    assert marked(made, dataset.content_hash, PIN) == (expected[1],) and picks(made)[0] == expected[1]


def test_the_filter_shows_unread_samples_of_a_group_only(made, open_app):
    chosen, dataset = picks(made), Dataset(made, "made")
    for sample_id in chosen[:2]:
        mark_read(made, dataset.content_hash, sample_id)
    app = open_app(made, "Budget", unread="1", **LINK)
    assert at(app) == (3, chosen[2]) and "2 of 9 read, 7 pass the filter" in said(app)
    app.selectbox(key="queue_column").set_value("turns").run()
    assert app.selectbox(key="queue_value").options[0] == "every group"
    app.selectbox(key="queue_value").set_value("3").run()
    turns = {i: len(dataset.turns(i)) for i in chosen}
    wanted = [i for i in chosen[2:] if turns[i] == 3]
    assert (at(app)[1] == wanted[0]) if wanted else "No sample of this list passes" in app.info[0].value
    app.button(key="queue_clear_all").click().run()
    assert at(app)[1] in chosen and not app.toggle(key="unread").value


def test_a_link_with_a_group_that_is_not_there_is_one_sentence_and_can_be_mended(made, open_app):
    app = open_app(made, "Budget", queue_column="colour", queue_value="red", **LINK)
    assert any("no column 'colour'" in error.value.replace("\\", "") for error in app.error)
    app.button(key="queue_clear").click().run()
    assert not app.error and at(app)[0] == 1


def test_a_banned_pin_is_banned_and_leaves_the_queue(made, open_app):
    chosen = picks(made)
    set_mark(made, Dataset(made, "made").content_hash, chosen[5], PIN)
    app = open_app(made, "Budget", **LINK)
    assert at(app) == (1, chosen[5]) and "pinned" in said(app)
    press(app, "ban")
    assert chosen[5] not in picks(made) and at(app) == (1, picks(made)[0])


def test_the_drawer_leads_from_a_left_out_sample_to_those_that_cover_it_and_from_a_pick_to_those_it_covers(
    made, open_app
):
    app = open_app(made, "Budget", **LINK)
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    spec = RankingSpec(analysis=analysis.id, method="sae-greedy", activity=Activity(mode="raw"))
    pool = pool_of(analysis, dataset, spec)
    chosen = rank_by(pool, spec).head(9)
    out = left_out(pool, chosen, chosen, order="nearest").tolist()
    (covered,) = coverers(pool.features, chosen, out[:1])
    app.number_input(key="look_up").set_value(out[0]).run()
    next(button for button in app.button if button.label == "Open").click().run()
    assert left_out_words(covered) in said(app)
    ways = [button.label for button in app.button if str(button.key).startswith(f"way_{out[0]}_")]
    assert ways == [f"#{pick}" for pick, _ in covered.by]
    pick = chosen.sample_ids[0]
    app.number_input(key="look_up").set_value(int(pick)).run()
    next(button for button in app.button if button.label == "Open").click().run()
    others = [i for i in range(len(dataset)) if i not in chosen.sample_ids.tolist()]
    near = stands_for(pool.features, int(pick), others)
    assert near and stands_for_words(near, named=8) in said(app)
    ways = [button.label for button in app.button if str(button.key).startswith(f"way_{pick}_")]
    assert ways == [f"#{one.sample_id}" for one in near[:8]]
