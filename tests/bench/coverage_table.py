"""Features reached by each method at equal tokens: `python -m tests.bench.coverage_table WORKSPACE ANALYSIS`."""

import sys
from pathlib import Path

import numpy as np

from core.scores.coverage import ROWS_NEEDED, reached, reached_at_tokens
from core.scores.length import length_link
from core.selection.specification import RankingSpec, active_sets, pool_of, rank_by
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.workspace import Workspace

PERCENT_OF_TOKENS = (0.3, 1.0, 3.0)
SEEDS = range(5)
METHODS = ("sae-greedy", "richest", "longest", "random")


def main(workspace: Path, name: str) -> None:
    """Print the table, and how far richness follows length at both thresholds."""
    analysis = open_analysis(Workspace(workspace), name)
    dataset = Dataset(Workspace(workspace), analysis.dataset)
    spec = RankingSpec(analysis=analysis.id, method="random")
    sets = active_sets(analysis, span=spec.span, activity=spec.activity)
    pool = pool_of(analysis, dataset, spec, features=sets.features)
    counts = analysis.counts
    print(
        f"{analysis.n_samples} samples, {int(counts.conversation_tokens.sum())} tokens, {sets.features.live} live features"
    )
    for what, richness in (("θ = 0", counts.richness), (f"quantile {sets.quantile}", sets.features.richness)):
        link = length_link(counts.scored_tokens, richness)
        print(
            f"{what}: median richness {np.median(richness):.0f}, Pearson {link.pearson:.3f}, Spearman {link.spearman:.3f}"
        )
    budgets = np.array([counts.conversation_tokens.sum(dtype=np.int64) * p / 100 for p in PERCENT_OF_TOKENS]).astype(
        np.int64
    )
    header = [f"{p:g} % ≥{c}" for p in PERCENT_OF_TOKENS for c in ROWS_NEEDED]
    print("".join(f"{cell:>12}" for cell in ("method", *header, *(f"rows {p:g} %" for p in PERCENT_OF_TOKENS))))
    for method in METHODS:
        runs = (
            [_reached(pool, analysis.id, method, {"seed": seed}, budgets) for seed in SEEDS]
            if method == "random"
            else []
        )
        runs = runs or [_reached(pool, analysis.id, method, {}, budgets)]
        print(f"{method:>12}" + "".join(f"{_cell(values):>12}" for values in zip(*runs, strict=True)))


def _reached(pool, analysis: str, method: str, options: dict, budgets: np.ndarray) -> list[int]:
    order = rank_by(pool, RankingSpec(analysis=analysis, method=method, options=options)).sample_ids
    tokens = pool.conversation_tokens[order]
    curves = reached(pool.features, order)
    at = [reached_at_tokens(curve, tokens, budgets) for curve in curves]
    rows = np.searchsorted(np.cumsum(tokens, dtype=np.int64), budgets, side="right")
    return [int(at[c][b]) for b in range(len(budgets)) for c in range(len(ROWS_NEEDED))] + rows.tolist()


def _cell(values: tuple[int, ...]) -> str:
    if len(values) == 1:
        return str(values[0])
    return f"{np.mean(values):.0f}±{np.std(values, ddof=1):.0f}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
