"""Where a model runs and in which numbers: chosen by what the machine has, unless the user says otherwise."""

from __future__ import annotations

import os
import re

import torch

from core.errors import GamutError

AUTO, SPLIT = "auto", "split"
WISH = "GAMUT_DEVICE"  # of the environment: for commands and processes that ask nobody
NAMED = re.compile(r"cpu|mps|cuda(:\d+)?|auto|split")


def choose_device(asked: str = AUTO) -> str:
    """The device that `asked` comes to here; for "auto" what `GAMUT_DEVICE` says, else "cuda", "mps" or "cpu" in this order.

    "split" spreads a model over all GPUs.
    """
    wanted = os.environ.get(WISH) or AUTO if asked == AUTO else asked
    check_device(wanted)
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    apple = torch.backends.mps.is_available()
    if wanted == AUTO:
        return "cuda" if gpus else "mps" if apple else "cpu"
    if wanted == "mps" and not apple:
        raise GamutError("There is no Apple GPU here; use --device cpu, or leave the device out.")
    if wanted.startswith(("cuda", SPLIT)) and int(wanted.partition(":")[2] or 0) >= gpus:
        raise GamutError(
            f"--device {wanted} needs a GPU that is not here ({gpus} found); use --device cpu, or leave it out."
        )
    return wanted


def check_device(asked: str) -> None:
    """Refuse a word that names no device, without asking the machine."""
    if not NAMED.fullmatch(asked):
        raise GamutError(f"{asked!r} is no device; use auto, cpu, cuda, cuda:N, mps or split (over several GPUs).")


def choose_dtype(asked: str, device: str) -> str:
    """The numbers of the model for "auto": bfloat16 on a GPU that has it, else float32."""
    if asked != AUTO:
        return asked
    gpu = device.startswith(("cuda", SPLIT))
    return "bfloat16" if gpu and torch.cuda.is_bf16_supported() else "float32"


def carried(values: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Values on `device`; from pinned memory they are copied while the processor goes on, from elsewhere that is not safe."""
    return values.to(device, non_blocking=values.is_pinned())


def home_of(model: torch.nn.Module) -> torch.device:
    """The device that token ids go to: that of the embedding."""
    return model.get_input_embeddings().weight.device  # type: ignore[operator]
