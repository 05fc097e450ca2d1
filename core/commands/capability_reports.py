"""What `capability` tells of scores as a whole: how far readings agree, what several choose together, what a kind is found by."""

from typing import Annotated

import numpy as np
import typer

from core.commands.output import Session, session_of, table
from core.errors import GamutError
from core.scores.alignment import POOLINGS, AlignmentSettings
from core.scores.capability import load_capability
from core.scores.finding import Figure, Finding
from core.scores.finding_words import TITLES, left_out_words, verdict
from core.scores.kept_finding import kept_finding
from core.scores.readings import agreement
from core.selection.known_analysis import KnownOfAnalysis
from core.selection.methods.registry import find, parse_options
from core.selection.pool import Pool
from core.selection.specification import RankingSpec, active_sets, pool_of
from core.selection.together import Picks, Transfer, core_of, overlaps, picks_of, transfer
from core.store.analyses import Analysis, open_analysis
from core.store.datasets import Dataset, dataset_with_hash

Where = Annotated[str, typer.Option(help="the analysis whose samples are scored")]


def readings(context: typer.Context, name: str, analysis: Where) -> None:
    """How far the readings that the paper leaves open agree: rank correlation and overlap at 10 %, pair by pair."""
    session = session_of(context)
    opened = open_analysis(session.workspace, analysis)
    found = agreement(opened, load_capability(session.workspace, name))
    rows = [("reading", "and", "Spearman", "overlap")]
    for a, one in enumerate(found.names):
        for b, other in enumerate(found.names[:a]):
            rows.append((other, one, f"{found.correlation[b, a]:.2f}", f"{found.overlap[b, a]:.2f}"))
    chance = f"Overlap of the best {found.rows} samples; by chance {found.chance:.2f}."
    left = [f"{reading}: {reason}" for reading, reason in found.left_out.items()]
    values = {
        "names": found.names, "correlation": found.correlation.tolist(), "overlap": found.overlap.tolist(), "rows": found.rows,
        "chance": found.chance, "left_out": found.left_out,
    }  # fmt: skip
    session.say(values, "\n".join([table(rows), "", chance, *left]))


def together(
    context: typer.Context,
    names: list[str],
    analysis: Where,
    percent: Annotated[float, typer.Option(min=0.001, max=100, help="of the samples that may be chosen, each alone")] = 10.0,
    method: Annotated[str, typer.Option(help="a method that takes capabilities")] = "nait",
    option: Annotated[list[str] | None, typer.Option("--option", help="NAME=VALUE of the method; may be repeated")] = None,
    column: Annotated[str | None, typer.Option(help="tell what each picks by this column or group")] = None,
) -> None:  # fmt: skip
    """What several capabilities choose beside each other: overlaps, the core set, and what kinds each picks."""
    session = session_of(context)
    pool = _pool(session, analysis, method)
    rows = max(1, int(len(pool.candidates) * percent / 100 + 0.5))
    given = dict(_pair(word) for word in option or [])
    picks = picks_of(pool, names, method=method, options=parse_options(find(method), given), rows=rows)
    core = core_of(picks)
    values = {
        "rows": picks.rows, "n": picks.n, "chance": picks.chance, "overlap": overlaps(picks).tolist(),
        "core": {"rows": core.rows.tolist(), "expected": core.expected.tolist()}, "core_ids": core.ids(len(names)).tolist(),
    }  # fmt: skip
    said = [_overlap_words(picks), _core_words(picks)]
    if column:
        found = transfer(picks, pool.known.groups(column), free=pool.free)
        values["transfer"] = {
            "categories": found.categories, "counts": found.counts.tolist(), "pool": found.pool.tolist(),
            "low": found.low.tolist(), "high": found.high.tolist(),
        }  # fmt: skip
        said.append(_transfer_words(found))
    session.say(values, "\n\n".join(said))


