"""Every real file comes in whole: file, options, rows as its publisher counts them, or the sentence that refuses it."""

import csv

import pytest

from core.datasets.options import ImportOptions
from core.datasets.parse import Problem, samples
from core.datasets.read import open_source
from core.errors import GamutError

XQUAD = {
    "records": "data[].paragraphs[].qas[]",
    "map": (("user", "{context}\n\n{question}"), ("assistant", "{answers[0].text}")),
}
MMLU = {"map": (("user", "{question}\n{choices}"), ("assistant", "{choices[answer]}"))}
FLAN = {"header": False, "map": (("user", "{1}"), ("assistant", "{3}\n{2}"))}
TYDIQA = {"map": (("system", "{document_plaintext}"), ("user", "{question_text}"))}
SELF_INSTRUCT = {"records": "instances[]"}
# file: (options, rows, format, roles of the first sample)
FILES = {
    "alpaca_gpt4_partial.json.gz": ({}, 13505, "alpaca", "user assistant"),
    "gsm8k_train.jsonl.gz": ({}, 7473, "question-answer", "user assistant"),
    "gsm8k_test.jsonl.gz": ({}, 1319, "question-answer", "user assistant"),
    "HumanEval.jsonl.gz": ({"map": (("user", "{prompt}"), ("assistant", "{canonical_solution}"))}, 164, "map", "user assistant"),
    "bbh.jsonl.gz": ({"map": (("user", "{input}"), ("assistant", "{target}"))}, 6511, "map", "user assistant"),
    **{f"xquad.{language}.json.gz": (XQUAD, 1190, "map", "user assistant") for language in ("en", "zh", "de", "ar", "es")},
    "mbpp.jsonl.gz": ({"map": (("user", "{text}\n{test_list}"), ("assistant", "{code}"))}, 974, "map", "user assistant"),
    "ifeval_input_data.jsonl.gz": ({}, 541, "prompt-only", "user"),
    "SVAMP.json.gz": ({"map": (("user", "{Body} {Question}"), ("assistant", "{Answer}"))}, 1000, "map", "user assistant"),
    "dolly_15k.jsonl.gz": ({}, 15011, "dolly", "user input assistant"),
    "self_instruct_seed_tasks.jsonl.gz": (SELF_INSTRUCT, 175, "alpaca", "user assistant"),
    "self_instruct_user_oriented.jsonl.gz": (SELF_INSTRUCT, 252, "alpaca", "user input assistant"),
    "self_instruct_5k.jsonl.gz": ({}, 5000, "alpaca", "user input assistant"),
    "code_alpaca_new.json.gz": ({}, 4535, "alpaca", "user input assistant"),
    "code_alpaca_2k.json.gz": ({}, 2017, "alpaca", "user input assistant"),
    "llama_factory/alpaca_en_demo.json.gz": ({}, 999, "alpaca", "user assistant"),
    "llama_factory/alpaca_zh_demo.json.gz": ({}, 1000, "alpaca", "user assistant"),
    "llama_factory/glaive_toolcall_en_demo.json.gz":
        ({}, 300, "sharegpt", "user assistant user tool_call tool assistant user assistant"),
    "llama_factory/glaive_toolcall_zh_demo.json.gz": ({}, 300, "sharegpt", "user tool_call tool assistant"),
    "llama_factory/identity.json.gz": ({}, 91, "alpaca", "user assistant"),
    "llama_factory/dpo_en_demo.json.gz": ({}, 300, "preference", "user assistant"),
    "llama_factory/kto_en_demo.json.gz": ({}, 300, "messages", "user assistant"),
    "llama_factory/reason_tool_use_demo_50.jsonl.gz": ({}, 50, "messages", "system user assistant"),
    "llama_factory/v1_sft_demo.jsonl.gz": ({}, 500, "messages", "user assistant"),
    "llama_factory/c4_demo.jsonl.gz": ({}, 300, "text", "assistant"),
    "llama_factory/wiki_demo.txt.gz": ({}, 30, "text", "assistant"),
    "mmlu_dev.jsonl.gz": (MMLU, 285, "map", "user assistant"),
    "mmlu_val.jsonl.gz": (MMLU, 1531, "map", "user assistant"),
    "mmlu_test.jsonl.gz": (MMLU, 14042, "map", "user assistant"),
    "tydiqa_tiny_dev.jsonl.gz": (TYDIQA, 11, "map", "system user"),
    "arc_easy.jsonl.gz": ({}, 4627, "alpaca", "user assistant"),
    "arc_challenge.jsonl.gz": ({}, 2291, "alpaca", "user assistant"),
    "alpaca_eval_805.json.gz": ({}, 805, "alpaca", "user assistant"),
    "mt_bench_questions.jsonl.gz": ({"map": (("user", "{turns[0]}"), ("user", "{turns[1]}"))}, 80, "map", "user user"),
    "oasst_en_100_trees.jsonl.gz": ({}, 100, "tree", "user assistant"),
    "ultrachat_200.jsonl.gz": ({}, 200, "messages", "user assistant user assistant user assistant user assistant"),
    "flan_cot/strategyqa_train.tsv.gz": (FLAN, 2061, "map", "user assistant"),
    "flan_cot/ecqa_train.tsv.gz": (FLAN, 7112, "map", "user assistant"),
    "flan_cot/aqua_train.tsv.gz": (FLAN, 2728, "map", "user assistant"),
    "flan_cot/creak_train.tsv.gz": (FLAN, 6915, "map", "user assistant"),
    "flan_cot/qasc_train.tsv.gz": (FLAN, 1084, "map", "user assistant"),
    "flan_cot/sensemaking_train.tsv.gz": (FLAN, 6070, "map", "user assistant"),
    "instruction_data_with_preference.json.gz": ({}, 1100, "preference", "user input assistant"),
    "alpaca_libre_v1_v3.jsonl.gz": ({}, 5860, "alpaca", "user assistant"),
    "natural_instructions_sample.jsonl.gz": ({}, 30837, "alpaca", "user input assistant"),
}  # fmt: skip
REFUSED = {
    "llama_factory/dataset_info.json": "dataset_info.json",
    "alpaca_gpt4_partial_sources.csv.gz": "was not recognised: its keys are row, original_index, nuggets_golden_score, sources.",
}


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_comes_in_whole(real_data, name):
    said, rows, form, roles = FILES[name]
    options = ImportOptions(**said)
    reading = samples(open_source(real_data / name, options), options)
    first, count = None, 0
    for item in reading:
        assert not isinstance(item, Problem), f"line {item.line}: {item.reason}"
        first, count = first or item, count + 1
    assert (count, reading.format_name) == (rows, form)
    assert first is not None and " ".join(turn.role for turn in first.turns) == roles


