"""`datasets stats` and `datasets flags`: what a data set holds, and which samples look broken."""

from __future__ import annotations

from typing import Annotated

import typer

from core.commands.output import facts, session_of, table
from core.datasets.lint import RULES
from core.errors import GamutError
from core.store.dataset_statistics import DatasetStatistics, statistics_of
from core.store.datasets import Dataset
from core.store.sample_filter import SampleFilter, matching

SHOWN = 12  # languages or values on one line


def stats(context: typer.Context, name: str) -> None:
    """Show rows, tokens, turns, languages, lengths, repeats, flags and columns of a data set."""
    session = session_of(context)
    found = statistics_of(Dataset(session.workspace, name))
    session.say(found, "\n\n".join(part for part in (_figures(found), _flags(found), _columns(found)) if part))


def flags(
    context: typer.Context,
    name: str,
    flag: Annotated[str | None, typer.Option(help="list the samples with this flag instead")] = None,
) -> None:
    """List the lint rules with how many samples each flags, or the ids of the samples with one flag."""
    session = session_of(context)
    dataset = Dataset(session.workspace, name)
    if flag is None:
        found = statistics_of(dataset)
        session.say(dict(found.flags), _flags(found))
        return
    if flag not in RULES:
        raise GamutError(f"There is no flag {flag!r}; use one of {', '.join(RULES)}.")
    ids = matching(dataset, SampleFilter(flags=(flag,)))
    session.say(ids, "\n".join(map(str, ids)) or f"No sample is flagged {flag}: {RULES[flag].rule}")


def _figures(found: DatasetStatistics) -> str:
    values: dict[str, object] = {
        "samples": found.rows,
        "left out": found.left_out,
        "without a response": found.no_response,
        "tokens": f"{found.tokens} (estimate: bundled tokenizer; {found.prompt_tokens} asked, {found.response_tokens} answered)",
        "turns": _some([(str(turns), rows) for turns, rows in found.turns]),
        "languages asked": _some([(code or "not told", rows) for code, rows in found.languages]),
        "languages answered": _some([(code or "not told", rows) for code, rows in found.response_languages]),
        "exact repeats": f"{found.duplicate_rows} of {found.duplicate_groups} conversations",
        "repairs": _some(list(found.repairs)) or "none",
    }
    for category in found.categories:
        values[category.column] = _some(list(category.values), more=category.more, others=category.others)
    return facts(values)


def _some(values: list[tuple[str, int]], *, more: int = 0, others: int = 0) -> str:
    """en 90, de 10, and 3 more in 4 samples."""
    rest, hidden = others + sum(rows for _, rows in values[SHOWN:]), more + len(values[SHOWN:])
    said = [f"{value} {rows}" for value, rows in values[:SHOWN]]
    return ", ".join(said + ([f"and {hidden} more in {rest} samples"] if hidden else []))


def _flags(found: DatasetStatistics) -> str:
    return table([("flag", "samples", "rule"), *((name, rows, RULES[name].rule) for name, rows in found.flags)])


def _columns(found: DatasetStatistics) -> str:
    rows = [(column.name, column.type, column.role, column.distinct, column.missing) for column in found.columns]
    return table([("column", "type", "role", "different", "missing"), *rows]) if rows else ""
