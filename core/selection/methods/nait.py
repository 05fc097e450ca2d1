"""nait: the samples whose neurons point furthest along the directions of one or several capabilities.

score_C(y) = Σ_l A_l(y) · v_l, best first; several capabilities take turns, each its best sample not taken yet.
Source: NAIT, arXiv 2603.13201.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import GamutError
from core.scores.alignment import POOLINGS, AlignmentSettings
from core.scores.capability import SITES
from core.selection.method import CAPABILITY, Method, option
from core.selection.pool import Pool
from core.selection.ranking import Ranking, in_turn, ranking_along

CAPABILITIES = "names of learned capabilities, with commas: they take turns"
SITE_WORDS = ("neurons of the MLPs", "residual stream after each block")
POOLING_WORDS = ("mean of all", "the last one", "the last less the first")
LAYER_Z = "every layer on one scale, so that late layers do not decide alone"
LENGTH_Z = "compare a sample with others of like length only"


@dataclass(frozen=True, kw_only=True)
class NaitOptions:
    capabilities: str = option("", CAPABILITIES, label="Capabilities", names=CAPABILITY)
    site: str = option(
        "mlp", "mlp: neurons; residual: the stream after each block", label="Read at", choices=SITES, words=SITE_WORDS
    )
    pooling: str = option(
        "mean", "of a sample's tokens: their mean, or of the residual also last and delta", label="Tokens read",
        choices=POOLINGS, words=POOLING_WORDS,
    )  # fmt: skip
    layer_z: bool = option(False, LAYER_Z, label="Put every layer on one scale")
    length_z: bool = option(False, LENGTH_Z, label="Compare only samples of like length")


def rank(pool: Pool, options: NaitOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then the candidates by score, ties to the lowest sample id; several capabilities take turns."""
    settings = AlignmentSettings(
        site=options.site, pooling=options.pooling, layer_z=options.layer_z, length_z=options.length_z
    )
    return ranking_along(pool, in_turn(named_orders(pool, options.capabilities, settings, method=METHOD.name)), upto)


def named_orders(pool: Pool, capabilities: str, settings: AlignmentSettings, *, method: str) -> list[np.ndarray]:
    """The candidates' order under each capability named, with commas; `GamutError` where none is."""
    return [
        best_first(pool, pool.known.alignment(name, settings)) for name in capability_names(capabilities, method=method)
    ]


def capability_names(said: str, *, method: str) -> list[str]:
    """The names in an option, each once; `GamutError` where there is none."""
    names = list(dict.fromkeys(name.strip() for name in said.split(",") if name.strip()))
    if not names:
        raise GamutError(
            f"Method “{method}” needs a capability: learn one with `capability learn` and name it in the option capabilities."
        )
    return names


def best_first(pool: Pool, score: np.ndarray) -> np.ndarray:
    """The candidates by descending score float (n), ties to the lowest sample id: int32."""
    return pool.candidates[np.argsort(-score[pool.candidates], kind="stable")]


METHOD = Method(
    name="nait",
    title="NAIT",
    summary="The samples whose neurons point furthest along the directions learned from a few samples of a capability.",
    source="Neuron-Aware Data Selection in Instruction Tuning, arXiv 2603.13201",
    notes=(
        "[paper] Directions: first principal component of the change from the first to the last token, layer by layer; score: "
        "sum over layers of the projections.",
        "[choice] Neurons are MLP activations after the non-linearity, averaged over a sample's tokens without position 0; the "
        "paper's own tensor is not known.",
        "[choice] Signs are those of the token means, position 0 left out.",
        "[choice] Several capabilities take turns, skipping what is taken.",
        "[choice] Finding rows of one's own kind is a floor, not evidence that training on them helps; in the tests of arXiv "
        "2602.14696 only gradient similarity predicted results consistently.",
    ),
    options=NaitOptions,
    rank=rank,
)
