"""The choices of Hand-over and of a budget in trained tokens: their values before anybody chose, and how the address is read."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from core.activations.refs import BUNDLED
from core.activations.trainer_templates import OWN, TEMPLATES
from core.export.formats import FORMAT_NAMES, VERBATIM
from core.export.layouts import LAYOUTS
from core.scores.treatment import RULES

AS_SOURCE = ""  # the layout of the source
OF_ANSWERS = ""  # trained tokens as the analysis read the answers
TRAINERS = ("llama-factory", "axolotl", "trl")


def _one_of(*allowed: str) -> Callable[[str], str]:
    return {value: value for value in allowed}.__getitem__


def _switch(text: str) -> bool:
    return {"1": True, "0": False}[text]


def _whole(text: str) -> int:
    """A whole number from 1 upwards."""
    value = int(text)
    if not 1 <= value < 1 << 31:
        raise ValueError(text)
    return value


def _above_nothing(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and 0.1 <= value <= 1e6):
        raise ValueError(text)
    return value


HAND_OVER: dict[str, tuple[Any, Callable[[str], Any]]] = {
    "export_format": (VERBATIM, _one_of(*FORMAT_NAMES)),
    "export_layout": (AS_SOURCE, _one_of(*LAYOUTS)),
    "export_columns": (True, _switch),
    "export_formulas": (True, _switch),
    "export_lossy": (False, _switch),
    "counted": (OF_ANSWERS, _one_of(OF_ANSWERS, *RULES)),
    "trainer": ("llama-factory", _one_of(*TRAINERS)),
    "trainer_tokenizer": (BUNDLED, str),
    "trainer_template": (OWN, _one_of(*TEMPLATES)),
    "trainer_cutoff": (2048, _whole),
    "trainer_batch": (16, _whole),
    "trainer_epochs": (3.0, _above_nothing),
    "trainer_packing": (False, _switch),
}
