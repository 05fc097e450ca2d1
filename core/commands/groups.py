"""`groups`: named groups of samples, by a set in words or by what was drawn on the map."""

from __future__ import annotations

from typing import Annotated

import typer

from core.commands.output import session_of, table
from core.commands.selection import opened_pair
from core.errors import GamutError
from core.scores.layout import read_layout
from core.scores.outline import read_outline
from core.selection.inside import save_outlined
from core.selection.sample_sets import ANALYSIS, REST, WAYS, members, parse_set
from core.store.sample_groups import SampleGroup, group_names, load_group, save_group

app = typer.Typer(help="Named groups of samples.", no_args_is_help=True)


@app.command("add")
def add_group(
    context: typer.Context,
    analysis: str,
    name: str,
    samples: Annotated[str | None, typer.Argument(help=WAYS)] = None,
    outline: Annotated[
        str | None, typer.Option(help="what was drawn on the map, as map_outline in the app's link")
    ] = None,
) -> None:
    """Keep a set of samples under a name; the name then always means these samples."""
    session = session_of(context)
    opened, dataset = opened_pair(session, analysis)
    if (samples is None) == (outline is None):
        raise GamutError("Give either a set of samples or --outline, one of the two.")
    if outline is not None:
        layout = read_layout(opened)
        if layout is None:
            raise GamutError(f"Analysis {opened.name!r} has no map yet; draw it with: layout {opened.name}.")
        group = save_outlined(opened, dataset, layout, read_outline(outline), name)
    else:
        wanted = parse_set(samples or "", dataset)
        if wanted.kind in (REST, ANALYSIS):
            raise GamutError(f"{samples!r} names no samples of {dataset.name!r} by itself; name another set.")
        inside = members(wanted, opened, dataset)
        group = save_group(
            session.workspace, name, dataset=dataset, ids=inside.nonzero()[0].tolist(), made_from=wanted.words()
        )
    session.say(_short(group), f"{group.name}: {len(group.ids)} samples of {group.dataset}")


@app.command("list")
def list_groups(context: typer.Context) -> None:
    """Every named group; one that cannot be read is told."""
    session = session_of(context)
    found, damaged = [], []
    for name in group_names(session.workspace):
        try:
            found.append(load_group(session.workspace, name))
        except GamutError as error:
            damaged.append(str(error))
    rows = [(group.name, group.dataset, len(group.ids), group.made_from[:60]) for group in found]
    said = table([("name", "data set", "samples", "made from"), *rows]) if rows else "No groups yet."
    session.say([_short(group) for group in found], "\n".join([said, *damaged]))


@app.command("show")
def show_group(context: typer.Context, name: str) -> None:
    """The samples of a group."""
    session = session_of(context)
    group = load_group(session.workspace, name)
    session.say(_short(group) | {"ids": list(group.ids)}, f"{group.made_from}\n{' '.join(map(str, group.ids))}")


def _short(group: SampleGroup) -> dict:
    return {
        "name": group.name, "dataset": group.dataset, "samples": len(group.ids), "hash": group.hash, "made_from": group.made_from
    }  # fmt: skip
