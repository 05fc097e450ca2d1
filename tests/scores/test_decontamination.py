"""Checks are kept and never made twice; bans follow them, and only theirs are taken back."""

import dataclasses
import json

import pytest

from core.errors import GamutError
from core.scores import decontamination
from core.scores.contamination import Rules
from core.scores.decontamination import (
    Check,
    ban_hits,
    decontaminate,
    kept_check,
    kept_checks,
    said_of,
    standing,
    take_back,
)
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.people import BAN, PIN, marked, marked_with_reasons, set_mark
from tests.made import write_jsonl

ASKED = [
    f"which of these {n} rivers flows through the old town of the northern province into the sea" for n in range(6)
]


@pytest.fixture
def train(workspace, tmp_path):
    samples = [{"instruction": text, "output": "yes"} for text in [*ASKED, "nothing of it"]]
    import_dataset(workspace, write_jsonl(tmp_path / "train.jsonl", samples), name="train")
    return Dataset(workspace, "train")


@pytest.fixture
def check(train, tmp_path):
    return decontaminate(train, str(write_jsonl(tmp_path / "one.jsonl", [{"q": text} for text in ASKED[:4]])))


def bans(dataset):
    return sorted(marked(dataset.workspace, dataset.content_hash, BAN))


def test_a_check_comes_back_from_disk_as_it_was_and_is_not_made_again(train, check, tmp_path, monkeypatch):
    # ASKED differ in one word: of 17 words, runs of 13 behind it are shared by all, in 4 rows: no boilerplate
    assert check.ids == (0, 1, 2, 3, 4, 5) and check.found.rows_hit == 4
    monkeypatch.setattr(decontamination, "find_contamination", lambda *_, **__: pytest.fail("made again"))
    assert decontaminate(train, str(tmp_path / "one.jsonl")) == check
    assert kept_checks(train) == [check] and kept_check(train, check.key) == check and kept_check(train, "x") is None
    assert Check.from_dict(json.loads(json.dumps(check.as_dict()))) == check


def test_the_same_inputs_give_the_same_bytes(train, check, tmp_path):
    (path,) = (train.workspace.datasets / "train" / "decontamination").iterdir()
    before = path.read_bytes()
    path.unlink()
    decontaminate(train, str(tmp_path / "one.jsonl"))
    assert path.read_bytes() == before and path.stem == check.key


def test_other_rules_another_set_or_other_data_are_another_check(train, check, tmp_path):
    one = str(tmp_path / "one.jsonl")
    keys = {check.key, decontaminate(train, one, rules=Rules(words=9)).key}
    keys.add(decontaminate(train, str(write_jsonl(tmp_path / "two.jsonl", [{"q": text} for text in ASKED[:4]]))).key)
    write_jsonl(tmp_path / "one.jsonl", [{"q": text} for text in ASKED[:3]])
    keys.add(decontaminate(train, one).key)
    assert len(keys) == 4 == len(kept_checks(train))


def test_hits_are_banned_with_the_check_as_reason_and_pinned_ones_are_told(train, check):
    set_mark(train.workspace, train.content_hash, 2, PIN)
    now = ban_hits(train.workspace, check, keep=[3])
    assert (now.banned, now.pinned, now.taken_back) == ((0, 1, 4, 5), (2,), (3,))
    assert now == standing(train.workspace, check)
    reasons = marked_with_reasons(train.workspace, train.content_hash, BAN)
    assert reasons == dict.fromkeys((0, 1, 4, 5), (f"decontamination: one.jsonl ({check.key[:8]})",))


def test_taking_a_check_back_leaves_bans_by_hand_and_by_other_checks(train, check, tmp_path):
    other = decontaminate(train, str(write_jsonl(tmp_path / "two.jsonl", [{"q": ASKED[5]}])))
    set_mark(train.workspace, train.content_hash, 0, BAN)
    ban_hits(train.workspace, check)
    ban_hits(train.workspace, other, ids=[5])
    take_back(train.workspace, check, ids=[1])
    assert bans(train) == [0, 2, 3, 4, 5]
    assert decontamination.other_reasons(train.workspace, check) == {0: ("",), 5: (other.reason,)}
    take_back(train.workspace, check)
    assert bans(train) == [0, 5]


def test_a_sample_to_keep_that_is_no_hit_is_a_sentence(train, check):
    with pytest.raises(GamutError, match="#6 is no hit against one.jsonl"):
        ban_hits(train.workspace, check, keep=[6])
    with pytest.raises(GamutError, match="#6, #7 are no hit"):
        ban_hits(train.workspace, check, ids=[0, 6, 7])
    assert bans(train) == []


def test_a_damaged_or_newer_file_is_a_sentence(train, check):
    (path,) = (train.workspace.datasets / "train" / "decontamination").iterdir()
    path.write_text(json.dumps(check.as_dict() | {"version": 99}))
    with pytest.raises(GamutError, match="newer Gamut"):
        kept_checks(train)
    path.write_text("{")
    with pytest.raises(GamutError, match="is damaged"):
        kept_checks(train)


def test_what_could_not_be_looked_for_is_said_with_its_count(check):
    found = dataclasses.replace(check.found, whole_rows=1, too_short=2, only_common=3, too_short_near=4)
    said = "\n".join(said_of(dataclasses.replace(check, found=found, unread=5)))
    for count, words in enumerate(
        ("their whole text", "under 8 words", "nothing but boilerplate", "no near-dup", "no text"), 1
    ):
        assert any(line.startswith(f"{count} ") and words in line for line in said.splitlines()), (count, words, said)
