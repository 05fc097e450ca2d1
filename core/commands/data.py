"""`datasets …`: add, list, show, problems."""

from pathlib import Path
from typing import Annotated

import typer

from core.commands.output import facts, session_of, table
from core.datasets.options import ImportOptions
from core.store.datasets import Dataset, dataset_names
from core.store.import_dataset import import_dataset

app = typer.Typer(help="Data sets: import files, look at what came in.", no_args_is_help=True)


@app.command()
def add(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSON or JSON Lines, .gz allowed")],
    name: Annotated[str, typer.Option(help="what to call it")],
    format: Annotated[str | None, typer.Option(help="overrule the recognised format")] = None,
) -> None:
    """Import a file as a data set: good rows are kept, bad ones listed."""
    session = session_of(context)
    summary = import_dataset(session.workspace, file, name=name, options=ImportOptions(format=format))
    session.say(
        summary,
        f"{summary.name}: {summary.rows} samples ({summary.format}), {summary.problems} rows left out, "
        f"{summary.no_response} without a response",
    )


@app.command("list")
def list_datasets(context: typer.Context) -> None:
    """List all data sets."""
    session = session_of(context)
    found = [Dataset(session.workspace, name).summary for name in dataset_names(session.workspace)]
    rows = [("name", "samples", "left out", "format", "file")] + [
        (s.name, s.rows, s.problems, s.format, s.file) for s in found
    ]
    session.say(found, table(rows) if found else "No data sets yet: python -m core datasets add FILE --name NAME")


@app.command()
def show(context: typer.Context, name: str) -> None:
    """Show what is known of a data set."""
    session = session_of(context)
    summary = Dataset(session.workspace, name).summary
    session.say(summary, facts({key.replace("_", " "): value for key, value in vars(summary).items()}))


@app.command()
def problems(context: typer.Context, name: str) -> None:
    """List the rows that were left out, with line and reason."""
    session = session_of(context)
    found = Dataset(session.workspace, name).problems()
    lines = "\n".join(f"{problem.file}:{problem.line}: {problem.reason}" for problem in found)
    session.say(found, lines or "No problems: every row was read.")
