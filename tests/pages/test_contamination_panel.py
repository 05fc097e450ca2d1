"""The contamination panel: a check made, hits side by side, kept and banned, hostile text, problems told."""

import pytest
from streamlit.testing.v1 import AppTest

from core.scores.decontamination import kept_checks
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.people import BAN, PIN, marked, set_mark
from tests.made import CANARY, write_jsonl
from tests.pages.conftest import said

COPIED = [
    f"which of these {n} rivers flows through the old town of the northern province into the sea" for n in range(7)
]
HOSTILE = f"{CANARY} [x](http://evil.example) :material/home: $x^2$ one two three four five six seven eight nine ten"
ALONE = "nobody copied this question of more than twelve words at all or so I hope"
EVALUATION = [{"question": text, "key<b>": "A"} for text in [*COPIED, HOSTILE, ALONE]]


def panel(root):
    from pathlib import Path

    from core.store.datasets import Dataset
    from core.workspace import Workspace
    from pages.data.panels.contamination_panel import draw_contamination

    place = Workspace(Path(root))
    draw_contamination(Dataset(place, "train"), place)


@pytest.fixture
def app(workspace, tmp_path):
    asked = [f"Tell me: {text}" for text in [*COPIED, HOSTILE]]
    samples = [{"instruction": text, "output": "yes"} for text in [*asked, "nothing of it"]]
    import_dataset(workspace, write_jsonl(tmp_path / "train.jsonl", samples), name="train")
    write_jsonl(tmp_path / "test.jsonl", EVALUATION)
    return AppTest.from_function(panel, args=(str(workspace.root),), default_timeout=60).run()


def checked(app, tmp_path):
    app.text_input(key="contamination_path_train").set_value(str(tmp_path / "test.jsonl"))
    app.button(key="contamination_run_train").click().run()
    assert not app.exception and not app.error
    return app


def bans(workspace):
    return sorted(marked(workspace, Dataset(workspace, "train").content_hash, BAN))


def test_a_check_bans_its_hits_and_lists_them_page_by_page(app, workspace, tmp_path):
    assert "No check yet" in said(app)
    checked(app, tmp_path)
    assert bans(workspace) == list(range(8))
    assert "8 samples hit, 8 banned" in app.success[0].value.replace("\\", "")
    assert len(app.toggle) == 5 and not any(toggle.value for toggle in app.toggle)
    boxed = [code.value for code in app.code]
    assert boxed[0] == boxed[1] == HOSTILE.removeprefix("<") and boxed[2] == boxed[3] == COPIED[0]


def test_a_hit_is_kept_and_banned_again_and_all_are_taken_back(app, workspace, tmp_path):
    checked(app, tmp_path)
    sample = int(app.toggle[0].key.rsplit("_", 1)[1])
    app.toggle[0].set_value(True).run()
    assert bans(workspace) == [at for at in range(8) if at != sample] and app.toggle[0].value
    app.toggle[0].set_value(False).run()
    assert bans(workspace) == list(range(8))
    app.button(key="contamination_lift_train").click().run()
    assert bans(workspace) == [] and all(toggle.value for toggle in app.toggle)
    app.button(key="contamination_ban_train").click().run()
    assert bans(workspace) == list(range(8)) and not any(toggle.value for toggle in app.toggle)


def test_a_check_made_again_is_read_back_and_leaves_the_marks(app, workspace, tmp_path):
    checked(app, tmp_path)
    app.button(key="contamination_lift_train").click().run()
    checked(app, tmp_path)
    assert "was made before" in app.success[0].value
    assert bans(workspace) == [] and len(kept_checks(Dataset(workspace, "train"))) == 1


def test_pinned_hits_are_told_and_not_banned_and_a_ban_by_hand_cannot_be_kept_away(app, workspace, tmp_path):
    mark = Dataset(workspace, "train").content_hash
    set_mark(workspace, mark, 0, PIN)
    set_mark(workspace, mark, 7, BAN)
    checked(app, tmp_path)
    assert "1 of them are pinned and were not banned" in app.success[0].value.replace("\\", "")
    assert marked(workspace, mark, PIN) == (0,) and bans(workspace) == list(range(1, 8))
    assert [toggle.disabled for toggle in app.toggle if toggle.key.endswith("_7")] == [True]
    assert "by hand" in said(app)


def test_hostile_text_reaches_plain_elements_only(app, tmp_path):
    checked(app, tmp_path)
    assert any("onerror" in code.value for code in app.code)
    for kind in ("markdown", "caption", "html", "success", "error", "info"):
        for element in getattr(app, kind):
            value = str(element.value)
            assert "onerror" not in value and "evil.example" not in value and "<b>" not in value


def test_no_file_a_missing_file_and_an_odd_map_are_sentences(app):
    app.button(key="contamination_run_train").click().run()
    assert "no evaluation set yet" in app.error[0].value
    app.text_input(key="contamination_path_train").set_value("/no/such.jsonl")
    app.button(key="contamination_run_train").click().run()
    assert "neither a file nor a data set" in app.error[0].value and not app.exception


def test_a_long_text_is_cut_around_the_shared_run_and_the_rest_counted(workspace, tmp_path):
    long = "x " * 2_000 + COPIED[0] + " y" * 2_000
    import_dataset(workspace, write_jsonl(tmp_path / "t.jsonl", [{"instruction": long, "output": "yes"}]), name="train")
    write_jsonl(tmp_path / "test.jsonl", EVALUATION)
    app = checked(AppTest.from_function(panel, args=(str(workspace.root),), default_timeout=60).run(), tmp_path)
    assert sum("characters more" in text.value for text in app.text) == 2
