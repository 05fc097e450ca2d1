"""Records to turns, one parser a format; what cannot be parsed says why."""

import pytest

from core.datasets.formats import FORMATS, BadRecord, format_named, recognise
from core.datasets.sample import Turn, content_hash
from core.errors import GamutError


def turns(*pairs: tuple[str, str]) -> tuple[Turn, ...]:
    return tuple(Turn(role, text) for role, text in pairs)


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
    "question-answer": ({"question": "q", "answer": "a"}, [("user", "q"), ("assistant", "a")]),
    "prompt-only": ({"instruction": "do", "input": "this", "output": None}, [("user", "do"), ("input", "this")]),
    "text": ({"text": "Once.", "url": "u"}, [("assistant", "Once.")]),
    "preference": (
        {"system": "S", "prompt": "q", "chosen": "good", "rejected": "bad"},
        [("system", "S"), ("user", "q"), ("assistant", "good")],
    ),
    "tree": (
        {"message_tree_id": "t", "prompt": {"role": "prompter", "text": "q", "replies": [
            {"role": "assistant", "text": "worse", "rank": 1, "replies": []},
            {"role": "assistant", "text": "better", "rank": 0, "replies": []}]}},
        [("user", "q"), ("assistant", "better")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_recognised_and_parsed(name):
    record, expected = GOOD[name]
    assert recognise([record], file="f").name == name
    assert FORMATS[name].parse(record) == turns(*expected)


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


def test_unknown_formats_are_named_with_what_is_known_and_the_way_out():
    with pytest.raises(GamutError, match="its keys are Frage, Antwort. Known formats: preference .* --map user="):
        recognise([{"Frage": "q", "Antwort": "a"}], file="f")
    with pytest.raises(GamutError, match="no format 'csv'; use one of preference, tree, messages, sharegpt"):
        format_named("csv")


@pytest.mark.parametrize(
    "record",
    [
        {"question": "q", "choices": ["x", "y"], "answer": "B"},
        {"question": "q", "answer": 7},
        {"text": "Write a function.", "code": "pass"},
        {"instruction": "Sort.", "instances": [{"input": "ba", "output": "ab"}]},
    ],
)
def test_a_record_whose_answer_would_be_lost_is_not_taken_for_something_simpler(record):
    with pytest.raises(GamutError, match="was not recognised"):
        recognise([record], file="f")


def test_parts_of_content_are_kept_in_order_with_reasoning_before_what_it_led_to():
    parts = [
        {"type": "reasoning", "value": "Look it up."},
        {"type": "tool_call", "value": '{"name": "f"}'},
        {"type": "tool_call", "value": '{"name": "g"}'},
        {"type": "reasoning", "value": "Found."},
        {"type": "text", "value": "It is "},
        {"type": "text", "text": "7."},
    ]
    read = FORMATS["messages"].parse({"messages": [{"role": "assistant", "content": parts}]})
    assert read == turns(
        ("assistant", "<think>\nLook it up.\n</think>"),
        ("tool_call", '{"name": "f"}'),
        ("tool_call", '{"name": "g"}'),
        ("assistant", "<think>\nFound.\n</think>\n\nIt is 7."),
    )


def test_reasoning_and_calls_beside_the_content_are_kept():
    said = {"role": "assistant", "content": None, "reasoning_content": "Hm.", "function_call": {"name": "f"}}
    assert FORMATS["messages"].parse({"messages": [said]}) == turns(
        ("assistant", "<think>\nHm.\n</think>"), ("tool_call", '{"name": "f"}')
    )


def test_what_no_turn_can_hold_of_a_message_is_noted():
    weighted = {
        "messages": [{"role": "user", "content": "q", "loss_weight": 0.0}, {"role": "assistant", "content": "a"}]
    }
    assert FORMATS["messages"].read(weighted).notes == ("'loss_weight' of its messages stays in the record only",)


CHOSEN = {"from": "gpt", "value": "good"}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"instruction": "do", "input": "this", "output": "x", "chosen": "good"}, "user do, input this, assistant good"),
        ({"conversations": [{"from": "human", "value": "q"}], "chosen": CHOSEN}, "user q, assistant good"),
        ({"question": "q", "chosen": "good", "system": "S"}, "system S, user q, assistant good"),
        ({"prompt": "q", "chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "good"}]},
         "user q, assistant good"),
        ({"prompt": [{"role": "user", "content": "q"}], "chosen": [{"role": "assistant", "content": "good"}]},
         "user q, assistant good"),
        ({"chosen": "\n\nHuman: q\n\nAssistant: good"}, "user q, assistant good"),
    ],
)  # fmt: skip
def test_every_shape_of_preference_pairs_gives_prompt_and_chosen_answer(record, expected):
    read = FORMATS["preference"].read(record | {"rejected": "bad"})
    assert ", ".join(f"{turn.role} {turn.text}" for turn in read.turns) == expected
    assert "the rejected answer stays in the record only" in read.notes
    assert {"chosen", "rejected"} <= read.used and "output" not in read.used


def reply(role: str, text: str, *replies: dict, **more) -> dict:
    return {"role": role, "text": text, "replies": list(replies), **more}


def path(*replies: dict) -> str:
    read = FORMATS["tree"].parse({"prompt": reply("prompter", "q", *replies)})
    return " ".join(turn.text for turn in read)


def test_the_path_through_a_tree_follows_rank_then_order_and_skips_what_was_deleted():
    assert (
        path(reply("assistant", "none"), reply("assistant", "one", rank=1), reply("assistant", "zero", rank=0))
        == "q zero"
    )
    assert path(reply("assistant", "first"), reply("assistant", "second")) == "q first"
    assert path(reply("assistant", "gone", rank=0, deleted=True), reply("assistant", "stays", rank=1)) == "q stays"
    assert (
        path(reply("assistant", "bad", review_result=False), reply("assistant", "good", review_result=None)) == "q good"
    )


def test_a_tree_ends_with_an_answer_where_there_is_one():
    asked = [reply("prompter", "open"), reply("prompter", "answered", reply("assistant", "b"))]
    assert path(reply("assistant", "a", *asked)) == "q a answered b"
    assert path(reply("assistant", "a", reply("prompter", "open"))) == "q a"
    assert path() == "q"


def test_a_tree_whose_first_message_was_deleted_is_a_problem():
    with pytest.raises(BadRecord, match="first message of its tree was deleted"):
        FORMATS["tree"].parse({"prompt": reply("prompter", "q", deleted=True)})


def test_nul_characters_are_removed_and_told():
    read = FORMATS["alpaca"].read({"instruction": "a\x00b", "output": "c"})
    assert read.turns[0].text == "ab" and read.notes == ("NUL characters were removed from its texts",)


def test_columns_that_a_pair_does_not_use_are_left_for_the_metadata():
    read = FORMATS["prompt-completion"].read({"prompt": "p", "completion": "c", "response": "r"})
    assert "response" not in read.used


def test_the_content_hash_sees_roles_and_texts_only():
    read = FORMATS["alpaca"].parse({"instruction": "q", "output": "a"})
    assert content_hash(read) == content_hash(FORMATS["prompt-completion"].parse({"prompt": "q", "completion": "a"}))
    assert content_hash((Turn("user", "ab"), Turn("user", "c"))) != content_hash(
        (Turn("user", "a"), Turn("user", "bc"))
    )
