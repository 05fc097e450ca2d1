"""Read any text, and any stored sample token by token, with the model and SAE that an analysis was made with."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.activations.analyse import Pass, usable_threads
from core.activations.batch import Batch
from core.activations.identity import AnalysisIdentity, Artifact, model_artifact, sae_artifact
from core.activations.neuron_pass import stored_tokens
from core.activations.neuron_reading import read_neuron
from core.activations.reading import Reading
from core.activations.settings import AnalysisSettings
from core.activations.states import StateReader
from core.activations.template import Rendered, Span
from core.activations.tokens import UNSCORED, Tokens, token_texts, tokenise_rendered
from core.datasets.sample import Turn
from core.errors import GamutError
from core.store.analyses import Analysis, open_analysis
from core.store.vectors import check_neuron
from core.workspace import Workspace

NEURONS = 12  # strongest of a layer that are told
PLAIN_ROLE = "assistant"  # of a text without a template, as an import reads a file of texts


class Inspector:
    """Keeps open the analysis that was asked about last, and loaded the model and SAE that it was made with.

    A text is read alone, where an analysis read it in a batch: values of the same text agree within the rounding of
    another batch shape (1e-6 relative in float32, 0.03 in bfloat16), which can tip the last of a TopK.
    """

    def __init__(self, workspace: Workspace, *, threads: int | None = None) -> None:
        self._workspace = workspace
        self._threads = threads or usable_threads()
        self._analysis: Analysis | None = None
        self._machine: Pass | None = None
        self._key: tuple = ()
        self._mask_massive = True

    def read_text(self, analysis: str, text: str) -> Reading:
        """Read a text as it stands, without a template."""
        text = _sound(text)
        machine = self._loaded(self._opened(analysis))
        rendered = Rendered(text, (Span(PLAIN_ROLE, 0, len(text)),))
        tokens = tokenise_rendered(
            [rendered],
            machine.model.tokenizer,
            max_length=machine.max_length,
            special=True,
            bos=machine.sae.prepend_bos,
        )
        return self._read(machine, tokens, every_layer=True)

    def read_turns(self, analysis: str, turns: Sequence[Turn]) -> Reading:
        """Read a conversation, in the template that the analysis used."""
        machine = self._loaded(self._opened(analysis))
        sound = tuple(Turn(turn.role, _sound(turn.text)) for turn in turns)
        return self._read(machine, machine.tokenise([sound]), every_layer=True)

    def read_sample(self, analysis: str, sample_id: int) -> Reading:
        """Read a stored sample again, from its stored tokens; neurons are not read."""
        opened = self._opened(analysis)
        rows = (
            opened.cursor().execute("SELECT token_ids, roles FROM tokens WHERE sample_id = ?", [sample_id]).fetchall()
        )
        if not rows:
            raise GamutError(f"There is no sample {sample_id}; this analysis has samples 0 to {opened.n_samples - 1}.")
        ids, roles = np.array(rows[0][0], np.int32), np.array(rows[0][1], np.uint8)
        none = np.zeros(1, np.int32)
        return self._read(
            self._loaded(opened), Tokens(ids, roles, np.array([0, len(ids)]), none, none), every_layer=False
        )

    def read_neuron(
        self, analysis: str, layer: int, neuron: int, *, site: str, samples: Sequence[int]
    ) -> dict[str, Any]:
        """A neuron at every token of stored samples, and the tokens it promotes: what JSON carries of `read_neuron`."""
        opened = self._opened(analysis)
        check_neuron(opened, layer, neuron, site=site)
        machine = self._loaded(opened)
        texts = {sample: stored_tokens(opened, np.array([sample])) for sample in samples}
        found = read_neuron(machine, layer, neuron, site=site, texts=texts)
        tokenizer = machine.model.tokenizer
        for end in ("promoted", "suppressed"):
            words = token_texts(tokenizer, [token for token, _ in found[end]])
            found[end] = [[word, logit] for word, (_, logit) in zip(words, found[end], strict=True)]
        return found

    def _opened(self, analysis: str) -> Analysis:
        if self._analysis is None or analysis not in (self._analysis.id, self._analysis.name):
            if self._analysis is not None:
                self._analysis.close()
                self._analysis = None
            self._analysis = open_analysis(self._workspace, analysis)
        return self._analysis

    def _loaded(self, analysis: Analysis) -> Pass:
        """Model and SAE of an analysis: those in memory, or from their files once their hashes are the same."""
        settings = replace(AnalysisSettings.from_dict(analysis.settings), every_layer=True)
        self._mask_massive = settings.mask_massive
        said = {kind: json.loads(analysis.meta[kind]) for kind in ("model", "sae")}
        key = (said["model"]["sha256"], said["sae"]["sha256"], settings.dtype, settings.max_length, settings.template)
        if self._machine is None or key != self._key:
            self._machine = None  # two models at once may not fit
            model = _same(analysis, "model", said["model"], model_artifact)
            sae = _same(analysis, "SAE", said["sae"], sae_artifact)
            identity = AnalysisIdentity(analysis.dataset, analysis.dataset_hash, model, sae, settings)
            self._machine = Pass(identity, threads=self._threads)
            self._key = key
        return self._machine

    def _read(self, machine: Pass, tokens: Tokens, *, every_layer: bool) -> Reading:
        if not len(tokens.ids):
            return _reading(machine, tokens, None)
        machine.reader = StateReader(
            machine.model, machine.projections, block=machine.sae.block, every_layer=every_layer,
            mask_massive=self._mask_massive, site=machine.sae.module(machine.model),
        )  # fmt: skip
        return _reading(machine, tokens, machine.run(tokens, np.zeros(1, np.int32)))


def _sound(text: str) -> str:
    """A text that can be written as UTF-8: half a character, as a terminal may send, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _same(analysis: Analysis, kind: str, said: dict[str, str], find: Callable[[str], Artifact]) -> Artifact:
    """The model or SAE that an analysis was made with, or a sentence on why it is not there."""
    try:
        found = find(said["ref"])
    except (GamutError, OSError):
        raise GamutError(
            f"Reading text needs the {kind} of analysis {analysis.name!r}, whose files are not at {said['ref']}; "
            "bring them back there."
        ) from None
    if found.sha256 != said["sha256"]:
        raise GamutError(
            f"The {kind} in {found.folder} is not the one analysis {analysis.name!r} was made with "
            "(its files have another hash); bring those files back, or analyse the data set again."
        )
    return found


