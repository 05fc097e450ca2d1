"""The choices of Hand-over and of a budget in trained tokens: their values before anybody chose, and how the address is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.activations.refs import BUNDLED
from core.activations.trainer_templates import OWN, TEMPLATES
from core.export.formats import FORMAT_NAMES, VERBATIM
from core.export.layouts import LAYOUTS
from core.scores.treatment import RULES
from pages.shared.address import number, one_of, switch, whole_number

AS_SOURCE = ""  # the layout of the source
OF_ANSWERS = ""  # trained tokens as the analysis read the answers
TRAINERS = ("llama-factory", "axolotl", "trl")


HAND_OVER: dict[str, tuple[Any, Callable[[str], Any]]] = {
    "export_format": (VERBATIM, one_of(*FORMAT_NAMES)),
    "export_layout": (AS_SOURCE, one_of(*LAYOUTS)),
    "export_columns": (True, switch),
    "export_formulas": (True, switch),
    "export_lossy": (False, switch),
    "counted": (OF_ANSWERS, one_of(OF_ANSWERS, *RULES)),
    "trainer": ("llama-factory", one_of(*TRAINERS)),
    "trainer_tokenizer": (BUNDLED, str),
    "trainer_template": (OWN, one_of(*TEMPLATES)),
    "trainer_cutoff": (2048, whole_number),
    "trainer_batch": (16, whole_number),
    "trainer_epochs": (3.0, number(low=0.1, high=1e6)),
    "trainer_packing": (False, switch),
}
