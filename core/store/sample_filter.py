"""Which samples of a data set: a filter as one plain value, and the samples that it lets through, by SQL."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from core.datasets.language import LANGUAGES
from core.datasets.lint import RULES
from core.errors import GamutError
from core.store.datasets import Dataset
from core.store.sample_groups import group_of

Value = str | int | float | bool | None
NOT_TOLD = "?"  # stands for a language that could not be told, in filters and on screen


@dataclass(frozen=True, slots=True)
class Range:
    """Both ends belong to it; None where it is open."""

    low: int | float | str | None = None
    high: int | float | str | None = None

    def __post_init__(self) -> None:
        low, high = self.low, self.high
        for end in (low, high):
            if isinstance(end, bool) or not isinstance(end, (int, float, str, type(None))):
                raise GamutError(f"The end of a range is {str(end)[:60]!r}; a number or a text is needed.")
            if isinstance(end, (int, float)) and not -(2**63) <= end < 2**63:
                raise GamutError(f"The end of a range is {str(end)[:60]}; give a number of at most 18 digits.")
        if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
            raise GamutError(f"The range {low} to {high} is empty; give the smaller end first.")

    def words(self) -> str:
        """10 to 20, at least 10, at most 20."""
        if self.low is None:
            return "any" if self.high is None else f"at most {self.high}"
        return f"at least {self.low}" if self.high is None else f"{self.low} to {self.high}"


Condition = Value | Range


def _is_text(said: str) -> bool:
    try:
        said.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFilter:
    """What a sample must have; everything that is set must hold, of several flags or languages any one.

    `text`: a piece of any turn, in any case. `languages` of the question, "?" where not told. `columns`: (name, value or
    `Range`) of the data set's own columns, None for a missing or empty value. `tokens` of all turns. `duplicates_only`: samples
    that repeat an earlier one, without that earlier one. `ids`: only these. `groups`: of saved groups of samples.
    """

    text: str = ""
    flags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    columns: tuple[tuple[str, Condition], ...] = ()
    tokens: Range = Range()
    response_tokens: Range = Range()
    duplicates_only: bool = False
    no_response: bool = False
    ids: tuple[int, ...] | None = None
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, given, allowed in (("flag", self.flags, RULES), ("language", self.languages, (*LANGUAGES, NOT_TOLD))):
            if stray := [value for value in given if value not in allowed]:
                raise GamutError(f"There is no {name} {stray[0]!r} to filter by; use one of {', '.join(allowed)}.")

        if self.ids is not None and not all(isinstance(i, int) and 0 <= i < 2**31 for i in self.ids):
            raise GamutError("The filter names ids that no sample can have; sample ids count from 0.")
        values = [end for _, c in self.columns for end in ((c.low, c.high) if isinstance(c, Range) else (c,))]
        for text in (self.text, *(name for name, _ in self.columns), *values):
            if isinstance(text, str) and not _is_text(text):
                raise GamutError("The filter holds half of a character, which no text can; type it anew.")

    def __bool__(self) -> bool:
        return self != SampleFilter()

    def as_dict(self) -> dict[str, Any]:
        """What differs from letting everything through, as plain values for JSON; `from_dict` is the way back."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        plain = {name: _plain(value) for name, value in said.items() if value != getattr(SampleFilter(), name)}
        if self.columns:
            plain["columns"] = [[name, _plain(condition)] for name, condition in self.columns]
        return plain

    @staticmethod
    def from_dict(values: dict[str, Any]) -> SampleFilter:
        """The filter that `as_dict` wrote; `GamutError` where it cannot have."""
        try:
            return SampleFilter(**{name: _read(name, value) for name, value in values.items()})
        except (TypeError, ValueError, AttributeError, KeyError, OverflowError, RecursionError):
            raise GamutError(f"This is no filter of samples: {str(values)[:200]}; make it anew.") from None

    def words(self) -> str:
        """The filter in words, "all samples" where it lets everything through."""
        said = [f"holds “{self.text}”"] if self.text else []
        said += ["flagged " + " or ".join(RULES[flag].title.lower() for flag in self.flags)] if self.flags else []
        said += ["in " + " or ".join(self.languages)] if self.languages else []
        said += [_column_words(name, condition) for name, condition in self.columns]
        said += [f"{self.tokens.words()} tokens"] if self.tokens != Range() else []
        said += [f"{self.response_tokens.words()} tokens in the answers"] if self.response_tokens != Range() else []
        said += ["repeats an earlier sample"] if self.duplicates_only else []
        said += ["without a response"] if self.no_response else []
        said += [f"one of {len(self.ids)} samples"] if self.ids is not None else []
        said += ["in group " + " or ".join(self.groups)] if self.groups else []
        return ", ".join(said) or "all samples"


def matching(dataset: Dataset, wanted: SampleFilter, *, limit: int | None = None, offset: int = 0) -> list[int]:
    """The ids of the samples that a filter lets through, ascending."""
    where, values = _where(dataset, wanted)
    query = f"SELECT sample_id FROM samples{where} ORDER BY sample_id LIMIT ? OFFSET ?"
    return [row[0] for row in dataset.cursor().execute(query, [*values, limit, offset]).fetchall()]


