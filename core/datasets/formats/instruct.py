"""One instruction and its answer in named columns: Alpaca, Dolly, prompt and completion, question and answer."""

from __future__ import annotations

from typing import Any

from core.datasets.formats.chat import messages_turns
from core.datasets.formats.record import BadRecord, Format, Parsed, Record, has, parsed, text_of
from core.datasets.sample import Turn

PAIRS = (("prompt", "completion"), ("prompt", "response"), ("query", "response"), ("input", "output"),
         ("inputs", "targets"), ("problem", "solution"))  # fmt: skip
PROMPTS = ("prompt", "instruction", "question", "query")
SECOND_HALVES = ("input", "context")  # of an instruction
ANSWERS = ("output", "response", "completion", "answer", "answers", "target", "targets", "solution", "choices",
           "options", "chosen")  # fmt: skip
NOT_RAW_TEXT = ("code", "summary", "target", "label", "labels", "response", "output", "answer", "completion", "choices",
                "question", "instruction", "prompt", "input")  # fmt: skip


def system_of(record: Record) -> Turn:
    """A record's system text as the first turn, empty where there is none."""
    return Turn("system", text_of(record, "system", required=False))


def _alpaca(record: Record) -> Parsed:
    history = record.get("history") or []
    if not isinstance(history, list) or not all(_is_pair(pair) for pair in history):
        raise BadRecord("'history' is not a list of [question, answer] pairs")
    past = [turn for asked, said in history for turn in (Turn("user", asked), Turn("assistant", said))]
    turns = [
        system_of(record),
        *past,
        Turn("user", text_of(record, "instruction")),
        Turn("input", text_of(record, "input", required=False)),
        Turn("assistant", text_of(record, "output")),
    ]
    return parsed(turns, {"system", "history", "instruction", "input", "output"})


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)


def _dolly(record: Record) -> Parsed:
    turns = [
        Turn("user", text_of(record, "instruction")),
        Turn("input", text_of(record, "context", required=False)),
        Turn("assistant", text_of(record, "response")),
    ]
    return parsed(turns, {"instruction", "context", "response"})


def _pair_of(record: Record) -> tuple[str, str]:
    """The first known pair of columns that a record has; the first of all where it has none, so that a reason names it."""
    return next((pair for pair in PAIRS if pair[0] in record and pair[1] in record), PAIRS[0])


def _prompt_completion(record: Record) -> Parsed:
    asked, said = _pair_of(record)
    turns = [system_of(record), Turn("user", text_of(record, asked)), Turn("assistant", text_of(record, said))]
    return parsed(turns, {asked, said, "system"})


def _question_answer(record: Record) -> Parsed:
    turns = [system_of(record), Turn("user", text_of(record, "question")), Turn("assistant", text_of(record, "answer"))]
    return parsed(turns, {"system", "question", "answer"})


def _fits_question_answer(record: Any) -> bool:
    """Both are text and nothing lists choices: a letter alone would not say what the answer is."""
    return (
        has("question", "answer")(record)
        and isinstance(record["question"], str)
        and isinstance(record["answer"], str)
        and not any(isinstance(record.get(key), (list, dict)) for key in ("choices", "options"))
    )


def _text(record: Record) -> Parsed:
    return parsed([Turn("assistant", text_of(record, "text"))], {"text"})


def _fits_text(record: Any) -> bool:
    return has("text")(record) and isinstance(record["text"], str) and not any(key in record for key in NOT_RAW_TEXT)


def prompt_turns(record: Record, key: str) -> tuple[list[Turn], set[str]]:
    """A prompt column as turns, with the keys used: text, or a list of messages; an instruction has a second half."""
    if isinstance(record.get(key), list):
        return messages_turns(record[key], of=key), {key}
    turns, used = [system_of(record), Turn("user", text_of(record, key))], {key, "system"}
    if key == "instruction":
        half = next((name for name in SECOND_HALVES if isinstance(record.get(name), str)), None)
        if half is not None:
            turns.append(Turn("input", record[half]))
            used.add(half)
    return turns, used


def prompt_key(record: Record) -> str:
    """The first known prompt column that a record has, else the first of all."""
    return next((key for key in PROMPTS if key in record), PROMPTS[0])


def _prompt_only(record: Record) -> Parsed:
    turns, used = prompt_turns(record, prompt_key(record))
    return parsed(turns, used)


def _fits_prompt_only(record: Any) -> bool:
    """A prompt is there, and no column that could hold the answer holds one, nor a list of objects inside."""
    return (
        isinstance(record, dict)
        and any(isinstance(record.get(key), (str, list)) and record[key] for key in PROMPTS)
        and not any(record.get(key) not in (None, "") for key in ANSWERS)
        and not any(_holds_answers(value) for value in record.values())
    )


def _holds_answers(value: Any) -> bool:
    return isinstance(value, list) and any(
        isinstance(item, dict) and not item.keys().isdisjoint(ANSWERS) for item in value
    )


def _answered(*keys: str) -> Any:
    """Whether a record has these keys, the last of them not null: a whole file without answers holds prompts only."""
    return lambda record: has(*keys)(record) and record[keys[-1]] is not None


ALPACA = Format(
    "alpaca",
    "Alpaca",
    "'system', earlier turns of 'history', 'instruction' with its 'input', then 'output'. Other columns become metadata.",
    "instruction, output",
    _answered("instruction", "output"),
    _alpaca,
)
DOLLY = Format(
    "dolly",
    "Dolly",
    "'instruction' with its 'context', then 'response'. Other columns become metadata.",
    "instruction, response",
    _answered("instruction", "response"),
    _dolly,
)
PROMPT_COMPLETION = Format(
    "prompt-completion",
    "prompt / completion",
    "The first of these pairs that a record has: " + ", ".join(f"'{a}' and '{b}'" for a, b in PAIRS) + ". "
    "Other columns become metadata.",
    "prompt, completion",
    lambda record: isinstance(record, dict) and any(record.get(b) is not None and a in record for a, b in PAIRS),
    _prompt_completion,
)  # fmt: skip
QUESTION_ANSWER = Format(
    "question-answer",
    "question / answer",
    "'question', then 'answer', both texts. Other columns become metadata.",
    "question, answer",
    _fits_question_answer,
    _question_answer,
)
TEXT = Format(
    "text",
    "raw text",
    "'text' is one turn of the assistant: raw text to train on, with no prompt. Other columns become metadata.",
    "text",
    _fits_text,
    _text,
)
PROMPT_ONLY = Format(
    "prompt-only",
    "prompts only",
    "The first of " + ", ".join(f"'{key}'" for key in PROMPTS) + " that a record has (an instruction with its input); "
    "there is no answer, so every row is flagged as having no response. Other columns become metadata.",
    "prompt without an answer",
    _fits_prompt_only,
    _prompt_only,
)  # fmt: skip
