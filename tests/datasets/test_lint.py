"""Lint rules: what each flags, and what looks alike and must not be flagged."""

import pytest

from core.datasets.lint import RULES, flags_of
from core.datasets.lint.cut_answer import LONG, cut
from core.datasets.lint.open_fence import open_fence
from core.datasets.sample import Turn

SENTENCE = "The lighthouse stands on a rock far outside the harbour. "
GERMAN = "Der Leuchtturm steht auf einem Felsen weit draußen vor dem Hafen und leuchtet jede Nacht für die Schiffe."
ENGLISH = "The lighthouse stands on a rock far outside the harbour and shines every night for the ships that pass."


def talk(question: str, answer: str, *, given: str = "") -> tuple[Turn, ...]:
    turns = [Turn("user", question), Turn("assistant", answer)]
    return tuple(turns[:1] + ([Turn("input", given)] if given else []) + turns[1:])


def flagged(name: str, question: str, answer: str, *, given: str = "") -> bool:
    return name in flags_of(talk(question, answer, given=given))


def test_every_rule_says_its_name_title_and_rule():
    assert list(RULES) == [
        "refusal", "cut_answer", "open_fence", "echo", "language_mismatch", "template_tokens", "near_empty",
    ]  # fmt: skip
    assert all(rule.name == name and rule.title and rule.rule.endswith(".") for name, rule in RULES.items())


@pytest.mark.parametrize(
    "answer",
    [
        "As an AI language model, I don't have feelings.",
        "I'm sorry, but I can't assist with that request.",
        "I’m sorry, but as an AI assistant, I do not have access to the weather.",
        "Unfortunately, I cannot provide real-time prices.",
        "I am unable to create visual content. However, here are some tips.",
        "I cannot fulfill this request.",
        "Es tut mir leid, aber ich kann dabei nicht helfen.",
        "Lo siento, pero no puedo ayudarte.",
        "Je suis désolé, mais je ne peux pas répondre.",
        "对不起，我无法回答您的问题。",
        "作为人工智能，我没有个人情感。",
    ],
)
def test_refusal_boilerplate_is_flagged(answer):
    assert flagged("refusal", "Will you?", answer)


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, I can't come to the meeting today, I'm feeling under the weather.",
        "Unfortunately, I won't be able to make it to your party.",
        "I am sorry to hear about your loss.",
        "\"I'm sorry, but I can't assist with that,\" said the robot, and closed its eyes.",
        "The robot said: as an AI language model I have no heart.",
        "I cannot wait to see you again.",
        SENTENCE * 8 + "As an AI language model, I stop here.",
    ],
)
def test_people_who_are_sorry_and_stories_that_quote_are_not_refusals(answer):
    assert not flagged("refusal", "Write a message.", answer)


@pytest.mark.parametrize(
    "text",
    [
        "In summary, coral reefs are an integral part of",
        SENTENCE + "Some historians argue that the",
        SENTENCE + "Wir fahren morgen an die See und",
        "The sun sets slowly behind the hills,",
        SENTENCE * (LONG // len(SENTENCE) + 1) + "This is a great way to support your body and your mind",
    ],
)
def test_an_answer_that_stops_in_a_sentence_is_cut(text):
    assert cut(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Joe Biden",
        "42",
        "It rains.",
        SENTENCE + "I hope this helps you to see what to look for",
        "- apples and pears from the\n- a bag of flour and",
        "1. Take the first of the eggs and the",
        "for item in the_list_of: print(the",
        "```\nprint(1)\n```\nand this is what you get from the",
        "Kind regards and many thanks,\nAnn",
        "who is the blind side based off of",
        SENTENCE + "See https://example.org/a_page_of_the",
        "这座灯塔建在港口外的岩石上",
        "He said, “I will come back to you.”",
        "A first line without a stop and without an end\n\nBest wishes",
    ],
)
def test_ends_that_are_no_cuts(text):
    assert not cut(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```python\nprint(1)\n```", False),
        ("```python\nprint(1)", True),
        ("~~~\na\n```", True),
        ("````\n```\n````", False),
        ("````\n```\n", True),
        ("```x``` is a span", False),
        ("1. ```sh\n   ls\n   ```\ndone", False),
        ("> ```\n> a\n> ```", False),
        ("```\na\n``` not an end", True),
        ("```\n```\n```", True),
        ("a ``` in a line", False),
    ],
)
def test_fences_open_and_close_as_commonmark_has_it(text, expected):
    assert open_fence(text) is expected
    assert flagged("open_fence", "Show me.", text) is expected


