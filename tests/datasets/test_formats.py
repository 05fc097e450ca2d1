"""Records to turns, one parser a format; what cannot be parsed says why."""

import pytest

from core.datasets.formats import FORMATS, BadRecord, format_named, recognise
from core.datasets.sample import Turn, content_hash
from core.errors import GamutError

GOOD = {
    "alpaca": (
        {"instruction": "Add.", "input": "1 2", "output": "3", "system": "Be brief.", "history": [["Hi", "Hello"]]},
        [("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello"), ("user", "Add."), ("input", "1 2"), ("assistant", "3")],
    ),
    "dolly": (
        {"instruction": "Who?", "context": "Ann did.", "response": "Ann", "category": "qa"},
        [("user", "Who?"), ("input", "Ann did."), ("assistant", "Ann")],
    ),
    "sharegpt": (
        {"system": "S", "conversations": [
            {"from": "human", "value": "q"}, {"from": "function_call", "value": "{}"},
            {"from": "observation", "value": "r"}, {"from": "gpt", "value": "a"}]},
        [("system", "S"), ("user", "q"), ("tool_call", "{}"), ("tool", "r"), ("assistant", "a")],
    ),
    "messages": (
        {"messages": [
            {"role": "developer", "content": "S"}, {"role": "user", "content": [{"type": "text", "text": "q"}]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "é"}]}, {"role": "tool", "content": "r"},
            {"role": "assistant", "content": "a"}]},
        [("system", "S"), ("user", "q"), ("tool_call", '[{"id": "é"}]'), ("tool", "r"), ("assistant", "a")],
    ),
    "prompt-completion": ({"prompt": "p", "completion": "c"}, [("user", "p"), ("assistant", "c")]),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_recognised_and_parsed(name):
    record, expected = GOOD[name]
    assert recognise([record], file="f").name == name
    assert FORMATS[name].parse(record) == tuple(Turn(role, text) for role, text in expected)


@pytest.mark.parametrize(
    ("name", "record", "reason"),
    [
        ("alpaca", {"instruction": 5, "output": "x"}, "'instruction' is a number, text is needed"),
        ("alpaca", {"instruction": "x"}, "'output' is missing"),
        ("alpaca", {"instruction": "x", "output": None}, "'output' is null, text is needed"),
        ("alpaca", {"instruction": "", "input": "", "output": " "}, "every text in it is empty"),
        ("alpaca", {"instruction": "x", "output": "y", "history": [["a"]]}, "'history' is not a list"),
        ("alpaca", {"instruction": "\ud83d", "output": "y"}, "half of a character"),
        ("sharegpt", {"conversations": []}, "'conversations' is empty"),
        ("sharegpt", {"conversations": [{"from": "bard", "value": "x"}]}, "message 1 is from 'bard'; known are"),
        ("messages", {"messages": ["x"]}, "message 1 is text, an object is needed"),
        ("messages", {"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "a part that is not text"),
        ("messages", {"messages": [{"role": "user"}]}, "'content' is missing"),
    ],
)
def test_a_bad_record_says_why(name, record, reason):
    with pytest.raises(BadRecord, match=reason):
        FORMATS[name].parse(record)


def test_an_empty_answer_is_kept_as_a_turn():
    assert FORMATS["dolly"].parse({"instruction": "q", "response": ""})[-1] == Turn("assistant", "")


def test_the_format_most_records_fit_wins():
    records = [GOOD["dolly"][0]] * 3 + [GOOD["alpaca"][0]] + [7]
    assert recognise(records, file="f").name == "dolly"


def test_unknown_formats_are_named_with_what_is_known():
    with pytest.raises(GamutError, match="its keys are answer, question. Known formats: messages"):
        recognise([{"question": "q", "answer": "a"}], file="f")
    with pytest.raises(GamutError, match="no format 'csv'; use one of messages, sharegpt"):
        format_named("csv")


def test_the_content_hash_sees_roles_and_texts_only():
    turns = FORMATS["alpaca"].parse({"instruction": "q", "output": "a"})
    assert content_hash(turns) == content_hash(FORMATS["prompt-completion"].parse({"prompt": "q", "completion": "a"}))
    assert content_hash((Turn("user", "ab"), Turn("user", "c"))) != content_hash(
        (Turn("user", "a"), Turn("user", "bc"))
    )
