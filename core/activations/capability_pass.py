"""Run sets of samples through the model that an analysis was made with, and keep what directions are learned from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.activations.analyse import Pass, usable_threads
from core.activations.back_off import InPieces
from core.activations.ends import Ends, Stop, read_ends
from core.activations.identity import AnalysisIdentity
from core.activations.profile import Profile, read_profile
from core.activations.template import template_words
from core.activations.tokens import Tokens
from core.datasets.sample import Turn

Conversations = list[tuple[Turn, ...]]
Progress = Callable[[int, int, str], None]


class CapabilityReader:
    """A loaded model that reads one set after the other, so that only one set's states are held at a time.

    Every call raises `Cancelled` when `stop()` turns true; `progress(done, total, note)` counts tokens. Once memory ran
    out, batches are read in pieces, and the note says so.
    """

    def __init__(self, identity: AnalysisIdentity, *, progress: Progress, stop: Stop) -> None:
        progress(0, 0, "loading the model")
        self._machine = Pass(identity, threads=usable_threads())
        self._settings = identity.settings
        self._progress, self._stop = progress, stop
        self._split = InPieces()
        self.max_length = self._machine.max_length
        self.template = template_words(self._machine.model.tokenizer, self._machine.template)

    def ends(self, conversations: Conversations, *, note: str) -> dict[str, Ends]:
        """The ends of a set by site."""
        tokens = self._machine.tokenise(iter(conversations))
        return read_ends(
            self._machine, tokens, self._settings, progress=self._noted(note), stop=self._stop, split=self._split
        )

    def profile(self, conversations: Conversations, *, note: str) -> Profile:
        """What a set activates as a whole."""
        tokens = self._machine.tokenise(iter(conversations))
        return read_profile(
            self._machine, tokens, self._settings, progress=self._noted(note), stop=self._stop, split=self._split
        )

    def _noted(self, note: str) -> Callable[[int, int], None]:
        return lambda done, total: self._progress(done, total, note + self._split.note)

    def first_token(self, conversations: Conversations) -> int | None:
        """The id of the token that all samples begin with; None where they do not begin alike."""
        return shared_first(self._machine.tokenise(iter(conversations)))


def shared_first(tokens: Tokens) -> int | None:
    """The id of the first token where it is the same in all samples that have one, else None."""
    firsts = np.unique(tokens.ids[tokens.indptr[:-1][tokens.lengths > 0]])
    return int(firsts[0]) if len(firsts) == 1 else None
