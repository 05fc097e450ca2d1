"""Checkpoints of a model and its optimiser as one safetensors file: no pickle, never half written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from core.errors import GamutError

MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass(frozen=True, slots=True)
class State:
    """How far a run had come: steps done, the loss of each, and what else the caller kept (`extra`)."""

    step: int = 0
    losses: tuple[float, ...] = ()
    extra: Mapping[str, torch.Tensor] = field(default_factory=dict)


def save(
    *,
    path: Path,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    decided: str,
    step: int,
    losses: list[float],
    extra: Mapping[str, torch.Tensor] | None = None,
) -> None:
    """Write weights, Adam moments, step and losses; `decided` is the text of the settings that made them."""
    tensors = {f"model.{name}": value.detach().contiguous() for name, value in model.named_parameters()}
    for name, parameter in model.named_parameters():
        for moment in MOMENTS:
            if moment in optimizer.state.get(parameter, {}):
                tensors[f"{moment}.{name}"] = optimizer.state[parameter][moment].contiguous()
    tensors |= {f"extra.{name}": value.contiguous() for name, value in (extra or {}).items()}
    beside = path.with_suffix(".tmp")
    save_file(tensors, beside, metadata={"decided": decided, "state": json.dumps({"step": step, "losses": losses})})
    beside.replace(path)


def load(*, path: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, decided: str) -> State:
    """Put weights and moments back and return the state; a fresh state where there is no file.

    Raises GamutError where the checkpoint was made with other settings.
    """
    if not path.is_file():
        return State()
    with safe_open(path, framework="pt") as file:
        facts = file.metadata()
        if facts["decided"] != decided:
            raise GamutError(
                f"{path} was made with other settings ({facts['decided']}); give the same settings to "
                "go on, or another work folder to begin anew."
            )
        state = json.loads(facts["state"])
        names = set(file.keys())
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                parameter.copy_(file.get_tensor(f"model.{name}"))
                if f"{MOMENTS[0]}.{name}" in names:
                    optimizer.state[parameter] = {"step": torch.tensor(float(state["step"]))} | {
                        moment: file.get_tensor(f"{moment}.{name}") for moment in MOMENTS
                    }
        extra = {name[6:]: file.get_tensor(name) for name in names if name.startswith("extra.")}
    return State(state["step"], tuple(state["losses"]), extra)
