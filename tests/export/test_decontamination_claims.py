"""What a manifest says of checks against evaluation sets, and that verify holds it against what is kept."""

import json
import shutil

import pytest

from core.datasets.options import ImportOptions
from core.errors import GamutError
from core.export.manifest import sealed
from core.export.options import ExportOptions
from core.export.verify import CANNOT_CHECK, DIFFERS, SAME, verify
from core.export.write import write_export
from core.scores.contamination import Rules
from core.scores.decontamination import ban_hits, decontaminate, kept_checks, take_back
from core.store.datasets import Dataset
from core.store.people import BAN, marked
from tests.export.test_export import selected
from tests.made import made_records, write_jsonl

HITS = (10, 20, 30)
SMALL = Rules(words=5, whole_from=5, common=10, shingle=2, alike=1.0, fewest=4)


@pytest.fixture
def check(made, tmp_path):
    rows = [{"q": made_records()[place]["instruction"], "id": "x"} for place in HITS]
    file = write_jsonl(tmp_path / "test.jsonl", rows)
    found = decontaminate(Dataset(made, "made"), str(file), options=ImportOptions(), rules=SMALL)
    assert found.ids == HITS
    return found


def exported(made, tmp_path, bans, *, rows=40, name="s"):
    selection, analysis, dataset = selected(made, bans=bans, pins=(10,) if 10 not in bans else (), rows=rows, name=name)
    written = write_export(
        selection,
        analysis=analysis,
        dataset=dataset,
        options=ExportOptions(format="verbatim"),
        to=tmp_path / f"{name}.jsonl",
    )
    analysis._connection.close()
    dataset._connection.close()
    return written, json.loads(written.manifest.read_text())


def test_a_manifest_tells_every_check_and_verify_holds_it_against_the_kept_result(made, check, tmp_path):
    ban_hits(made, check)
    written, said = exported(made, tmp_path, marked(made, check.dataset_hash, BAN))
    (claim,) = said["decontamination"]
    assert (claim["against"], claim["content_hash"], claim["key"]) == ("test.jsonl", check.content_hash, check.key)
    assert (claim["hits"], claim["banned"], claim["taken_back"]) == (3, 3, []) and claim["rules"]["words"] == 5
    assert (claim["evaluation_rows"], claim["evaluation_rows_hit"]) == (3, 3)
    verdict = verify(made, written.manifest)
    assert verdict.code == SAME and verdict.checked[-1] == "the check against test.jsonl"
    line = "python -m core datasets decontaminate made --against test.jsonl"
    assert line in said["reproduce"] and "--ban 10,20,30 --no-marks" in said["reproduce"][-2]


def test_what_was_taken_back_by_hand_is_listed_and_may_be_exported(made, check, tmp_path):
    ban_hits(made, check, keep=[10])
    written, said = exported(made, tmp_path, marked(made, check.dataset_hash, BAN))
    (claim,) = said["decontamination"]
    assert (claim["banned"], claim["taken_back"]) == (2, [10]) and 10 in said["selection"]["ids"]
    assert verify(made, written.manifest).code == SAME
    assert any(line.endswith("--against test.jsonl --keep 10") for line in said["reproduce"])
    take_back(made, check)
    _, said = exported(made, tmp_path, (), name="all")
    assert said["decontamination"][0]["taken_back"] == [10, 20, 30]
    assert any(line.endswith("--against test.jsonl --no-ban") for line in said["reproduce"])


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("taken_back", [], "Sample 10 was exported though it is a hit of the check against test.jsonl"),
        ("taken_back", [10, 20], "taken_back"),
        ("hits", 2, "hits"),
        ("banned", 3, "banned"),
        ("hits_sha256", "0", "hits"),
        ("content_hash", "0", "content_hash"),
        ("rules", {}, "rules"),
        ("evaluation_rows_hit", 0, "evaluation_rows_hit"),
    ],
)
def test_each_changed_claim_is_found(made, check, tmp_path, key, value, told):
    ban_hits(made, check, keep=[10])
    written, said = exported(made, tmp_path, marked(made, check.dataset_hash, BAN))
    said["decontamination"][0][key] = value
    written.manifest.write_text(json.dumps(sealed(said)))
    verdict = verify(made, written.manifest)
    assert verdict.code == DIFFERS and told in verdict.sentence