def test_a_prompt_may_leave_a_fence_open():
    assert not flagged("open_fence", "Complete this:\n```python\ndef f(", "x): return x")


def test_an_answer_that_is_the_question_or_its_input_is_an_echo():
    assert flagged("echo", "What is a fjord made of?", "what is a  fjord\nmade of?")
    assert flagged("echo", "What is it?", "A fjord is a long inlet.", given="A fjord is\n\na long inlet.")
    assert flagged("echo", "What is it?", "What is it?\nA long inlet.", given="A long inlet.")


def test_changed_case_mended_indents_and_greetings_are_no_echo():
    assert not flagged("echo", "Write it in capitals.", "A LONG INLET.", given="a long inlet.")
    assert not flagged("echo", "Indent it.", "if x:\n    print(x)", given="if x:\nprint(x)")
    assert not flagged("echo", "Hello!", "Hello!")
    turns = (*talk("Say it again, please.", "What?"), *talk("Never mind.", "Say it again, please."))
    assert "echo" not in flags_of(turns)


def test_an_answer_in_another_language_is_flagged_unless_it_was_asked_for():
    assert flagged("language_mismatch", GERMAN, ENGLISH)
    assert not flagged("language_mismatch", GERMAN, GERMAN + " Ja.")
    assert not flagged(
        "language_mismatch", "Translate the sentence that follows, please, and keep its meaning.", GERMAN
    )
    assert not flagged(
        "language_mismatch", "Übersetze bitte den Satz, der jetzt folgt, und lass nichts davon weg.", ENGLISH
    )
    assert not flagged("language_mismatch", ENGLISH + " Say that in German.", GERMAN)


def test_code_names_and_an_input_in_the_answers_language_are_no_mismatch():
    code = "def total(values):\n    return sum(value for value in values if value is not None) / len(values)"
    names = (
        "Piotrków Kujawski, Rudzk Duży, Kujawsko-Pomorskie, Włocławek, Bydgoszcz, Świecie, Łódź, Częstochowa, Przemyśl"
    )
    assert not flagged("language_mismatch", GERMAN, code)
    assert not flagged("language_mismatch", ENGLISH, names)
    assert not flagged("language_mismatch", ENGLISH, GERMAN, given=GERMAN + " Das ist alles, was ich weiß.")


@pytest.mark.parametrize(
    "text",
    [
        "<|im_start|>user\nhi<|im_end|>", "done<|endoftext|>", "<|eot_id|>", "[INST] hi [/INST]", "<<SYS>> be kind",
        "<start_of_turn>model", "<s> hi", "hi</s>", "<｜User｜>hi", "### Instruction:\nAdd.", "a\n### Response: b",
        "### Human: hi", "Human: hi\nAssistant: hello", "USER: hi\nASSISTANT: hello",
    ],
)  # fmt: skip
def test_marks_of_chat_templates_are_flagged_on_either_side(text):
    assert flagged("template_tokens", text, "Good.")
    assert flagged("template_tokens", "Go on.", text)


@pytest.mark.parametrize(
    "text",
    [
        "[1, 2] |> f <| g", "<s>old</s> new", "# Instruction", "Human beings: all of us", "User: Ann\nPassword: none",
        "The token <s> starts a text.", "[inst]all it", "x<|y", "Instruction: add", "</span>",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_template(text):
    assert flagged("template_tokens", "Go on.", text) is (text == "[inst]all it")


def test_a_dialogue_that_was_asked_for_has_speakers_by_right():
    assert not flagged("template_tokens", "Write a dialogue.", "Human: hi\nAI: hello")


@pytest.mark.parametrize("answer", ["...", " - ", '"""', "N/A", "<noinput>", "<nooutput>\n", "nan", "？！"])
def test_nothing_but_marks_or_placeholders_is_near_empty(answer):
    assert flagged("near_empty", "Why?", answer)
    assert flagged("near_empty", answer, "Because it rains.")


@pytest.mark.parametrize("answer", ["4", "B", "+", "[]", "😊", "no", "None", "0", "是", ""])
def test_short_answers_are_answers_and_a_missing_one_is_told_elsewhere(answer):
    assert not flagged("near_empty", "Why?", answer)


def test_a_tool_call_is_not_an_answer_in_words():
    turns = (Turn("user", "Weather?"), Turn("tool_call", "```"), Turn("tool", "{}"), Turn("assistant", "It rains."))
    assert flags_of(turns) == ()
