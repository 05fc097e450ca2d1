"""What a set of samples activates as a whole: its SAE features, its strongest neurons, its tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.activations.analyse import Cancelled, Pass
from core.activations.back_off import InPieces
from core.activations.batch import Batch
from core.activations.batch_plan import plan_batches
from core.activations.collect.vectors import to_half
from core.activations.ends import Stop
from core.activations.settings import AnalysisSettings
from core.activations.tokens import UNSCORED, Tokens
from core.store.strongest import TOP, strongest


@dataclass(frozen=True, eq=False)
class Profile:
    """A set of samples in numbers. features: float32 (n_features), activations per scored token, mean over the samples.

    neurons: float32 (layers, neurons), share of the samples in which a neuron is among the 20 of largest absolute mean of
    its layer; None where the model's neurons are not known. tokens: int64 (vocabulary), scored tokens by token id.
    """

    features: np.ndarray
    neurons: np.ndarray | None
    tokens: np.ndarray


def read_profile(
    machine: Pass, tokens: Tokens, settings: AnalysisSettings, *, progress: Callable[[int, int], None], stop: Stop,
    split: InPieces | None = None,
) -> Profile:  # fmt: skip
    """The profile of all samples that have a scored token. Raises `Cancelled` when `stop()` turns true.

    `split` remembers over several calls that memory ran out.
    """
    shape, split = machine.shape(), split or InPieces()
    features = np.zeros(shape.n_features)
    neurons = np.zeros((shape.layers, shape.neurons))
    samples = done = 0
    for ids in plan_batches(tokens.lengths, settings):
        if stop():
            raise Cancelled
        for _, batch in split(ids, tokens.lengths, lambda few: machine.run(tokens, few)):
            samples += _count(batch, features, neurons)
        done += int(tokens.lengths[ids].sum())
        progress(done, int(tokens.lengths.sum()))
    counts = np.bincount(tokens.ids[tokens.sides != UNSCORED], minlength=len(machine.model.tokenizer))
    per_sample = max(1, samples)
    return Profile(
        features=(features / per_sample).astype(np.float32),
        neurons=(neurons / per_sample).astype(np.float32) if machine.projections else None,
        tokens=counts.astype(np.int64),
    )


def _count(batch: Batch, features: np.ndarray, neurons: np.ndarray) -> int:
    """Adds a batch to the sums and tells how many of its samples have a scored token."""
    scored = np.add.reduceat(batch.sides != UNSCORED, batch.pointer[:-1])
    pooled = batch.pooled
    share = pooled.sum.astype(np.float64) / np.maximum(scored[pooled.sample], 1)
    features += np.bincount(pooled.feature, share, minlength=len(features))
    if batch.states.neurons is not None:
        _count_strongest(batch.states.neurons, batch.states.counted, neurons)
    return int((scored > 0).sum())


def _count_strongest(sums: np.ndarray, counted: np.ndarray, into: np.ndarray) -> None:
    """Adds a batch, float32 (layers, n, neurons) sums over `counted` (layers, n) tokens; rounded as an analysis keeps them."""
    for layer, (own, tokens) in enumerate(zip(sums, counted, strict=True)):
        some = tokens > 0
        ids = strongest(to_half(own[some] / tokens[some, None].astype(np.float32)))[0][:, :TOP]
        into[layer] += np.bincount(ids.ravel(), minlength=into.shape[1])