def test_a_check_that_is_not_kept_here_cannot_be_checked_and_the_command_is_told(made, check, tmp_path):
    ban_hits(made, check)
    written, _ = exported(made, tmp_path, marked(made, check.dataset_hash, BAN))
    shutil.rmtree(made.datasets / "made" / "decontamination")
    verdict = verify(made, written.manifest)
    assert verdict.code == CANNOT_CHECK and "datasets decontaminate made --against" in verdict.sentence
    assert check.content_hash in verdict.sentence and "the file written anew" in verdict.checked


def test_a_selection_that_holds_what_a_later_check_banned_is_not_exported(made, tmp_path):
    selection, analysis, dataset = selected(made, bans=(), pins=HITS, rows=40)
    rows = [{"q": made_records()[place]["instruction"]} for place in HITS]
    later = decontaminate(dataset, str(write_jsonl(tmp_path / "test.jsonl", rows)), rules=SMALL)
    to = tmp_path / "out.jsonl"
    ban_hits(made, later, keep=[10])
    with pytest.raises(GamutError, match="holds 2 of the samples that are banned as hits against test.jsonl"):
        write_export(selection, analysis=analysis, dataset=dataset, options=ExportOptions(format="verbatim"), to=to)
    assert not to.exists()
    take_back(made, later)
    written = write_export(
        selection, analysis=analysis, dataset=dataset, options=ExportOptions(format="verbatim"), to=to
    )
    assert json.loads(written.manifest.read_text())["decontamination"][0]["taken_back"] == list(HITS)


def test_a_manifest_from_before_there_were_checks_is_still_the_same(made, tmp_path):
    written, said = exported(made, tmp_path, (2,))
    assert said.pop("decontamination") == [] and not kept_checks(Dataset(made, "made"))
    written.manifest.write_text(json.dumps(sealed(said)))
    assert verify(made, written.manifest).code == SAME


def test_a_check_made_after_the_selection_calls_what_it_banned_since_by_its_name_not_taken_back(made, tmp_path):
    selection, analysis, dataset = selected(made, bans=(20,), pins=(), rows=3)
    rows = [{"q": made_records()[place]["instruction"]} for place in (20, *later_hits(selection))]
    check = decontaminate(dataset, str(write_jsonl(tmp_path / "later.jsonl", rows)), rules=SMALL)
    ban_hits(made, check)
    written = write_export(
        selection,
        analysis=analysis,
        dataset=dataset,
        options=ExportOptions(format="verbatim"),
        to=tmp_path / "out.jsonl",
    )
    said = json.loads(written.manifest.read_text())
    (claim,) = said["decontamination"]
    assert (claim["banned"], claim["taken_back"], claim["banned_since"]) == (1, [], sorted(later_hits(selection)))
    assert claim["note"] == "check made after the selection"
    line = next(words for words in said["reproduce"] if "decontaminate" in words)
    assert "--keep" not in line and "--no-ban" not in line
    take_back(made, check)  # another workspace has no such bans: the claim is held against the kept result alone
    assert verify(made, written.manifest).code == SAME
    claim["banned_since"] = claim["banned_since"][1:]
    written.manifest.write_text(json.dumps(sealed(said)))
    verdict = verify(made, written.manifest)
    assert verdict.code == DIFFERS and "check against later.jsonl" in verdict.sentence


def later_hits(selection) -> tuple[int, ...]:
    """Two samples that the selection does not hold and that say something of their own."""
    return tuple([i for i in range(25, 60) if i not in selection.ids][:2])
