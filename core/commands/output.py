"""What every command shares: the workspace it works in, and printing for people or as JSON."""

import json
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path

import typer

from core.numbers import PLAIN, whole
from core.workspace import Workspace

FIGURE = re.compile(r"[\d.]+")  # of a note: a log has no new line for each new loss


@dataclass(frozen=True, slots=True)
class Session:
    """The global options of one call."""

    workspace: Workspace
    json: bool

    def say(self, value: object, text: str) -> None:
        """Print a result: as one JSON value with --json, else as text."""
        typer.echo(json.dumps(plain(value), ensure_ascii=False) if self.json else text)


def session_of(context: typer.Context) -> Session:
    """The session that the main callback made."""
    return context.obj


def make_session(workspace: Path, as_json: bool) -> Session:
    return Session(Workspace(workspace), as_json)


def plain(value: object) -> object:
    """A value as JSON can carry it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {key: plain(item) for key, item in asdict(value).items()}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Path):
        return str(value)
    return value


def table(rows: Iterable[Iterable[object]]) -> str:
    """Rows as columns aligned by spaces."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))] if cells else []
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def facts(values: dict[str, object]) -> str:
    """Names and values, one a line."""
    return table((f"{name}:", value) for name, value in values.items())


class ProgressLine:
    """Progress on standard error: one line that grows on a terminal, one line a tenth elsewhere."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._said = ""
        self._terminal = sys.stderr.isatty()

    def __call__(self, done: int, total: int, note: str) -> None:
        share = f" {100 * done // total} % of {whole(total, PLAIN)} {self._unit}" if total else ""
        line = f"{note}{share}"
        key = line if self._terminal else f"{FIGURE.sub('', note)}{10 * done // total if total else ''}"
        if key != self._said:
            self._said = key
            print(
                f"\r\033[K{line}" if self._terminal else line,
                end="" if self._terminal else "\n",
                file=sys.stderr,
                flush=True,
            )

    def end(self) -> None:
        if self._terminal:
            print(file=sys.stderr)


def duration(seconds: float) -> str:
    """A time as people say it: 42 s, 12 min, 4.3 h."""
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )
