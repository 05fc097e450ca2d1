"""Facts of samples: in order, with counts that the tokenizer itself confirms."""

import gzip
import json

from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from core.datasets import count_tokens
from core.datasets.count_tokens import PIECE, token_counts
from core.datasets.facts import Facts, facts_of
from core.datasets.sample import Sample, Turn
from core.workspace import BUNDLED_MODEL


def sample(*turns: tuple[str, str]) -> Sample:
    return Sample(0, tuple(Turn(role, text) for role, text in turns), b"{}", "f", 1)


TOKENIZER = Tokenizer.from_file(str(BUNDLED_MODEL / "tokenizer.json"))


def whole(text: str) -> int:
    return len(TOKENIZER.encode(text, add_special_tokens=False).ids)


def test_facts_come_in_order_and_count_both_sides():
    question, answer = (
        "What is the capital of France, and why is it?",
        "The capital of France is Paris, as everybody knows.",
    )
    first, second = facts_of(
        [
            sample(("system", "Be brief."), ("user", question), ("assistant", answer)),
            sample(("user", "4?"), ("tool_call", "{}"), ("assistant", "<|im_end|>")),
        ]
    )
    assert first == Facts("en", "en", whole("Be brief.") + whole(question) + whole(answer), whole(answer), ())
    assert (second.language, second.response_language) == ("", "")
    assert second.response_tokens == whole("{}") + whole("<|im_end|>")
    assert second.flags == ("template_tokens",)


def test_no_samples_have_no_facts():
    assert facts_of([]) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="ab 1,\n。你'é_", max_size=120), max_size=6))
def test_a_text_counted_in_pieces_has_as_many_tokens_as_whole(texts):
    kept = count_tokens.PIECE
    try:
        count_tokens.PIECE = 10
        assert token_counts(texts) == [whole(text) for text in texts]
    finally:
        count_tokens.PIECE = kept


def test_a_run_without_any_break_is_counted_too():
    assert token_counts(["x" * (12 * PIECE)])[0] > 0


def test_real_rows_are_flagged_as_read_by_hand(real_data):
    with gzip.open(real_data / "alpaca_libre_v1_v3.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    samples = [
        sample(("user", row["instruction"]), ("input", row["input"]), ("assistant", row["output"])) for row in rows
    ]
    found = [flag for facts in facts_of(samples) for flag in facts.flags]
    assert {flag: found.count(flag) for flag in set(found)} == {
        "cut_answer": 17,
        "echo": 12,
        "near_empty": 16,
        "refusal": 4,
    }
