"""A method's ranking under constraints: floors first, then by share or in order, caps and near-duplicates passed over.

The one ranking of the method is filtered, whatever the method: pins lead and count; then the rows that floors want, in
order; then the rest, in order or by turns (Sainte-Laguë). So the first k of the result are the selection of size k for
every k from the last floor row on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from core.errors import GamutError
from core.selection.alike import likeness
from core.selection.constraints import Constraints, alike_words
from core.selection.known import NO_VALUE, Grouping
from core.selection.pool import Pool
from core.selection.quotas import CAP, FLOOR, SHARE, Quota
from core.selection.ranking import Ranking, gains_in_rounds
from core.selection.shares import weights
from core.selection.walk import ALIKE, BOUNDLESS, FREE, NO_SHARE, Book, fill_by_share, fill_floors, fill_in_order, take

MORE = 4  # times as long as before is the ranking asked for when too many rows were passed over

RankUpTo = Callable[[int], Ranking]


def ranked_within(pool: Pool, constraints: Constraints, rank: RankUpTo, *, upto: int | None = None) -> Ranking:
    """The ranking under constraints, `upto` long or as long as they allow; `rank(k)` gives the method's first k.

    Raises `GamutError` naming the constraint that cannot be met. Shares and floors need the whole ranking of the method.
    """
    end = pool.available if upto is None else min(upto, pool.available)
    rules = _Rules(pool, constraints)
    asked = pool.available if rules.needs_everything else end
    while True:
        ranking = rank(asked)
        held = rules.along(ranking, end)
        if len(held) >= end or len(ranking) >= pool.available:
            return held
        asked = min(MORE * max(asked, 1), pool.available)


class _Rules:
    """The constraints as they apply to one pool."""

    def __init__(self, pool: Pool, constraints: Constraints) -> None:
        self.pool, self.constraints = pool, constraints
        quotas = [*constraints.of_kind(CAP), *constraints.of_kind(FLOOR)]
        self.columns = list(dict.fromkeys(quota.column for quota in quotas))
        self.groupings = {column: pool.known.groups(column) for column in self.columns}
        widest = max((len(grouping.names) for grouping in self.groupings.values()), default=0)
        self.room = np.full((len(self.columns), widest), BOUNDLESS, np.int64)
        self.wanted = np.zeros((len(self.columns), widest), np.int64)
        for quota, column, groups in self._resolved(quotas):
            (self.room if quota.kind == CAP else self.wanted)[column, groups] = int(quota.amount or 0)
        self.group, self.weight = self._shares()
        self._refuse_impossible()

    @property
    def needs_everything(self) -> bool:
        """Whether the end of the method's ranking may decide its beginning here."""
        return bool(self.constraints.of_kind(FLOOR) or self.constraints.of_kind(SHARE))

    def _resolved(self, quotas: list[Quota]) -> Iterator[tuple[Quota, int, list[int]]]:
        """Each quota with its column and the groups that it is about; what is said of one value wins over "each"."""
        for quota in sorted(quotas, key=lambda quota: quota.value is not None):
            names = self.groupings[quota.column].names
            if quota.value is None:
                groups = [k for k, name in enumerate(names) if name != NO_VALUE]
            else:
                groups = [_place(self.groupings[quota.column], quota)]
            yield quota, self.columns.index(quota.column), groups

    def _shares(self) -> tuple[np.ndarray, np.ndarray]:
        shares = self.constraints.of_kind(SHARE)
        if not shares:
            return np.zeros(self.pool.n_samples, np.int32), np.ones(1)
        grouping = self.pool.known.groups(shares[0].column)
        given = {_place(grouping, quota): quota.amount for quota in shares if quota.amount is not None}
        rows = np.bincount(grouping.codes[self._may_be()], minlength=len(grouping.names))
        return np.ascontiguousarray(grouping.codes, np.int32), weights(rows, given, column=shares[0].column)

    def _may_be(self) -> np.ndarray:
        """The ids that may be chosen at all, pins among them."""
        return np.concatenate([self.pool.pins, self.pool.candidates])

    def _refuse_impossible(self) -> None:
        for c, column in enumerate(self.columns):
            grouping = self.groupings[column]
            there = np.bincount(grouping.codes[self._may_be()], minlength=self.room.shape[1])
            pinned = np.bincount(grouping.codes[self.pool.pins], minlength=self.room.shape[1])
            for k, name in enumerate(grouping.names):
                _refuse_group(
                    f"{column} = {name}",
                    cap=int(self.room[c, k]),
                    floor=int(self.wanted[c, k]),
                    there=int(there[k]),
                    pinned=int(pinned[k]),
                )

    def along(self, ranking: Ranking, end: int) -> Ranking:
        """What the constraints make of a ranking of the method: `end` long or as long as they allow."""
        pool, book = self.pool, self._book()
        like = likeness(pool.features, self.constraints.near_duplicates)
        order = np.ascontiguousarray(ranking.sample_ids[ranking.pinned :], np.int32)
        out = np.empty(len(pool.pins) + len(order), np.int32)
        pinned = len(pool.pins)
        out[:pinned] = pool.pins
        _hold_base(pool, like)
        for pin in pool.pins:
            take(book, like, pin)
        floor = fill_floors(book, like, order, out, pinned, len(out))
        fill = fill_by_share if self.constraints.of_kind(SHARE) else fill_in_order
        stop = fill(book, like, order, out, floor, max(end, floor))
        if len(ranking) >= pool.available:
            self._refuse_unmet(book)
        ids = out[: min(stop, end)]
        rounds = _rounds(ranking, ids)
        return Ranking(
            ids, gains_in_rounds(pool.features, ids, rounds, base=pool.base), rounds, min(pinned, len(ids)), pool.base,
            floor=floor - pinned, left_out=self._left_out(book, order),
            complete=len(ranking) >= pool.available and not (book.fate[order] == FREE).any() and len(ids) == stop,
        )  # fmt: skip

    def _book(self) -> Book:
        n = self.pool.n_samples
        codes = np.empty((len(self.columns), n), np.int32)
        for c, column in enumerate(self.columns):
            codes[c] = self.groupings[column].codes
        seats = np.zeros(len(self.weight), np.int64)
        return Book(codes, self.room.copy(), self.wanted.copy(), self.group, self.weight, seats, np.zeros(n, np.int32))

    def _refuse_unmet(self, book: Book) -> None:
        """Floors that no row fits any more, because a cap or the one on near-duplicates keeps them out."""
        for c, column in enumerate(self.columns):
            for k in np.flatnonzero(book.wanted[c] > 0)[:1]:
                floor, name = int(self.wanted[c, k]), self.groupings[column].names[k]
                others = ", ".join(words for words in self.constraints.words() if not words.startswith("at least"))
                raise GamutError(
                    f"At least {floor} rows of {column} = {name} are wanted, but in the order of the ranking only "
                    f"{floor - int(book.wanted[c, k])} fit the other constraints ({others}); lower the floor or loosen them."
                )

    def _left_out(self, book: Book, order: np.ndarray) -> tuple[tuple[str, int], ...]:
        """What passed over how many rows of the ranking, in words, most first."""
        fate, found = book.fate[order], []
        for c, column in enumerate(self.columns):
            codes = self.groupings[column].codes[order[fate == 1 + c]]
            for k, rows in enumerate(np.bincount(codes).tolist()):
                if rows:
                    cap = Quota(
                        kind=CAP, column=column, value=self.groupings[column].names[k], amount=int(self.room[c, k])
                    )
                    found.append((cap.words(), rows))
        if self.constraints.near_duplicates is not None:
            found.append((alike_words(self.constraints.near_duplicates), int(np.count_nonzero(fate == ALIKE))))
        if none := int(np.count_nonzero(fate == NO_SHARE)):
            found.append((f"no share of {self.constraints.of_kind(SHARE)[0].column} is for them", none))
        return tuple(sorted(((words, rows) for words, rows in found if rows), key=lambda pair: -pair[1]))


