"""Any text and any stored sample, token by token: asked of the inspector's worker, which has the model that we have not."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.activations.at_hand import at_hand
from core.activations.reading import Reading
from core.activations.refs import BUNDLED, HUB, LISTED
from core.errors import GamutError
from core.jobs.start import command_line
from core.jobs.worker import Worker
from core.store.features import examples_of
from core.workspace import BUNDLED_MODEL, BUNDLED_SAE, Workspace
from pages.shared.engine import Opened

MINUTES = "GAMUT_INSPECTOR_MINUTES"  # of the environment: how long the worker waits for a question
DEFAULT_MINUTES = 10.0
AGREE = 1e-2  # relative: a text read alone differs this little from the same in a batch, whatever the number format


@dataclass(frozen=True, slots=True)
class Shade:
    """One feature along a sample: `values` float32 by token, `exact` at all of them or at the stored places only.

    `note`: a sentence on what is missing or differs, "" where nothing does.
    """

    values: np.ndarray
    exact: bool
    note: str = ""


def idle_minutes() -> float:
    """Minutes that the worker waits for a question before it ends."""
    try:
        return max(0.1, float(os.environ[MINUTES]))
    except (KeyError, ValueError):
        return DEFAULT_MINUTES


@st.cache_resource(show_spinner=False)
def _worker(root: str) -> Worker:
    words = ["inspector", "--minutes", f"{idle_minutes():g}"]
    return Worker(command_line(Workspace(Path(root)), words), what="The inspector's worker")


def worker(workspace: Workspace) -> Worker:
    """The one worker of a workspace, for all sessions."""
    return _worker(str(workspace.root.resolve()))


def model_missing(opened: Opened) -> str:
    """A sentence on what is needed where the model or the SAE of an analysis is not at its place; "" where both are."""
    for kind, bundled in (("model", BUNDLED_MODEL), ("sae", BUNDLED_SAE)):
        ref = json.loads(opened.analysis.meta[kind])["ref"]
        if not at_hand(ref, bundled=bundled):
            title = "SAE" if kind == "sae" else kind
            place = f"{bundled if ref == BUNDLED else ref} does not hold it; bring its files there"
            if ref.startswith((HUB, LISTED)):
                place = f"the cache of this machine does not hold {ref}; fetch it there"
            return (
                f"Reading text needs the {title} that analysis {opened.analysis.name} was made with, and {place}. "
                "Everything else works without."
            )
    return ""


def read_text(opened: Opened, *, text: str | None = None, turns: tuple[tuple[str, str], ...] = ()) -> Reading:
    """Read a text as it stands, or turns (role, text); of a session only the newest text waits for its answer."""
    context = get_script_run_ctx()
    said = {"text": text} if text is not None else {"turns": [list(turn) for turn in turns]}
    asker = f"text of {context.session_id}" if context else ""
    answer = worker(opened.workspace).ask({"analysis": opened.analysis.id, **said}, asker=asker)
    return Reading.from_message(answer)


@st.cache_resource(max_entries=64, show_spinner=False)
def _sample(_opened: Opened, key: str, sample_id: int) -> Reading:
    answer = worker(_opened.workspace).ask({"analysis": _opened.analysis.id, "sample": sample_id})
    return Reading.from_message(answer)


def read_sample(opened: Opened, sample_id: int) -> Reading:
    """A stored sample read again by the model: what every feature says at every token; kept in memory for a while."""
    return _sample(opened, opened.key, sample_id)


def shade(opened: Opened, sample_id: int, feature_id: int) -> Shade:
    """One feature along a stored sample: exact by the model, else where the analysis holds its values, and why."""
    missing = model_missing(opened)
    if missing:
        return stored_shade(opened, sample_id, feature_id, why=missing)
    try:
        values = read_sample(opened, sample_id).of(feature_id)
    except GamutError as error:
        return stored_shade(opened, sample_id, feature_id, why=str(error))
    return Shade(values, True, _differs(opened, sample_id, feature_id, values))


def stored_shade(opened: Opened, sample_id: int, feature_id: int, *, why: str = "") -> Shade:
    """One feature along a sample as far as the analysis holds it: an example's window, and the strongest token of each side."""
    values = np.zeros(len(opened.analysis.tokens_of(sample_id)[0]), np.float32)
    with suppress(GamutError):  # an analysis may hold no examples
        for example in examples_of(opened.analysis, feature_id):
            if example.sample_id == sample_id:
                values[example.start : example.start + len(example.activations)] = example.activations
    for strength, position in _maxima(opened, sample_id, feature_id):
        values[position] = strength
    said = (
        "Only what the analysis stored is shaded: the strongest token of prompt and response, and an example's window."
    )
    return Shade(values, False, f"{said} {why}".strip())


def on_letters(texts: Sequence[str], values: np.ndarray) -> np.ndarray:
    """Values as readable texts show them: of tokens that share a letter the first has its text, and so gets the maximum."""
    shown = np.array(values, np.float32)
    letter = 0
    for place, text in enumerate(texts):
        if text:
            letter = place
        elif shown[place] > 0:
            shown[letter] = max(shown[letter], shown[place])
            shown[place] = 0
    return shown


def _maxima(opened: Opened, sample_id: int, feature_id: int) -> list[tuple[float, int]]:
    query = "SELECT max, position FROM activations WHERE sample_id = ? AND feature_id = ? ORDER BY side"
    return opened.analysis.cursor().execute(query, [sample_id, feature_id]).fetchall()


def _differs(opened: Opened, sample_id: int, feature_id: int, values: np.ndarray) -> str:
    """A sentence where what is read now is not what was stored: another machine or number format tips a TopK."""
    stored = max((strength for strength, _ in _maxima(opened, sample_id, feature_id)), default=0.0)
    now = float(values.max(initial=0.0))
    if abs(now - stored) <= AGREE * max(now, stored):
        return ""
    return f"Stored is a maximum of {stored:.3g}, read now is {now:.3g}: another batch or another machine tips a tie."
