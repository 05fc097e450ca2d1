"""`datasets …`: add, list, show, problems."""

from typing import Annotated

import typer

from core.commands.output import ProgressLine, facts, session_of, table
from core.datasets.formats import FORMATS
from core.datasets.metadata import beyond_words
from core.datasets.options import ImportOptions, read_map_words
from core.store.datasets import Dataset, dataset_names
from core.store.import_dataset import import_dataset

app = typer.Typer(help="Data sets: import files, look at what came in.", no_args_is_help=True)


@app.command()
def add(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="a file, a folder of files, or hf:OWNER/NAME of the Hugging Face hub")],
    name: Annotated[str, typer.Option(help="what to call it")],
    format: Annotated[str | None, typer.Option(help=f"overrule the recognised format: {', '.join(FORMATS)}")] = None,
    map: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=TEMPLATE",
            help="a turn of any table, such as user={question}; give it once a turn, in order. {a[0].b} goes inside, "
            "{{ and }} are braces, \\n and \\t a line end and a tab",
        ),
    ] = None,
    records: Annotated[
        str | None, typer.Option(metavar="PATH", help="where nested records lie, such as data[].paragraphs[].qas[]")
    ] = None,
    no_header: Annotated[bool, typer.Option("--no-header", help="CSV and TSV: the first line is data already")] = False,
    split: Annotated[str | None, typer.Option(help="of a hub or saved data set; all where it is not given")] = None,
) -> None:
    """Import a source as a data set: good rows are kept, bad ones listed."""
    session = session_of(context)
    options = ImportOptions(
        format=format, map=read_map_words(map or []), records=records, header=not no_header, split=split
    )
    line = ProgressLine("bytes")
    try:
        summary = import_dataset(session.workspace, source, name=name, options=options, progress=line)
    finally:
        line.end()
    beyond = beyond_words(int(Dataset(session.workspace, name).meta["columns_left_out"]))
    session.say(
        summary,
        f"{summary.name}: {summary.rows} samples ({summary.format}), {summary.problems} rows left out, "
        f"{summary.no_response} without a response" + ("; " + beyond if beyond else ""),
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
