"""Capabilities, Alignment and Together: what is learned at a glance, scores to read, what is found, what several share."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import GamutError
from core.jobs.run import running
from core.scores.alignment import AlignmentSettings, alignment
from core.scores.capability import capability_names, load_capability, save_capability
from core.scores.find_by_capability import find_by_capability
from core.scores.finding_words import TITLES, verdict
from core.selection.saved import load_selection
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.people import PIN, marked
from core.store.sample_groups import load_group
from tests.commands.test_pilot_and_pack import call
from tests.made import made_analysis, made_records, write_jsonl
from tests.made_capabilities import made_capability
from tests.pages.conftest import said

SCREEN = "Neurons"
HOSTILE = "</option><b>two</b> & $x$ _u_"


@pytest.fixture
def learned(made):
    """The made workspace with three capabilities of its model."""
    for seed, name in enumerate(("code", "maths", "reading")):
        made_capability(made, name, seed=seed)
    return made


def test_without_a_capability_every_tab_says_what_to_do_next(made, open_app):
    made_capability(made, "foreign", model="another")
    app = open_app(made, SCREEN, neurons_tab="capabilities")
    assert "No capability of this model is learned yet" in said(app)
    assert "Those that are here (1) are of other models" in said(app).replace("\\", "")
    app = open_app(made, SCREEN, neurons_tab="together")
    next(button for button in app.button if button.label == "Learn a capability").click().run()
    assert app.query_params["neurons_tab"] in ("capabilities", ["capabilities"])
    assert app.button(key="capability_learn")


def test_capabilities_at_a_glance_with_what_random_sets_give(learned, open_app):
    app = open_app(learned, SCREEN, neurons_tab="capabilities", capability="maths", capability_site="residual")
    assert app.subheader[0].value.replace("\\", "").startswith("maths. Two halves of the samples")
    table = app.dataframe[0].value
    assert list(table["capability"]) == ["code", "maths", "reading"] and list(table["samples"]) == [40] * 3
    assert all(" to " in cell for cell in table["split-half |cos|"])


def test_one_of_another_model_is_said_in_a_sentence_and_not_offered(learned, open_app):
    made_capability(learned, "foreign", model="another")
    app = open_app(learned, SCREEN, neurons_tab="capabilities", capability="foreign")
    assert "learn it again on that model" in said(app).replace("\\", "")
    assert "foreign" not in list(app.dataframe[0].value["capability"])
    app = open_app(learned, SCREEN, neurons_tab="alignment", capability="foreign")
    assert "foreign" not in app.selectbox(key="capability").options


def test_a_capability_is_renamed_removed_and_taken_in_again(learned, open_app, tmp_path):
    file = tmp_path / "sent.safetensors"
    file.write_bytes((learned.capabilities / "code.safetensors").read_bytes())
    app = open_app(learned, SCREEN, neurons_tab="capabilities", capability="code")
    app.text_input(key="capability_rename_code").set_value("programs").run()
    app.button(key="capability_rename").click().run()
    assert capability_names(learned) == ["maths", "programs", "reading"]
    app.button(key="capability_remove").click().run()
    assert capability_names(learned) == ["maths", "reading"]
    app.text_input(key="capability_open_path").set_value(str(file)).run()
    app.text_input(key="capability_open_name").set_value("code").run()
    app.button(key="capability_open").click().run()
    assert load_capability(learned, "code").path.read_bytes() == file.read_bytes()
    assert "Opened code: 40 samples" in said(app).replace("\\", "")


@pytest.mark.parametrize(
    ("name", "source", "sentence"),
    [
        ("", "1, 2, 3, 4", "needs a name"),
        ("x", "", "There are no samples yet"),
        ("x", "1, 2", "at least 4"),
        ("x", "1, b", "are not sample ids"),
        ("x", "1, 2, 3, 400", "Sample 400 does not exist"),
        ("code", "1, 2, 3, 4", "There is a capability"),
        ("../x", "1, 2, 3, 4", "cannot name a capability"),
    ],
)
def test_what_cannot_be_learned_is_one_plain_sentence(learned, open_app, name, source, sentence):
    app = open_app(learned, SCREEN, neurons_tab="capabilities")
    app.segmented_control(key="capability_from").set_value("Samples picked by hand").run()
    app.text_input(key="capability_ids").set_value(source).run()
    app.text_input(key="capability_name").set_value(name).run()
    app.button(key="capability_learn").click().run()
    assert not app.exception
    assert any(sentence in error.value.replace("\\", "") for error in app.error)


def test_the_alignment_of_a_reading_is_what_the_engine_says(learned, open_app):
    link = {"align_site": "residual", "align_pooling": "last", "align_length_z": "1", "capability": "maths"}
    app = open_app(learned, SCREEN, neurons_tab="alignment", **link)
    settings = AlignmentSettings(site="residual", pooling="last", length_z=True)
    score = alignment(open_analysis(learned, "made"), load_capability(learned, "maths"), settings)
    best = np.argsort(-score, kind="stable")[:50]
    table = app.dataframe[0].value
    assert table["sample"].tolist() == best.tolist()
    assert np.allclose(table["alignment"], score[best])
    assert {"difference of means", "embedding similarity", "BM25"} <= set(table.columns)
    app.segmented_control(key="align_end").set_value("lowest").run()
    assert app.dataframe[0].value["sample"].tolist() == np.argsort(score, kind="stable")[:50].tolist()
    assert app.query_params["align_end"] in ("lowest", ["lowest"])
    app.segmented_control(key="align_look").set_value("readings").run()
    assert "share" in said(app) and "cannot be told here" in str([e.label for e in app.expander])


def test_one_that_was_learned_without_a_pass_is_read_where_it_has_directions(learned, open_app):
    own = load_capability(learned, "maths")
    alone = {part: {"residual": getattr(own, part)["residual"]} for part in ("directions", "quality")}
    save_capability(learned, replace(own, name="kept", **alone, learned=replace(own.learned, stored=True)))
    app = open_app(learned, SCREEN, neurons_tab="alignment", capability="kept")
    assert app.selectbox(key="align_site").options == ["Residual stream"] and not app.error
    assert app.query_params["align_site"] in ("residual", ["residual"]) and "along kept" in said(app)
    app = open_app(learned, SCREEN, heat_a='{"kind":"capability","name":"kept"}', heat_b='{"kind":"nobody"}')
    assert "Capability kept drives hardest" in app.subheader[0].value.replace("\\", "") and not app.error


def test_what_is_not_held_is_offered_as_a_projection_pass_where_the_model_is(learned, open_app, monkeypatch):
    link = {"neurons_tab": "alignment", "align_site": "mlp", "align_pooling": "last"}
    app = open_app(learned, SCREEN, **link)
    assert "needs the model" in said(app) and not any(button.key == "align_project" for button in app.button)
    monkeypatch.setattr("pages.explore.panels.alignment_panel.model_missing", lambda _: "")
    app = open_app(learned, SCREEN, **link)
    assert "A projection pass reads the" in said(app)
    assert app.button(key="align_project")


def test_together_tells_the_core_set_and_pins_it(learned, open_app):
    app = open_app(learned, SCREEN, neurons_tab="together", unit="rows", amount="20")
    assert "chosen under all 3 capabilities, by chance" in app.subheader[0].value.replace("\\", "")
    rows = app.dataframe[0].value["sample"].tolist()
    assert rows and app.dataframe[0].value["under"].min() >= 2
    app.button(key="core_pin").click().run()
    assert set(marked(learned, Dataset(learned, "made").content_hash, PIN)) == set(rows)
    app.text_input(key="core_name").set_value("shared").run()
    app.button(key="core_save").click().run()
    assert set(load_group(learned, "shared").ids) == set(rows)
    app.multiselect(key="_together_names").set_value(["maths"]).run()
    assert app.query_params["together"] in ("maths", ["maths"]) and "Choose two capabilities" in said(app)


def test_budget_chooses_by_capabilities_in_turn_or_by_shares_as_the_command_line_does(learned, open_app, capsys):
    app = open_app(learned, "Budget", method="nait", unit="rows", amount="12")
    assert "Choose what to look for" in said(app) and not app.error
    app.multiselect(key="_method_capabilities").set_value(["maths", "code"]).run()
    assert app.query_params["nait.capabilities"] in ("maths,code", ["maths,code"])
    asked = ["select", "made", "--method", "nait", "--rows", "12", "--option", "capabilities=maths,code"]
    assert app.dataframe[0].value["sample"].tolist() == ids_of(capsys, learned, asked)
    app.toggle(key="_method_by_shares").set_value(True).run()
    app.number_input(key="_share_maths").set_value(3.0).run()
    assert app.query_params["nait.shares"] in ("3,1", ["3,1"])
    assert app.dataframe[0].value["sample"].tolist() == ids_of(capsys, learned, [*asked, "--option", "shares=3,1"])
    app.selectbox(key="_method_more").set_value("bm25").run()  # what is looked for stays
    assert app.multiselect(key="_method_capabilities").value == ["maths", "code"]
    assert not app.exception and not app.error


def test_budget_without_a_capability_says_where_to_learn_one(made, open_app):
    app = open_app(made, "Budget", method="nait", unit="rows", amount="12")
    assert "none of this model is learned yet" in said(app) and not app.error
    assert app.button(key="learn_capability")


def ids_of(capsys, workspace, words: list[str]) -> list[int]:
    """What the command line selects, in order."""
    call(capsys, workspace, *words, "--name", "by-hand", "--replace")
    return list(load_selection(workspace, "by-hand").ids)


def test_what_is_found_is_said_beside_the_controls_and_hostile_names_stay_text(workspace, open_app, tmp_path):
    records = [{**record, "kind": HOSTILE if i % 4 else "one"} for i, record in enumerate(made_records(120))]
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", records), name="d")
    made_analysis(workspace, Dataset(workspace, "d"))
    for seed, name in enumerate(("code", "maths")):
        made_capability(workspace, name, seed=seed)
    link = {"neurons_tab": "alignment", "align_look": "finding", "capability": "maths", "find_column": "kind"}
    app = open_app(workspace, SCREEN, **link)
    assert "Say which rows are of the kind" in said(app) and "arXiv 2602.14696" in said(app)
    app = open_app(workspace, SCREEN, **link, find_value=HOSTILE)
    analysis, dataset, one = open_analysis(workspace, "d"), Dataset(workspace, "d"), load_capability(workspace, "maths")
    found = find_by_capability(analysis, dataset, one, np.arange(120) % 4 > 0)
    words = said(app).replace("\\", "")
    assert all(sentence in words for sentence in verdict(found)) and "is a floor" in words
    table = app.dataframe[0].value
    assert table["method"].tolist() == [TITLES[each.method] for each in found.plain]
    assert table["AUROC"].tolist()[0].startswith(f"{found.plain[0].auroc.value:.2f} (")
    app = open_app(workspace, SCREEN, neurons_tab="together", unit="rows", amount="20")
    assert HOSTILE in app.dataframe[1].value["category"].tolist()
    for block in (*app.markdown, *app.caption, *app.subheader):
        assert "<b>two" not in block.value and "</option>" not in block.value


def test_a_job_that_failed_says_why_where_it_was_started(made, open_app):
    with pytest.raises(GamutError), running(
        made, id=None, title="Learn maths", command=["capability", "learn", "maths"], unit="tokens"
    ):  # fmt: skip
        raise GamutError("The model 'made' is not here.")
    app = open_app(made, SCREEN, neurons_tab="capabilities")
    assert any("Learn maths: The model" in error.value.replace("\\", "") for error in app.error)


def test_a_file_is_looked_at_before_anything_is_learned_from_it(learned, open_app, tmp_path):
    good = write_jsonl(tmp_path / "good.jsonl", made_records(12))
    odd = write_jsonl(tmp_path / "odd.jsonl", [{"q": "What?", "a": "That."} for _ in range(6)])
    app = open_app(learned, SCREEN, neurons_tab="capabilities")
    app.text_input(key="capability_path").set_value(str(good)).run()
    assert "of the 12 records, 12 are samples" in said(app).replace("\\", "") and not app.error
    assert "12 samples, about" in said(app).replace("\\", "")
    app.toggle(key="capability_stored").set_value(True).run()
    app.text_input(key="capability_name").set_value("x").run()
    app.button(key="capability_learn").click().run()
    assert any("Without a pass a capability is learned" in error.value for error in app.error)
    many = write_jsonl(tmp_path / "many.jsonl", made_records(210))
    app.toggle(key="capability_stored").set_value(False).run()
    app.text_input(key="capability_path").set_value(str(many)).run()
    assert "More than 200 records" in said(app) and "for every 200 samples about" in said(app)
    app.text_input(key="capability_path").set_value(str(odd)).run()
    assert any("was not recognised" in error.value for error in app.error)
    app.text_area(key="capability_map").set_value("user={q}\nassistant={a}").run()
    assert not app.error and "6 are samples" in said(app)
    app.text_input(key="capability_path").set_value(str(tmp_path / "none.jsonl")).run()
    assert len(app.error) == 1 and not app.exception
    app.segmented_control(key="capability_from").set_value("A group of a data set").run()
    assert not app.exception and "It has no column" in said(app)
