"""What an analysis says of how it was made: its table `meta`, which is no part of its content hash."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import torch

import core
from core.activations.identity import AnalysisIdentity
from core.activations.machine import Pass
from core.activations.sae import products
from core.activations.template import template_words
from core.activations.tokens import begins
from core.store.datasets import Dataset
from core.store.replanned import Replanned


def analysis_meta(
    identity: AnalysisIdentity, dataset: Dataset, name: str, machine: Mapping[str, str], *, started: datetime,
    read_with: Sequence[str] = (), replanned: Replanned | None = None,
) -> dict[str, str]:  # fmt: skip
    """The entries of `meta`, those of `machine_meta` among them.

    `read_with`: the other SAEs that read the same pass; `replanned`: if memory ran out.
    """
    finished = datetime.now(UTC)
    return {
        "id": identity.id,
        "name": name,
        "dataset": dataset.name,
        "dataset_hash": identity.dataset_hash,
        "model": identity.model.as_json(),
        "sae": identity.sae.as_json(),
        "settings": json.dumps(identity.settings.as_dict(), sort_keys=True),
        **machine,
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "seconds": f"{(finished - started).total_seconds():.1f}",
        **({"read_with": json.dumps(list(read_with))} if read_with else {}),
        **(replanned.as_meta() if replanned else {}),
    }


def machine_meta(machine: Pass, dtype: str) -> dict[str, str]:
    """Of `meta` what a loaded model, in the numbers `dtype`, and its SAE tell."""
    return {
        "max_length": str(machine.max_length),
        "hook": machine.sae.hook,
        "template": template_words(machine.model.tokenizer, machine.template),
        "bos": _bos_words(machine),
        "device": machine.device,
        "numbers": f"model {dtype}, SAE {products(machine.sae.sae.device, dtype)}",
        "threads": str(torch.get_num_threads()),
        "versions": json.dumps({"gamut": core.__version__, "torch": torch.__version__}),
    }


def _bos_words(machine: Pass) -> str:
    """How texts began, and why."""
    asked, first = machine.sae.prepend_bos, begins(machine.model.tokenizer)
    if asked is None:
        return "as the tokenizer has it"
    if asked and first is None:
        return "none: the SAE was trained with one, but the tokenizer has none"
    return "with one, as the SAE was trained" if asked else "none, as the SAE was trained"
