"""What is said of the controls beside an alignment: which cannot be told, and what a projection pass changes."""

import numpy as np

from core.scores.controls import Beside, beside
from pages.explore.panels import alignment_answers
from pages.explore.panels.alignment_answers import Scored, controls_of
from pages.explore.panels.alignment_samples import _controls_words


def test_controls_that_cannot_be_told_begin_a_sentence_as_they_are_written():
    none = np.empty(0)
    words = _controls_words(
        Beside((), np.empty((0, 10)), none, none, 1, 0.1, {"bm25": "Why.", "difference-of-means": "Why not."})
    )
    assert words == (
        "None of the controls can be told here, so nothing stands beside the scores. BM25 cannot be told: Why. "
        "Difference of means cannot be told: Why not."
    )
    some = _controls_words(Beside(("bm25",), np.ones((1, 10)), np.array([0.5]), np.array([0.3]), 1, 0.1, {}))
    assert "BM25 30 % (ρ 0.50); by chance 10 %" in some and "difference of means is read at the MLP neurons" in some


def test_controls_are_asked_again_once_a_pass_was_made(monkeypatch):
    asked, waits = [], [["it waits", None]]

    def counted(*words):
        asked.append(words)
        return beside

    class One:
        analysis = capability = found = scores = key = None

    monkeypatch.setattr(alignment_answers, "reasons", lambda *_: waits[0])
    monkeypatch.setattr(alignment_answers, "beside", counted)
    said = Scored(One, None, One, "a key of this test alone")
    for _ in range(2):
        controls_of(One, said)
    waits[0] = [None, None]
    controls_of(One, said)
    assert len(asked) == 2
