"""The one sentence above the curve."""

from __future__ import annotations

import numpy as np

from core.scores.answer import Answer
from core.selection.budget import TRAINED, costs
from core.selection.pool import Pool
from core.selection.select import Selected
from pages.shared.numbers import count, short, whole

ROUNDS = 6  # told by their size


def answer_words(said: Answer, *, method: str) -> str:
    """What a selection reaches, beside what chance needs for the same."""
    spent, often = f"{count(said.rows, 'row')}, {short(said.tokens)} tokens", _often(said.c)
    if not said.rows:
        return "This budget is too small for a single row."
    if said.before:
        return _beside_base(said, spent, method) + often + "."
    if method == "random":
        return (
            f"{spent} drawn at random reach {whole(said.reached)} of {whole(said.live)} features{often}; "
            f"five seeds reach {whole(said.at_random)} in the median."
        )
    if not said.reached:
        return f"{spent} reach no feature{often}; as many random rows reach {whole(said.at_random)}."
    return _beside_chance(said, spent, often)


def _beside_chance(said: Answer, spent: str, often: str) -> str:
    """Rows and tokens apart: long rows reach much by few rows, and short ones by few tokens."""
    found = count(said.reached, "feature") + often
    if said.random_rows is None or said.random_tokens is None:
        return (
            f"{spent} reach {whole(said.reached)} of {whole(said.live)} features{often}, more than any random order does; "
            f"as many random rows reach {whole(said.at_random)}."
        )
    chance, cost = count(said.random_rows, "random row"), f"{short(said.random_tokens)} tokens"
    if said.random_rows < said.rows:
        if said.random_tokens > said.tokens:
            return f"{spent} reach {found}; {chance} reach as many, but take more tokens ({short(said.random_tokens)})."
        return f"{spent} reach {found}; chance does better: {chance} ({cost}) reach as many."
    if said.random_tokens < said.tokens:
        return f"{spent} reach the {found} that {chance} reach with fewer tokens ({short(said.random_tokens)})."
    return f"{spent} reach the {found} that {chance} ({cost}) reach."


def _often(c: int) -> str:
    return f" in {c} rows or more" if c > 1 else ""


def _beside_base(said: Answer, spent: str, method: str) -> str:
    """What new rows add to what is trained on already."""
    adds = (
        f"{spent} add {whole(said.reached - said.before)} features to the {whole(said.before)} that your base reaches"
    )
    if method == "random" or said.reached == said.before:
        return f"{adds}; in the median of five seeds as many random rows add {whole(said.at_random - said.before)}"
    if said.random_rows is None:
        return f"{adds}, more than any random order does; as many random rows add {whole(said.at_random - said.before)}"
    return f"{adds}; {count(said.random_rows, 'random row')} ({short(said.random_tokens)} tokens) add as many"


def spent_words(pool: Pool, selected: Selected) -> str:
    """What share of rows and tokens is taken, and how many rows each round gave."""
    rows, free = len(selected.sample_ids), int(pool.conversation_tokens[pool.free].sum(dtype=np.int64))
    said = f"{_percent(rows, pool.available)} of the rows, {_percent(selected.tokens, free)} of the tokens"
    said += _trained_words(pool, selected) if selected.budget.unit == TRAINED else ""
    rounds = np.bincount(selected.ranking.rounds)[1:].tolist() if rows else []
    if len(rounds) > 1:
        more = f" and {len(rounds) - ROUNDS} more" if len(rounds) > ROUNDS else ""
        said += f" · {len(rounds)} rounds of {', '.join(whole(n) for n in rounds[:ROUNDS])}{more} rows"
    return said + "."


def _trained_words(pool: Pool, selected: Selected) -> str:
    """The tokens that are trained on, and the rows of which none is."""
    trained = costs(selected.budget, pool)[selected.sample_ids]
    silent = int(np.count_nonzero(trained == 0))
    why = "with nothing to train on" if selected.budget.counted else "whose answer lies beyond what the analysis read"
    nothing = f", {count(silent, 'row')} {why}" if silent else ""
    return f" · {count(int(trained.sum(dtype=np.int64)), 'trained token')}{nothing}"


def _percent(part: int, of: int) -> str:
    return f"{100 * part / max(1, of):.3g} %"
