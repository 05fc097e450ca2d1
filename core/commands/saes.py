"""`saes`: the public SAEs that belong to a model, from the list that comes with sae-lens; nothing is fetched."""

from typing import Annotated

import typer

from core.activations.public_saes import public_saes
from core.commands.output import session_of, table

SHOWN = 40


def saes(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="a name (gemma-2-2b), hf:OWNER/NAME, a local folder, or 'bundled'")],
    layer: Annotated[int | None, typer.Option(help="those that read this block", min=0)] = None,
    search: Annotated[str, typer.Option(help="words that release, id, hook or Neuronpedia id hold")] = "",
    usable: Annotated[bool, typer.Option("--usable", help="leave out those that cannot be used here")] = False,
    all_of_them: Annotated[bool, typer.Option("--all", help=f"show all, not only the first {SHOWN}")] = False,
) -> None:
    """List the public SAEs of a model: layer, width, L0, hook, Neuronpedia id, and what to write for --sae."""
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
    lines = [found.sentence, *([table(rows)] if shown else [])]
    if len(shown) < len(found.saes):
        lines.append(
            f"… and {len(found.saes) - len(shown)} more: --all shows them, --layer and --search narrow the list."
        )
    values = [
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
