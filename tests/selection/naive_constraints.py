"""Constraints straight from their definition, in Python sets and fractions: what the engine must equal."""

from __future__ import annotations

from fractions import Fraction

from core.selection.constraints import Constraints
from core.selection.known import NO_VALUE
from core.selection.pool import Pool
from core.selection.quotas import CAP, FLOOR, SHARE


def too_alike(one: set[int], other: set[int], cap: float) -> bool:
    both = len(one & other)
    return both > 0 and Fraction(both, len(one | other)) > Fraction(str(cap))


class Naive:
    """One walk along a whole ranking."""

    def __init__(self, rows: list[set[int]], pool: Pool, constraints: Constraints) -> None:
        self.rows, self.pool, self.constraints = rows, pool, constraints
        self.taken: list[int] = pool.pins.tolist()

    def group(self, column: str, row: int) -> str:
        grouping = self.pool.known.groups(column)
        return grouping.names[grouping.codes[row]]

    def limit(self, kind: str, column: str, name: str) -> int | None:
        own = [q for q in self.constraints.of_kind(kind) if q.column == column]
        exact = [q.amount for q in own if q.value == name]
        each = [q.amount for q in own if q.value is None and name != NO_VALUE]
        return (exact or each or [None])[0]

    def held(self, column: str, name: str) -> int:
        return sum(self.group(column, row) == name for row in self.taken)

    def may(self, row: int) -> bool:
        for column in {q.column for q in self.constraints.of_kind(CAP)}:
            name = self.group(column, row)
            cap = self.limit(CAP, column, name)
            if cap is not None and self.held(column, name) >= cap:
                return False
        alike = self.constraints.near_duplicates
        before = [*self.taken, *self.pool.base.tolist()]
        return alike is None or not any(too_alike(self.rows[row], self.rows[other], alike) for other in before)

    def wanted(self, row: int) -> bool:
        for column in {q.column for q in self.constraints.of_kind(FLOOR)}:
            name = self.group(column, row)
            floor = self.limit(FLOOR, column, name)
            if floor is not None and self.held(column, name) < floor:
                return True
        return False

    def walk(self, order: list[int]) -> list[int]:
        """The whole result; order: the method's ranking behind the pins."""
        for row in order:
            if self.wanted(row) and self.may(row):
                self.taken.append(row)
        left = [row for row in order if row not in self.taken]
        shares = self.constraints.of_kind(SHARE)
        if not shares:
            for row in left:
                if self.may(row):
                    self.taken.append(row)
            return self.taken
        weight = self.weights(shares[0].column)
        while left:
            claim = {row: self.claim(weight, shares[0].column, row) for row in left}
            allowed = [row for row in left if claim[row] > 0 and self.may(row)]
            if not allowed:
                return self.taken
            best = max(claim[row] for row in allowed)
            self.taken.append(next(row for row in allowed if claim[row] == best))
            left.remove(self.taken[-1])
        return self.taken

    def claim(self, weight: dict[str, Fraction], column: str, row: int) -> Fraction:
        name = self.group(column, row)
        return weight[name] / (2 * self.held(column, name) + 1)

    def weights(self, column: str) -> dict[str, Fraction]:
        grouping = self.pool.known.groups(column)
        there = [self.group(column, row) for row in [*self.pool.pins, *self.pool.candidates]]
        given = {q.value: Fraction(str(q.amount)) for q in self.constraints.of_kind(SHARE) if q.value is not None}
        others = [name for name in grouping.names if name not in given]
        total = sum(there.count(name) for name in others)
        rest = 1 - sum(given.values(), Fraction(0))
        return given | {name: rest * there.count(name) / total if total else Fraction(0) for name in others}
