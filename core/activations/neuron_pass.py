"""Read chosen samples of an analysis again, for neurons of which its store keeps no more than sums or the strongest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from core.activations.analyse import Cancelled, Pass, usable_threads
from core.activations.back_off import InPieces
from core.activations.batch_plan import plan_batches
from core.activations.collect.vectors import to_half
from core.activations.identity import AnalysisIdentity
from core.activations.states import States
from core.activations.tokens import Tokens
from core.store.analyses import Analysis

Each = Callable[[int, np.ndarray, np.ndarray], None]


def stored_tokens(analysis: Analysis, ids: np.ndarray) -> Tokens:
    """The tokens of samples as the analysis read them, in the order of `ids`, which ascend."""
    query = "SELECT token_ids, roles FROM tokens WHERE sample_id IN (SELECT unnest(?::INTEGER[])) ORDER BY sample_id"
    table = analysis.cursor().sql(query, params=[ids.tolist()]).to_arrow_table()
    lists = table["token_ids"].combine_chunks()
    pointer = np.concatenate([[0], np.cumsum(np.asarray(lists.value_lengths()), dtype=np.int64)]).astype(np.int64)
    none = np.zeros(len(ids), np.int32)
    roles = np.asarray(table["roles"].combine_chunks().flatten()).astype(np.uint8)
    return Tokens(np.asarray(lists.flatten()).astype(np.int32), roles, pointer, none, none)


def read_samples_again(
    identity: AnalysisIdentity, wanted: Sequence[tuple[Analysis, np.ndarray]], *, site: str, each: Each,
    progress: Callable[[int, int, str], None], stop: Callable[[], bool], threads: int | None = None,
) -> None:  # fmt: skip
    """Hand `each(layer, places, rows)` the means of every sample: float16 (n, neurons), rounded as an analysis keeps them.

    `wanted`: analyses of one model, each with ascending sample ids; `places` count on through all of them. Raises
    `Cancelled` when `stop()` turns true.
    """
    progress(0, 0, "loading the model")
    machine = Pass(identity, threads=threads or usable_threads())
    pieces = [stored_tokens(analysis, ids) for analysis, ids in wanted]
    total = sum(len(tokens.ids) for tokens in pieces)
    done = first = 0
    split = InPieces()
    for tokens in pieces:
        for batch in plan_batches(tokens.lengths, identity.settings):
            if stop():
                raise Cancelled
            for few, states in split(batch, tokens.lengths, partial(_states, machine, tokens)):
                sums = states.neurons if site == "mlp" else states.residuals
                assert sums is not None, "a model whose neurons are known"
                for layer, (rows, counted) in enumerate(zip(sums, states.counted, strict=True)):
                    each(layer, first + few, to_half(rows / np.maximum(counted, 1)[:, None].astype(np.float32)))
            done += int(tokens.lengths[batch].sum())
            progress(done, total, f"reading samples again{split.note}")
        first += len(tokens.lengths)


def _states(machine: Pass, tokens: Tokens, ids: np.ndarray) -> States:
    return machine.run(tokens, ids).states
