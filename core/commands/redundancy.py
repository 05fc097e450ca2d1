"""`redundancy`: groups of near-copies by shared features, and who of each may go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.commands.label_job import stoppable
from core.commands.output import session_of, table
from core.commands.selection import Quantile, Span, Theta, opened_pair
from core.errors import GamutError
from core.files import written_beside
from core.jobs.run import running
from core.scores.feature_sets import Activity
from core.scores.redundancy import kept_redundancy, redundancy_of, redundancy_words
from core.scores.redundancy_null import Null, null_of
from core.scores.redundancy_search import Redundancy
from core.scores.redundant_groups import LONGEST, PREFERENCES, REPEATS, Proposal, check_at, smallest_inside
from core.scores.redundant_marks import ban_proposed, proposal_of, take_back
from core.selection.specification import active_sets, base_ids, default_base

SHOWN = 20  # groups printed; --json gives all


def redundancy(
    context: typer.Context,
    analysis: str,
    at: Annotated[
        float, typer.Option(help="smallest overlap (Jaccard) that links two samples, in hundredths")
    ] = REPEATS,
    keep: Annotated[
        str, typer.Option(help="; ".join(f"{name}: {said}" for name, said in PREFERENCES.items()))
    ] = LONGEST,
    one_each: Annotated[
        bool, typer.Option("--one-each", help="keep one of each group, even where a chain leads to unlike ones")
    ] = False,
    to: Annotated[Path | None, typer.Option(help="write the ids that may go here, one a line")] = None,
    ban: Annotated[bool, typer.Option("--ban", help="ban those that may go")] = False,
    lift: Annotated[
        bool, typer.Option("--take-back", help="lift the bans that this command or the app made so")
    ] = False,
    span: Span = "conversation",
    quantile: Quantile = None,
    theta: Theta = None,
    as_budget: Annotated[
        bool, typer.Option("--auto", help="features count by the automatic quantile, as for `select`")
    ] = False,
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Find near-copies: which samples share most of their active features, and which of them may go."""
    session = session_of(context)
    if ban and lift:
        raise GamutError("Both --ban and --take-back were given; give one of them.")
    if (quantile is not None) + (theta is not None) + as_budget > 1:
        raise GamutError("Give only one of --quantile, --theta and --auto: a feature counts by one rule.")
    opened, dataset = opened_pair(session, analysis)
    by_quantile = as_budget or quantile is not None
    activity = Activity(quantile=quantile) if by_quantile else Activity(mode="raw", theta=theta or 0.0)
    features = active_sets(opened, span=span, activity=activity).features
    found = kept_redundancy(opened, features)
    if found is None or job is not None:
        command = redundancy_words(opened, span=span, activity=activity)
        with running(
            session.workspace, id=job, title=f"Near-copies in {opened.name}", command=command, unit="steps"
        ) as me:
            found = redundancy_of(opened, features, progress=stoppable(me, unit="samples"))
            null_of(opened, features, found)
    if lift:
        take_back(session.workspace, dataset)
    proposal = proposal_of(
        session.workspace, dataset, features, found, at=check_at(found, at), keep=keep, one_each=one_each,
        tokens=opened.counts.conversation_tokens, also_firm=base_ids(dataset, default_base(dataset)).tolist(),
    )  # fmt: skip
    if to is not None:
        with written_beside(to) as out:
            out.write("".join(f"{sample}\n" for sample in proposal.goes.tolist()).encode())
    banned = ban_proposed(session.workspace, dataset, proposal) if ban else None
    told = _values(proposal, found, to, banned)
    session.say(told, _words(proposal, found, null_of(opened, features, found), told, features, lift))


def _values(proposal: Proposal, found: Redundancy, to: Path | None, banned: int | None) -> dict:
    goes = proposal.goes
    pairs = zip(goes.tolist(), proposal.instead[goes].tolist(), proposal.overlap[goes].tolist(), strict=True)
    return {
        "at": proposal.at,
        "exact": found.exact,
        "recall": found.recall_at(proposal.at),
        "pairs": found.pairs_at(proposal.at),
        "left_out": found.left_out,
        "groups": [group.tolist() for group in proposal.groups],
        "goes": [{"sample": sample, "instead": instead, "overlap": overlap} for sample, instead, overlap in pairs],
        "file": to,
        "banned": banned,
    }


def _words(proposal: Proposal, found: Redundancy, null: Null, told: dict, features, lift: bool) -> str:
    n, linked = len(found.nearest), sum(len(group) for group in proposal.groups)
    how = "all pairs compared" if found.exact else f"MinHash: {100 * told['recall']:.1f} % of such pairs are found"
    lines = [
        f"At {proposal.at:g} ({how}): {linked} of {n} samples in {len(proposal.groups)} groups, {told['pairs']} pairs; "
        f"{len(proposal.goes)} may go.",
        f"Of random pairs of such sizes {100 * null.reaching(proposal.at):.2g} % overlap so much.",
    ]
    if found.left_out:
        lines.append(f"{found.left_out} comparisons of very crowded bands were left out.")
    if proposal.groups:
        lines += ["", table([("samples", "stay", "smallest overlap", "ids"), *_rows(proposal, features)])]
    if len(proposal.groups) > SHOWN:
        lines.append(f"The {SHOWN} largest of {len(proposal.groups)} groups; --json gives all.")
    lines += [f"{told['file']}: {len(proposal.goes)} ids"] if told["file"] else []
    lines += [f"{told['banned']} banned; --take-back lifts these bans."] if told["banned"] is not None else []
    lines += ["Bans of near-copies were lifted."] if lift else []
    return "\n".join(lines)


def _rows(proposal: Proposal, features) -> list[tuple]:
    rows = []
    for group in proposal.groups[:SHOWN]:
        stay = [f"{sample}" for sample in group.tolist() if proposal.state[sample] == 0]
        inside = smallest_inside(features, group)
        ids = " ".join(map(str, group.tolist()[:8])) + (" …" if len(group) > 8 else "")
        rows.append((len(group), len(stay), "not counted" if inside is None else f"{inside:.2f}", ids))
    return rows
