"""How much of a selection is chance of the pool, of the threshold, of the span, of the seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from math import ceil, floor

import numpy as np

from core.errors import GamutError
from core.scores.feature_sets import Activity
from core.selection.budget import Budget, costs, needed
from core.selection.compare import Overlap, overlap
from core.selection.constraints import Constraints
from core.selection.known import NO_VALUE
from core.selection.methods.registry import find
from core.selection.pool import Pool
from core.selection.quotas import CAP, FLOOR, Quota
from core.selection.quotas import SHARE as SHARES
from core.selection.specification import RankingSpec, pool_of, rank_by, select_by
from core.store.analyses import SPANS, Analysis
from core.store.datasets import Dataset

RUNS = 20
SHARE = 0.8
QUANTILES = (0.5, 0.8, 0.9, 0.95)
SEEDS = (0, 1, 2, 3, 4)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Stability:
    """How often each sample is chosen when only a part of the pool is there.

    present, chosen: int32 (n), in how many of `runs` subsamples it was, and in how many of them it was chosen too.
    kept: float64 (runs), the share of the whole pool's picks less the pins, as far as they were there, that a run chose
    again; 1 where none was there.
    expected: the share that a random choice of as many would choose again, on average.
    """

    runs: int
    share: float
    seed: int
    present: np.ndarray
    chosen: np.ndarray
    kept: np.ndarray
    expected: float

    @property
    def frequency(self) -> np.ndarray:
        """chosen / present: float64 (n), NaN for a sample that was in no subsample."""
        with np.errstate(invalid="ignore"):
            return self.chosen / self.present


def stability(
    pool: Pool,
    spec: RankingSpec,
    budget: Budget,
    *,
    runs: int = RUNS,
    share: float = SHARE,
    seed: int = 0,
    progress: Progress = lambda done, of: None,
) -> Stability:
    """Select again from random parts of the pool, drawn without replacement.

    Of the candidates ⌊share · n + ½⌋ stay in each run, pins always; rows and tokens of the budget, caps and floors shrink
    with them, so that the same part of the pool is sought, as far as the part has it. Pins count in neither `kept` nor
    `expected`: they are chosen whatever the part. What counts as active stays as in the whole pool. Run r draws by
    PCG64(seed, r): the same parts on any machine, whatever the method.
    """
    if runs < 1 or not 0 < share < 1:
        raise GamutError(
            f"{runs} runs on {share} of the pool were asked for; give 1 run or more and a share between 0 and 1."
        )
    picks = select_by(pool, spec, budget).sample_ids
    unpinned = picks[~np.isin(picks, pool.pins)]
    present, chosen = np.zeros(pool.n_samples, np.int32), np.zeros(pool.n_samples, np.int32)
    kept, expected = np.zeros(runs), np.zeros(runs)
    for run in range(runs):
        progress(run, runs)
        there = _part(pool, share, np.random.Generator(np.random.PCG64([seed, run])))
        part = replace(pool, eligible=there.copy())
        there[pool.pins] = True
        again = _again(
            part, replace(spec, constraints=_loosened(spec.constraints, pool, part)), _shrunk(budget, pool, part)
        )
        present += there
        chosen[again] += 1
        mine = unpinned[there[unpinned]]
        kept[run] = np.isin(mine, again).mean() if len(mine) else 1.0
        expected[run] = (len(again) - len(pool.pins)) / max(1, len(part.candidates))
    progress(runs, runs)
    return Stability(runs, share, seed, present, chosen, kept, float(expected.mean()))


def _part(pool: Pool, share: float, random: np.random.Generator) -> np.ndarray:
    """Which candidates stay: bool (n)."""
    stay = random.permutation(pool.candidates)[: floor(share * len(pool.candidates) + 0.5)]
    there = np.zeros(pool.n_samples, bool)
    there[stay] = True
    return there


def _shrunk(budget: Budget, pool: Pool, part: Pool) -> Budget:
    """The same part of a smaller pool; never less than the pins take, nor nothing."""
    if budget.percent is not None:
        return budget
    if budget.limit is not None:
        tokens = costs(budget, pool)
        whole = tokens[pool.candidates].sum(dtype=np.int64)
        left = tokens[part.candidates].sum(dtype=np.int64)
        pinned = int(tokens[pool.pins].sum(dtype=np.int64))
        return budget.limited(max(1, pinned + round((budget.limit - pinned) * int(left) / max(1, int(whole)))))
    assert budget.rows is not None
    free = budget.rows - len(pool.pins)
    return replace(
        budget, rows=max(1, len(pool.pins) + floor(free * len(part.candidates) / max(1, len(pool.candidates)) + 0.5))
    )


def _again(part: Pool, spec: RankingSpec, budget: Budget) -> np.ndarray:
    """The selection from a part: all there is where quotas leave fewer rows of it than the budget asks for."""
    if not spec.constraints.orders or budget.limit is not None:
        return select_by(part, spec, budget).sample_ids
    ranking = rank_by(part, spec)
    return ranking.head(min(needed(budget, part), len(ranking))).sample_ids


def _loosened(constraints: Constraints, pool: Pool, part: Pool) -> Constraints:
    """Caps and floors for a smaller pool: caps rounded up and floors down, neither tighter than pins and part allow."""
    if not any(constraints.of_kind(kind) for kind in (CAP, FLOOR)):
        return constraints
    quotas: list[Quota] = [*constraints.of_kind(SHARES)]
    ratio = Fraction(len(part.candidates), max(1, len(pool.candidates)))
    for kind in (CAP, FLOOR):
        for column in dict.fromkeys(quota.column for quota in constraints.of_kind(kind)):
            quotas += _of_column(constraints, kind, column, part, ratio)
    return replace(constraints, quotas=tuple(quotas))


def _of_column(constraints: Constraints, kind: str, column: str, part: Pool, ratio: Fraction) -> Iterator[Quota]:
    """Floors of each value go to every value by itself, as the part may have too few rows of one; caps where pins count."""
    grouping = part.known.groups(column)
    pinned = np.bincount(grouping.codes[part.pins], minlength=len(grouping.names)).tolist()
    there = np.bincount(grouping.codes[part.candidates], minlength=len(grouping.names)).tolist()
    said = {quota.value: int(quota.amount or 0) for quota in constraints.of_kind(kind) if quota.column == column}
    for name, pins, rows in zip(grouping.names, pinned, there, strict=True):
        amount = said.get(name, said.get(None) if name != NO_VALUE else None)
        if amount is None or (kind == CAP and name not in said and not pins):  # caps of each value are said once, below
            continue
        free = (amount - pins) * ratio
        if kind == CAP:
            yield Quota(kind=CAP, column=column, value=name, amount=pins + ceil(free))
        elif (floored := min(pins + rows, pins + floor(free) if free > 0 else amount)) > 0:
            yield Quota(kind=FLOOR, column=column, value=name, amount=floored)
    if kind == CAP and None in said:
        yield Quota(kind=CAP, column=column, amount=ceil(said[None] * ratio))


@dataclass(frozen=True, slots=True)
class Variant:
    """The same selection under one other setting, beside the one as it is."""

    words: str
    spec: RankingSpec
    rows: int
    tokens: int
    overlap: Overlap


def variants(spec: RankingSpec) -> list[tuple[str, RankingSpec]]:
    """The other settings worth a look: thresholds, spans, and seeds where the method has one; in words, without its own."""
    found = [("θ = 0: whatever the SAE lets through", replace(spec, activity=Activity(mode="raw", theta=0.0)))]
    found += [(f"quantile {q:g} of each feature", replace(spec, activity=Activity(quantile=q))) for q in QUANTILES]
    found += [("automatic quantile", replace(spec, activity=Activity()))]
    found += [(f"tokens of the {span}", replace(spec, span=span)) for span in SPANS]
    options = find(spec.method).options
    own = next((field.default for field in fields(options) if field.name == "seed"), None)
    for seed in SEEDS if own is not None else ():
        rest = {name: value for name, value in spec.options.items() if name != "seed"}
        found += [(f"seed {seed}", replace(spec, options=rest if seed == own else {**rest, "seed": seed}))]
    return [(words, other) for words, other in found if other != spec]


def under_variants(
    analysis: Analysis, dataset: Dataset, spec: RankingSpec, budget: Budget
) -> Iterator[Variant | tuple[str, str]]:
    """The selection under every other setting, one at a time; (words, reason) where one cannot be."""
    pool = pool_of(analysis, dataset, spec)
    picks = select_by(pool, spec, budget).sample_ids
    for words, other in variants(spec):
        try:
            selected = select_by(pool_of(analysis, dataset, other), other, budget)
        except GamutError as refused:
            yield words, str(refused)
            continue
        shared = overlap(picks, selected.sample_ids, n=pool.available)
        yield Variant(words, other, len(selected.sample_ids), selected.tokens, shared)