def _place(grouping: Grouping, quota: Quota) -> int:
    grouping.members(quota.value or "", column=quota.column)  # refuses a name that no group has
    return grouping.names.index(quota.value or "")


def _hold_base(pool: Pool, like) -> None:
    from core.selection.alike import hold

    for row in pool.base:
        hold(like, row)


def _rounds(ranking: Ranking, ids: np.ndarray) -> np.ndarray:
    """The round of each pick in the ranking of the method."""
    place = np.empty(int(ranking.sample_ids.max(initial=0)) + 1, np.int64)
    place[ranking.sample_ids] = np.arange(len(ranking))
    return ranking.rounds[place[ids]].astype(np.int32)


def _refuse_group(whose: str, *, cap: int, floor: int, there: int, pinned: int) -> None:
    if pinned > cap:
        raise GamutError(
            f"{pinned} pinned samples have {whose}, but at most {cap} may be chosen; raise the cap to {pinned} or take "
            "pins back."
        )
    if floor > there:
        raise GamutError(
            f"At least {floor} rows of {whose} are wanted, but {there} can be chosen after bans and filters; lower the "
            f"floor to {there}."
        )
    if floor > cap:
        raise GamutError(
            f"At least {floor} and at most {cap} rows of {whose} are wanted; lower the floor or raise the cap."
        )
