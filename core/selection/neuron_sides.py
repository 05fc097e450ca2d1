"""What a picture of neurons is asked of: a sample, any set of samples or a capability's own set, alone or beside another."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.errors import GamutError
from core.numbers import whole
from core.scores.capability import SITES, Capability, load_capability
from core.scores.enrichment import sides_of, strata_of
from core.scores.neuron_means import Weights, apart_groups, one_group, two_groups
from core.selection.sample_sets import ALL, FILTER, REST, SampleSet, parse_set
from core.selection.sample_sets import WAYS as SET_WAYS
from core.selection.two_sets import Source, placed, same_samples, scored_tokens
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.sample_filter import SampleFilter
from core.workspace import Workspace

CAPABILITY, SAMPLE = "capability", "sample"
WAYS = f"sample:ID, capability:NAME, {SET_WAYS}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuronSide:
    """One side: the samples of a set, or those that the named capability was learned from."""

    samples: SampleSet = ALL
    capability: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` is the way back."""
        return {"kind": CAPABILITY, "name": self.capability} if self.capability else self.samples.as_dict()

    @staticmethod
    def from_dict(said: dict[str, Any]) -> NeuronSide:
        """The side that `as_dict` wrote; `GamutError` where it cannot have."""
        if isinstance(said, dict) and said.get("kind") == CAPABILITY and said.get("name"):
            return NeuronSide(capability=str(said["name"]))
        return NeuronSide(samples=SampleSet.from_dict(said))

    @property
    def sample_id(self) -> int | None:
        """The sample where the side is a single one named by its id."""
        only = self.samples.filter
        alone = self.samples.kind == FILTER and not self.capability and only.ids is not None and len(only.ids) == 1
        return only.ids[0] if alone and only == SampleFilter(ids=only.ids) and only.ids else None

    def words(self) -> str:
        """“sample 12”, “capability maths”, “category = open_qa”."""
        if self.capability:
            return f"capability {self.capability}"
        return self.samples.words() if self.sample_id is None else f"sample {self.sample_id}"


def one_sample(sample_id: int) -> NeuronSide:
    """A single sample as a side."""
    return NeuronSide(samples=SampleSet(kind=FILTER, filter=SampleFilter(ids=(sample_id,))))


def typed(side: NeuronSide) -> str:
    """A side as it is typed on the command line; `parse_side` is the way back."""
    if side.capability:
        return f"{CAPABILITY}:{side.capability}"
    if side.samples.kind == FILTER:
        return f"{FILTER}:{json.dumps(side.samples.filter.as_dict(), ensure_ascii=False)}"
    return f"{side.samples.kind}:{side.samples.name}" if side.samples.name else side.samples.kind


