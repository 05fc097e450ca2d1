"""The public SAEs that belong to the chosen model, as a list to search and choose from."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.activations.public_saes import PublicSaes, public_saes
from core.activations.registry import ListedSae
from core.training.own.trained import TrainedSae, trained_for
from core.workspace import Workspace
from pages.shared.messages import plain
from pages.shared.numbers import count, whole
from pages.shared.state import choose

ROWS = 15  # shown at once
ALL = "all"
TABLE = "sae_table"
OWN = "sae_own"


def draw_own(workspace: Workspace, model: str, into: str) -> None:
    """The SAEs trained in this workspace that read `model`; the one that is chosen is written into the field of `into`."""
    own = {sae.ref: sae for sae in trained_for(workspace, model)}
    if not own:
        return
    st.selectbox(
        "SAE trained here", list(own), index=None, key=OWN, placeholder=f"{count(len(own), 'SAE')} of this model",
        format_func=lambda ref: own_words(own[ref]),
        on_change=lambda: choose(**{into: st.session_state[OWN]}) if st.session_state[OWN] else None,
    )  # fmt: skip


def own_words(sae: TrainedSae) -> str:
    """An SAE trained here, in a line."""
    return f"{sae.name} · {sae.hook} · {sae.architecture}, k {sae.k} · {count(sae.plan.width, 'feature')} · on {sae.dataset}"


@st.cache_data(max_entries=64, ttl=600, show_spinner="Reading the list of public SAEs …")
def _found(model: str, layer: int | None, search: str, usable: bool) -> PublicSaes:
    return public_saes(model, layer=layer, search=search, usable=usable)


def draw_picker(model: str, into: str) -> None:
    """Public SAEs of `model`; the one that is chosen is written into the field of the key `into`."""
    every = _found(model, None, "", False)
    if not every.saes:
        st.caption(plain(every.sentence))
        return
    find, at, only = st.columns([3, 1, 1], vertical_alignment="bottom")
    layers = sorted({sae.layer for _, sae in every.saes if sae.layer is not None})
    words = find.text_input("Find", key="sae_find", placeholder="words of release, id, hook or Neuronpedia id")
    layer = at.selectbox("Layer", [ALL, *layers], key="sae_layer")
    usable = only.checkbox("Usable here", value=True, key="sae_usable")
    found = _found(model, None if layer == ALL else layer, words, usable)
    st.caption(plain(found.sentence))
    _draw_page(found, into)


def _draw_page(found: PublicSaes, into: str) -> None:
    pages = max(1, -(-len(found.saes) // ROWS))
    page = 1
    if pages > 1:
        page = int(st.number_input(f"Page of {whole(pages)}", min_value=1, max_value=pages, key=f"sae_page_{pages}"))
    shown = found.saes[(page - 1) * ROWS : page * ROWS]
    if not shown:
        st.caption("None of them matches; search for fewer words, or take another layer.")
        return
    key = f"{TABLE}_{page}_{len(found.saes)}"
    st.dataframe(
        [_row(kin, sae) for kin, sae in shown], hide_index=True, width="stretch", selection_mode="single-row",
        on_select=_taken(key, [sae for _, sae in shown], into), key=key,
    )  # fmt: skip
    st.caption("A click on the left of a row writes it into the field SAE; nothing is fetched before Pilot or Start.")


def _taken(key: str, shown: list[ListedSae], into: str) -> Callable[[], None]:
    def take() -> None:
        rows = st.session_state[key].selection.rows
        if rows and not shown[rows[0]].obstacle:
            choose(**{into: shown[rows[0]].ref})

    return take


def _row(kin: str, sae: ListedSae) -> dict[str, object]:
    note = f"not usable: {sae.obstacle}" if sae.obstacle else "" if kin == "same" else f"trained on {sae.model}"
    return {
        "release": sae.release, "id": sae.sae_id, "layer": sae.layer, "width": sae.width, "L0": sae.l0,
        "reads": sae.hook, "Neuronpedia": sae.neuronpedia, "note": note,
    }  # fmt: skip
