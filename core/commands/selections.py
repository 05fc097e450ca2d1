"""`selections`: list, show, compare, import, and how stable one is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from core.commands.output import ProgressLine, facts, session_of, table
from core.commands.selection import opened_pair
from core.errors import GamutError
from core.selection.budget import TRAINED, counted_words, unit_words
from core.selection.compare import Comparison, compare
from core.selection.import_selection import import_selection
from core.selection.saved import Selection, load_selection, restore_revision, revisions_of, selection_names
from core.selection.specification import pool_of
from core.selection.stability import RUNS, SHARE, Variant, stability, under_variants

app = typer.Typer(help="Saved selections.", no_args_is_help=True)
Limit = Annotated[int, typer.Option(min=0, help="how many ids and features to list of each side")]


@app.command("list")
def list_selections(context: typer.Context) -> None:
    """Every saved selection; one that cannot be read is told."""
    session = session_of(context)
    found: list[Selection] = []
    damaged: list[str] = []
    for name in selection_names(session.workspace):
        try:
            found.append(load_selection(session.workspace, name))
        except GamutError as error:
            damaged.append(str(error))
    rows = [
        (s.name, s.revision, s.spec.method, len(s.ids), s.tokens, s.dataset, s.spec.analysis, s.created) for s in found
    ]
    said = table([("name", "revision", "method", "rows", "tokens", "data set", "analysis", "saved"), *rows])
    session.say([_short(saved) for saved in found], "\n".join([said if rows else "No selections yet.", *damaged]))


@app.command()
def show(context: typer.Context, name: str) -> None:
    """What a selection is: its specification, budget and ids."""
    session = session_of(context)
    saved = load_selection(session.workspace, name)
    spec = {key: value for key, value in saved.spec.as_dict().items() if value not in ((), [], {}, False)}
    spec.pop("options" if saved.spec.method == "imported" else "", None)  # its only option is the ids, told below
    budget = f"{saved.budget.amount:.10g} {unit_words(saved.budget.unit)}"
    budget += f" ({counted_words(saved.budget.as_dict())})" if saved.budget.unit == TRAINED else ""
    budget += ", rows that do not fit skipped" if saved.budget.skip_to_fit else ""
    text = facts({**{key: value for key, value in _short(saved).items()}, **spec, "budget": budget})
    session.say(saved.as_dict(), f"{text}\nids: {','.join(map(str, saved.ids))}")


@app.command()
def revisions(context: typer.Context, name: str) -> None:
    """The revisions of a selection, the newest first: each replaced one is kept."""
    session = session_of(context)
    found = revisions_of(session.workspace, name)
    rows = [(s.revision, s.created, len(s.ids), s.tokens, s.spec.method) for s in found]
    session.say([_short(one) for one in found], table([("revision", "saved", "rows", "tokens", "method"), *rows]))


@app.command()
def restore(
    context: typer.Context, name: str, revision: Annotated[int, typer.Option(min=1, help="the one to bring back")]
) -> None:
    """Make an earlier revision the newest again, under a number of its own; the others stay."""
    session = session_of(context)
    restored = restore_revision(session.workspace, name, revision)
    session.say(_short(restored), f"{name}: revision {revision} is revision {restored.revision} now")


@app.command("compare")
def compare_selections(context: typer.Context, a: str, b: str, limit: Limit = 20) -> None:
    """What two selections share, beside chance, and what only one of them has; active as the first one says."""
    session = session_of(context)
    first, second = load_selection(session.workspace, a), load_selection(session.workspace, b)
    if first.dataset_hash != second.dataset_hash:
        raise GamutError(
            f"Selection {a!r} is of data set {first.dataset!r}, {b!r} of {second.dataset!r}: compare selections of one data set."
        )
    analysis, dataset = opened_pair(session, first.spec.analysis)
    pool = pool_of(analysis, dataset, first.spec)
    said = compare(pool.features, pool.conversation_tokens, first.ids, second.ids, eligible=pool.free)
    session.say(_values(said), _told(said, a, b, limit))


@app.command("import")
def import_file(
    context: typer.Context,
    file: Path,
    analysis: Annotated[str, typer.Option(help="the analysis whose data set the file names samples of")],
    name: Annotated[str, typer.Option(help="what to call the selection")],
    column: Annotated[
        str | None, typer.Option(help="the file lists values of this column, one a line or as JSON")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="replace a selection of this name")] = False,
) -> None:
    """Samples chosen elsewhere as a selection: records are matched by content, ids by number or column."""
    session = session_of(context)
    opened, dataset = opened_pair(session, analysis)
    line = ProgressLine("bytes")
    saved, matched = import_selection(
        session.workspace, file, analysis=opened, dataset=dataset, name=name, column=column, replace=replace,
        progress=lambda done, of: None if session.json else line(done, of, "matching"),
    )  # fmt: skip
    session.say(
        {**_short(saved), "matched": matched},
        f"{saved.name}: {len(saved.ids)} of {len(dataset)} samples, {saved.tokens} tokens\n{matched.words()}",
    )


@app.command("stability")
def stability_of(
    context: typer.Context,
    name: str,
    runs: Annotated[int, typer.Option(min=1, help="how many subsamples")] = RUNS,
    share: Annotated[float, typer.Option(help="the part of the pool in each, above 0 and below 1")] = SHARE,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    settings: Annotated[bool, typer.Option("--settings", help="also under other thresholds, spans and seeds")] = False,
) -> None:
    """How often each pick is chosen again from random parts of the pool, and what other settings would choose."""
    session = session_of(context)
    saved = load_selection(session.workspace, name)
    analysis, dataset = opened_pair(session, saved.spec.analysis)
    line = ProgressLine("runs")
    said = stability(
        pool_of(analysis, dataset, saved.spec), saved.spec, saved.budget, runs=runs, share=share, seed=seed,
        progress=lambda done, of: None if session.json else line(done, of, "choosing again"),
    )  # fmt: skip
    line.end()
    often = {str(sample): (int(said.chosen[sample]), int(said.present[sample])) for sample in saved.ids}
    others = list(under_variants(analysis, dataset, saved.spec, saved.budget)) if settings else []
    values = {
        "runs": said.runs, "share": said.share, "seed": said.seed, "kept": said.kept.tolist(), "expected": said.expected,
        "chosen_of_present": often, "settings": [_variant(one) for one in others],
    }  # fmt: skip
    text = [
        f"When a pick is there, it is chosen again in {100 * said.kept.mean():.1f} % of {said.runs} runs on "
        f"{100 * said.share:g} % of the pool (by chance {100 * said.expected:.3g} %).",
        f"{sum(chosen == present for chosen, present in often.values())} of {len(often)} picks always are.",
    ]
    session.say(values, "\n".join([*text, *(_variant_words(one) for one in others)]))


def _short(saved: Selection) -> dict[str, object]:
    return {
        "name": saved.name, "revision": saved.revision, "method": saved.spec.method, "rows": len(saved.ids),
        "tokens": saved.tokens, "data set": saved.dataset, "analysis": saved.spec.analysis, "saved": saved.created,
    }  # fmt: skip


def _values(said: Comparison) -> dict[str, object]:
    """A comparison as plain values."""
    return {
        "overlap": asdict(said.overlap), "agreement": asdict(said.agreement), "only_a": said.only_a.tolist(),
        "only_b": said.only_b.tolist(), "tokens": [said.tokens_a, said.tokens_b],
        "reached": [said.reached_a, said.reached_b], "reached_by_both": said.reached_both,
        "features_only_a": said.features_a.tolist(), "features_only_b": said.features_b.tolist(),
    }  # fmt: skip


def _told(said: Comparison, a: str, b: str, limit: int) -> str:
    over, order = said.overlap, said.agreement
    correlations = (
        "not defined" if order.kendall is None else f"Kendall {order.kendall:.3f}, Spearman {order.spearman:.3f}"
    )
    lines = [
        f"{a}: {over.a} rows, {said.tokens_a} tokens, {said.reached_a} features; "
        f"{b}: {over.b} rows, {said.tokens_b} tokens, {said.reached_b} features; {said.reached_both} features by both.",
        f"In both: {over.shared} rows; two random subsets of {over.n} would share {over.expected:.3g} "
        f"({over.low} to {over.high}). "
        f"Jaccard {over.jaccard:.3f}, by chance {over.expected_jaccard:.3f}.",
        f"Order of common rows: {correlations}; rank-biased overlap {order.rbo:.3f} (p = {order.p:g}).",
    ]
    for title, ids in (
        (f"rows only in {a}", said.only_a), (f"rows only in {b}", said.only_b),
        (f"features only {a} reaches", said.features_a), (f"features only {b} reaches", said.features_b),
    ):  # fmt: skip
        more = f" and {len(ids) - limit} more" if len(ids) > limit else ""
        lines.append(f"{len(ids)} {title}: {', '.join(map(str, ids[:limit].tolist())) or 'none'}{more}")
    return "\n".join(lines)


def _variant(one: Variant | tuple[str, str]) -> dict[str, object]:
    if isinstance(one, Variant):
        return {"setting": one.words, "rows": one.rows, "tokens": one.tokens, "overlap": asdict(one.overlap)}
    return {"setting": one[0], "refused": one[1]}


def _variant_words(one: Variant | tuple[str, str]) -> str:
    if not isinstance(one, Variant):
        return f"{one[0]}: {one[1]}"
    over = one.overlap
    return (
        f"{one.words}: {over.shared} of {over.b} rows are the same, Jaccard {over.jaccard:.2f} (by chance "
        f"{over.expected_jaccard:.2f}), {one.tokens} tokens"
    )