def parse_side(text: str, dataset: Dataset) -> NeuronSide:
    """A side as typed on the command line."""
    kind, _, name = text.partition(":")
    if kind == CAPABILITY and name:
        return NeuronSide(capability=name)
    if kind == SAMPLE and name:
        if not name.isdecimal() or int(name) >= len(dataset):
            raise GamutError(
                f"There is no sample {name!r}; data set {dataset.name!r} has samples 0 to {len(dataset) - 1}."
            )
        return one_sample(int(name))
    try:
        return NeuronSide(samples=parse_set(text, dataset))
    except GamutError as error:
        raise GamutError(str(error).replace(SET_WAYS, WAYS)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuronQuestion:
    """Two sides, or A alone; `site` "mlp" or "residual"; `equal_length`: compared within strata of like length."""

    a: NeuronSide
    b: NeuronSide | None = None
    site: str = "mlp"
    equal_length: bool = True

    def __post_init__(self) -> None:
        if self.site not in SITES:
            raise GamutError(f"There is no site {self.site!r}; use one of {', '.join(SITES)}.")


@dataclass(frozen=True, eq=False)
class Frame:
    """Samples that are read: bool (n) members of A and of B, None where a side is no set of samples; int (n) `tokens` that
    count and `same`, equal for copies."""

    a: np.ndarray | None
    b: np.ndarray | None
    tokens: np.ndarray
    same: np.ndarray

    def among(self, places: np.ndarray) -> Frame:
        """Only the samples at these places."""
        a, b = (None if side is None else side[places] for side in (self.a, self.b))
        return Frame(a, b, self.tokens[places], self.same[places])


@dataclass(frozen=True, eq=False)
class Asked:
    """A question with everything that it names: where the samples are, and the capabilities of either side, None for none."""

    question: NeuronQuestion
    sources: tuple[Source, ...]
    frame: Frame
    capabilities: tuple[Capability | None, Capability | None]

    @property
    def compared(self) -> bool:
        return self.question.b is not None

    def sizes(self, frame: Frame | None = None) -> tuple[int, int]:
        """Samples of A and of B, copies included, as far as they are in a frame (all of them where none is given)."""
        held = frame or self.frame
        sides = zip((held.a, held.b), self.capabilities, strict=True)
        a, b = (one.learned.samples if one else 0 if side is None else int(side.sum()) for side, one in sides)
        return a, b


def resolve(workspace: Workspace, analysis: Analysis, dataset: Dataset, question: NeuronQuestion) -> Asked:
    """Find everything that a question names; `GamutError` where something is not there or does not fit."""
    sides = [side for side in (question.a, question.b) if side is not None]
    found = [_capability(workspace, analysis, side, question.site) for side in sides]
    if len(sides) == 1 or any(found):
        sides = [replace(side, samples=_without_rest(side.samples)) for side in sides]
    question = replace(question, a=sides[0], b=sides[1] if len(sides) > 1 else None)
    a, b = question.a.samples, question.b.samples if question.b else ALL
    sources, inside_a, inside_b = placed(analysis, dataset, a, b)
    frame = Frame(
        None if found[0] else inside_a,
        inside_b if len(sides) > 1 and found[1] is None else None,
        np.concatenate([scored_tokens(source.analysis, "conversation") for source in sources]),
        same_samples(sources),
    )
    for name, side in (("A", frame.a), ("B", frame.b)):
        if side is not None and not side.any():
            raise GamutError(f"Set {name} holds no sample; choose another one.")
    return Asked(question, sources, frame, (found[0], found[1] if len(found) > 1 else None))


@dataclass(frozen=True, eq=False)
class Counted:
    """What each sample counts, how many of either side do, and what is to be known about it, a sentence each."""

    weights: Weights
    n_a: int
    n_b: int
    notes: list[str]


def counted(asked: Asked, frame: Frame) -> Counted:
    """The weights of a frame's samples, as the question wants them compared."""
    n_a, n_b = asked.sizes(frame)
    if not asked.compared:
        if frame.a is None:
            nobody = np.zeros(len(frame.tokens))
            return Counted(Weights(nobody, nobody, np.empty((0, len(nobody)), np.float32)), n_a, 0, [])
        return Counted(one_group(frame.a), int(frame.a.sum()), 0, [])
    if frame.a is None or frame.b is None:
        return _beside_capability(frame, n_a, n_b)
    sides = sides_of(frame.a, frame.b, frame.same)
    if asked.question.equal_length:
        code, strata = strata_of(sides, frame.tokens)
        sizes = strata.sizes
        if not sizes.prod(axis=1).any():
            raise GamutError(
                "No sample of A is about as long as one of B, so nothing can be compared at equal length; compare without."
            )
    else:
        code = np.where(sides.a, 0, np.where(sides.b, 1, -1))
        sizes = np.array([[int(sides.a.sum()), int(sides.b.sum())]])
    weights = two_groups(code, sizes)
    notes = []
    if sides.both:
        who = f"count in {sides.part.upper()} alone" if sides.part else "count in neither"
        notes.append(f"{whole(sides.both)} samples belong to both sets and {who}.")
    if repeats := sides.repeats_a + sides.repeats_b:
        notes.append(f"Copies count once on each side: {whole(repeats)} left out.")
    notes += [
        f"{whole(alone)} of {name}'s samples have lengths that the other set has not and count for nothing."
        for name, alone in zip("AB", weights.alone, strict=True)
        if alone
    ]
    return Counted(weights, int(sides.a.sum()), int(sides.b.sum()), notes)


def _beside_capability(frame: Frame, n_a: int, n_b: int) -> Counted:
    n = len(frame.tokens)
    weights = apart_groups(frame.a, frame.b, n=n, n_a=n_a, n_b=n_b)
    notes = ["A capability keeps no lengths: the two are compared as they are, copies included."]
    notes += [
        f"Random groups have {whole(n)} samples where a side has {whole(size)}: there are no more."
        for size in (n_a, n_b)
        if size > n
    ]
    return Counted(weights, n_a, n_b, notes)


def _without_rest(wanted: SampleSet) -> SampleSet:
    """The rest of nothing in the pool is the whole pool."""
    return ALL if wanted.kind == REST else wanted


def _capability(workspace: Workspace, analysis: Analysis, side: NeuronSide, site: str) -> Capability | None:
    if not side.capability:
        return None
    found = load_capability(workspace, side.capability)
    found.require(analysis)
    found.mean_at(site)
    return found


def drawn(asked: Asked, most: int | None, *, seed: int = 0) -> np.ndarray:
    """The places of the samples to read for a question, ascending: at most so many of each side, by a seeded draw."""
    rng, places = np.random.default_rng(seed), []
    sides = [side for side in (asked.frame.a, asked.frame.b) if side is not None]
    for side in sides or [np.ones(len(asked.frame.tokens), bool)]:
        own = np.flatnonzero(side)
        places.append(own if most is None or len(own) <= most else np.sort(rng.permutation(own)[:most]))
    return np.unique(np.concatenate(places))
