"""A neuron token by token in its strongest samples, and what its output weights promote: asked of the model, where it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.datasets.sample import ROLES
from core.store.token_text import readable
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.shade import model_missing, on_letters, worker
from pages.shared.token_view import TokenRow, token_rows

READ = 4  # samples of an end that are read token by token
BEFORE, AFTER = 24, 12  # tokens around the strongest
WORDS = 12
ENDS = {"high": "Where it is highest", "low": "Where it is lowest"}


def draw_tokens(opened: Opened, site: str, layer: int, neuron: int, ends: dict[str, list[int]]) -> None:
    """A button that asks the model, and its answer."""
    if missing := model_missing(opened):
        st.caption(plain(missing))
        return
    asked = st.session_state.get("neuron_read", ())
    place = (opened.key, site, layer, neuron)
    if asked != place:
        button, said = st.columns([1, 2.4], vertical_alignment="center")
        said.caption(
            "Loads the model once: the neuron at every token of these samples, and the tokens that it promotes."
        )
        button.button(
            "Read it token by token", key="neuron_ask", icon=":material/play_arrow:", width="stretch",
            on_click=lambda: st.session_state.update(neuron_read=place),
        )  # fmt: skip
        return
    samples = list(dict.fromkeys([*ends["high"][:READ], *ends["low"][:READ]]))
    found = _answer(opened, opened.key, site, layer, neuron, tuple(samples))
    _draw_promoted(found)
    for column, (end, ids) in zip(st.columns(2, gap="medium"), ends.items(), strict=True):
        with column:
            st.markdown(f"**{ENDS[end]}, token by token**")
            rows = _rows(opened, found["values"], ids[:READ], 1.0 if end == "high" else -1.0)
            token_rows(rows, key=f"neuron_tokens_{end}", height=380)


@st.cache_resource(max_entries=32, show_spinner="Asking the model …")
def _answer(_opened: Opened, key: str, site: str, layer: int, neuron: int, samples: tuple[int, ...]) -> dict[str, Any]:
    question = {"analysis": _opened.analysis.id, "neuron": [layer, neuron], "site": site, "samples": list(samples)}
    return worker(_opened.workspace).ask(question)


def _draw_promoted(found: dict[str, Any]) -> None:
    up, down = (" · ".join(_quoted(text) for text, _ in found[end][:WORDS]) for end in ("promoted", "suppressed"))
    how = "Its output weights through the final norm and the unembedding, as if no later block came between."
    st.caption(plain(f"When it is above zero it promotes {up}; it suppresses {down}."), help=how)


def _quoted(text: str) -> str:
    return f"“{text.strip() or text.encode('unicode_escape').decode()}”"


def _rows(opened: Opened, values: dict[str, list[float]], ids: list[int], sign: float) -> list[TokenRow]:
    """The stretch around the token where the neuron is farthest out in that direction, shaded by it."""
    texts = readable(opened.analysis, opened.dataset, ids)
    found = []
    for sample in ids:
        tokens, roles = texts[sample]
        counts = np.array(roles) < len(ROLES)  # a template's tokens, and the first, never count
        counts[:1] = False
        own = np.where(counts, sign * np.array(values[str(sample)], np.float32), 0.0)
        peak = int(own.argmax())
        start, stop = max(0, peak - BEFORE), min(len(tokens), peak + AFTER + 1)
        shown = on_letters(tokens, np.maximum(own, 0.0))
        found.append(
            TokenRow(
                tokens=tokens[start:stop], values=shown[start:stop].tolist(), peak=peak - start, head=f"#{sample}",
                about=f"{sign * own[peak]:+.3g}", inline=True,
                faded=(~counts[start:stop]).tolist(), before=start > 0, after=stop < len(tokens),
            )
        )  # fmt: skip
    return found
