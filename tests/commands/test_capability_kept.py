"""What the command line says of capabilities that are kept: bad files told, those in use refused, the app's own figures."""

import json

import pytest

from core.scores.alignment import AlignmentSettings, alignment, layer_shares, projections
from core.scores.capability import capability_names
from core.selection.budget import Budget
from core.selection.saved import save_selection
from core.selection.specification import RankingSpec, pool_of, select_by
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from tests.commands.test_pilot_and_pack import call
from tests.made import write_jsonl
from tests.made_capabilities import made_capability


@pytest.fixture
def learned(made):
    made_capability(made, "maths")
    return made


def test_a_list_tells_a_file_that_cannot_be_read_and_all_the_others(capsys, learned):
    (learned.capabilities / "bad.safetensors").write_bytes(b"no tensors")
    said = call(capsys, learned, "capability", "list")
    assert "maths" in said and "Cannot be read: 1." in said and "bad.safetensors is no capability" in said
    listed = json.loads(call(capsys, learned, "--json", "capability", "list"))
    assert [one["name"] for one in listed] == ["maths", "bad"] and "learn it again" in listed[1]["unreadable"]


def test_a_capability_that_a_saved_selection_was_chosen_by_is_not_renamed_removed_or_replaced(
    capsys, learned, tmp_path
):
    analysis, spec = open_analysis(learned, "made"), RankingSpec(
        analysis="0123456789abcdef", method="nait", options={"capabilities": "maths"}
    )  # fmt: skip
    selected = select_by(pool_of(analysis, Dataset(learned, "made"), spec), spec, Budget(rows=5))
    save_selection(learned, "best", analysis=analysis, spec=spec, selected=selected)
    file = write_jsonl(tmp_path / "a.jsonl", [{"instruction": str(i), "output": "x"} for i in range(5)])
    for words, what in (
        (("rename", "maths", "sums"), "renamed"),
        (("remove", "maths"), "removed"),
        (("learn", "maths", file, "--analysis", "made", "--replace"), "replaced"),
    ):
        said = call(capsys, learned, "capability", *words, code=2)
        assert f"'maths' is not {what}: the saved selection 'best' was chosen by it" in said
    assert capability_names(learned) == ["maths"]


def test_scores_are_those_of_the_app_with_its_signs_and_shares(capsys, learned):
    analysis, one = open_analysis(learned, "made"), made_capability(learned, "sums", seed=3)
    settings = AlignmentSettings(site="residual", by_change=True, layer_z=True)
    words = ("--analysis", "made", "--site", "residual", "--by-change", "--layer-z")
    found = json.loads(call(capsys, learned, "--json", "capability", "scores", "sums", *words))
    assert found["scores"] == alignment(analysis, one, settings).tolist()
    projected = projections(analysis, one, settings)
    assert found["layer_shares"] == layer_shares(projected, layer_z=True).tolist() != layer_shares(projected).tolist()
    kind = ("--analysis", "made", "--column", "topic", "--value", "0", "--by-change")
    assert "No such option" not in call(capsys, learned, "capability", "find", "sums", *kind, code=2)
