"""Seeded conversations of every shape that imports know, with columns of every kind beside them."""

from __future__ import annotations

import random
from typing import Any

TEXTS = (
    "plain", "two\nlines", 'a "quoted" word, and a comma', "=1+2", "-5 apples", "@home", "+3", "tab\there", "naïve 日本 😀",
    "a\r\nb", "'apostrophe", " space around ", "null", "1.50", "{}", "[1, 2]", "\\n", "<b>bold</b>", "a\rb", "ends in a quote\"",
)  # fmt: skip


def text(rng: random.Random) -> str:
    return " ".join(rng.choice(TEXTS) for _ in range(rng.randint(1, 3)))


def columns(rng: random.Random) -> dict[str, Any]:
    """Some columns, none of them in every record, some of several kinds."""
    every = {
        "category": rng.choice(["open", "closed"]),
        "score": rng.choice([1, 2.5, -3]),
        "flag": rng.random() < 0.5,
        "nothing": None,
        "tags": [text(rng) for _ in range(rng.randint(0, 3))],
        "meta": {"source": text(rng), "depth": {"n": rng.randint(0, 9)}},
        "mixed": rng.choice([1, "one", [1], {"one": 1}]),
        "empty": {},
        "tools": '[{"name": "f"}]',
    }
    return {key: value for key, value in every.items() if rng.random() < 0.6}


def alpaca(rng: random.Random) -> dict[str, Any]:
    record: dict[str, Any] = {"instruction": text(rng), "output": text(rng)}
    if rng.random() < 0.5:
        record["input"] = rng.choice(["", text(rng)])
    if rng.random() < 0.3:
        record["system"] = text(rng)
    if rng.random() < 0.3:
        record["history"] = [[text(rng), text(rng)] for _ in range(rng.randint(1, 2))]
    return record | columns(rng)


def messages(rng: random.Random) -> dict[str, Any]:
    roles = ["user", "assistant"] * rng.randint(1, 3)
    said: list[dict[str, Any]] = [{"role": role, "content": text(rng)} for role in roles]
    if rng.random() < 0.3:
        said.insert(0, {"role": "system", "content": text(rng)})
    if rng.random() < 0.3:
        call = {"type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
        said += [{"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "content": text(rng)}]
    return {"messages": said} | columns(rng)


def pair(rng: random.Random) -> dict[str, Any]:
    return {"prompt": text(rng), "completion": text(rng)} | columns(rng)


SHAPES = {"alpaca": alpaca, "messages": messages, "prompt-completion": pair}


def varied_records(shape: str, *, rows: int, seed: int) -> list[dict[str, Any]]:
    """So many records of a shape."""
    rng = random.Random(f"{shape} {seed}")
    return [SHAPES[shape](rng) for _ in range(rows)]