def find_rows(
    context: typer.Context,
    name: str,
    analysis: Where,
    column: Annotated[str, typer.Option(help="the column or group that tells which rows are of the kind")],
    value: Annotated[str, typer.Option(help="its value in the rows of the kind")],
    tasks: Annotated[str | None, typer.Option(help="the column that tells tasks, for the intervals (default: rows)")] = None,
    site: Annotated[str, typer.Option(help="of NAIT: mlp or residual")] = "mlp",
    pooling: Annotated[str, typer.Option(help="of NAIT: " + " or ".join(POOLINGS))] = "mean",
    by_change: Annotated[bool, typer.Option("--by-change", help="of NAIT: the sign that the mean change gives")] = False,
    layer_z: Annotated[bool, typer.Option("--layer-z", help="of NAIT: every layer on one scale")] = False,
    length_z: Annotated[bool, typer.Option("--length-z", help="of NAIT: lengths on one scale")] = False,
) -> None:  # fmt: skip
    """How well a capability finds the rows of its kind, by each method beside simple controls, and the honest verdict."""
    session = session_of(context)
    opened = open_analysis(session.workspace, analysis)
    dataset = _dataset(session, opened)
    known = _known(opened, dataset)
    kind = known.groups(column).members(value, column=column)
    own = None if tasks is None else known.groups(tasks).codes
    settings = AlignmentSettings(site=site, pooling=pooling, by_change=by_change, layer_z=layer_z, length_z=length_z)
    found = kept_finding(opened, dataset, load_capability(session.workspace, name), kind, tasks=own, nait=settings)
    session.say(found, _finding_words(found))


def _pool(session: Session, analysis: str, method: str) -> Pool:
    opened = open_analysis(session.workspace, analysis)
    return pool_of(opened, _dataset(session, opened), RankingSpec(analysis=opened.id, method=method))


def _dataset(session: Session, opened: Analysis) -> Dataset:
    found = dataset_with_hash(session.workspace, opened.dataset_hash, name=opened.dataset)
    if found is None:
        raise GamutError(f"The data set {opened.dataset!r} of analysis {opened.name!r} is not here; add it again.")
    return found


def _known(opened: Analysis, dataset: Dataset) -> KnownOfAnalysis:
    spec = RankingSpec(analysis=opened.id, method="random")
    features = active_sets(opened, span=spec.span, activity=spec.activity).features
    return KnownOfAnalysis(opened, dataset, features=features, span=spec.span, activity=spec.activity)


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise GamutError(f"{word!r} is not of the form NAME=VALUE.")
    return name.strip(), value


def _overlap_words(picks: Picks) -> str:
    shares = overlaps(picks) / max(1, picks.rows)
    rows = [("overlap", *picks.names)]
    rows += [(name, *(f"{share:.2f}" for share in own)) for name, own in zip(picks.names, shares, strict=True)]
    return (
        f"{table(rows)}\nEach chooses {picks.rows} of {picks.n} samples; two random choices share {picks.chance:.2f}."
    )


def _core_words(picks: Picks) -> str:
    core = core_of(picks)
    rows = [("chosen by at least", "samples", "by chance")]
    counts = zip(core.rows.tolist(), core.expected.tolist(), strict=True)
    return table([*rows, *((least, own, f"{by_chance:.0f}") for least, (own, by_chance) in enumerate(counts, 1))])


def _transfer_words(found: Transfer) -> str:
    order = np.argsort(-found.pool, kind="stable")
    rows = [("category", "pool", *found.names)]
    for at in order.tolist():
        own = (f"{found.shares[c, at]:.1%} (×{found.times[c, at]:.1f})" for c in range(len(found.names)))
        rows.append((found.categories[at], f"{found.pool_shares[at]:.1%}", *own))
    return table(rows)


def _finding_words(found: Finding) -> str:
    rows: list[tuple[str, ...]] = [
        ("method", "AUROC", "at 10 %", "at all", "AUROC, length matched", "at 10 %, length matched")
    ]
    for plain, matched in zip(found.plain, found.matched, strict=True):
        figures = (plain.auroc, plain.precision, plain.precision_at_all, matched.auroc, matched.precision)
        rows.append((TITLES.get(plain.method, plain.method), *map(_figure, figures)))
    missing = [f"{TITLES.get(method, method)}: {why}" for method, why in found.missing.items()]
    return "\n".join([*verdict(found), left_out_words(found), "", table(rows), *missing])


def _figure(figure: Figure) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f})"
