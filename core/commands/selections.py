"""`selections`: what is saved, its revisions, and an earlier revision made the newest again."""

from __future__ import annotations

from typing import Annotated

import typer

from core.commands.output import session_of, table
from core.selection.saved import Selection, load_selection, restore_revision, revisions_of, selection_names

app = typer.Typer(help="Saved selections and their revisions.", no_args_is_help=True)


@app.command("list")
def list_selections(context: typer.Context) -> None:
    """The saved selections, by name."""
    session = session_of(context)
    found = [load_selection(session.workspace, name) for name in selection_names(session.workspace)]
    session.say([_said(one) for one in found], _table(found))


@app.command()
def revisions(context: typer.Context, name: str) -> None:
    """The revisions of a selection that are kept, the newest first."""
    session = session_of(context)
    found = revisions_of(session.workspace, name)
    session.say([_said(one) for one in found], _table(found))


@app.command()
def restore(
    context: typer.Context, name: str, revision: Annotated[int, typer.Option(min=1, help="the one to bring back")]
) -> None:
    """Make an earlier revision the newest again; the others stay."""
    session = session_of(context)
    restored = restore_revision(session.workspace, name, revision)
    session.say(_said(restored), f"{name}: revision {revision} is revision {restored.revision} now")


def _said(one: Selection) -> dict[str, object]:
    return {
        "name": one.name, "revision": one.revision, "created": one.created, "rows": len(one.ids), "tokens": one.tokens,
        "method": one.spec.method, "budget": one.budget.as_dict(),
    }  # fmt: skip


def _table(found: list[Selection]) -> str:
    rows = [
        (one.name, one.revision, one.created[:16].replace("T", " "), len(one.ids), one.tokens, one.spec.method)
        for one in found
    ]
    return table([("name", "revision", "saved", "rows", "tokens", "method"), *rows])
