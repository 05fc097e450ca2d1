"""Labels from the user's own data: what stands at and before the tokens where a feature is active, and what it promotes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import numpy as np
import pyarrow as pa

from core.scores.labels.contexts import Contexts, Drawer, Drawn, DrawSettings
from core.scores.labels.corpus import MAKE, TEST, Corpus
from core.scores.labels.evidence import Evidence, Rates, codes_at, scores, weigh
from core.scores.labels.wording import quoted, worded
from core.store.analyses import Analysis

PROMOTED = 3  # promoted tokens named in a label
NOTHING = "nothing that its contexts have in common"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineSettings:
    """What decides offline labels beside the analysis [our choice]; `version` counts changes of how they are made.

    A piece of evidence must be in `least` active contexts, with a likelihood ratio of `telling` or more; the rate of the
    whole corpus weighs as much as `prior` silent contexts; `kept` pieces are the label, and what is scored by it.
    """

    draw: DrawSettings = field(default_factory=DrawSettings)
    least: int = 2
    telling: float = 6.0
    prior: float = 100.0
    kept: int = 24
    version: int = 2

    def as_dict(self) -> dict:
        return asdict(self)


@dataclass(frozen=True, eq=False)
class OfflineLabels:
    """Labels by feature: `texts`, the `phrases` of each piece of evidence, and the evidence itself."""

    features: np.ndarray
    texts: list[str]
    phrases: list[list[str]]
    evidence: dict[int, Evidence]

    def columns(self) -> dict[str, object]:
        """The columns of the table of labels."""
        own = [self.evidence[feature] for feature in self.features.tolist()]
        return {
            "feature_id": pa.array(self.features, pa.int32()),
            "text": pa.array(self.texts, pa.string()),
            "phrases": pa.array(self.phrases, pa.list_(pa.string())),
            "weights": pa.array([found.weights for found in own], pa.list_(pa.float32())),
            "support": pa.array([found.support for found in own], pa.list_(pa.int32())),
        }


class EvidenceScorer:
    """Scores places by the evidence of a feature's label: the log-odds of the strongest piece there, 0 for none."""

    def __init__(self, corpus: Corpus, evidence: dict[int, Evidence]) -> None:
        self._corpus = corpus
        self._sorted = {feature: _by_code(found) for feature, found in evidence.items()}

    def scores(self, owner: int, places: np.ndarray) -> np.ndarray:
        """How strongly the label of feature `owner` says that a feature is active at places of the corpus: float64."""
        return scores(contexts_at(self._corpus, places), *self._sorted[owner])


def _by_code(found: Evidence) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(found.codes)
    return found.codes[order], found.weights[order]


def contexts_at(corpus: Corpus, places: np.ndarray) -> np.ndarray:
    """The evidence at places of the corpus: int64 (n, WIDTH)."""
    return codes_at(places, corpus.ids, corpus.pointer[corpus.sample_of[places]], len(corpus.texts))


def make_offline(
    analysis: Analysis, corpus: Corpus, settings: OfflineSettings, *, progress: Callable[[int, int], None]
) -> tuple[OfflineLabels, Contexts]:
    """Labels of all live features from one half of the samples, and the contexts of the other half to test them on.

    `progress` is told features done and in all, and may raise to stop.
    """
    drawer, rates = Drawer(analysis, corpus, settings.draw), Rates(corpus)
    promoted = promoted_tokens(analysis, corpus.texts)
    features: list[int] = []
    texts: list[str] = []
    phrases: list[list[str]] = []
    evidence: dict[int, Evidence] = {}
    tests: list[Drawn] = []
    live = analysis.live_features
    for feature, drawn in drawer.features():
        progress(len(features), live)
        own = drawn[MAKE]
        alike = own.alike[own.alike >= 0]
        found = weigh(
            contexts_at(corpus, own.active), contexts_at(corpus, alike), rates,
            prior=settings.prior, least=settings.least, telling=settings.telling, kept=settings.kept,
        )  # fmt: skip
        text, said = worded(corpus, found, own.active)
        features.append(feature)
        texts.append(" · ".join(filter(None, [text or NOTHING, promoted.get(feature, "")])))
        phrases.append(said)
        evidence[feature] = found
        tests.append(drawn[TEST])
    made = OfflineLabels(np.array(features, np.int32), texts, phrases, evidence)
    return made, Contexts.of(made.features, tests, drawer.random[TEST])


def promoted_tokens(analysis: Analysis, texts: list[str]) -> dict[int, str]:
    """For each feature the tokens with words in them that its direction promotes most: promotes “ness”, “er”."""
    table = analysis.cursor().sql("SELECT feature_id, promoted FROM decoder ORDER BY feature_id").to_arrow_table()
    said = {}
    for feature, tokens in zip(table["feature_id"].to_pylist(), table["promoted"].to_pylist(), strict=True):
        words = [texts[token] for token in tokens if sum(map(str.isalpha, texts[token])) >= 2]
        if words:
            said[feature] = "promotes " + ", ".join(quoted(word) for word in words[:PROMOTED])
    return said
