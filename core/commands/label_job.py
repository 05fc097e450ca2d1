"""What the commands of labels share: their data set, a progress that can be stopped, and words for what came of them."""

from collections.abc import Callable

from core.commands.output import ProgressLine, facts
from core.errors import GamutError
from core.jobs.run import JobCancelled, RunningJob
from core.scores.labels.neuronpedia import Imported
from core.scores.labels.prompts import Cost
from core.store.analyses import Analysis
from core.store.datasets import Dataset, dataset_names
from core.workspace import Workspace


def stoppable(me: RunningJob, *, unit: str = "features") -> Callable[[int, int, str], None]:
    """The progress of a job, told on its bar and on the terminal, which raises when the job is to stop."""
    line = ProgressLine(unit)

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
    for name in sorted(dataset_names(workspace), key=lambda name: name != analysis.dataset):
        dataset = Dataset(workspace, name)
        if dataset.content_hash == analysis.dataset_hash:
            return dataset
        dataset.close()
    raise GamutError(f"The data set that analysis {analysis.id} was made from ({analysis.dataset!r}) is not here.")


def imported_words(told: Imported) -> dict:
    """What an import kept and left out, as values."""
    return {"source": told.source, "kept": told.kept, "left_out": dict(told.left_out), "files": told.files}


def endpoint_words(cost: Cost, model: str, price_in: float, price_out: float) -> tuple[dict, str]:
    """What asking will cost, as values and in words."""
    price = cost.price(price_in, price_out)
    values = {
        "model": model, "features": cost.features, "prompts": cost.prompts, "tokens_in": cost.tokens_in,
        "tokens_out": cost.tokens_out, "price": price,
    }  # fmt: skip
    said = facts({
        "model": model, "features": cost.features, "questions": cost.prompts, "tokens in, about": cost.tokens_in,
        "tokens out, about": cost.tokens_out, "price, about": f"{price:.2f}",
    })  # fmt: skip
    return values, f"{said}\nAdd --yes to ask."
