"""`against`: what sets two groups of samples apart, and the features that one of them lacks as a target."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import typer

from core.commands.output import Session, session_of, table
from core.commands.selection import Quantile, Span, Theta, opened_pair
from core.errors import GamutError
from core.scores.enrichment import SIGNIFICANT, Enrichment
from core.scores.feature_sets import Activity
from core.scores.labels.strongest_tokens import strongest_tokens
from core.selection.sample_sets import WAYS, SampleSet, parse_set
from core.selection.targets import save_target
from core.selection.two_sets import lacking_words, left_out_words, two_sets, weak_spots
from core.store.analyses import Analysis

SetWords = Annotated[str, typer.Argument(help=WAYS)]


def against(
    context: typer.Context,
    analysis: str,
    a: SetWords,
    b: SetWords = "rest",
    span: Span = "conversation",
    quantile: Quantile = None,
    theta: Theta = None,
    top: Annotated[int, typer.Option(min=1, help="features shown on each side")] = 15,
    target: Annotated[
        str | None, typer.Option(help="save what is common in B and rare in A under this name, for --option target=features:NAME")
    ] = None,
) -> None:  # fmt: skip
    """Compare two sets of samples feature by feature, at equal length."""
    session = session_of(context)
    if quantile is not None and theta is not None:
        raise GamutError("Both --quantile and --theta were given; a feature counts by one rule, so give one of them.")
    activity = Activity(mode="raw", theta=theta) if theta is not None else Activity(quantile=quantile)
    opened, dataset = opened_pair(session, analysis)
    one, other = parse_set(a, dataset), parse_set(b, dataset)
    found = two_sets(opened, dataset, one, other, span=span, activity=activity).compare()
    saved = None
    if target is not None:
        saved = save_target(
            session.workspace, target, analysis=opened, features=found.lacking_in_a(),
            made_from=lacking_words(opened, one, other),
        )  # fmt: skip
    rows = {side: _rows(opened, found, found.telling(side, top)) for side in ("a", "b")}
    notes = [note for note in (left_out_words(found), *weak_spots(found, one, other, dataset)) if note]
    _say(session, found, one, other, rows, notes, saved.name if saved else None)


def _say(
    session: Session, found: Enrichment, a: SampleSet, b: SampleSet, rows: dict[str, list[dict]], notes: list[str],
    target: str | None,
) -> None:  # fmt: skip
    told, plain = (
        [len(found.common_in_a(odds)), len(found.common_in_b(odds))] for odds in (found.adjusted, found.plain)
    )
    lacking = found.lacking_in_a()
    values = {
        "a": {"set": a.as_dict(), "samples": found.n_a, "commoner": told[0], "commoner_ignoring_length": plain[0]},
        "b": {"set": b.as_dict(), "samples": found.n_b, "commoner": told[1], "commoner_ignoring_length": plain[1]},
        "strata": len(found.strata.low), "notes": notes, "common_in_a": rows["a"], "common_in_b": rows["b"],
        "common_in_b_rare_in_a": lacking.tolist(), "target": target,
    }  # fmt: skip
    lines = [
        f"A: {a.words()}, {found.n_a} samples. B: {b.words()}, {found.n_b} samples. At equal length, in {len(found.strata.low)} "
        f"strata, {told[0]} features are commoner in A and {told[1]} in B (false discoveries under {100 * SIGNIFICANT:g} %); "
        f"ignoring length it would be {plain[0]} and {plain[1]}.",
        *notes,
        f"Common in B and rare in A: {len(lacking)} features" + (f", saved as the target {target}." if target else "."),
    ]
    for side in ("a", "b"):
        lines += ["", f"Commoner in {side.upper()}:", _table(rows[side]) if rows[side] else "none"]
    session.say(values, "\n".join(lines))


def _rows(analysis: Analysis, found: Enrichment, ids: np.ndarray) -> list[dict]:
    words = strongest_tokens(analysis, ids.tolist())
    odds = found.adjusted
    return [
        {
            "feature": f, "strongest": words[f], "active_a": int(found.active_a[f]), "active_b": int(found.active_b[f]),
            "rate_a": float(found.rate_a[f]), "rate_b": float(found.rate_b[f]), "log_odds": float(odds.log_odds[f]),
            "low": _finite(odds.low[f]), "high": _finite(odds.high[f]), "p": float(odds.p[f]), "q": float(odds.q[f]),
        }
        for f in ids.tolist()
    ]  # fmt: skip


def _finite(limit: float) -> float | None:
    """A limit as JSON has it: null where there is none."""
    return float(limit) if np.isfinite(limit) else None


def _table(rows: list[dict]) -> str:
    head = ("feature", "in A, %", "in B, %", "log-odds", "95 % interval", "q", "strongest at")
    lines = [
        (
            row["feature"], f"{100 * row['rate_a']:.3g}", f"{100 * row['rate_b']:.3g}", f"{row['log_odds']:.2f}",
            f"{_limit(row['low'], '−∞')} to {_limit(row['high'], '∞')}", f"{row['q']:.1g}", row["strongest"],
        )
        for row in rows
    ]  # fmt: skip
    return table([head, *lines])


def _limit(limit: float | None, none: str) -> str:
    return none if limit is None else f"{limit:.2f}"
