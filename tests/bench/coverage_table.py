"""Methods × budgets at equal tokens: `python -m tests.bench coverage --workspace W --analysis A`, as Markdown tables.

Columns: rows taken; features reached in at least 1, 3 and 10 rows, which greedy counts itself; then what it does not:
distinct runs of four words reached, and the share of the features of held-out rows that rows chosen elsewhere have;
at last the share of rows that longest takes too, beside what that share would be by chance.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.errors import GamutError
from core.scores.coverage import ROWS_NEEDED
from core.scores.curve import SEEDS, Curve, curve_along
from core.scores.length import length_link
from core.scores.word_grams import word_grams
from core.scores.yardsticks import Yardstick, by_count, by_held_out_rows
from core.selection.budget import Budget, needed
from core.selection.methods.registry import find, parse_options
from core.selection.pool import Pool
from core.selection.specification import RankingSpec, active_sets, pool_of
from core.store.analyses import open_analysis
from core.store.datasets import dataset_with_hash
from core.workspace import Workspace

PERCENT_OF_TOKENS = (0.1, 0.3, 1.0, 3.0, 10.0)
GREEDY, PER_TOKEN = "sae-greedy", "sae-greedy per_token"
METHODS: tuple[tuple[str, dict], ...] = (
    ("sae-greedy", {}),
    ("sae-greedy", {"per_token": True}),
    ("sae-greedy", {"wanted": 3}),
    ("sae-greedy", {"wanted": 3, "per_token": True}),
    ("sae-greedy", {"support": 3}),
    ("sae-greedy", {"rarity": "idf"}),
    ("sae-greedy", {"one_pass": True}),
    ("sae-simscale", {}),
    ("sae-simscale", {"similarity": "jaccard"}),
    ("feature-coverage", {}),
    ("k-center", {}),
    ("repr-filter", {}),
    ("richest", {}),
    ("longest", {}),
)
GRAMS = "greedy on 4-grams per token"
HEAD = ("method", "rows", *(f"≥ {c}" for c in ROWS_NEEDED), "4-grams", "held out", "also longest", "by chance")


@dataclass(frozen=True)
class Judge:
    """A pool, its budgets in tokens, and the yardsticks by name."""

    pool: Pool
    budgets: np.ndarray
    yardsticks: dict[str, Yardstick]
    longest: list[set[int]]

    def cells(self, order: np.ndarray) -> list[list[float]]:
        """The figures of an order at every budget, in the order of `HEAD` without the method."""
        tokens, base = self.pool.conversation_tokens, self.pool.base
        spent = np.concatenate([[0], np.cumsum(tokens[order], dtype=np.int64)])
        rows = np.searchsorted(spent, self.budgets, side="right") - 1
        curves = {name: curve_along(each, order, tokens=tokens, base=base) for name, each in self.yardsticks.items()}
        return [self._cells(order[:k], number, curves) for number, k in enumerate(rows.tolist())]

    def _cells(self, chosen: np.ndarray, number: int, curves: dict[str, Curve]) -> list[float]:
        at = self.budgets[number : number + 1]
        reached = [float(curves["features"].within(at, c=c)[0]) for c in ROWS_NEEDED]
        held = 100 * curves["held out"].within(at)[0] / max(1, self.yardsticks["held out"].total)
        shared = len(self.longest[number] & set(chosen.tolist()))
        also = 100 * shared / max(1, len(chosen))
        chance = 100 * len(self.longest[number]) / max(1, self.pool.available)
        return [float(len(chosen)), *reached, float(curves["4-grams"].within(at)[0]), held, also, chance]


def main(words: Sequence[str]) -> None:
    """Print the tables, what was slow, and how far gain per token goes beyond row-greedy."""
    said = argparse.ArgumentParser(prog="python -m tests.bench coverage")
    said.add_argument("--workspace", type=Path, required=True)
    said.add_argument("--analysis", required=True)
    given = said.parse_args(words)
    judge, grams = _opened(Workspace(given.workspace), given.analysis)
    figures: dict[str, list[list[float]]] = {}
    for name, order, seconds in _orders(judge, grams):
        figures[name] = judge.cells(order)
        print(f"{name}: {len(order):,} rows ranked in {seconds:.1f} s", flush=True)
    for number, percent in enumerate(PERCENT_OF_TOKENS):
        _print_table(percent, judge, {name: cells[number] for name, cells in figures.items()})
    _print_per_token(figures)


def _opened(workspace: Workspace, name: str) -> tuple[Judge, Pool]:
    """The judge of an analysis, and the same pool with runs of four words for features."""
    analysis = open_analysis(workspace, name)
    dataset = dataset_with_hash(workspace, analysis.dataset_hash, name=analysis.dataset)
    if dataset is None:
        raise GamutError(f"The data set of analysis {analysis.name!r} is not in this workspace.")
    spec = RankingSpec(analysis=analysis.id, method="random")
    sets = active_sets(analysis, span=spec.span, activity=spec.activity)
    pool = pool_of(analysis, dataset, spec, features=sets.features)
    _print_pool(pool, sets.quantile)
    grams = word_grams(dataset)
    total = pool.conversation_tokens[pool.free].sum(dtype=np.int64)
    budgets = np.array([total * percent / 100 for percent in PERCENT_OF_TOKENS]).astype(np.int64)
    yardsticks = {
        "features": by_count(pool.features), "4-grams": by_count(grams),
        "held out": by_held_out_rows(pool.features, duplicate_of=pool.known.duplicate_of, eligible=pool.free),
    }  # fmt: skip
    order = _order(pool, "longest", {}, budgets)
    spent = np.cumsum(pool.conversation_tokens[order], dtype=np.int64)
    longest = [set(order[: np.searchsorted(spent, budget, side="right")].tolist()) for budget in budgets]
    return Judge(pool, budgets, yardsticks, longest), replace(pool, features=grams)


def _print_pool(pool: Pool, quantile: float | None) -> None:
    total = pool.conversation_tokens[pool.free].sum(dtype=np.int64)
    link = length_link(pool.scored_tokens, pool.features.richness)
    print(
        f"{pool.available:,} samples to choose from, {total:,} tokens, {pool.features.live:,} live features at quantile "
        f"{quantile}; median richness {np.median(pool.features.richness):.0f}; richness follows length with Pearson "
        f"{link.pearson:.3f}, Spearman {link.spearman:.3f}"
    )


def _orders(judge: Judge, grams: Pool) -> Iterator[tuple[str, np.ndarray, float]]:
    """(name, order, seconds) of every method, as far as the largest budget can need; random once a seed."""
    for method, options in METHODS:
        name = " ".join([method, *(key if value is True else f"{key}={value}" for key, value in options.items())])
        begin = time.perf_counter()
        order = _order(judge.pool, method, options, judge.budgets)
        yield name, order, time.perf_counter() - begin
    begin = time.perf_counter()
    order = _order(grams, "sae-greedy", {"per_token": True}, judge.budgets)
    yield GRAMS, order, time.perf_counter() - begin
    for seed in SEEDS:
        yield f"random {seed}", _order(judge.pool, "random", {"seed": seed}, judge.budgets), 0.0


def _order(pool: Pool, method: str, options: dict, budgets: np.ndarray) -> np.ndarray:
    found = find(method)
    upto = needed(Budget(tokens=int(budgets.max())), pool)
    return found.rank(pool, parse_options(found, options), upto=upto).sample_ids


def _print_table(percent: float, judge: Judge, cells: dict[str, list[float]]) -> None:
    features, grams = (judge.yardsticks[name].total for name in ("features", "4-grams"))
    print(
        f"\n{percent:g} % of the tokens: {int(judge.budgets[PERCENT_OF_TOKENS.index(percent)]):,} tokens; "
        f"{features:,} live features, {grams:,} distinct runs of four words\n"
    )
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD))
    for name, own in cells.items():
        if not name.startswith("random"):
            print(
                f"| {name} | "
                + " | ".join(_cell(column, value) for column, value in zip(HEAD[1:], own, strict=True))
                + " |"
            )
    runs = np.array([own for name, own in cells.items() if name.startswith("random")])
    mean, spread = runs.mean(axis=0), runs.std(axis=0, ddof=1)
    both = [f"{_cell(c, m)} ± {_cell(c, s)}" for c, m, s in zip(HEAD[1:], mean, spread, strict=True)]
    print("| random, 5 seeds | " + " | ".join(both) + " |")


def _cell(column: str, value: float) -> str:
    return f"{value:.1f} %" if column in ("held out", "also longest", "by chance") else f"{value:,.0f}"


def _print_per_token(figures: dict[str, list[list[float]]]) -> None:
    print(
        "\nGain per token beside row-greedy at equal tokens, in percent more (rows, features ≥ 1, ≥ 3, ≥ 10, 4-grams):"
    )
    for number, percent in enumerate(PERCENT_OF_TOKENS):
        pairs = zip(figures[PER_TOKEN][number][:5], figures[GREEDY][number][:5], strict=True)
        said = ", ".join(f"{100 * (new / old - 1):+.0f} %" if old else "–" for new, old in pairs)
        print(f"  {percent:g} %: {said}")
