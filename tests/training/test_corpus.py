"""What may be trained on, and what may not."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.datasets.sample import Turn
from core.errors import GamutError
from core.training import readers
from core.training.corpus import SOURCES, build_corpus, choose_tasks, family, read_documents
from core.training.leaks import EvaluationQuestions
from core.training.parts import prepare
from core.training.windows import PLAIN, PROMPT, RESPONSE, TEMPLATE, load_tokens, save_tokens

QUESTION = "Ann has three red apples and buys two more of them. How many does she have?"


def ni(**changes: str) -> dict[str, str]:
    return {
        "task": "task001_qasc_x",
        "instruction": "Do.",
        "input": "It.",
        "output": "Done.",
        "instance_license": "MIT",
    } | changes


def test_natural_instructions_need_a_known_licence_and_no_evaluation_set() -> None:
    assert readers.natural_instructions(ni()) == (
        "task001_qasc_x",
        (Turn("user", "Do."), Turn("input", "It."), Turn("assistant", "Done.")),
        "",
    )
    assert readers.natural_instructions(ni(instance_license="Unknown")) is None
    assert readers.natural_instructions(ni(task="task1609_xquad_en_question_generation")) is None


def test_calculator_marks_leave_gsm8k_answers() -> None:
    read = readers.gsm8k({"question": "Q?", "answer": "48/2 = <<48/2=24>>24 clips\n#### 24"})
    assert read and read[1][1] == Turn("assistant", "48/2 = 24 clips\n#### 24")


def test_rejected_rows_and_rows_without_an_answer_are_left_out() -> None:
    row = {"instruction": "Do.", "input": "", "output": "Done."}
    assert readers.alpaca_libre(row | {"status": "too similar"}) is None
    assert readers.alpaca_libre(row | {"status": "ok"}) is not None
    assert readers.alpaca(row | {"output": " "}) is None


def test_sharegpt_roles_become_ours_with_the_tools_as_system_turn() -> None:
    turns = [("human", "a"), ("function_call", "b"), ("observation", "c"), ("gpt", "d")]
    read = readers.sharegpt({"tools": "[]", "conversations": [{"from": f, "value": v} for f, v in turns]})
    assert read and [turn.role for turn in read[1]] == ["system", "user", "tool_call", "tool", "assistant"]


def test_a_tree_gives_the_best_ranked_path_and_ends_on_an_answer() -> None:
    def node(role: str, text: str, replies: list, **more: object) -> dict:
        return {"role": role, "text": text, "replies": replies} | more

    tree = node(
        "prompter",
        "q",
        [
            node("assistant", "second", [], rank=1),
            node("assistant", "first", [node("prompter", "nobody answered", [])], rank=0),
            node("assistant", "unranked", []),
            node("assistant", "deleted", [], rank=0, deleted=True),
        ],
    )
    read = readers.oasst({"prompt": tree})
    assert read and [turn.text for turn in read[1]] == ["q", "first"]


def test_evaluation_and_non_commercial_files_are_never_opened(tmp_path: Path, write_rows: Callable) -> None:
    row = {"instruction": "secret", "input": "", "output": "secret", "question": "secret", "answer": "secret"}
    for name in ("gsm8k_test.jsonl.gz", "alpaca_gpt4_partial.json.gz", "flan_cot/aqua_train.tsv.gz"):
        write_rows(tmp_path / name, [row])
    write_rows(tmp_path / "gsm8k_train.jsonl.gz", [{"question": "open", "answer": "open"}])
    assert [d.turns[0].text for d in read_documents(tmp_path)] == ["open"]
    assert not {s.file for s in SOURCES} & {
        "bbh.jsonl.gz",
        "mbpp.jsonl.gz",
        "SVAMP.json.gz",
        "HumanEval.jsonl.gz",
    }


def test_a_folder_without_source_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GamutError, match="holds none of the"):
        build_corpus(folder=tmp_path, held_tasks=1, held_share=0.1, seed=0)


def test_rows_with_an_evaluation_question_and_repeats_are_left_out_and_counted(
    tmp_path: Path, write_rows: Callable
) -> None:
    write_rows(tmp_path / "gsm8k_test.jsonl.gz", [{"question": QUESTION}])
    rows = [
        {"instruction": text, "context": "", "response": "Five."}
        for text in ("Say hi.", "Say hi.", "Think: " + QUESTION.upper().replace(",", "") + " Explain.")
    ]
    write_rows(tmp_path / "dolly_15k.jsonl.gz", rows)
    corpus = build_corpus(folder=tmp_path, held_tasks=0, held_share=0, seed=0)
    assert (len(corpus.train), corpus.duplicates, corpus.leaked) == (1, 1, 1)


def test_questions_are_found_whole_or_not_at_all(tmp_path: Path) -> None:
    data = {"data": [{"paragraphs": [{"context": "One two three four five six seven.", "qas": []}]}]}
    with gzip.open(tmp_path / "xquad.en.json.gz", "wt") as file:
        json.dump(data, file)
    questions = EvaluationQuestions.read(tmp_path)
    assert questions.found_in("Well: one two three four five six seven!")
    assert not questions.found_in("one two three four five six eight") and not questions.found_in("one two")


def test_tasks_of_one_family_leave_together() -> None:
    tasks = ["task1_qasc_a", "task2_qasc_b", "task3_scitail1.1_c", "task4_scitail_d", "task5_snli_e"]
    assert [family(task) for task in tasks] == ["qasc", "qasc", "scitail", "scitail", "snli"]
    for seed in range(10):
        chosen = choose_tasks(tasks, 2, np.random.default_rng(seed))
        assert len(chosen) >= 2
        assert {family(t) for t in chosen}.isdisjoint(family(t) for t in set(tasks) - chosen)


def test_parts_share_no_task_and_no_row(source: Path) -> None:
    corpus = build_corpus(folder=source, held_tasks=2, held_share=0.1, seed=1)
    assert len({d.group for d in corpus.tasks}) == 2
    assert not {d.group for d in corpus.tasks} & {d.group for d in corpus.train}
    assert len(corpus.rows) == 6 and {d.source for d in corpus.rows} == {"dolly_15k"}
    assert not set(corpus.rows) & set(corpus.train)
    assert len(corpus.train) + len(corpus.tasks) + len(corpus.rows) + corpus.duplicates == 120


def test_tokens_know_their_role(source: Path, tiny, tmp_path: Path) -> None:
    tokenizer, parts = prepare(source=source, work=tmp_path, split=tiny.split)
    tokens = parts["tasks"]
    ids, roles = tokens.ids[tokens.document(0)], tokens.roles[tokens.document(0)]
    assert ids[0] == tokenizer.bos_token_id and ids[-1] == tokenizer.eos_token_id
    assert roles[0] == roles[-1] == TEMPLATE and PLAIN not in roles
    text = tokenizer.decode(ids[roles == PROMPT])
    assert text.startswith("Say it again.") and "###" not in text
    assert "### Response" in tokenizer.decode(ids[roles == TEMPLATE])
    assert tokenizer.decode(ids[roles == RESPONSE]).endswith(".")
    save_tokens(tokens, tmp_path / "again.safetensors")
    assert np.array_equal(load_tokens(tmp_path / "again.safetensors").starts, tokens.starts)
