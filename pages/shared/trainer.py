"""How a trainer reads an exported file: by which tokenizer and template, and what it is told."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.activations.trainer_templates import BY_TRAINER, OWN, trainer_of
from core.export.manifest import manifest_path
from core.export.trainers import TRAINERS, trainer_file, written_of
from pages.shared.hand_over_choices import OF_ANSWERS
from pages.shared.messages import guard
from pages.shared.state import choose, chosen

TITLES = {"llama-factory": "LLaMA-Factory", "axolotl": "axolotl", "trl": "TRL"}
FOLLOWS = {
    "llama-factory": "The line that starts the training, with your model and, unless it is chosen above, its template; the "
    "entry below it goes into `dataset_info.json`, which is looked for in the folder that you start in.",
    "axolotl": "The line that starts the training; what is below it goes into `config.yaml`, with your model and what else "
    "you set for the training.",
    "trl": "The line that starts the training; the script below it is `train.py`, with your model.",
}


def templates_for(trainer: str) -> list[str]:
    """The tokenizer's own template, and those that a trainer brings."""
    return [OWN, *(f"{trainer}:{name}" for name in BY_TRAINER.get(trainer, ()))]


def keep_template() -> None:
    """Another trainer has other templates: one of the trainer before goes."""
    if chosen("trainer_template") not in templates_for(chosen("trainer")):
        choose(trainer_template=OWN)


def draw_template(tokenizer: DeltaGenerator, template: DeltaGenerator, cutoff: DeltaGenerator) -> None:
    """The fields of tokenizer, template (its own, or one that the chosen trainer brings) and cutoff, each in its place."""
    keep_template()  # a link may name another's
    tokenizer.text_input(
        "Tokenizer", key="trainer_tokenizer",
        help="'bundled' to try it, the folder of the model you will train (tokenizer.json, chat template), or hf:owner/name: its "
        "tokenizer is then fetched when you ask for it",
    )  # fmt: skip
    template.selectbox(
        "Template", templates_for(chosen("trainer")), key="trainer_template", format_func=template_title,
        help="the tokenizer's own chat template (plain text where it has none), or one that LLaMA-Factory (template:) or "
        "axolotl (chat_template:) brings",
    )  # fmt: skip
    cutoff.number_input("Cutoff, tokens", 1, None, step=1, key="trainer_cutoff")


def template_title(template: str) -> str:
    """qwen (LLaMA-Factory)."""
    trainer, name = trainer_of(template)
    return f"{name} ({TITLES[trainer]})" if trainer else "the tokenizer's own"


def choose_trainer() -> None:
    """For which trainer."""
    st.segmented_control(
        "Trainer",
        list(TRAINERS),
        format_func=TITLES.__getitem__,
        key="trainer",
        required=True,
        on_change=_trainer_changed,
    )


def _trainer_changed() -> None:
    """A budget in trained tokens follows, where a trainer counts them."""
    keep_template()
    if chosen("counted") != OF_ANSWERS:
        choose(counted=chosen("trainer"))


def draw_told(file: Path) -> None:
    """The entry, stanza or script for the trainer chosen, and the line that starts it."""
    name = chosen("trainer")
    with guard():
        written = written_of(manifest_path(file))
        made = trainer_file(
            name, written, template=chosen("trainer_template"), cutoff=int(chosen("trainer_cutoff")),
            packing=chosen("trainer_packing"),
        )  # fmt: skip
        st.caption(FOLLOWS[name])
        st.code(made.command, language="bash", wrap_lines=True)
        if made.note:
            st.caption(made.note)
        st.code(made.text, language=made.language, height=min(260, 40 + 21 * len(made.text.splitlines())))
