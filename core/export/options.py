"""How an export is to be written: what the user said of it, in one value that app, command line and manifest share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import GamutError
from core.export.formats import EXPORT_FORMATS, FORMAT_NAMES, VERBATIM

NEUTRAL, KEEP = "neutral", "keep"
FORMULAS = (NEUTRAL, KEEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What overrules the default, which is the original records as they stand.

    `format`: "verbatim" or a format to convert to. `columns`: whether a conversion takes along the columns that are no
    part of the conversation. `lossy`: write it though something is lost. `formulas`: "neutral" puts a ' before a text of a
    CSV file that a spreadsheet would run, "keep" writes it as it is.
    """

    format: str = VERBATIM
    columns: bool = True
    lossy: bool = False
    formulas: str = NEUTRAL

    def __post_init__(self) -> None:
        if self.format not in FORMAT_NAMES:
            raise GamutError(f"There is no export format {self.format!r}; use one of {', '.join(FORMAT_NAMES)}.")
        if self.formulas not in FORMULAS:
            raise GamutError(f"Formulas can be {' or '.join(FORMULAS)}, not {self.formulas!r}.")

    @property
    def title(self) -> str:
        """The format as people call it."""
        return "Verbatim" if self.format == VERBATIM else EXPORT_FORMATS[self.format].title

    def as_dict(self) -> dict[str, Any]:
        """What differs from the defaults, format apart; `from_dict` is the way back."""
        said = {"columns": self.columns, "lossy": self.lossy, "formulas": self.formulas}
        return {key: value for key, value in said.items() if value != DEFAULTS[key]}

    @staticmethod
    def from_dict(format: str, values: dict[str, Any]) -> ExportOptions:
        """The options that `as_dict` wrote."""
        return ExportOptions(format=format, **values)

    def words(self) -> list[str]:
        """The words of the command line that say the same."""
        words = ["--format", self.format]
        words += [] if self.columns else ["--no-columns"]
        words += ["--lossy"] if self.lossy else []
        return words + (["--formulas", self.formulas] if self.formulas != NEUTRAL else [])


DEFAULTS: dict[str, Any] = {"columns": True, "lossy": False, "formulas": NEUTRAL}
