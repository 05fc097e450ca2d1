"""The evaluation side: every text of a record, or what a map and a format make of it; files and data sets by name."""

import gzip
import json

import pytest

from core.datasets.options import ImportOptions
from core.errors import GamutError
from core.scores.evaluation import evaluation_rows
from tests.made import write_jsonl

PLAIN = ImportOptions()


def test_every_text_of_a_record_counts_field_by_field_and_what_holds_none_is_counted(workspace, tmp_path):
    records = [{"q": "why", "choices": ["a b", "", "c"], "of": {"who": "me"}, "n": 3}, {"n": 4}, {"q": None}]
    file = write_jsonl(tmp_path / "e.jsonl", records)
    file.write_text(file.read_text() + "broken\n" + '{"q": "half \\ud83d"}\n')
    found = evaluation_rows(workspace, str(file), PLAIN)
    assert [(row.file, row.line) for row in found.rows] == [("e.jsonl", 1), ("e.jsonl", 5)]
    assert found.rows[0].texts == (("q", "why"), ("choices[]", "a b"), ("choices[]", "c"), ("of.who", "me"))
    assert found.rows[1].texts == (("q", "half ?"),)
    assert (found.unread, found.kind) == (3, "file") and "q, choices[], of.who" in found.read_as


def test_a_format_reads_a_file_as_an_import_would(workspace, tmp_path):
    file = write_jsonl(tmp_path / "e.jsonl", [{"instruction": "a", "output": "b", "note": "c"}, {"instruction": 1}])
    found = evaluation_rows(workspace, str(file), ImportOptions(format="alpaca"))
    assert [row.texts for row in found.rows] == [(("user", "a"), ("assistant", "b"))] and found.unread == 1


def test_a_data_set_is_compared_turn_by_turn_under_its_places(made):
    found = evaluation_rows(made, "made", PLAIN)
    assert len(found.rows) == 60 and found.kind == "data set"
    assert (found.rows[4].file, found.rows[4].line) == ("made.jsonl", 5)
    assert found.rows[4].texts[0] == ("user", "Say something about number 4.")


def test_the_content_hash_changes_with_any_text_or_place(workspace, tmp_path):
    def hashed(name, *texts):
        return evaluation_rows(
            workspace, str(write_jsonl(tmp_path / name, [{"q": t} for t in texts])), PLAIN
        ).content_hash

    one = hashed("a.jsonl", "x", "y")
    assert one == hashed("a.jsonl", "x", "y")
    assert len({one, hashed("a.jsonl", "y", "x"), hashed("a.jsonl", "x"), hashed("b.jsonl", "x", "y")}) == 4


@pytest.mark.parametrize(
    ("against", "said"),
    [("nope", "neither a file nor a data set 'nope'; give a path or one of: made"), ("", "neither")],
)
def test_what_is_not_there_is_a_sentence(made, against, said):
    with pytest.raises(GamutError, match=said):
        evaluation_rows(made, against, PLAIN)


def test_a_name_that_is_a_file_too_and_a_file_without_texts_are_refused(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_jsonl(tmp_path / "made", [{"n": 1}])
    with pytest.raises(GamutError, match="names both a data set and a file"):
        evaluation_rows(made, "made", PLAIN)
    with pytest.raises(GamutError, match="No row of made holds a text"):
        evaluation_rows(made, "./made", PLAIN)


@pytest.mark.parametrize(
    ("name", "rows", "fields"),
    [
        ("gsm8k_test.jsonl.gz", 1_319, {"question", "answer"}),
        ("mmlu_test.jsonl.gz", 14_042, {"subject", "question", "choices[]", "answer"}),
        ("HumanEval.jsonl.gz", 164, {"task_id", "prompt", "canonical_solution", "test", "entry_point"}),
        ("bbh.jsonl.gz", 6_511, {"task", "input", "target"}),
        ("SVAMP.json.gz", 1_000, {"ID", "Body", "Question", "Equation", "Type"}),
    ],
)
def test_evaluation_sets_are_read_whole_without_a_word_about_their_form(workspace, real_data, name, rows, fields):
    found = evaluation_rows(workspace, str(real_data / name), PLAIN)
    assert len(found.rows) == rows and not found.unread
    assert {field for row in found.rows for field, _ in row.texts} == fields


def test_nested_records_and_a_map_are_read_as_an_import_would(workspace, real_data):
    source, inside = str(real_data / "xquad.en.json.gz"), "data[].paragraphs[].qas[]"
    every = evaluation_rows(workspace, source, ImportOptions(records=inside))
    asked = evaluation_rows(workspace, source, ImportOptions(records=inside, map=(("user", "{question}"),)))
    assert len(every.rows) == len(asked.rows) == 1_190 and not every.unread and not asked.unread
    assert [row.texts for row in asked.rows][:1] == [(("user", "How many points did the Panthers defense surrender?"),)]
    assert {"question", "context"} <= {field for field, _ in every.rows[0].texts}


def test_a_table_without_a_header_is_read_whole_when_told(workspace, real_data):
    found = evaluation_rows(workspace, str(real_data / "flan_cot" / "qasc_train.tsv.gz"), ImportOptions(header=False))
    assert len(found.rows) == 1_084 and not found.unread and len(found.rows[0].texts) == 3


def test_a_packed_file_is_read(workspace, tmp_path):
    file = tmp_path / "e.jsonl.gz"
    file.write_bytes(gzip.compress(json.dumps({"q": "x"}).encode()))
    assert len(evaluation_rows(workspace, str(file), PLAIN).rows) == 1
