"""Features: opens on the telling ones in words; the table is searched, sorted and paged; a link says what is on screen."""

import json

import pytest

from core.scores.labels.kept import sae_hash
from core.scores.telling import telling
from core.store.analyses import open_analysis
from core.store.features import direction_of, examples_of
from core.store.own_labels import own_labels, set_own_label
from core.workspace import Workspace
from tests.made import FEATURES
from tests.made_grouped import COMMON, KINDS, LEFT, RIGHT, grouped_workspace
from tests.pages.conftest import metrics, said
from tests.store.test_older_analyses import old  # noqa: F401


@pytest.fixture(scope="module")
def grouped(tmp_path_factory) -> Workspace:
    return grouped_workspace(tmp_path_factory.mktemp("grouped"))


def rows_of(app, key: str) -> list[dict]:
    """The rows of the token view of that key."""
    found = [view for view in app.get("bidi_component") if view.proto.id.split("-", 2)[2].startswith(key)]
    assert found, [view.proto.id for view in app.get("bidi_component")]
    return json.loads(found[0].proto.json)["rows"]


def table(app) -> dict[str, list]:
    """The table of all features."""
    shown = next(frame.value for frame in app.dataframe if "density, %" in frame.value)
    return {name: column.tolist() for name, column in shown.items()}


def test_it_opens_on_the_features_that_tell_the_categories_apart_with_a_text_of_each(grouped, open_app):
    app = open_app(grouped, "Features", rule="raw")
    assert not app.error
    rows = rows_of(app, "telling")
    assert [row.get("section") for row in rows] == [KINDS[0], KINDS[1]]
    assert rows[0]["section_about"].startswith("50 samples")
    for row in rows:
        assert (row["head"], row["about"]) == ("100\u202f%", "others 0\u202f%")
        assert row["tokens"][row["peak"]] == " w2"
        assert row["values"][row["peak"]] > 1


def test_equal_length_is_that_of_the_tokens_that_count(grouped, open_app, monkeypatch):
    seen = []

    def watched(features, *, tokens, **words):
        seen.append(tokens)
        return telling(features, tokens=tokens, **words)

    monkeypatch.setattr("pages.explore.panels.answers.telling", watched)
    open_app(grouped, "Features", rule="raw", theta="0.001", span="response")
    counts = open_analysis(grouped, "made").counts
    assert len(seen) == 1 and seen[0].tolist() == counts.response_tokens.tolist() != counts.scored_tokens.tolist()


def test_the_subset_is_told_from_the_rest_in_words(made, open_app):
    app = open_app(made, "Features", tell="subset", unit="rows", amount="30", rule="raw")
    assert not app.error
    assert "Chosen: the draft on Budget" in said(app).replace("\\", "")


def test_the_table_is_sorted_and_paged_by_the_choice_and_shows_the_subset_beside_the_pool(made, open_app):
    analysis = open_analysis(made, "made")
    app = open_app(made, "Features", sort="max", unit="rows", amount="20", rule="raw")
    shown = table(app)
    held = (
        analysis.cursor().execute("SELECT feature_id, samples FROM features ORDER BY max DESC, feature_id").fetchall()
    )
    assert list(zip(shown["feature"], shown["samples"], strict=True)) == held
    app.toggle(key="ascending").set_value(True).run()
    assert table(app)["feature"] == [feature for feature, _ in held[::-1]]
    chosen = open_app(made, "Features", sort="subset", unit="rows", amount="60", unanswered="1", rule="raw")
    assert table(chosen)["× pool"] == [1.0] * FEATURES  # the subset is the whole pool


def test_a_search_finds_words_of_labels_and_tokens_and_nothing_is_said_in_a_sentence(made, open_app):
    analysis = open_analysis(made, "made")
    set_own_label(made, sae_hash(analysis), 12, "talks of <b>ships</b>")
    app = open_app(made, "Features", find="SHIPS", rule="raw")
    assert table(app)["feature"] == [12]
    assert table(app)["what it is about"] == ["talks of <b>ships</b>"]
    app.text_input(key="find").set_value("no such word").run()
    assert any("No feature is like that" in info.value for info in app.info)


def test_kinds_that_say_little_are_left_out_of_the_table(grouped, open_app):
    app = open_app(grouped, "Features", hide="dead", rule="raw")
    assert sorted(table(app)["feature"]) == [COMMON, LEFT, RIGHT]
    assert "3 features of 40" in said(app)


