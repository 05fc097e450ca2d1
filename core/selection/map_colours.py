"""What a map can be coloured by: anything that is known of a sample, as groups or as a number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import GamutError
from core.scores.alignment import AlignmentSettings
from core.scores.capability import capability_names
from core.scores.diversity import complexity, novelty, token_richness
from core.scores.feature_sets import FeatureSets
from core.scores.rarefied import first_size
from core.scores.redundancy_search import Redundancy
from core.scores.response_loss import NAME as LOSS
from core.scores.response_loss import kept_loss, loss_there
from core.scores.spectrum import Bounds, spectrum
from core.selection.facets import BUILT_IN, FLAGS, categories, scores
from core.selection.known import Known
from core.selection.known_analysis import of_every
from core.selection.ranking import Ranking
from core.selection.two_sets import scored_tokens
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.pools import members_of

CHOSEN, FEATURE, PLAIN = "chosen", "feature", "plain"
GROUP, SCORE, CAPABILITY = "group:", "score:", "capability:"
TOKENS, RESPONSE, RICHNESS, GAIN, ROUND = "tokens", "response", "richness", "gain", "round"
RAREFIED = "rarefied"  # richness in as many tokens as most samples have
NOVELTY, OVERLAP = "novelty", "overlap"
BUILT = "built:"  # and one of `core.scores.complexity.MEASURES`
MOST = 9  # groups with a colour of their own; the others are one
OTHERS, NOT_RANKED = "all others", "not ranked"
NUMBERS = {
    TOKENS: ("scored tokens", "tokens"), RESPONSE: ("tokens of the answers", "tokens"), RICHNESS: ("active features", "features"),
    RAREFIED: ("rarefied richness", "features"), NOVELTY: ("novelty (share of rare)", "%"),
    OVERLAP: ("redundancy (overlap)", "Jaccard"),
    GAIN: ("gain under the current ranking", "new features"), ROUND: ("round of the current ranking", ""),
}  # fmt: skip
STRUCTURE = {
    "words_a_sentence": "words a sentence", "clauses_a_sentence": "clauses a sentence", "code_lines": "lines of code",
    "nesting": "nesting of code",
}  # fmt: skip
SKEWED = (TOKENS, RESPONSE, RICHNESS, GAIN, *(BUILT + name for name in STRUCTURE))  # drawn on a logarithmic scale


@dataclass(frozen=True, eq=False)
class Colouring:
    """What colours each sample: groups (`codes` int32 (n) into `names`, −1 for none), or else `values`, float64 (n), NaN
    where nothing is known; `unit` of the values, `skewed` where a logarithmic scale reads better."""

    title: str
    codes: np.ndarray | None = None
    names: tuple[str, ...] = ()
    values: np.ndarray | None = None
    unit: str = ""
    skewed: bool = False


def colour_choices(analysis: Analysis, dataset: Dataset) -> dict[str, str]:
    """What a map of this analysis can be coloured by, and its title; the first is what it opens with."""
    source = ["source"] if members_of(dataset) else []
    groups = dict.fromkeys(
        [*source, *categories(dataset), *(of_every(name, dataset) for name in (*BUILT_IN, FLAGS, "duplicate"))]
    )
    found = {GROUP + name: name for name in groups}
    found |= {CHOSEN: "chosen or not", FEATURE: "one feature"}
    found |= {key: title for key, (title, _) in NUMBERS.items()}
    found |= {BUILT + name: title for name, title in STRUCTURE.items()}
    found |= {LOSS: LOSS} if loss_there(analysis) else {}
    found |= {SCORE + name: name for name in scores(dataset)}
    found |= {CAPABILITY + name: f"alignment with {name}" for name in capability_names(dataset.workspace)}
    return found | {PLAIN: "nothing"}


def colouring(
    wanted: str,
    *,
    analysis: Analysis,
    dataset: Dataset,
    known: Known,
    features: FeatureSets,
    bounds: Bounds,
    ranking: Ranking | None = None,
    redundancy: Redundancy | None = None,
    span: str = "conversation",
) -> Colouring:
    """A colouring by its name in `colour_choices`, other than by chosen or one feature; `span` as for `analysis.activations`.

    `bounds` say which features are rare. `GamutError` for a name that is none.
    """
    if wanted.startswith(GROUP):
        name = wanted.removeprefix(GROUP)
        groups = known.groups(name)
        codes, names = largest(groups.codes, groups.names)
        return Colouring(name, codes=codes, names=names)
    if wanted.startswith(SCORE):
        return Colouring(wanted.removeprefix(SCORE), values=known.score(wanted.removeprefix(SCORE)))
    if wanted.startswith(CAPABILITY):
        name = wanted.removeprefix(CAPABILITY)
        return Colouring(f"alignment with {name}", values=known.alignment(name, AlignmentSettings()))
    if wanted == RAREFIED:
        return _rarefied(analysis, span)
    if wanted == LOSS and (loss := kept_loss(analysis)) is not None:
        return Colouring(LOSS, values=loss.astype(np.float64), unit="nats a token")
    if (name := wanted.removeprefix(BUILT)) in STRUCTURE:
        values = complexity(analysis, dataset)[name].astype(np.float64)
        return Colouring(STRUCTURE[name], values=values, skewed=wanted in SKEWED)
    if wanted == NOVELTY:
        values = 100 * novelty(features, spectrum(features, bounds).rare)
        return Colouring(NUMBERS[NOVELTY][0], values=values, unit=NUMBERS[NOVELTY][1])
    if wanted == OVERLAP:
        return Colouring(NUMBERS[OVERLAP][0], values=_overlaps(redundancy), unit=NUMBERS[OVERLAP][1])
    if wanted in NUMBERS:
        title, unit = NUMBERS[wanted]
        values = _numbers(wanted, analysis, features, ranking)
        return Colouring(title, values=values, unit=unit, skewed=wanted in SKEWED)
    raise GamutError(f"A map cannot be coloured by {wanted[:60]!r}; choose something else.")


def by_feature(analysis: Analysis, features: FeatureSets, feature_id: int, *, span: str) -> np.ndarray:
    """How strong a feature is at most in each sample that it is active in, NaN elsewhere: float64 (n)."""
    values = np.full(analysis.n_samples, np.nan)
    has = np.repeat(np.arange(features.n_samples), features.richness)[features.indices == feature_id]
    active = np.zeros(analysis.n_samples, bool)
    active[has] = True
    for sample_id, strength, _ in analysis.strongest_of(feature_id, limit=None, span=span):
        if active[sample_id]:
            values[sample_id] = strength
    return values


def largest(codes: np.ndarray, names: tuple[str, ...], most: int = MOST) -> tuple[np.ndarray, tuple[str, ...]]:
    """The largest groups by themselves, largest first (ties to the first name), the others as one group at the end."""
    sizes = np.bincount(codes, minlength=len(names))
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 0]
    kept = order if len(order) <= most + 1 else order[:most]
    place = np.full(len(names), len(kept), np.int32)
    place[kept] = np.arange(len(kept))
    rest = (f"{OTHERS} ({len(order) - len(kept)})",) if len(order) > len(kept) else ()
    return place[codes], (*(names[at] for at in kept), *rest)


def _overlaps(found: Redundancy | None) -> np.ndarray:
    """MinHash tells nothing of overlaps under its floor."""
    if found is None:
        raise GamutError("These samples have not been compared with each other yet: Diversity, Redundancy does it.")
    return np.where(found.exact | (found.nearest >= 0), found.overlap, np.nan)


def _rarefied(analysis: Analysis, span: str) -> Colouring:
    """How many features a sample would show in as many tokens as most samples have, at θ = 0; not known of shorter ones."""
    tokens = scored_tokens(analysis, span)
    size = first_size(tokens)
    values = token_richness(analysis, span=span, scored_tokens=tokens).at(size).astype(np.float64)
    return Colouring(f"features in {size} tokens", values=values, unit="features")


def _numbers(wanted: str, analysis: Analysis, features: FeatureSets, ranking: Ranking | None) -> np.ndarray:
    counts = analysis.counts
    if wanted == TOKENS:
        return counts.scored_tokens.astype(np.float64)
    if wanted == RESPONSE:
        return counts.response_tokens.astype(np.float64)
    if wanted == RICHNESS:
        return features.richness.astype(np.float64)
    if ranking is None:
        raise GamutError("There is no ranking of these samples yet: Budget says what it lacks.")
    values = np.full(analysis.n_samples, np.nan)
    values[ranking.sample_ids] = ranking.gains if wanted == GAIN else ranking.rounds
    return values
