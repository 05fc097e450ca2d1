"""What trainers do with rows that are long or have nothing to train on: cut, dropped, kept.

The rules are those of TRL 1.16 (`SFTTrainer._prepare_dataset`), LLaMA-Factory 0.9.5 (`SupervisedDatasetProcessor`,
`infer_seqlen`) and axolotl 0.19 (`excess_length_strategy: drop`, `drop_no_trainable_tokens`) at their defaults. A row is
given by the lengths of its runs of tokens: not trained on, trained on, and so on in turn.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil

SHORTEST = 2  # tokens: axolotl drops what is shorter


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left of a row: its tokens, those trained on, whether it was cut, and why it is dropped ("" where it is not)."""

    tokens: int
    trained: int
    cut: bool
    dropped: str = ""


TOO_LONG, NOTHING, INVALID, TOO_SHORT = (
    "longer than the cutoff",
    "nothing to train on",
    "turns do not alternate",
    "too short",
)


def by_trl(runs: Sequence[int], alternates: bool, cutoff: int) -> Kept:
    """Cut at the end; a row of which nothing trained on is left is dropped."""
    total, trained = sum(runs), _trained_before(runs, cutoff)
    kept = Kept(min(total, cutoff), trained, total > cutoff)
    return kept if trained else Kept(0, 0, total > cutoff, NOTHING)


def by_axolotl(runs: Sequence[int], alternates: bool, cutoff: int) -> Kept:
    """A longer row is dropped, and so is one with nothing to train on."""
    total, trained = sum(runs), sum(runs[1::2])
    if total > cutoff:
        return Kept(0, 0, False, TOO_LONG)
    if total < SHORTEST:
        return Kept(0, 0, False, TOO_SHORT)
    return Kept(total, trained, False) if trained else Kept(0, 0, False, NOTHING)


def by_llama_factory(runs: Sequence[int], alternates: bool, cutoff: int) -> Kept:
    """Question and answer of each exchange are cut in proportion; exchanges beyond the cutoff and odd rows are dropped."""
    if not alternates:
        return Kept(0, 0, False, INVALID)
    tokens = trained = 0
    for place in range(0, len(runs), 2):
        if tokens >= cutoff:
            break
        source, target = runs[place], runs[place + 1] if place + 1 < len(runs) else 0
        source, target = infer_lengths(source, target, cutoff - tokens)
        tokens, trained = tokens + source + target, trained + target
    return Kept(tokens, trained, tokens < sum(runs))


def infer_lengths(source: int, target: int, cutoff: int) -> tuple[int, int]:
    """The lengths that LLaMA-Factory leaves of a question and its answer."""
    if target * 2 < cutoff:
        most = cutoff
    elif source * 2 < cutoff:
        most = cutoff - source
    else:
        most = int(cutoff * (target / (source + target)))
    said = min(most, target)
    return min(max(cutoff - said, 0), source), said


def _trained_before(runs: Sequence[int], cutoff: int) -> int:
    at = trained = 0
    for place, length in enumerate(runs):
        here = min(length, max(0, cutoff - at))
        trained += here if place % 2 else 0
        at += length
    return trained


RULES: dict[str, Callable[[Sequence[int], bool, int], Kept]] = {
    "trl": by_trl,
    "llama-factory": by_llama_factory,
    "axolotl": by_axolotl,
}


def left_of(runs: Sequence[int], alternates: bool, *, trainer: str, cutoff: int) -> list[bool]:
    """Which tokens of a row a trainer keeps; none of a row that it drops."""
    total = sum(runs)
    if RULES[trainer](runs, alternates, cutoff).dropped:
        return [False] * total
    if trainer != "llama-factory":
        return [place < cutoff for place in range(total)]
    left: list[bool] = []
    for place in range(0, len(runs), 2):
        source, target = runs[place], runs[place + 1] if place + 1 < len(runs) else 0
        room = max(0, cutoff - sum(left))
        asked, said = infer_lengths(source, target, room) if room else (0, 0)
        left += [n < asked for n in range(source)] + [n < said for n in range(target)]
    return left


def treated_by(trainer: str) -> tuple[str, ...]:
    """The trainers that a template speaks for: the one whose template it is, all of them where it is the tokenizer's own ("")."""
    return (trainer,) if trainer else tuple(RULES)


@dataclass(frozen=True, slots=True)
class Treatment:
    """What becomes of all rows under one trainer.

    `cut` counts kept rows that lost tokens, `dropped` rows by reason, `silent` kept rows without a trained token. `sequences`
    are what a step counts: rows, or packed sequences.
    """

    trainer: str
    rows: int
    cut: int
    dropped: dict[str, int]
    silent: int
    tokens: int
    trained: int
    sequences: int

    def steps(self, *, batch: int, epochs: float) -> int:
        """Optimiser steps for so many sequences a step."""
        return ceil(ceil(self.sequences / batch) * epochs)


def treat(rows: Iterable[tuple[Sequence[int], bool]], *, trainer: str, cutoff: int, packing: bool = False) -> Treatment:
    """What one trainer makes of all rows, each its runs and whether its turns alternate."""
    rule, dropped, kept = RULES[trainer], dict[str, int](), list[Kept]()
    for runs, alternates in rows:
        left = rule(runs, alternates, cutoff)
        if left.dropped:
            dropped[left.dropped] = dropped.get(left.dropped, 0) + 1
        else:
            kept.append(left)
    lengths = [left.tokens for left in kept]
    return Treatment(
        trainer=trainer, rows=len(kept), cut=sum(left.cut for left in kept), dropped=dropped,
        silent=sum(not left.trained for left in kept), tokens=sum(lengths), trained=sum(left.trained for left in kept),
        sequences=packed(lengths, cutoff) if packing else len(kept),
    )  # fmt: skip


def packed(lengths: Iterable[int], cutoff: int) -> int:
    """Sequences of at most `cutoff` tokens that hold all rows by best-fit decreasing, as TRL packs; others come close to it."""
    free: list[int] = []  # room left in each sequence, ascending
    for length in sorted(lengths, reverse=True):
        place = bisect_left(free, length)
        room = free.pop(place) if place < len(free) else cutoff
        insort(free, room - length)
    return len(free)
