"""`label`: say what features are about, in words from the data, from elsewhere, or by a language model."""

from typing import Annotated

import typer
from typer.core import TyperGroup

from core.commands.output import ProgressLine, session_of
from core.errors import GamutError
from core.jobs.run import JobCancelled, RunningJob, running
from core.scores.labels.make import make_labels, offline_there
from core.store.analyses import Analysis, open_analysis
from core.store.datasets import Dataset, dataset_names
from core.workspace import Workspace


class Group(TyperGroup):
    """A group whose first word may be an analysis at once: `label mine` is `label make mine`."""

    def parse_args(self, ctx, args):
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["make", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(help="What features are about, in words: label ANALYSIS.", no_args_is_help=True, cls=Group)


@app.command()
def make(
    context: typer.Context,
    analysis: str,
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Label every live feature from the data itself, and measure how far each label holds on held-out samples."""
    session = session_of(context)
    opened = open_analysis(session.workspace, analysis)
    there = offline_there(opened)
    if not there or job is not None:
        title, command = f"Labels of {opened.name}", ["label", "make", opened.id]
        with running(session.workspace, id=job, title=title, command=command, unit="features") as me:
            if not offline_there(opened):
                make_labels(opened, dataset_of(session.workspace, opened), progress=stoppable(me))
    session.say({"analysis": opened.id}, f"Labels of {opened.name}: {'were there already' if there else 'done'}")


def stoppable(me: RunningJob):
    """The progress of a job, told on its bar and on the terminal, which raises when the job is to stop."""
    line = ProgressLine("features")

    def progress(done: int, total: int, note: str) -> None:
        if me.stop():
            line.end()
            raise JobCancelled
        me.progress(done, total, note)
        line(done, total, note)
        if total and done == total:
            line.end()

    return progress


def dataset_of(workspace: Workspace, analysis: Analysis) -> Dataset:
    """The data set that an analysis was made from, whatever it is called here."""
    names = sorted(dataset_names(workspace), key=lambda name: name != analysis.dataset)
    for name in names:
        dataset = Dataset(workspace, name)
        if dataset.content_hash == analysis.dataset_hash:
            return dataset
        dataset.close()
    raise GamutError(f"The data set that analysis {analysis.id} was made from ({analysis.dataset!r}) is not here.")