def _reading(machine: Pass, tokens: Tokens, batch: Batch | None) -> Reading:
    counted = tokens.sides != UNSCORED
    texts = token_texts(machine.model.tokenizer, tokens.ids)
    none = np.empty((0, 0))
    if batch is None:
        empty = np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32)
        return Reading((), tokens.roles, counted, *empty, none.astype(np.int32), none.astype(np.float32), 0)
    token = np.repeat(np.arange(len(counted)), np.diff(batch.token_ptr))
    kept = counted[token] & (batch.values > 0)
    token, features, values = token[kept], batch.features[kept], batch.values[kept]
    order = np.lexsort((features, token))
    pointer = np.concatenate([[0], np.cumsum(np.bincount(token, minlength=len(counted)))]).astype(np.int64)
    ids, means = _strongest_neurons(batch) if counted.any() else (none, none)
    return Reading(
        tuple(texts), tokens.roles, counted, pointer, features[order].astype(np.int32), values[order],
        ids.astype(np.int32), means.astype(np.float32), int(tokens.cut[0]),
    )  # fmt: skip


def _strongest_neurons(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """By layer the neurons of largest absolute mean, ties to the lowest id."""
    states = batch.states
    if states.neurons is None:
        return np.empty((0, 0)), np.empty((0, 0))
    means = states.neurons[:, 0] / np.maximum(states.counted[:, :1], 1).astype(np.float32)
    ids = np.argsort(-np.abs(means), axis=1, kind="stable")[:, :NEURONS]
    return ids, np.take_along_axis(means, ids, axis=1)
