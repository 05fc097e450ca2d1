"""The answer to a question about neurons: out of the store where it holds what is asked for, else out of what was read again.

What was computed once is kept beside the analysis, whichever way it came about; command line and app read the same file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.errors import GamutError
from core.files import json_hash
from core.scores.neuron_means import DRAWS, SEED, Chance, NeuronMeans, in_spreads, means_of_groups
from core.selection.neuron_sides import Asked, Counted, NeuronQuestion, counted
from core.selection.neuron_sums import from_sums
from core.store.analyses import Analysis
from core.store.contents import EVERY
from core.store.derived import derived_path, read_derived, write_derived
from core.store.vectors import neuron_means, residuals

VERSION = 1
STORED, READ, SUMS, STRONGEST_ONLY = "stored", "read again", "sums", "strongest"
COLUMNS = ("a", "b", "whole", "spread")


class NotKept(GamutError):
    """The store does not hold what is asked for; reading the samples again would tell."""


@dataclass(frozen=True, eq=False)
class NeuronPicture:
    """Means float64 (layers, neurons) of A and of B (None for A alone), NaN where not known.

    `whole` and `spread`: mean and standard deviation over all samples that were read; None where only sums are kept.
    `chance`: how far random pairs of groups differ. `how`: "stored", "read again", "sums" or "strongest". `read`: samples.
    """

    question: NeuronQuestion
    a: np.ndarray
    b: np.ndarray | None
    whole: np.ndarray | None
    spread: np.ndarray | None
    chance: Chance | None
    n_a: int
    n_b: int
    how: str = STORED
    read: int = 0
    notes: tuple[str, ...] = ()

    @cached_property
    def difference(self) -> np.ndarray:
        """A less B; A itself where there is no B."""
        return self.a if self.b is None else self.a - self.b

    @cached_property
    def in_spreads(self) -> np.ndarray:
        """The difference over each neuron's spread, 0 for one that never varies; GamutError where no spread is known."""
        if self.spread is None or self.b is None:
            raise GamutError("Nothing is known of how far these neurons vary; show their values.")
        return in_spreads(self.difference, self.spread)

    def values(self, unit: str) -> np.ndarray:
        """What is shown and ranked: differences in spreads ("spread") where they can be told, else values."""
        return (
            self.in_spreads if unit == "spread" and self.spread is not None and self.b is not None else self.difference
        )


def picture(asked: Asked) -> NeuronPicture:
    """The answer; raises `NotKept` where the samples would have to be read again."""
    path = picture_path(asked)
    kept = read_derived(path)
    if kept is not None:
        return _read(asked, path, *kept)
    if all(holds(source.analysis, asked.question.site) for source in asked.sources):
        how = counted(asked, asked.frame)
        found = means_of_groups(
            lambda layer: _pieces(asked, layer), layers_of(asked), how.weights, compared=asked.compared
        )
        return keep(asked, how, found, how=STORED, read=len(asked.frame.tokens))
    told = from_sums(asked)
    if told is not None:
        return NeuronPicture(
            asked.question,
            told.a,
            told.b if asked.compared else None,
            None,
            None,
            None,
            *asked.sizes(),
            told.how,
            0,
            told.notes,
        )
    raise NotKept(f"{why_not(asked)} Reading the samples again would tell.")


def keep(
    asked: Asked, counts: Counted, found: NeuronMeans, *, how: str, read: int, notes: tuple[str, ...] = ()
) -> NeuronPicture:
    """Put the capabilities' own means in place, and keep the answer beside the analysis."""
    site = asked.question.site
    first, second = asked.capabilities
    a = found.a if first is None else first.means[site].astype(np.float64)
    b = found.b if second is None else second.means[site].astype(np.float64)
    made = NeuronPicture(
        asked.question, a, b, found.whole, found.spread, found.chance, counts.n_a, counts.n_b,
        how, read, (*notes, *counts.notes),
    )  # fmt: skip
    about = {
        "n_a": made.n_a, "n_b": made.n_b, "how": how, "read": read, "notes": list(made.notes), "shape": list(made.a.shape),
        "largest": found.chance.largest.tolist() if found.chance else None,
        "typical": found.chance.typical.tolist() if found.chance else None,
    }  # fmt: skip
    columns = {name: getattr(made, name).ravel() for name in COLUMNS if getattr(made, name) is not None}
    try:
        write_derived(picture_path(asked), about, columns)
    except OSError:
        if how == READ:  # a pass is worth more than a sentence
            raise
    return made


def picture_path(asked: Asked) -> Path:
    """The file that keeps an answer."""
    members = [
        None if side is None else sha256(np.packbits(side).tobytes()).hexdigest()
        for side in (asked.frame.a, asked.frame.b)
    ]
    question = asked.question
    decides = [
        VERSION, DRAWS, SEED, [source.analysis.content_hash for source in asked.sources], question.site,
        question.equal_length, members, [one and one.sha256 for one in asked.capabilities], asked.compared,
    ]  # fmt: skip
    return derived_path(asked.sources[0].analysis, f"neurons-{json_hash(decides)[:16]}")


def holds(analysis: Analysis, site: str) -> bool:
    """Whether an analysis keeps every neuron ("mlp") or residual of every sample."""
    return analysis.contents.neurons == EVERY if site == "mlp" else analysis.contents.vectors


def layers_of(asked: Asked) -> int:
    return asked.sources[0].analysis.contents.shape.layers


def why_not(asked: Asked) -> str:
    """Why the store does not hold what is asked for, in a sentence."""
    analysis = next(s.analysis for s in asked.sources if not holds(s.analysis, asked.question.site))
    contents, table = analysis.contents, "neurons" if asked.question.site == "mlp" else "vectors"
    if table == "neurons" and not contents.shape.neurons:
        raise GamutError(
            f"Analysis {analysis.name!r} has no neurons: {contents.absent[table]}. Look at the residual stream."
        )
    reason = contents.absent.get(table, "of each sample and layer only the strongest neurons are kept")
    return f"Analysis {analysis.name!r} does not keep every neuron of every sample ({reason})."


def _pieces(asked: Asked, layer: int) -> Iterator[np.ndarray]:
    for source in asked.sources:
        yield from (
            neuron_means(source.analysis, layer) if asked.question.site == "mlp" else residuals(source.analysis, layer)
        )


def _read(asked: Asked, path: Path, about: dict, table: pa.Table) -> NeuronPicture:
    try:
        shape = tuple(about["shape"])
        columns = {name: table[name].to_numpy().reshape(shape) for name in table.column_names}
        chance = None
        if about["largest"] is not None:
            chance = Chance(np.array(about["largest"]), np.array(about["typical"]))
        return NeuronPicture(
            asked.question, columns["a"], columns.get("b"), columns["whole"], columns["spread"], chance, about["n_a"],
            about["n_b"], about["how"], about["read"], tuple(about["notes"]),
        )  # fmt: skip
    except (KeyError, ValueError, TypeError):
        raise GamutError(f"{path} is damaged; remove it and it is made again.") from None
