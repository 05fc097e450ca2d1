"""A against B: the link says the sets, the screen what separates them; hostile words stay words; a target reaches Budget."""

import json
import shutil

import pytest

from core.selection.budget import Budget
from core.selection.saved import save_selection
from core.selection.specification import RankingSpec, pool_of, select_by
from core.selection.targets import load_target, target_names
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.against_made import HALF, NEVER, made_pool_and_evaluation
from tests.made import CANARY, FEATURES, made_analysis, made_records, write_jsonl
from tests.pages.conftest import said

SCREEN = "A against B"
HOSTILE = "</option><b>two</b> & $x$ _u_"


def filtered(**said) -> str:
    return json.dumps({"kind": "filter", "filter": said})


@pytest.fixture(scope="module")
def kinds_once(tmp_path_factory):
    """A data set of two kinds, one of them with a hostile name, and its analysis: made once, tests get copies."""
    folder = tmp_path_factory.mktemp("kinds")
    workspace = Workspace(folder / "workspace")
    records = [{**record, "kind": HOSTILE if i % 2 else "one"} for i, record in enumerate(made_records(120))]
    import_dataset(workspace, write_jsonl(folder / "kinds.jsonl", records), name="kinds")
    made_analysis(workspace, Dataset(workspace, "kinds"), seed=3)
    return workspace


@pytest.fixture
def kinds(kinds_once, workspace):
    """A workspace with the data set of two kinds."""
    shutil.copytree(kinds_once.root, workspace.root)
    return workspace


@pytest.fixture
def apart(workspace, tmp_path):
    """A pool, and an evaluation file that activates more features."""
    return made_pool_and_evaluation(workspace, tmp_path)


def test_without_a_link_the_largest_group_stands_against_the_rest(kinds, open_app):
    app = open_app(kinds, SCREEN)
    assert app.selectbox(key="ab_a_kind").value == "column:kind"
    assert app.selectbox(key="ab_b_kind").value == "rest"
    assert json.loads(app.query_params["b"]) == {"kind": "rest"}
    assert "at equal length" in app.subheader[0].value.lower()
    assert "A: 60 samples" in said(app).replace("\\", "")


def test_hostile_names_of_groups_are_chosen_and_shown_as_text(kinds, open_app):
    app = open_app(kinds, SCREEN, a=filtered(columns=[["kind", HOSTILE]]), b=json.dumps({"kind": "rest"}))
    assert app.selectbox(key="ab_a_value").value == HOSTILE
    for block in (*app.markdown, *app.caption, *app.subheader):
        assert "<b>two" not in block.value and "</option>" not in block.value


@pytest.mark.parametrize(
    ("link", "kind", "value"),
    [
        (filtered(columns=[["kind", "one"]]), "column:kind", "one"),
        (filtered(languages=["en"]), "language", "en"),
        (filtered(flags=["refusal"]), "flag", "refusal"),
        (filtered(text="number", tokens={"low": 3}), "filtered", "holds “number”, at least 3 tokens"),
        (filtered(text=CANARY), "filtered", f"holds “{CANARY}”"),
        (filtered(), "whole", None),
        (json.dumps({"kind": "selection", "name": "gone"}), "selection", "gone"),
        (json.dumps({"kind": "analysis", "name": "gone"}), "analysis", "gone"),
        (json.dumps({"kind": "analysis"}), "analysis", None),
    ],
)
def test_the_controls_say_what_the_link_says(kinds, open_app, link, kind, value):
    app = open_app(kinds, SCREEN, a=link, b=json.dumps({"kind": "rest"}))
    assert app.selectbox(key="ab_a_kind").value == kind
    assert app.selectbox(key="ab_a_value").value == value
    assert json.loads(app.query_params["a"]) == json.loads(link)


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (json.dumps({"kind": "odd"}), "no set of samples 'odd'"),
        (filtered(columns=[["colour", "red"]]), "no column 'colour'"),
        (filtered(columns=3), "no filter of samples"),
        (json.dumps({"kind": "selection", "name": "gone"}), "no selection 'gone'"),
        (json.dumps({"kind": "rest"}), "Both sets are"),
        (filtered(text="never said by anybody"), "Set A holds no sample"),
    ],
)
def test_a_link_that_cannot_be_is_one_sentence(kinds, open_app, link, words):
    app = open_app(kinds, SCREEN, a=link, b=json.dumps({"kind": "rest"}))
    assert any(words in error.value.replace("\\", "") for error in app.error)


