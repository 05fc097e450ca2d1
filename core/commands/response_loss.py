"""`response-loss`: how badly the analysis's own model predicts every response."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import typer

from core.activations.cancelled import Cancelled
from core.commands.output import ProgressLine, session_of
from core.errors import GamutError
from core.jobs.run import JobCancelled, running
from core.scores.response_loss import loss_command, make_loss
from core.store.analyses import open_analysis


def response_loss(
    context: typer.Context, analysis: str, job: Annotated[str | None, typer.Option(hidden=True)] = None
) -> None:
    """Keep the loss of every response beside an analysis, for the table of diversity; run it again to go on."""
    session = session_of(context)
    opened = open_analysis(session.workspace, analysis)
    line = ProgressLine("tokens")
    title = f"Response loss of {opened.name}"
    with running(session.workspace, id=job, title=title, command=loss_command(opened), unit="tokens") as me:

        def progress(done: int, total: int, note: str) -> None:
            me.progress(done, total, note)
            line(done, total, note)

        try:
            found = make_loss(session.workspace, opened, progress=progress, stop=me.stop)
        except Cancelled:
            raise JobCancelled from None
        finally:
            line.end()
    known = found[~np.isnan(found)]
    if not len(known):
        raise GamutError(f"No sample of analysis {opened.name!r} has a response.")
    low, middle, high = (float(value) for value in np.quantile(known, (0.25, 0.5, 0.75)))
    words = f"median {middle:.3f} nats a token, middle half {low:.3f} to {high:.3f}."
    session.say(
        {"samples": len(found), "with_response": len(known), "median": middle, "quartiles": [low, high]},
        f"{len(known)} of {len(found)} samples have response tokens within what was read: {words}",
    )
