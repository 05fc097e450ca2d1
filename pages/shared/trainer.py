"""How a trainer is told of an exported file."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.export.manifest import manifest_path
from core.export.trainers import TRAINERS, trainer_file, written_of
from pages.shared.messages import guard

TITLES = {"llama-factory": "LLaMA-Factory", "axolotl": "axolotl", "trl": "TRL"}
FOLLOWS = {
    "llama-factory": "Goes into `data/dataset_info.json`; then `llamafactory-cli train --stage sft --do_train --dataset NAME …`",
    "axolotl": "Goes into the configuration; then `axolotl train config.yaml`",
    "trl": "A script to start from; put in your model.",
}


def draw_trainer(file: Path) -> None:
    """The entry, stanza or script for the trainer chosen."""
    with st.expander("Start a trainer on it"):
        name = st.segmented_control(
            "Trainer", list(TRAINERS), format_func=TITLES.__getitem__, default="llama-factory", key="trainer", required=True,
            label_visibility="collapsed",
        )  # fmt: skip
        with guard():
            made = trainer_file(name or "llama-factory", written_of(manifest_path(file)))
            st.caption(FOLLOWS[name or "llama-factory"])
            st.code(made.text, language=made.language)
