"""`inspect`: what any text, or a stored sample, lights up; and the worker of the dashboard that answers the same."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.activations.reading import Reading
from core.commands.output import session_of, table
from core.datasets.sample import Turn
from core.errors import GamutError
from core.jobs.serve import serve

if TYPE_CHECKING:  # torch: loaded when there is something to read
    from core.activations.inspector import Inspector

IDLE_MINUTES = 10.0
Threads = Annotated[int | None, typer.Option(help="threads of the model (default: the processors there are)", min=1)]


def inspect(
    context: typer.Context,
    analysis: Annotated[str, typer.Argument(help="the analysis whose model and SAE read it")],
    text: Annotated[str | None, typer.Option(help="the text, read as it stands; '-' reads standard input")] = None,
    prompt: Annotated[str | None, typer.Option(help="a user's words")] = None,
    response: Annotated[str | None, typer.Option(help="the answer to them")] = None,
    sample: Annotated[int | None, typer.Option(help="a stored sample", min=0)] = None,
    limit: Annotated[int, typer.Option(help="features to print", min=1)] = 20,
    threads: Threads = None,
) -> None:
    """What a text lights up in the model: features with maximum and strongest token, and the strongest neurons."""
    session = session_of(context)
    question: dict[str, Any] = {"analysis": analysis}
    if text is not None:
        question["text"] = sys.stdin.read() if text == "-" else text
    elif prompt is not None or response is not None:
        question["turns"] = [["user", prompt]] * (prompt is not None) + [["assistant", response]] * (
            response is not None
        )
    elif sample is not None:
        question["sample"] = sample
    else:
        raise GamutError("There is nothing to read: give --text, --prompt or --response, or --sample.")
    from core.activations.inspector import Inspector

    reading = read(Inspector(session.workspace, threads=threads), question)
    session.say(_values(reading), _words(reading, limit))


def inspector(
    context: typer.Context,
    minutes: Annotated[float, typer.Option(help="end after so many minutes without a question", min=0)] = IDLE_MINUTES,
    threads: Threads = None,
) -> None:
    """Answer the dashboard's questions over standard input, until none came for a while or the dashboard has ended."""
    workspace = session_of(context).workspace
    kept: list[Inspector] = []

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        if not kept:
            from core.activations.inspector import Inspector

            kept.append(Inspector(workspace, threads=threads))
        if "neuron" in question:
            layer, neuron = question["neuron"]
            return kept[0].read_neuron(
                question["analysis"], layer, neuron, site=question["site"], samples=question["samples"]
            )
        return read(kept[0], question).as_message()

    serve(answer, idle_seconds=60 * minutes)


def read(inspector: Inspector, question: dict[str, Any]) -> Reading:
    """What a question asks for: `analysis`, and `text`, `turns` (role and text of each) or `sample`."""
    analysis = question["analysis"]
    if "text" in question:
        return inspector.read_text(analysis, question["text"])
    if "turns" in question:
        return inspector.read_turns(analysis, [Turn(role, text) for role, text in question["turns"]])
    return inspector.read_sample(analysis, question["sample"])


def _values(reading: Reading) -> dict[str, Any]:
    lit = reading.lit
    found = zip(lit.features.tolist(), lit.maxima.tolist(), lit.positions.tolist(), lit.tokens.tolist(), strict=True)
    return {
        "tokens": list(reading.tokens), "counted": reading.counted.tolist(), "cut": reading.cut,
        "features": [{"feature": f, "max": m, "position": p, "tokens": n} for f, m, p, n in found],
        "neurons": [
            [{"neuron": neuron, "mean": mean} for neuron, mean in zip(ids, means, strict=True)]
            for ids, means in zip(reading.neuron_ids.tolist(), reading.neuron_means.tolist(), strict=True)
        ],
    }  # fmt: skip


def _words(reading: Reading, limit: int) -> str:
    lit = reading.lit
    order = sorted(range(len(lit.features)), key=lambda i: (-lit.maxima[i], lit.features[i]))[:limit]
    rows = [("feature", "maximum", "tokens", "strongest at")]
    rows += [
        (str(lit.features[i]), f"{lit.maxima[i]:.3g}", str(lit.tokens[i]), repr(reading.tokens[lit.positions[i]]))
        for i in order
    ]
    said = f"{len(reading.tokens)} tokens, {int(reading.counted.sum())} of them counted; {len(lit.features)} features"
    cut = f"; {reading.cut} tokens beyond the maximal length were cut" if reading.cut else ""
    neurons = [
        f"layer {layer}: "
        + ", ".join(f"{neuron} ({mean:+.3g})" for neuron, mean in zip(ids[:5], means[:5], strict=True))
        for layer, (ids, means) in enumerate(zip(reading.neuron_ids, reading.neuron_means, strict=True))
    ]
    return "\n".join([f"{said}{cut}.", table(rows), *(["Strongest neurons, by mean:", *neurons] if neurons else [])])
