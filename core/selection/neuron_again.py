"""What reading the samples of a question again would take, and the answer made of what was read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import GamutError
from core.scores.neuron_means import LayerTally, neuron_means
from core.selection.neuron_picture import READ, NeuronPicture, keep, layers_of
from core.selection.neuron_sides import Asked, Counted, Frame, counted, drawn, typed
from core.store.analyses import Analysis

MOST = 1_000  # samples of a side that are read unless more are asked for


@dataclass(frozen=True, eq=False)
class Again:
    """Samples to read again, by their places among those of a question, and what that takes: `seconds` at the pace of the
    analysis, without the loading of the model."""

    asked: Asked
    places: np.ndarray
    tokens: int
    seconds: float

    def wanted(self) -> list[tuple[Analysis, np.ndarray]]:
        """The ids of the samples to read, of each analysis, ascending."""
        found = []
        for source in self.asked.sources:
            own = self.places[(self.places >= source.first) & (self.places < source.first + source.analysis.n_samples)]
            if len(own):
                found.append((source.analysis, own - source.first))
        return found


def again(asked: Asked, *, most: int | None = MOST) -> Again:
    """What is to be read for a question: at most so many samples of each side, by a seeded draw; all with None."""
    shape = asked.sources[0].analysis.contents.shape
    if asked.question.site == "mlp" and not shape.neurons:
        raise GamutError("It is not known where this kind of model keeps its MLP neurons; look at the residual stream.")
    places = drawn(asked, most)
    tokens = np.concatenate([source.analysis.counts.tokens for source in asked.sources])
    first = asked.sources[0].analysis
    pace = float(first.meta["seconds"]) / max(1, int(first.counts.tokens.sum(dtype=np.int64)))
    read = int(tokens[places].sum(dtype=np.int64))
    return Again(asked, places, read, read * pace)


def read_command(asked: Asked, most: int | None) -> list[str]:
    """The words that read a question's samples again."""
    question = asked.question
    words = ["neurons", "read", asked.sources[0].analysis.id, typed(question.a)]
    words += [typed(question.b)] if question.b else []
    words += ["--site", question.site, "--equal-length" if question.equal_length else "--any-length"]
    return [*words, "--most", str(most or 0)]


class Reading:
    """Takes in the rows of all layers as they come, and makes the answer of them."""

    def __init__(self, plan: Again) -> None:
        self._plan = plan
        self._frame: Frame = plan.asked.frame.among(plan.places)
        self._counts: Counted = counted(plan.asked, self._frame)
        shape = plan.asked.sources[0].analysis.contents.shape
        width = shape.neurons if plan.asked.question.site == "mlp" else shape.width
        self._tallies = [LayerTally(self._counts.weights, width) for _ in range(layers_of(plan.asked))]

    def add(self, layer: int, places: np.ndarray, rows: np.ndarray) -> None:
        """The rows of some samples in a layer, by their places among those that are read."""
        self._tallies[layer].add(places, rows)

    def finish(self) -> NeuronPicture:
        """The answer, kept where `picture` finds it."""
        asked, read = self._plan.asked, len(self._plan.places)
        found = neuron_means(self._tallies, compared=asked.compared)
        return keep(asked, self._counts, found, how=READ, read=read, notes=tuple(self._notes()))

    def _notes(self) -> list[str]:
        asked, read = self._plan.asked, len(self._plan.places)
        said = [f"{read} samples were read again; the spread is theirs."]
        for name, own, whole in zip("AB", asked.sizes(self._frame), asked.sizes(), strict=True):
            if own < whole:
                said.append(f"Of {name}'s {whole} samples {own} were drawn by seed.")
        return said
