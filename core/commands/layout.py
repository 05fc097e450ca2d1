"""`layout`: draw the map of an analysis, as a job of its own."""

from typing import Annotated

import typer

from core.commands.output import session_of
from core.jobs.run import RunningJob, running
from core.jobs.start import start
from core.scores.layout import LayoutSettings, layout_path, read_layout, write_layout
from core.scores.region_words import regions_in_words
from core.store.analyses import Analysis, open_analysis
from core.store.datasets import dataset_with_hash
from core.workspace import Workspace

STEPS = 4  # reading, main directions, places, words


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
        with running(session.workspace, id=job, title=f"Map of {opened.name}", command=command, unit="steps") as me:
            _draw(session.workspace, opened, settings, me)
    session.say({"file": path, "samples": opened.n_samples}, f"{path}: {'was there already' if there else 'done'}")


def _draw(workspace: Workspace, analysis: Analysis, settings: LayoutSettings, me: RunningJob) -> None:
    """Draw the map unless it is there, and put its regions into words where the data set is at hand."""
    steps = iter(range(STEPS))
    drawn = read_layout(analysis, settings)
    with me.interruptible():
        if drawn is None:
            from core.scores.draw_layout import draw_layout  # scikit-learn and umap: only this command needs them

            drawn = draw_layout(analysis, settings, lambda said: me.progress(next(steps), STEPS, said))
            write_layout(analysis, drawn)
        dataset = dataset_with_hash(workspace, analysis.dataset_hash, name=analysis.dataset)
        if dataset is not None:
            me.progress(STEPS - 1, STEPS, "putting its regions into words")
            regions_in_words(analysis, dataset, drawn)
    me.progress(STEPS, STEPS, "done")


def start_layout(workspace: Workspace, analysis: Analysis) -> None:
    """Start drawing the map in the background, where it queues like any heavy job."""
    start(workspace, title=f"Map of {analysis.name}", command=["layout", analysis.id])
