"""The one sentence above the curve."""

from __future__ import annotations

from core.scores.answer import Answer
from pages.shared.numbers import count, short, whole


def answer_words(said: Answer, *, method: str) -> str:
    """What a selection reaches, beside what chance needs for the same."""
    spent = f"{count(said.rows, 'row')}, {short(said.tokens)} tokens"
    if not said.rows:
        return "This budget is too small for a single row."
    if said.before:
        return _beside_base(said, spent, method)
    if method == "random":
        return (
            f"{spent} drawn at random reach {whole(said.reached)} of {whole(said.live)} features; "
            f"five seeds reach {whole(said.at_random)} in the median."
        )
    if said.random_rows is None:
        return (
            f"{spent} reach {whole(said.reached)} of {whole(said.live)} features, more than any random order does; "
            f"as many random rows reach {whole(said.at_random)}."
        )
    if said.random_rows < said.rows:
        return (
            f"{spent} reach {whole(said.reached)} features; chance does better: "
            f"{count(said.random_rows, 'random row')} ({short(said.random_tokens)} tokens) reach as many."
        )
    return (
        f"{spent} reach the {whole(said.reached)} features that "
        f"{count(said.random_rows, 'random row')} ({short(said.random_tokens)} tokens) reach."
    )


def _beside_base(said: Answer, spent: str, method: str) -> str:
    """What new rows add to what is trained on already."""
    adds = (
        f"{spent} add {whole(said.reached - said.before)} features to the {whole(said.before)} that your base reaches"
    )
    if method == "random" or said.reached == said.before:
        return f"{adds}; in the median of five seeds as many random rows add {whole(said.at_random - said.before)}."
    if said.random_rows is None:
        return (
            f"{adds}, more than any random order does; as many random rows add {whole(said.at_random - said.before)}."
        )
    return f"{adds}; {count(said.random_rows, 'random row')} ({short(said.random_tokens)} tokens) add as many."
