"""What is known of a pool's samples beside their feature sets and lengths, each thing read when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np

from core.errors import GamutError
from core.scores.alignment import AlignmentSettings
from core.scores.trainer_rows import Counted

NO_VALUE = "(no value)"  # the group of samples without a value in a column


@dataclass(frozen=True, eq=False)
class Grouping:
    """Samples by group: `names[codes[i]]` is the group of sample i; codes int32 (n), every sample in one group."""

    codes: np.ndarray
    names: tuple[str, ...]

    def members(self, name: str, *, column: str) -> np.ndarray:
        """Which samples are in the group of that name, bool (n); `GamutError` naming the groups there are."""
        if name not in self.names:
            some = ", ".join(repr(known) for known in self.names[:8])
            more = f" and {len(self.names) - 8} more" if len(self.names) > 8 else ""
            raise GamutError(f"No sample has {column} = {name!r}; there are: {some or 'none'}{more}.")
        return self.codes == self.names.index(name)


class Known:
    """What methods and constraints may ask of a pool; this one knows nothing and says so.

    Whatever is not there raises `GamutError` with a sentence.
    """

    @property
    def strengths(self) -> np.ndarray:
        """How strong each entry of the pool's feature sets is: float32, aligned with `features.indices`."""
        _refuse("how strong features are")

    @property
    def vectors(self) -> np.ndarray:
        """A dense vector of every sample: float32 (n, d)."""
        _refuse("vectors of samples")

    @property
    def duplicate_of(self) -> np.ndarray:
        """The first sample with the same conversation, int32 (n); −1 where the sample is that first one, or the only one."""
        _refuse("which samples repeat others")

    def score(self, column: str) -> np.ndarray:
        """A numeric column: float64 (n), NaN where a value is missing."""
        _refuse(f"a score {column!r}")

    def groups(self, column: str) -> Grouping:
        """The samples by their value in a column."""
        _refuse(f"a column {column!r}")

    def target(self, said: str, *, rows: int = 1) -> np.ndarray:
        """The features that a target activates in at least `rows` of its samples: bool (n_features).

        said: "column=value" (a group of this pool), "analysis:NAME", "selection:NAME", or "features:NAME" (a saved list
        of features, which has no rows to count).
        """
        _refuse(f"a target {said!r}")

    def trained_tokens(self, counted: Counted) -> np.ndarray:
        """How many tokens of each sample a trainer trains on: int32 (n)."""
        _refuse(f"what {counted.trainer} trains on")

    def alignment(self, capability: str, settings: AlignmentSettings) -> np.ndarray:
        """How far each sample points along a learned capability: float64 (n)."""
        _refuse(f"a capability {capability!r}")

    def likeness(self, capability: str, rule: str) -> np.ndarray:
        """How like a learned capability each sample is, by a rule of `core.scores.target_likeness`: float64 (n)."""
        _refuse(f"a capability {capability!r}")


NOTHING = Known()


@dataclass(frozen=True, eq=False, kw_only=True)
class Given(Known):
    """What is known as plain values: of made-up pools, in tests and measurements."""

    given_strengths: np.ndarray | None = None
    given_vectors: np.ndarray | None = None
    given_duplicate_of: np.ndarray | None = None
    scores: Mapping[str, np.ndarray] = field(default_factory=dict)
    groupings: Mapping[str, Grouping] = field(default_factory=dict)
    targets: Mapping[str, np.ndarray] = field(default_factory=dict)
    alignments: Mapping[str, np.ndarray] = field(default_factory=dict)  # by any rule
    trained: Mapping[str, np.ndarray] = field(default_factory=dict)  # by trainer

    @property
    def strengths(self) -> np.ndarray:
        return super().strengths if self.given_strengths is None else self.given_strengths

    @property
    def vectors(self) -> np.ndarray:
        return super().vectors if self.given_vectors is None else self.given_vectors

    @property
    def duplicate_of(self) -> np.ndarray:
        return super().duplicate_of if self.given_duplicate_of is None else self.given_duplicate_of

    def score(self, column: str) -> np.ndarray:
        return self.scores[column] if column in self.scores else super().score(column)

    def groups(self, column: str) -> Grouping:
        return self.groupings[column] if column in self.groupings else super().groups(column)

    def target(self, said: str, *, rows: int = 1) -> np.ndarray:
        return self.targets[said] if said in self.targets else super().target(said)

    def trained_tokens(self, counted: Counted) -> np.ndarray:
        return self.trained[counted.trainer] if counted.trainer in self.trained else super().trained_tokens(counted)

    def alignment(self, capability: str, settings: AlignmentSettings) -> np.ndarray:
        found = self.alignments.get(capability)
        return super().alignment(capability, settings) if found is None else found

    def likeness(self, capability: str, rule: str) -> np.ndarray:
        found = self.alignments.get(capability)
        return super().likeness(capability, rule) if found is None else found


def _refuse(what: str) -> NoReturn:
    raise GamutError(f"This pool does not know {what}: choose a method or an option that does not ask for it.")
