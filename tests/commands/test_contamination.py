"""`datasets decontaminate`, and that selections heed what it bans unless told otherwise."""

import pytest

from core.store.datasets import Dataset
from core.store.people import BAN, PIN, marked, set_mark, set_marks
from tests.commands.test_command_line import call, capsys_text
from tests.made import write_jsonl

LONG = "which of these rivers flows through the old town of the northern province into the cold and stormy sea"


@pytest.fixture
def train(capsys, workspace, tmp_path):
    samples = [{"instruction": text, "output": "yes"} for text in (LONG, "no", f"Please: {LONG}?", "never")]
    call(capsys, workspace, "datasets", "add", write_jsonl(tmp_path / "t.jsonl", samples), "--name", "t")
    write_jsonl(tmp_path / "test.jsonl", [{"q": LONG}, {"q": "short"}])
    return workspace


def bans(workspace):
    return sorted(marked(workspace, Dataset(workspace, "t").content_hash, BAN))


def test_hits_are_listed_banned_kept_and_taken_back(capsys, train, tmp_path):
    words = ("datasets", "decontaminate", "t", "--against", tmp_path / "test.jsonl")
    said = call(capsys, train, *words)
    assert "2 of 4 samples hold one of 1 of its 2 rows; 2 banned, 0 not, 0 pinned" in said and bans(train) == [0, 2]
    assert "test.jsonl:1" in said and "overlap + near-duplicate" in said and "1 rows under 8 words" in said
    value = call(capsys, train, *words, "--keep", "2", as_json=True)
    assert value["standing"] == {"banned": [0], "pinned": [], "taken_back": [2]} and bans(train) == [0]
    assert [hit["sample_id"] for hit in value["found"]["hits"]] == [0, 2]
    call(capsys, train, *words, "--no-ban")
    assert bans(train) == []


def test_a_data_set_serves_as_evaluation_set_by_its_name(capsys, train, tmp_path):
    call(
        capsys,
        train,
        "datasets",
        "add",
        write_jsonl(tmp_path / "e.jsonl", [{"prompt": LONG, "completion": "x"}]),
        "--name",
        "e",
    )
    assert "2 of 4 samples" in call(capsys, train, "datasets", "decontaminate", "t", "--against", "e")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nope", "--against", "t"), "There is no data set 'nope'"),
        (("t", "--against", "/no/such"), "neither a file nor a data set"),
        (("t",), "Missing option"),
        (("t", "--against", "FILE", "--keep", "1"), "#1 is no hit"),
        (("t", "--against", "FILE", "--keep", "one"), "are not sample ids"),
        (("t", "--against", "FILE", "--keep", "2", "--no-ban"), "give one of them"),
        (("t", "--against", "FILE", "--map", "q"), "has no '='"),
        (("t", "--against", "FILE", "--map", "bard={q}"), "role 'bard'"),
    ],
)
def test_wrong_input_is_one_plain_line(capsys, train, tmp_path, words, said):
    given = [tmp_path / "test.jsonl" if word == "FILE" else word for word in words]
    text = capsys_text(capsys, train, "datasets", "decontaminate", *given, code=2)
    assert said in text.strip().splitlines()[-1] and "Traceback" not in text


def chosen(capsys, made, *words):
    line = ("select", "made", "--method", "longest", "--rows", 57, "--name", "s", "--replace", *words)
    return call(capsys, made, *line, as_json=True)["ids"]


def test_select_and_rank_heed_the_marks_as_the_app_does_unless_told_not_to(capsys, made):
    mark = Dataset(made, "made").content_hash
    set_marks(made, mark, [11, 12], BAN, "a check")
    set_mark(made, mark, 40, PIN)
    set_mark(made, mark, 39, PIN)
    heeded = chosen(capsys, made)
    assert heeded[:2] == [40, 39] and not {11, 12} & set(heeded)
    assert chosen(capsys, made, "--pin", "5,39")[:3] == [40, 5, 39]
    assert not {5, 11, 12} & set(chosen(capsys, made, "--ban", "5", "--ban", "4", "--rows", 55))
    assert 11 in chosen(capsys, made, "--pin", "11")
    assert 40 not in chosen(capsys, made, "--ban", "40", "--rows", 56)
    plain = chosen(capsys, made, "--no-marks")
    assert {11, 12} & set(plain) and plain[:2] != [40, 39]
    ranked = call(capsys, made, "rank", "made", "--method", "longest", as_json=True)
    assert [row["sample_id"] for row in ranked][:57] == heeded
    assert "2 pinned, 2 banned" in call(
        capsys, made, "select", "made", "--method", "random", "--rows", 5, "--name", "x"
    )
