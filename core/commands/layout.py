"""`layout`: draw the map of an analysis, as a job of its own."""

from typing import Annotated

import typer

from core.commands.output import session_of
from core.jobs.run import running
from core.jobs.start import start
from core.scores.layout import LayoutSettings, layout_path, write_layout
from core.store.analyses import Analysis, open_analysis
from core.workspace import Workspace


def layout(
    context: typer.Context,
    analysis: str,
    seed: Annotated[int, typer.Option(help="another seed draws another map", min=0)] = 0,
    span: Annotated[str, typer.Option(help="conversation, response or prompt: which tokens count")] = "conversation",
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Draw the map of an analysis: a place in two dimensions for every sample."""
    session = session_of(context)
    opened = open_analysis(session.workspace, analysis)
    settings = LayoutSettings(span=span, seed=seed)
    path = layout_path(opened, settings)
    there = path.is_file()
    if not there or job is not None:
        command = ["layout", opened.id, "--seed", str(seed), "--span", span]
        with running(session.workspace, id=job, title=f"Map of {opened.name}", command=command, unit="samples") as me:
            me.progress(0, 0, "drawing the map")
            if not path.is_file():
                from core.scores.draw_layout import draw_layout  # scikit-learn and umap: only this command needs them

                with me.interruptible():
                    drawn = draw_layout(opened, settings)
                write_layout(opened, drawn)
    session.say({"file": path, "samples": opened.n_samples}, f"{path}: {'was there already' if there else 'done'}")


def start_layout(workspace: Workspace, analysis: Analysis) -> None:
    """Start drawing the map in the background, where it queues like any heavy job."""
    start(workspace, title=f"Map of {analysis.name}", command=["layout", analysis.id])