def count_matching(dataset: Dataset, wanted: SampleFilter) -> int:
    """How many samples a filter lets through."""
    where, values = _where(dataset, wanted)
    return dataset.cursor().execute(f"SELECT count(*) FROM samples{where}", values).fetchall()[0][0]


def _where(dataset: Dataset, wanted: SampleFilter) -> tuple[str, list]:
    """The conditions of a filter; every value of it is a parameter, every column name is one the file has."""
    found: list[tuple[str, list]] = []
    if wanted.text:
        found.append(
            ("sample_id IN (SELECT sample_id FROM turns WHERE contains(lower(text), lower(?)))", [wanted.text])
        )
    if wanted.flags:
        flags = "sample_id IN (SELECT sample_id FROM flags WHERE flag IN (SELECT unnest(?)))"
        found.append((flags, [list(wanted.flags)]))
    if wanted.languages:
        told = ["" if language == NOT_TOLD else language for language in wanted.languages]
        found.append(_of("facts", "language IN (SELECT unnest(?))", [told]))
    for name, condition in wanted.columns:
        found.append(_of("metadata", *_column(dataset, name, condition)))
    for column, bounds in (("tokens", wanted.tokens), ("response_tokens", wanted.response_tokens)):
        if bounds != Range():
            found.append(_of("facts", *_between(column, "BIGINT", bounds)))
    if wanted.duplicates_only:
        found.append(_of("facts", "duplicate_of IS NOT NULL", []))
    if wanted.no_response:
        found.append(("no_response", []))
    if wanted.ids is not None:
        found.append(("sample_id IN (SELECT unnest(?::INTEGER[]))", [list(wanted.ids)]))
    if wanted.groups:
        held = sorted({i for name in wanted.groups for i in group_of(dataset, name).ids})
        found.append(("sample_id IN (SELECT unnest(?::INTEGER[]))", [held]))
    where = " AND ".join(f"({condition})" for condition, _ in found)
    return (f" WHERE {where}" if where else ""), [value for _, values in found for value in values]


def _of(table: str, condition: str, values: list) -> tuple[str, list]:
    return f"sample_id IN (SELECT sample_id FROM {table} WHERE {condition})", values


def _column(dataset: Dataset, name: str, condition: Condition) -> tuple[str, list]:
    kinds = {
        row[0]: row[1] for row in dataset.cursor().execute("DESCRIBE metadata").fetchall() if row[0] != "sample_id"
    }
    if name not in kinds:
        there = ", ".join(kinds) or "none"
        raise GamutError(f"Data set {dataset.name!r} has no column {name!r} to filter by; its columns are: {there}.")
    quoted = '"' + name.replace('"', '""') + '"'
    for value in (condition.low, condition.high) if isinstance(condition, Range) else (condition,):
        _check(dataset, name, value, kinds[name])
    if isinstance(condition, Range):
        return _between(quoted, kinds[name], condition)
    if condition is None:
        return f"{quoted} IS NULL OR CAST({quoted} AS VARCHAR) = ''", []
    return f"{quoted} = CAST(? AS {kinds[name]})", [_text(condition)]


def _check(dataset: Dataset, name: str, value: Value, kind: str) -> None:
    if value is None or kind in ("VARCHAR", "JSON"):
        return
    read = dataset.cursor().execute(f"SELECT TRY_CAST(? AS {kind}) IS NOT NULL", [_text(value)]).fetchall()[0][0]
    if not read:
        raise GamutError(
            f"{value!r} cannot be a value of the column {name!r}, which holds {kind.lower()}; give one that can."
        )


def _between(column: str, kind: str, bounds: Range) -> tuple[str, list]:
    ends: list[tuple[str, list]] = [("TRUE", [])] if bounds == Range() else []
    if bounds.low is not None:
        ends.append((f"{column} >= CAST(? AS {kind})", [_text(bounds.low)]))
    if bounds.high is not None:
        ends.append((f"{column} <= CAST(? AS {kind})", [_text(bounds.high)]))
    return " AND ".join(end for end, _ in ends), [value for _, values in ends for value in values]


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _column_words(name: str, condition: Condition) -> str:
    if isinstance(condition, Range):
        return f"{name} {condition.words()}"
    return f"{name} missing" if condition is None else f"{name} = {_text(condition)}"


def _plain(value: Any) -> Any:
    if isinstance(value, Range):
        return {"low": value.low, "high": value.high}
    return list(value) if isinstance(value, tuple) else value


def _read(name: str, value: Any) -> Any:
    if name in ("flags", "languages", "groups"):
        return tuple(str(item) for item in value)
    if name == "ids":
        return tuple(int(item) for item in value)
    if name in ("tokens", "response_tokens"):
        return _range(value)
    if name == "columns":
        return tuple((str(column), _range(said) if isinstance(said, dict) else said) for column, said in value)
    return str(value) if name == "text" else bool(value)


def _range(said: dict[str, Any]) -> Range:
    return Range(**said)