def test_a_features_page_has_figures_examples_by_strength_and_every_tab(made, open_app):
    analysis = open_analysis(made, "made")
    strongest = examples_of(analysis, 4)[0]
    app = open_app(made, "Features", feature="4", rule="raw")
    assert not app.error
    assert metrics(app)["Feature"] == "#4"
    rows = rows_of(app, "examples")
    assert rows[0]["head"] == f"#{strongest.sample_id}"
    assert sum(row.get("section") == "Middling" for row in rows) == 1
    assert len(rows) == 10
    promoted = rows_of(app, "promoted")
    assert promoted[0]["tokens"] == [text for text, _ in direction_of(analysis, 4).promoted]
    for tab in ("neighbours", "where", "subset", "explanations"):
        app.segmented_control(key="feature_tab").set_value(tab).run()
        assert not app.exception and not app.error, (tab, app.exception, [e.value for e in app.error])
    app.segmented_control(key="band").set_value(strongest.band).run()
    assert {row["head"] for row in rows_of(app, "examples")} <= {f"#{e.sample_id}" for e in examples_of(analysis, 4)}


def test_neighbours_are_those_of_the_sets_and_of_the_directions(grouped, open_app):
    app = open_app(grouped, "Features", feature=str(LEFT), feature_tab="neighbours", rule="raw")
    together, alike = (frame.value for frame in app.dataframe[:2])
    assert together[["feature", "together", "samples"]].to_numpy().tolist() == [[COMMON, 50, 100]]
    assert together["lift"].tolist() == [1.0]
    assert alike["feature"].tolist() == [LEFT + 1]


def test_ones_own_words_come_first_and_are_taken_back_by_empty_ones(made, open_app):
    sae = sae_hash(open_analysis(made, "made"))
    app = open_app(made, "Features", feature="4", feature_tab="explanations", rule="raw")
    app.text_area(key="own_4").set_value("**my** words")
    next(button for button in app.button if button.label == "Save").click().run()
    assert own_labels(made, sae) == {4: "**my** words"}
    assert app.subheader[0].value == r"\*\*my\*\* words"
    app.text_area(key="own_4").set_value("")
    next(button for button in app.button if button.label == "Save").click().run()
    assert own_labels(made, sae) == {}


@pytest.mark.parametrize("feature", ["40", "99999"])
def test_a_feature_that_is_not_there_is_a_sentence_with_the_way_back(made, open_app, feature):
    app = open_app(made, "Features", feature=feature)
    assert app.error[0].value.replace("\\", "") == f"There is no feature {feature}; this SAE has features 0 to 39."
    next(button for button in app.button if button.label == "All features").click().run()
    assert not app.error


def test_nonsense_in_a_link_falls_back_to_the_opening(made, open_app):
    app = open_app(
        made, "Features", feature="-3", sort="'; DROP TABLE features", hide="nonsense", features_page="77", tell="x"
    )
    assert not app.error
    assert len(table(app)["feature"]) == FEATURES


@pytest.mark.usefixtures("old")
def test_an_older_analysis_says_what_it_lacks_and_still_has_its_table(made, open_app):
    app = open_app(made, "Features", rule="raw", find="3")
    assert not app.exception
    assert 3 in table(app)["feature"]
    app = open_app(made, "Features", rule="raw", feature="3")
    assert "older Gamut" in app.error[0].value


def test_a_page_of_the_table_is_in_the_link_and_a_search_begins_at_the_first(made, open_app, monkeypatch):
    monkeypatch.setattr("pages.explore.panels.feature_table.PAGE", 7)
    app = open_app(made, "Features", sort="feature_id", ascending="1", features_page="3", rule="raw")
    assert table(app)["feature"] == list(range(14, 21))
    assert app.query_params["features_page"] in ("3", ["3"])
    app.text_input(key="find").set_value("w").run()  # every made token has it
    assert table(app)["feature"] == list(range(7))
    assert "features_page" not in app.query_params


def test_a_feature_that_neuronpedia_knows_links_there_and_others_do_not(made, open_app, monkeypatch):
    monkeypatch.chdir(made.root.parent)  # the made analysis names its SAE by the folder `made`
    links = open_app(made, "Features", feature="4", rule="raw").get("link_button")
    assert not links
    folder = made.root.parent / "made"
    folder.mkdir()
    (folder / "cfg.json").write_text('{"metadata": {"neuronpedia_id": "gpt2-small/8-res-jb"}}', encoding="utf-8")
    (link,) = open_app(made, "Features", feature="4", rule="raw").get("link_button")
    assert link.proto.url == "https://www.neuronpedia.org/gpt2-small/8-res-jb/4"
