"""Residuals of one block, cached: the input on which an autoencoder is trained and measured."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from transformers import AutoModelForCausalLM

from core.training.run import Progress
from core.training.windows import TEMPLATE, Tokens

PART_TOKENS = 250_000  # tokens that count, per cached file: a stop loses at most that much
BATCH_TOKENS = 8_192


@dataclass(frozen=True, slots=True)
class Residuals:
    """`values` float16 (tokens, width) at the tokens that count, `places` int64 (tokens,) in the tokens'
    `ids`."""

    values: np.ndarray
    places: np.ndarray


class Shuffled:
    """Row numbers, shuffled anew each epoch and joined: place `i` is a function of the seed alone."""

    def __init__(self, *, rows: int, seed: int) -> None:
        self.rows = rows
        self.seed = seed
        self._epoch = -1
        self._order = np.zeros(0, np.int64)

    def take(self, first: int, count: int) -> np.ndarray:
        """Rows at places `first : first + count`, int64."""
        pieces = []
        while count > 0:
            epoch, at = divmod(first, self.rows)
            if epoch != self._epoch:
                self._epoch, self._order = (
                    epoch,
                    np.random.default_rng([self.seed, epoch]).permutation(self.rows),
                )
            pieces.append(self._order[at : at + count])
            first += len(pieces[-1])
            count -= len(pieces[-1])
        return np.concatenate(pieces)


class Trunk:
    """A causal model cut off after block `layer`: gives the residual stream there, fp32."""

    def __init__(self, *, folder: Path, layer: int) -> None:
        model = AutoModelForCausalLM.from_pretrained(str(folder), local_files_only=True, dtype=torch.float32).model
        model.layers = model.layers[: layer + 1]
        model.config.num_hidden_layers = layer + 1
        model.norm = torch.nn.Identity()  # the residual is wanted raw, as a hook on the block would give it
        self.model = model.eval()

    @torch.no_grad()
    def residuals(self, rows: list[np.ndarray]) -> list[np.ndarray]:
        """fp32 (length, width) for each row of token ids; rows are padded on the right, where no token
        looks."""
        ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
        hidden = self.model(input_ids=torch.from_numpy(ids), use_cache=False).last_hidden_state
        return [hidden[i, : len(row)].numpy() for i, row in enumerate(rows)]


def harvest(*, trunk: Trunk, tokens: Tokens, documents: np.ndarray, context: int) -> Residuals:
    """Residuals of the tokens that count (no BOS, EOS or template) of `documents`, cut at `context`
    tokens."""
    slices = {
        int(d): slice(tokens.document(d).start, min(tokens.document(d).stop, tokens.document(d).start + context))
        for d in documents
    }
    values: dict[int, np.ndarray] = {}
    for batch in batches([(d, s.stop - s.start) for d, s in slices.items()]):
        for d, rows in zip(batch, trunk.residuals([tokens.ids[slices[d]] for d in batch]), strict=True):
            values[d] = rows[tokens.roles[slices[d]] != TEMPLATE].astype(np.float16)
    places = [np.flatnonzero(tokens.roles[s] != TEMPLATE) + s.start for s in slices.values()]
    return Residuals(np.concatenate([values[d] for d in slices]), np.concatenate(places))


def batches(lengths: list[tuple[int, int]]) -> Iterator[list[int]]:
    """Documents (index, length) in batches of like length, each at most `BATCH_TOKENS` padded tokens."""
    batch: list[int] = []
    for document, length in sorted(lengths, key=lambda pair: (pair[1], pair[0])):
        if batch and (len(batch) + 1) * length > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(document)
    if batch:
        yield batch


def plan(*, tokens: Tokens, wanted: int, context: int, seed: int, after: int = 0) -> list[np.ndarray]:
    """Seeded choice of documents with at least `wanted` tokens that count, in parts of about `PART_TOKENS`.

    `after` skips the documents that a plan for so many tokens takes; fewer tokens where too few are left.
    """
    position = np.arange(len(tokens.ids)) - np.repeat(tokens.starts[:-1], np.diff(tokens.starts))
    counts = (tokens.roles != TEMPLATE) & (position < context)
    counting = np.add.reduceat(counts.astype(np.int64), tokens.starts[:-1])
    order = np.random.default_rng(seed).permutation(len(tokens))
    ends = np.cumsum(counting[order])
    first = min(int(np.searchsorted(ends, after)) + 1, len(order)) if after else 0
    taken = int(ends[first - 1]) if first else 0
    order = order[first : int(np.searchsorted(ends, taken + wanted)) + 1]
    part = np.cumsum(counting[order]) // PART_TOKENS
    return [order[part == p] for p in np.unique(part)]


def cached(
    *,
    model: Path,
    layer: int,
    tokens: Tokens,
    wanted: int,
    context: int,
    seed: int,
    work: Path,
    progress: Progress,
    stop: Callable[[], bool],
    after: int = 0,
) -> Residuals | None:
    """Residuals of `plan`'s documents, kept in parts under `work`; None when stopped in between."""
    parts = plan(tokens=tokens, wanted=wanted, context=context, seed=seed, after=after)
    decided = (model / "model.safetensors").read_bytes() + tokens.ids.tobytes()
    key = hashlib.sha256(decided + f"{layer} {context} {seed} {after} {PART_TOKENS}".encode()).hexdigest()[:12]
    folder = work / f"residuals-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    trunk = Trunk(folder=model, layer=layer)
    for number, documents in enumerate(parts):
        path = folder / f"{number:05d}-{len(documents)}.safetensors"
        if not path.is_file():
            if stop():
                return None
            part = harvest(trunk=trunk, tokens=tokens, documents=documents, context=context)
            beside = path.with_suffix(".tmp")
            save_file({"values": part.values, "places": part.places}, beside)
            beside.replace(path)
        progress(number + 1, len(parts), f"residuals of block {layer}")
    if not parts:
        return Residuals(np.zeros((0, trunk.model.config.hidden_size), np.float16), np.zeros(0, np.int64))
    loaded = [load_file(folder / f"{i:05d}-{len(p)}.safetensors") for i, p in enumerate(parts)]
    return Residuals(*(np.concatenate([part[name] for part in loaded]) for name in ("values", "places")))
