"""mixture: several methods take turns, each for its share of the selection.

parts m₁:w₁, m₂:w₂, …; next is the part with the largest w / (2s + 1), s being its picks so far, of equal ones the first
named; it gives its best sample that no part gave before. Samples that are pinned count for no part.
Source: our choice; turns by Sainte-Laguë, so that a larger selection only adds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from core.errors import GamutError
from core.selection.method import Method, option, parse_options
from core.selection.pool import Pool
from core.selection.ranking import Ranking, ranking_along
from core.selection.shares import by_turns

PART = re.compile(r"\s*(?P<method>[^\s():,;]+)\s*(\((?P<options>[^()]*)\))?\s*:\s*(?P<share>[0-9.]+)\s*")
FORM = "method:share or method(option=value; option=value):share, with commas between parts"


@dataclass(frozen=True, kw_only=True)
class MixtureOptions:
    parts: str = option(
        "sae-greedy:0.5,longest:0.5",
        "Methods with their shares, as sae-greedy:0.7,longest:0.3; options in brackets: "
        "score(column=quality; order=descending):0.3.",
        label="Methods and their shares",
    )


@dataclass(frozen=True, slots=True)
class Part:
    """One method of a mixture with its options and its share, in proportion to the others."""

    method: Method
    options: Any
    share: Fraction


def parts_of(said: str) -> list[Part]:
    """The parts as typed; `GamutError` for what is not of the form."""
    found = [_part(text) for text in _split(said)]
    if not any(part.share for part in found):
        raise GamutError("Every share of the mixture is 0; give one part a share above 0.")
    return found


def rank(pool: Pool, options: MixtureOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then the parts by turns."""
    parts = parts_of(options.parts)
    end = pool.available if upto is None else min(upto, pool.available)
    rankings = [part.method.rank(pool, part.options, upto=end) for part in parts]
    orders = [ranking.sample_ids[ranking.pinned :].tolist() for ranking in rankings]
    merged = by_turns(orders, [part.share for part in parts], upto=max(0, end - len(pool.pins)))
    return ranking_along(pool, np.array(merged, np.int32), upto)


def _split(said: str) -> list[str]:
    """At the commas outside brackets."""
    return re.split(r",(?![^(]*\))", said)


def _part(text: str) -> Part:
    from core.selection.methods.registry import find  # here, because the registry knows this method

    found = PART.fullmatch(text)
    if found is None:
        raise GamutError(f"{text.strip()!r} is no part of a mixture; write {FORM}.")
    method = find(found["method"])
    if method.name == METHOD.name:
        raise GamutError("A mixture cannot be a part of a mixture; name its parts here.")
    if not method.prefix:
        raise GamutError(f"“{method.name}” cannot be a part of a mixture: its order depends on the budget.")
    return Part(method, parse_options(method, dict(_options(found["options"] or ""))), _share(found["share"]))


def _options(said: str) -> list[tuple[str, str]]:
    given = [piece.partition("=") for piece in said.split(";") if piece.strip()]
    if stray := [key for key, equals, _ in given if not equals]:
        raise GamutError(f"The option {stray[0].strip()!r} in a mixture has no value; write {FORM}.")
    return [(key.strip(), value.strip()) for key, _, value in given]


def _share(text: str) -> Fraction:
    try:
        return Fraction(text)
    except ValueError:
        raise GamutError(f"{text!r} is no share; write {FORM}.") from None


METHOD = Method(
    name="mixture",
    title="Mixture by share",
    summary="Several methods take turns, each for its share of the selection.",
    source="Our choice; turns by Sainte-Laguë",
    notes=(
        "[choice] A sample that another part gave already is skipped, and the part gives its next one.",
        "[choice] Equal claims go to the part named first; pinned samples count for no part.",
    ),
    options=MixtureOptions,
    rank=rank,
    whole_upto=10_000,  # a part may be slow
)
