"""`saes`: the SAEs that belong to a model: those trained here, and the public ones of sae-lens' list; nothing is fetched."""

from typing import Annotated

import typer

from core.activations.public_saes import public_saes
from core.commands.output import session_of, table
from core.training.own.trained import TrainedSae, trained_for
from core.workspace import Workspace

SHOWN = 40


def saes(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="a name (gemma-2-2b), hf:OWNER/NAME, a local folder, or 'bundled'")],
    layer: Annotated[int | None, typer.Option(help="those that read this block", min=0)] = None,
    search: Annotated[str, typer.Option(help="words that release, id, hook or Neuronpedia id hold")] = "",
    usable: Annotated[bool, typer.Option("--usable", help="leave out those that cannot be used here")] = False,
    all_of_them: Annotated[bool, typer.Option("--all", help=f"show all, not only the first {SHOWN}")] = False,
) -> None:
    """List the SAEs of a model, those trained here first: layer, width, L0, hook, Neuronpedia id, and what to write for --sae."""
    own = _own(session_of(context).workspace, model, layer, search)
    found = public_saes(model, layer=layer, search=search, usable=usable)
    rows = [("SAE", "layer", "width", "L0", "reads", "Neuronpedia", "")]
    shown = found.saes if all_of_them else found.saes[:SHOWN]
    for kin, sae in shown:
        rows.append(
            (
                sae.ref,
                _or_dash(sae.layer),
                _or_dash(sae.width),
                _or_dash(sae.l0),
                sae.hook,
                sae.neuronpedia or "–",
                _note(kin, sae),
            )
        )
    lines = [*_own_lines(own), found.sentence, *([table(rows)] if shown else [])]
    if len(shown) < len(found.saes):
        lines.append(
            f"… and {len(found.saes) - len(shown)} more: --all shows them, --layer and --search narrow the list."
        )
    values = [_own_values(sae) for sae in own] + [
        {
            "sae": sae.ref, "kin": kin, "model": sae.model, "layer": sae.layer, "width": sae.width, "l0": sae.l0,
            "hook": sae.hook, "neuronpedia": sae.neuronpedia, "obstacle": sae.obstacle,
        }
        for kin, sae in found.saes
    ]  # fmt: skip
    context_of = session_of(context)
    context_of.say(values, "\n".join(lines))


def _or_dash(value: float | None) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _note(kin: str, sae) -> str:
    if sae.obstacle:
        return f"not usable: {sae.obstacle}"
    return "" if kin == "same" else f"trained on {sae.model}"


def _own(workspace: Workspace, model: str, layer: int | None, search: str) -> list[TrainedSae]:
    """The SAEs trained in this workspace that read the model, narrowed like the public ones."""
    words = search.lower().split()
    return [
        sae
        for sae in trained_for(workspace, model)
        if layer in (None, sae.layer) and all(word in f"{sae.name} {sae.hook}".lower() for word in words)
    ]


def _own_lines(own: list[TrainedSae]) -> list[str]:
    if not own:
        return []
    rows = [("SAE", "layer", "width", "k", "reads", "trained on"), *map(_own_row, own)]
    return [f"{len(own)} trained in this workspace:", table(rows), ""]


def _own_row(sae: TrainedSae) -> tuple[object, ...]:
    return sae.ref, sae.layer, sae.plan.width, sae.k, sae.hook, f"{sae.dataset} ({sae.architecture})"


def _own_values(sae: TrainedSae) -> dict:
    return {
        "sae": sae.ref, "kin": "own", "model": sae.model_name, "layer": sae.layer, "width": sae.plan.width,
        "l0": sae.fit.l0_own, "hook": sae.hook, "neuronpedia": None, "obstacle": "",
    }  # fmt: skip
