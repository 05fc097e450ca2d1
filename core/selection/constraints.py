"""Constraints of a selection, the same for every method: who may be chosen, quotas by column, and how alike two rows may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from core.errors import GamutError
from core.selection.quotas import SHARE, Quota
from core.store.sample_filter import SampleFilter

EVERYBODY = SampleFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """What a selection must keep to.

    only: who may be chosen at all (lengths, floors of scores, languages, …); pins may always.
    quotas: caps, shares and floors on columns, in an order of their own: how they are typed changes nothing.
    near_duplicates: a row is passed over when the Jaccard index of its features with those of a chosen row (or of one
    of the base) is above this, 0 to 1; None: no such cap.
    """

    only: SampleFilter = EVERYBODY
    quotas: tuple[Quota, ...] = ()
    near_duplicates: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "quotas", tuple(sorted(self.quotas, key=_place)))
        if self.near_duplicates is not None and not 0 <= self.near_duplicates <= 1:
            raise GamutError(f"The cap on near-duplicates is {self.near_duplicates}; give a number from 0 to 1.")
        for (kind, column, value), times in Counter(_place(quota)[:3] for quota in self.quotas).items():
            if times > 1:
                whose = f"{column} = {value}" if value else f"each {column}"
                raise GamutError(f"There are {times} of the kind {kind} for {whose}; give one.")
        _check_shares([quota for quota in self.quotas if quota.kind == SHARE])

    def __bool__(self) -> bool:
        return self != NO_CONSTRAINTS

    @property
    def orders(self) -> bool:
        """Whether the ranking itself changes, not only who may be in it."""
        return bool(self.quotas) or self.near_duplicates is not None

    def of_kind(self, kind: str) -> tuple[Quota, ...]:
        """The quotas of one kind."""
        return tuple(quota for quota in self.quotas if quota.kind == kind)

    def as_dict(self) -> dict[str, Any]:
        """What is set, as plain values for JSON; `from_dict` is the way back."""
        said: dict[str, Any] = {"only": self.only.as_dict()} if self.only else {}
        if self.quotas:
            said["quotas"] = [quota.as_dict() for quota in self.quotas]
        return said | ({} if self.near_duplicates is None else {"near_duplicates": self.near_duplicates})

    @staticmethod
    def from_dict(values: dict[str, Any]) -> Constraints:
        """The constraints that `as_dict` wrote; `GamutError` where it cannot have."""
        try:
            given = dict(values)
            only = SampleFilter.from_dict(given.pop("only", {}))
            quotas = tuple(Quota(**quota) for quota in given.pop("quotas", ()))
            alike = given.pop("near_duplicates", None)
            return Constraints(
                only=only, quotas=quotas, near_duplicates=None if alike is None else float(alike), **given
            )
        except (TypeError, ValueError, AttributeError, KeyError, OverflowError, RecursionError):
            raise GamutError(f"These are no constraints: {str(values)[:200]}; make them anew.") from None

    def words(self) -> tuple[str, ...]:
        """Each constraint in words."""
        said = [f"only {self.only.words()}"] if self.only else []
        said += [quota.words() for quota in self.quotas]
        return (*said, *([] if self.near_duplicates is None else [alike_words(self.near_duplicates)]))


def alike_words(cap: float) -> str:
    """The cap on near-duplicates in words."""
    return f"no two rows with more than {cap:g} of their features alike"


def _place(quota: Quota) -> tuple[str, str, str]:
    return quota.kind, quota.column, quota.value or ""


def _check_shares(shares: Sequence[Quota]) -> None:
    """Shares follow one column: those of two would have to hold for every pair of values."""
    columns = list(dict.fromkeys(quota.column for quota in shares))
    if len(columns) > 1:
        raise GamutError(f"There are shares of {' and of '.join(columns)}; shares can follow one column only.")
    if any(quota.value is None for quota in shares) and len(shares) > 1:
        raise GamutError(f"{columns[0]} is to be as in the pool and has shares of its own; give one of the two.")
    total = sum(Fraction(str(quota.amount)) for quota in shares if quota.amount is not None)
    if total > 1:
        raise GamutError(f"The shares of {columns[0]} sum to {float(total):g}; let them sum to 1 at most.")


NO_CONSTRAINTS = Constraints()