@pytest.mark.parametrize("name", REFUSED)
def test_a_real_file_that_is_no_data_set_is_refused_in_a_sentence(real_data, name):
    with pytest.raises(GamutError) as refused:
        list(samples(open_source(real_data / name)))
    assert REFUSED[name] in str(refused.value) and "\n" not in str(refused.value)


def test_every_real_file_is_in_these_tables_with_the_rows_its_list_counts(real_data):
    with (real_data / "MANIFEST.tsv").open(encoding="utf-8", newline="") as listed:
        rows = {row["file"]: int(row["rows"]) for row in csv.DictReader(listed, delimiter="\t")}
    assert rows.keys() == FILES.keys() | REFUSED.keys()
    assert {name: rows[name] for name in FILES} == {name: found[1] for name, found in FILES.items()}


def first_of(real_data, name, at: int = 0):
    options = ImportOptions(**FILES[name][0])
    return next(s for number, s in enumerate(samples(open_source(real_data / name, options), options)) if number == at)


def texts(sample) -> list[str]:
    return [turn.text for turn in sample.turns]


def test_what_maps_make_of_real_records(real_data):
    assert texts(first_of(real_data, "SVAMP.json.gz"))[1] == "51.0"
    assert texts(first_of(real_data, "mmlu_dev.jsonl.gz")) == [
        "Find all c in Z_3 such that Z_3[x]/(x^2 + c) is a field.\n0\n1\n2\n3", "1",
    ]  # fmt: skip
    asked, said = texts(first_of(real_data, "xquad.es.json.gz"))
    assert asked.endswith("\n\n¿Cuántos puntos dejaron escapar en defensa los Panthers?") and said == "308"
    asked, said = texts(first_of(real_data, "flan_cot/ecqa_train.tsv.gz"))
    assert r"killing?\nOptions:\n- bloody mess" in asked and said.endswith("\nbloody mess")  # its own \n stays as found


def test_reasoning_and_tool_calls_of_a_real_record_are_all_there(real_data):
    sample = next(
        s
        for s in samples(open_source(real_data / "llama_factory/reason_tool_use_demo_50.jsonl.gz"))
        if any(turn.role == "tool_call" for turn in s.turns)
    )
    spoken = [turn.text for turn in sample.turns if turn.role == "assistant"]
    assert all(text.startswith("<think>\n") and "\n</think>" in text for text in spoken)
    assert sample.extras.keys() == {"tools"}
