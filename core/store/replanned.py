"""What an analysis says of batches that did not fit into memory and were read in pieces."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

KEY = "replanned"  # of the table `meta`, which is no part of the content hash


@dataclass(frozen=True, slots=True)
class Replanned:
    """How far an analysis was read otherwise than planned: `batches` of the `planned` ones were read in pieces.

    `splits`: (batch, tokens) each: from that batch of the plan on, no more padded tokens were read at once (or one sample).
    Empty for a pool, whose members each have their own. Pieces of a batch give the same numbers up to the last digits of a
    float, so such an analysis is exempt from equality by content hash.
    """

    batches: int
    planned: int
    splits: tuple[tuple[int, int], ...] = ()

    @property
    def sentence(self) -> str:
        """What a reader should know of it."""
        return (
            f"Replanned: memory ran out, so {self.batches} of its {self.planned} batches were read in pieces. Its numbers "
            "may differ in their last digits from those of a run with more memory, so its content hash need not be the same."
        )

    def as_meta(self) -> dict[str, str]:
        """The entry of the table `meta`."""
        said = {"batches": self.batches, "planned": self.planned, "splits": [list(split) for split in self.splits]}
        return {KEY: json.dumps(said)}

    @classmethod
    def from_meta(cls, meta: Mapping[str, str]) -> Replanned | None:
        """What `as_meta` wrote; None for an analysis that was read as planned."""
        if KEY not in meta:
            return None
        said = json.loads(meta[KEY])
        return cls(said["batches"], said["planned"], tuple((batch, tokens) for batch, tokens in said["splits"]))


def together(members: Sequence[Replanned | None]) -> Replanned | None:
    """Of a pool: what its members say, None where all were read as planned."""
    some = [member for member in members if member is not None]
    if not some:
        return None
    return Replanned(sum(member.batches for member in some), sum(member.planned for member in some))
