"""Features that tell little of what a text is about: dense, position-bound, special-token, length-like and dead ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.errors import GamutError
from core.files import json_hash
from core.scores.hygiene_measures import length_aurocs, position_distances, special_shares, token_shares
from core.store.analyses import Analysis
from core.store.derived import kept_table

DENSE, POSITION, SPECIAL, LENGTH, DEAD = "dense", "position-bound", "special-token", "length-like", "dead"
KINDS = (DENSE, POSITION, SPECIAL, LENGTH, DEAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class HygieneSettings:
    """From where on a feature is of a kind [our choice, all of them]; `version` counts changes of how it is measured.

    `dense`: share of all scored tokens it is active at. `position`: share of its tokens that would have to move for
    them to lie in the sample as activations do on the whole. `special`: share of its examples whose strongest token is
    blank, a control mark, or the first after template or special tokens. `length`: how surely the mere length of a
    sample tells whether it is active there (area under the ROC curve). `fewest`: of what is counted, else it is of no kind.
    """

    dense: float = 0.1
    position: float = 0.6
    special: float = 0.8
    length: float = 0.9
    fewest: int = 30
    version: int = 1

    def words(self, kind: str) -> str:
        """What makes a feature one of a kind, with its threshold."""
        return {
            DENSE: f"active at {100 * self.dense:g} % of the scored tokens or more",
            POSITION: f"{100 * self.position:g} % of its tokens or more would have to move to lie as all activations do",
            SPECIAL: f"{100 * self.special:g} % of its examples or more peak at a blank, a control mark or a turn's first token",
            LENGTH: f"the length of a sample alone tells whether it is active there (AUROC {self.length:g} or more)",
            DEAD: "active in no sample",
        }[kind]


@dataclass(frozen=True)
class Hygiene:
    """What was measured of every feature, float64 (n_features), NaN where there is too little; and what is of which kind.

    `unknown`: kinds that this analysis cannot tell, with the reason.
    """

    settings: HygieneSettings
    samples: np.ndarray
    token_share: np.ndarray
    position_distance: np.ndarray
    special_share: np.ndarray
    length_auroc: np.ndarray
    unknown: dict[str, str]

    @cached_property
    def kinds(self) -> dict[str, np.ndarray]:
        """The features of each kind, bool (n_features); one feature may be of several."""
        said = self.settings
        return {
            DENSE: _at_least(self.token_share, said.dense),
            POSITION: _at_least(self.position_distance, said.position),
            SPECIAL: _at_least(self.special_share, said.special),
            LENGTH: _at_least(self.length_auroc, said.length),
            DEAD: self.samples == 0,
        }

    def any_of(self, kinds: Iterable[str]) -> np.ndarray:
        """The features that are of one of these kinds or more, bool (n_features)."""
        wanted = tuple(kinds)
        if strange := [kind for kind in wanted if kind not in KINDS]:
            raise GamutError(f"There is no kind of features {strange[0]!r}; use {', '.join(KINDS)}.")
        none = np.zeros(len(self.samples), bool)
        return np.logical_or.reduce([none, *(self.kinds[kind] for kind in wanted)])

    def of(self, feature_id: int) -> tuple[str, ...]:
        """The kinds that one feature is of."""
        return tuple(kind for kind in KINDS if self.kinds[kind][feature_id])


def _at_least(measured: np.ndarray, threshold: float) -> np.ndarray:
    return np.nan_to_num(measured, nan=-1.0) >= threshold


MEASURES = {
    "token_share": (DENSE, token_shares),
    "position_distance": (POSITION, position_distances),
    "special_share": (SPECIAL, special_shares),
    "length_auroc": (LENGTH, length_aurocs),
}


def hygiene(analysis: Analysis, settings: HygieneSettings | None = None) -> Hygiene:
    """The hygiene of an analysis's features; measured once and kept with it, whatever the thresholds."""
    settings = settings or HygieneSettings()
    decides = [analysis.content_hash, settings.fewest, settings.version]
    about, columns = kept_table(
        analysis, f"hygiene-{json_hash(decides)[:16]}", lambda: _measure(analysis, settings.fewest)
    )
    return Hygiene(
        settings=settings, unknown=about, samples=columns["samples"], **{name: columns[name] for name in MEASURES}
    )


def _measure(analysis: Analysis, fewest: int) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    rows = analysis.cursor().execute("SELECT samples FROM features ORDER BY feature_id").fetchnumpy()
    columns, unknown = {"samples": np.asarray(rows["samples"])}, {}
    for name, (kind, measure) in MEASURES.items():
        try:
            columns[name] = measure(analysis, fewest)
        except GamutError as error:  # an older analysis, or one without room for examples: the other kinds stand
            unknown[kind] = str(error)
            columns[name] = np.full(analysis.n_features, np.nan)
    return unknown, columns
