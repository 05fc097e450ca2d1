"""Every pass of an analysis by several SAEs, on one loaded model; and which of them can read the same tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.activations.identity import AnalysisIdentity
from core.activations.machine import Pass, usable_threads


class Machines:
    """Loads the model when it is first asked for, and each SAE once.

    `where`: device and trust, as `Pass` takes them. `loaded`: passes by the SHA-256 of their SAE.
    """

    def __init__(self, where: dict | None = None, *, loaded: Mapping[str, Pass] | None = None) -> None:
        self._where = where or {}
        self._by_sae = dict(loaded or {})
        self._model = ""

    def of(self, identity: AnalysisIdentity) -> Pass:
        """The pass of an analysis; all that are asked for have one model and the same settings."""
        assert self._model in ("", identity.model.sha256), "one model for all"
        self._model = identity.model.sha256
        if identity.sae.sha256 not in self._by_sae:
            beside = next(iter(self._by_sae.values()), None)
            where = {} if beside else self._where
            self._by_sae[identity.sae.sha256] = Pass(identity, threads=usable_threads(), beside=beside, **where)
        return self._by_sae[identity.sae.sha256]


def passes_of(machines: Sequence[Pass]) -> list[list[int]]:
    """Which machines, by their places, can share a pass: those that read the very same tokens of every sample."""
    groups: dict[tuple[bool | None, int], list[int]] = {}
    for place, machine in enumerate(machines):
        groups.setdefault((machine.sae.prepend_bos, machine.max_length), []).append(place)
    return list(groups.values())


def passes_sentence(names: Sequence[str], machines: Sequence[Pass]) -> str:
    """How many passes SAEs take and why it is more than one, where it is."""
    groups = passes_of(machines)
    if len(groups) == 1:
        return f"{len(names)} SAEs are read in one pass: {', '.join(names)}."
    told = [f"{', '.join(names[place] for place in group)} {_reads(machines[group[0]])}" for group in groups]
    return f"{len(names)} SAEs take {len(groups)} passes, as they read unlike tokens: {'; '.join(told)}."


def _reads(machine: Pass) -> str:
    begins = {True: "with BOS", False: "without BOS", None: "begun as the tokenizer has it"}[machine.sae.prepend_bos]
    return f"({begins}, at most {machine.max_length} tokens)"
