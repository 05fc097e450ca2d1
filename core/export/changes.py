"""What an export changes of the samples it carries, counted: what is merely told, and what must be allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import GamutError


@dataclass(frozen=True, slots=True)
class Change:
    """Something that reads otherwise in the written file: what, in how many samples, the first, and whether it is a loss."""

    what: str
    samples: int
    first: int
    loss: bool

    @property
    def sentence(self) -> str:
        """The change in words."""
        of = "1 sample" if self.samples == 1 else f"{self.samples} samples"
        return f"{self.what} (in {of}, sample {self.first} first)"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the manifest."""
        return {"what": self.what, "samples": self.samples, "first": self.first, "loss": self.loss}


class Changes:
    """Changes as they are met, each counted once a sample."""

    def __init__(self) -> None:
        self._met: dict[tuple[str, bool], list[int]] = {}  # how many, the first, the latest

    def tell(self, what: str, sample_id: int) -> None:
        """Count something that no reader of the file misses."""
        self._count(what, sample_id, loss=False)

    def lose(self, what: str, sample_id: int) -> None:
        """Count something that the file does not hold any more."""
        self._count(what, sample_id, loss=True)

    def _count(self, what: str, sample_id: int, *, loss: bool) -> None:
        met = self._met.setdefault((what, loss), [0, sample_id, -1])
        if met[2] != sample_id:
            met[0] += 1
            met[1] = min(met[1], sample_id)
            met[2] = sample_id

    def found(self) -> tuple[Change, ...]:
        """All changes, losses first, then by what they are."""
        made = (Change(what, met[0], met[1], loss) for (what, loss), met in self._met.items())
        return tuple(sorted(made, key=lambda change: (not change.loss, change.what)))


def refuse_losses(changes: tuple[Change, ...], *, title: str) -> None:
    """Raise `GamutError` naming every loss, where there is one."""
    losses = [change for change in changes if change.loss]
    if losses:
        raise GamutError(
            f"{title} would lose something: {'; '.join(change.sentence for change in losses)}. "
            "Choose another format or layout, or allow the loss (--lossy)."
        )
