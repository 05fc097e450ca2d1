"""How a trainer is told of the file: examples to start from, not tested here with the trainer."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

TRL = """trl sft --model_name_or_path YOUR_MODEL --dataset_name json --dataset_train_split train \\
  --output_dir out   # the file: {path}"""
LLAMA_FACTORY = """# data/dataset_info.json
"{stem}": {{"file_name": "{path}"}}
# then
llamafactory-cli train --stage sft --do_train --model_name_or_path YOUR_MODEL --dataset {stem} --output_dir out"""


def draw_trainer(file: Path) -> None:
    """Two examples, marked as such."""
    with st.expander("Example: start a trainer on it"):
        st.caption("Examples only: options change between versions, and the trainer must read the format.")
        values = {"path": str(file.resolve()), "stem": file.name.split(".")[0]}
        st.code(LLAMA_FACTORY.format(**values), language="bash")
        st.code(TRL.format(**values), language="bash")
