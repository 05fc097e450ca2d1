"""What runs on each machine of a Ray cluster: a model and an SAE that wait for stretches of the plan."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import pyarrow as pa

import core
from core.activations.analysis_meta import machine_meta
from core.activations.decoder import decoder_rows
from core.activations.identity import AnalysisIdentity
from core.activations.machine import Pass
from core.activations.places import Artifact, find_model, find_sae
from core.activations.stretch import Read, Stretch, read_stretch
from core.errors import GamutError
from core.store.contents import Contents, Shape

REFUSED, FIRST, STOP, SPLITS = "refused", "first", "stop", "splits"
DECIDE = ("torch", "transformers", "tokenizers", "sae-lens", "numpy")  # libraries whose version may move the numbers


def versions() -> dict[str, str]:
    """The versions that machines must have in common."""
    return {"Gamut": core.__version__, **{name: version(name) for name in DECIDE}}


@dataclass(frozen=True, slots=True)
class Duty:
    """What a worker loads and how; `threads` as on one machine, since numbers may follow it. `versions`: the driver's."""

    identity: AnalysisIdentity
    device: str
    threads: int
    trust: bool
    versions: Mapping[str, str]


@dataclass(frozen=True)
class About:
    """What the driver must know of model and SAE, so that it need not load them itself."""

    shape: Shape
    max_length: int
    prepend_bos: bool | None
    meta: dict[str, str]
    vocabulary: list[str]
    decoder: pa.Table


class Worker:
    """Loads once and reads stretches; what must be told to the user comes back as a sentence, never as an exception.

    Ray takes an exception in the making of a worker for a fault that another try may mend.
    """

    def __init__(self, duty: Duty, contents: Contents | None = None) -> None:
        self._duty, self._contents, self._refused = duty, contents, ""
        try:
            _check_versions(duty.versions)
            self._machine = Pass(_here(duty), threads=duty.threads, device=duty.device, trust=duty.trust)
        except GamutError as error:
            self._refused = _of_node(error)

    def about(self) -> About | str:
        """Of the model and the SAE what the driver asks first, or why they cannot be used."""
        if self._refused:
            return self._refused
        machine = self._machine
        return About(
            machine.shape(), machine.max_length, machine.sae.prepend_bos,
            machine_meta(machine, self._duty.identity.settings.dtype), machine.vocabulary(),
            decoder_rows(machine.model, machine.sae),
        )  # fmt: skip

    def __call__(self, table: pa.Table) -> pa.Table:
        """The rows of a part that holds the stretch of `table`, in one row of bytes."""
        if self._refused:
            return pa.table({REFUSED: [self._refused]})
        assert self._contents is not None
        try:
            return packed(read_stretch(self._machine, self._contents, Stretch.from_table(table)))
        except GamutError as error:
            return pa.table({REFUSED: [_of_node(error)]})


def packed(read: Read) -> pa.Table:
    """What was read of a stretch as one row: its batches, and each table as a compressed Arrow stream."""
    made: dict[str, Any] = {REFUSED: [""], FIRST: [read.first], STOP: [read.stop], SPLITS: [json.dumps(read.splits)]}
    streams = {name: pa.array([_stream(table)], pa.large_binary()) for name, table in read.tables.items()}
    return pa.table(made | streams)


def unpacked(row: Mapping[str, Any]) -> Read:
    """What `packed` made a row of. Raises `GamutError` where the worker refused."""
    if row[REFUSED]:
        raise GamutError(row[REFUSED])
    streams = {name: value for name, value in row.items() if name not in (REFUSED, FIRST, STOP, SPLITS)}
    tables = {name: pa.ipc.open_stream(value).read_all() for name, value in streams.items()}
    return Read(row[FIRST], row[STOP], tables, tuple((batch, tokens) for batch, tokens in json.loads(row[SPLITS])))


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as out:
        out.write_table(table)
    return sink.getvalue().to_pybytes()


def _check_versions(expected: Mapping[str, str]) -> None:
    for name, here in versions().items():
        if here != expected.get(name):
            raise GamutError(
                f"{name} is {here}, but {expected.get(name)} where the analysis was started: the numbers could differ; "
                "install the same requirements.txt on every machine."
            )


def _here(duty: Duty) -> AnalysisIdentity:
    """The same model and SAE as they lie on this machine; refused where they are missing or others."""
    identity = duty.identity
    model = find_model(identity.model.ref, with_code=duty.trust).whole()
    sae = find_sae(identity.sae.ref).whole()
    for kind, expected, found in (("model", identity.model, model), ("SAE", identity.sae, sae)):
        _check_same(kind, expected, found)
    return replace(identity, model=model, sae=sae)


def _check_same(kind: str, expected: Artifact, found: Artifact) -> None:
    if found.sha256 != expected.sha256:
        raise GamutError(
            f"The {kind} in {found.folder} is not the one that the analysis was started with; copy it there, to the same "
            "place on every machine."
        )


def _of_node(error: GamutError) -> str:
    return f"A worker on {platform.node()} refuses: {error}"
