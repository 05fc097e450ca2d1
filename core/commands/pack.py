"""`analyses pack` and `analyses open`: made on one machine, read on another."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from core.commands.output import Session, session_of
from core.errors import GamutError
from core.jobs.run import running
from core.store.analyses import open_analysis
from core.store.datasets import dataset_with_hash
from core.store.pack import PackManifest
from core.store.pack import pack as pack_analysis
from core.store.unpack import open_pack


def pack(
    context: typer.Context,
    analysis: str,
    to: Annotated[Path, typer.Option(help="the file to write, by custom NAME.tar.zst")],
    with_data: Annotated[bool, typer.Option("--with-data", help="put the data set in too")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="replace a file that is there")] = False,
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Pack an analysis into one file, to be opened on another machine."""
    session = session_of(context)
    command = ["analyses", "pack", analysis, "--to", str(to.resolve()), *(["--with-data"] if with_data else [])]
    with (
        running(
            session.workspace,
            id=job,
            title=f"Pack {analysis}",
            command=[*command, "--replace"],
            unit="bytes",
            heavy=False,
        )
        if job
        else nullcontext()
    ):
        manifest = _pack(session, analysis, to, with_data, replace)
    held = "analysis and data set" if manifest.with_data else "analysis without its data set"
    session.say(
        {"file": to, "bytes": to.stat().st_size, "files": [file.path for file in manifest.files]},
        f"{to}: {held}, {to.stat().st_size:,} bytes",
    )


def _pack(session: Session, analysis: str, to: Path, with_data: bool, replace: bool) -> PackManifest:
    opened = open_analysis(session.workspace, analysis)
    dataset = dataset_with_hash(session.workspace, opened.dataset_hash, name=opened.dataset) if with_data else None
    if with_data and dataset is None:
        raise GamutError(
            f"The data set of analysis {opened.id} ({opened.dataset!r}) is not here; pack without --with-data."
        )
    return pack_analysis(opened, to, dataset=dataset, replace=replace)


def open_packed(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="what `analyses pack` wrote")]
) -> None:
    """Open a packed analysis; every hash is checked before anything is kept."""
    session = session_of(context)
    opened = open_pack(session.workspace, file)
    analysis, dataset = opened.analysis, opened.dataset
    needs = (
        f"data set {dataset.name!r} is here"
        if dataset
        else f"its data set {analysis.dataset!r} is not here: import the same file to read samples and choose"
    )
    session.say(
        {"id": analysis.id, "name": analysis.name, "dataset": dataset.name if dataset else None},
        f"{analysis.name} ({analysis.id}): opened; {needs}",
    )
