"""What was mended of a data set while it was read: every rule with the number of its records and the first places."""

from __future__ import annotations

from dataclasses import dataclass

PLACES = 5  # kept of each rule for showing; all are in the table


@dataclass(frozen=True, slots=True)
class RepairRule:
    """A rule of repair: how many records it was applied to, and the first of them as (file, line)."""

    rule: str
    records: int
    first: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Repair:
    """One record that was mended: where it stood, and by which rule."""

    sample_id: int
    file: str
    line: int
    rule: str


def repair_rules(cursor) -> list[RepairRule]:
    """Every rule that was applied, the most frequent first."""
    counted = cursor.execute("SELECT rule, count(*) FROM repairs GROUP BY rule ORDER BY count(*) DESC, rule").fetchall()
    first = "SELECT file, line FROM repairs WHERE rule = ? ORDER BY sample_id LIMIT ?"
    return [
        RepairRule(rule, records, tuple(cursor.execute(first, [rule, PLACES]).fetchall())) for rule, records in counted
    ]


def repairs(cursor, *, limit: int | None, offset: int) -> list[Repair]:
    """The records that were mended, in the order of their ids."""
    query = "SELECT sample_id, file, line, rule FROM repairs ORDER BY sample_id, rule LIMIT ? OFFSET ?"
    return [Repair(*row) for row in cursor.execute(query, [limit, offset]).fetchall()]