def test_another_kind_and_value_change_the_link_and_the_sentence(kinds, open_app):
    app = open_app(kinds, SCREEN)
    app.selectbox(key="ab_a_kind").set_value("language").run()
    assert "languages" in app.query_params["a"]
    app.selectbox(key="ab_a_kind").set_value("column:kind").run()
    app.selectbox(key="ab_a_value").set_value(HOSTILE).run()
    assert json.loads(app.query_params["a"])["filter"]["columns"] == [["kind", HOSTILE]]
    assert not app.exception


def test_what_an_evaluation_file_has_and_the_pool_lacks_becomes_the_target_on_budget(apart, open_app):
    app = open_app(
        apart,
        SCREEN,
        dataset="pool",
        rule="raw",
        a=filtered(),
        b=json.dumps({"kind": "analysis", "name": "eval"}),
        ab_list="lacking",
    )
    assert not app.error
    assert "1 of them no sample of the pool has" in said(app).replace("\\", "")
    assert "never active" not in said(app)  # words come from the analysis that has the feature
    app.button(key="ab_target").click().run()
    assert not app.exception
    (name,) = target_names(apart)
    target = load_target(apart, name)
    assert set(target.features) <= set(range(HALF, FEATURES)) and len(target.features) > 3
    assert NEVER in target.features
    assert "common in B (analysis eval), rare in A (all samples)" in target.made_from
    assert app.title[0].value == "Budget"
    assert f"Of the {len(target.features)} features of the target features:{name}" in said(app).replace("\\", "")
    assert "1 no sample of the pool has" in said(app).replace("\\", "")
    assert app.query_params["sae-greedy.target"] == f"features:{name}"
    assert app.query_params["method"] == "sae-greedy"


def test_an_evaluation_file_that_is_not_there_yet_is_imported_and_analysed_as_a_job(
    kinds, open_app, tmp_path, monkeypatch
):
    started = []
    monkeypatch.setattr("pages.explore.panels.evaluation_file.start", lambda *_, **asked: started.append(asked))
    file = write_jsonl(tmp_path / "eval.jsonl", made_records(12))
    app = open_app(kinds, SCREEN, a=filtered(), b=json.dumps({"kind": "analysis"}))
    assert "Choose both sets" in app.info[0].value
    app.text_input(key="ab_eval_path").set_value(str(file))
    app.text_input(key="ab_eval_name").set_value("my-eval")
    app.button(key="ab_eval_start").click().run()
    assert not app.exception
    assert len(Dataset(kinds, "my-eval")) == 12
    ref = json.loads(open_analysis(kinds, "kinds").meta["model"])["ref"]
    assert started[0]["command"][:4] == ["analyse", "my-eval", "--model", ref]
    assert json.loads(app.query_params["b"]) == {"kind": "analysis", "name": "my-eval"}


def test_a_workspace_without_an_analysis_says_what_to_do(workspace, open_app):
    app = open_app(workspace, SCREEN)
    assert app.info


def test_the_chosen_feature_is_read_on_both_sides_and_opens_its_page(kinds, open_app):
    app = open_app(kinds, SCREEN, rule="raw", ab_feature="5")
    assert "**Feature 5**" in said(app)
    app.button(key="ab_open").click().run()
    assert not app.exception
    assert app.title[0].value == "Features"
    assert app.query_params["feature"] == "5"


def test_a_selection_by_features_is_called_a_description_on_screen(kinds, open_app):
    spec = RankingSpec(analysis=open_analysis(kinds, "kinds").id, method="sae-greedy")
    analysis, dataset = open_analysis(kinds, "kinds"), Dataset(kinds, "kinds")
    selected = select_by(pool_of(analysis, dataset, spec), spec, Budget(rows=40))
    save_selection(kinds, "forty", analysis=analysis, spec=spec, selected=selected)
    app = open_app(kinds, SCREEN, a=json.dumps({"kind": "selection", "name": "forty"}), b=json.dumps({"kind": "rest"}))
    assert app.selectbox(key="ab_a_value").value == "forty"
    assert "not as evidence" in said(app)
