"""Quotas: how many rows of a column's value may, must or shall be chosen, as one plain value each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import GamutError

CAP, SHARE, FLOOR = "cap", "share", "floor"
MOST_ROWS = 10**18  # more than any column of counts holds
FORMS = {
    CAP: "COLUMN=VALUE:ROWS, or COLUMN:ROWS for each value",
    SHARE: "COLUMN for the shares of the pool, or COLUMN=VALUE:SHARE with a share from 0 to 1",
    FLOOR: "COLUMN=VALUE:ROWS, or COLUMN:ROWS for each value",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """One quota on the values of a column.

    kind: "cap", at most `amount` rows; "floor", at least `amount` rows; "share", that part of the selection, 0 to 1.
    value: None for each value of the column; a share of each value is its share of the pool, without an amount.
    """

    kind: str
    column: str
    value: str | None = None
    amount: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in FORMS:
            raise GamutError(f"There is no quota of the kind {self.kind!r}; use one of {', '.join(FORMS)}.")
        if not self.column:
            raise GamutError(f"A {self.kind} names no column; write it as {FORMS[self.kind]}.")
        object.__setattr__(self, "amount", _amount(self))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, less what is not set."""
        said = {name: getattr(self, name) for name in ("kind", "column", "value", "amount")}
        return {name: value for name, value in said.items() if value is not None}

    def words(self) -> str:
        """at most 100 rows of source = web."""
        whose = f"each {self.column}" if self.value is None else f"{self.column} = {self.value}"
        if self.kind == SHARE:
            return f"{self.column} as in the pool" if self.amount is None else f"{self.amount:.4g} of {whose}"
        return f"at {'most' if self.kind == CAP else 'least'} {self.amount} {'row' if self.amount == 1 else 'rows'} of {whose}"

    def text(self) -> str:
        """The quota as the command line takes it; `read_quota` is the way back where no name holds a mark of its own."""
        whose = self.column if self.value is None else f"{self.column}={self.value}"
        return whose if self.amount is None else f"{whose}:{self.amount}"


def read_quota(kind: str, text: str) -> Quota:
    """A quota as typed: source=web:100, source:100, and for shares source or source=web:0.3."""
    if kind == SHARE and "=" not in text:
        return Quota(kind=kind, column=text.strip())
    whose, colon, amount = text.rpartition(":")
    column, equals, value = whose.partition("=")
    try:
        number = float(amount) if kind == SHARE else int(amount)
    except ValueError:
        colon = ""
    if not colon:
        raise GamutError(f"The {kind} {text!r} is not of the form {FORMS[kind]}.")
    return Quota(kind=kind, column=column.strip(), value=value if equals else None, amount=number)


def _amount(quota: Quota) -> float | None:
    said, kind = quota.amount, quota.kind
    if kind == SHARE and quota.value is None:
        if said is not None:
            raise GamutError(f"A share of each {quota.column} is that of the pool; give a number with one value only.")
        return None
    if isinstance(said, bool) or not isinstance(said, (int, float)):
        raise GamutError(f"A {kind} of {quota.column} has no number; write it as {FORMS[kind]}.")
    if kind == SHARE:
        if not 0 <= said <= 1:
            raise GamutError(f"The share of {quota.column} = {quota.value} is {said}; give a number from 0 to 1.")
        return float(said)
    least = 1 if kind == FLOOR else 0
    if not least <= said < MOST_ROWS or said != int(said):
        raise GamutError(
            f"The {kind} of {quota.column} is {said} rows; give a whole number from {least} upwards, of at most 18 digits."
        )
    return int(said)
