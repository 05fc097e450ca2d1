"""`datasets pool`: join data sets, and say which of them are trained on already."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from core.commands.output import session_of
from core.store.datasets import Dataset
from core.store.pools import join_datasets, members_of


def pool(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="what to call the pool")],
    members: Annotated[list[str], typer.Argument(help="the data sets to join, in this order")],
    base: Annotated[
        list[str] | None,
        typer.Option(help="one of them that is trained on already: selections add to it; may be repeated"),
    ] = None,
) -> None:
    """Join data sets into a pool, each row with its source."""
    session = session_of(context)
    summary = join_datasets(session.workspace, members, name=name, base=base or ())
    joined = members_of(Dataset(session.workspace, name))
    parts = ", ".join(f"{m.name} ({m.rows}{', trained on already' if m.base else ''})" for m in joined)
    session.say(
        {"name": summary.name, "rows": summary.rows, "members": [asdict(member) for member in joined]},
        f"{summary.name}: {summary.rows} samples of {parts}",
    )
