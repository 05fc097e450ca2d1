"""bm25: the samples that say most of what a capability's samples say, by words alone.

Okapi BM25 (k1 = 1.2, b = 0.75) of a sample's tokens with the capability's tokens as the query.
Source: Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009; a control that looks into no model.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.scores.target_likeness import BM25
from core.selection.by_capability import CAPABILITIES, SHARES, rank_by_capabilities
from core.selection.method import CAPABILITY, CAPABILITY_SHARES, Method, option
from core.selection.pool import Pool
from core.selection.ranking import Ranking


@dataclass(frozen=True, kw_only=True)
class BM25Options:
    capabilities: str = option("", CAPABILITIES, label="Capabilities", names=CAPABILITY)
    shares: str = option("", SHARES, label="Shares of the capabilities", names=CAPABILITY_SHARES)


def rank(pool: Pool, options: BM25Options, *, upto: int | None = None) -> Ranking:
    """Pins, then the candidates by score, ties to the lowest sample id; several capabilities take turns."""
    return rank_by_capabilities(
        pool, lambda name: pool.known.likeness(name, BM25), capabilities=options.capabilities, shares=options.shares,
        method=METHOD.name, upto=upto,
    )  # fmt: skip


METHOD = Method(
    name="bm25",
    title="BM25",
    summary="The samples that say most of what the samples of a capability say: a control that looks into no model.",
    source="Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009",
    notes=(
        "[choice] Tokens of the model take the place of words; k1 = 1.2, b = 0.75.",
        "[choice] A query token weighs by its share of the capability, so common words of it count more.",
    ),
    options=BM25Options,
    rank=rank,
)
