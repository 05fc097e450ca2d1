"""What an analysis will cost in time, memory and disk, told from two small runs of the very same program."""

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import nnls

from core.activations.batch_plan import plan_batches
from core.activations.settings import AnalysisSettings
from core.store.duck import WRITE_MEMORY

WRITE_BYTES = int(WRITE_MEMORY.removesuffix("GB")) * 10**9
STRATA = 10
SORTING = 3  # bytes of memory that writing the store takes for a byte on disk (measured), up to its limit
BYTES_A_TOKEN = 32  # ids, roles and sides of all tokens, once more while they are joined


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the whole data set will take, beside what it was told from.

    `seconds` is all of it: `load_seconds`, `tokenise_seconds`, `pass_seconds` and `store_seconds`. `tokens_a_second` is
    that of the pass. `ready`: samples that need no pass, as their member of the pool was analysed before; the seconds leave
    them out. `memory_bytes`: the most that the process holds at once. `disk_bytes`: the finished folder;
    `working_bytes`: the most on disk while it is made. `bytes_a_sample`: of each table that grows with the samples.
    """

    samples: int
    tokens: int
    seconds: float
    load_seconds: float
    tokenise_seconds: float
    pass_seconds: float
    store_seconds: float
    tokens_a_second: float
    memory_bytes: int
    disk_bytes: int
    working_bytes: int
    bytes_a_sample: dict[str, float]
    ready: int = 0


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A small run, measured: `shapes` int (batches, 2) rows and padded length of each batch, `batch_seconds` its time.

    `tables`: bytes of every finished table; `growing`: those with rows of samples, and `most`: how many times its bytes
    such a table may take at most, where there is a bound; `part_bytes`: all parts.
    """

    samples: int
    tokens: int
    shapes: np.ndarray
    batch_seconds: np.ndarray
    tokenise_seconds: float
    store_seconds: float
    part_bytes: int
    tables: dict[str, int]
    growing: frozenset[str]
    memory_bytes: int
    most: dict[str, float] = field(default_factory=dict)


def draw(characters: np.ndarray, *, seed: int) -> np.ndarray:
    """All samples in a seeded order of which every beginning is stratified over length, int32 (n).

    `characters` int (n). The samples are cut by length into ten groups of like size; the order takes one of each in turn.
    """
    rng = np.random.default_rng(seed)
    by_length = np.lexsort((np.arange(len(characters)), characters))
    groups = [rng.permutation(group) for group in np.array_split(by_length, STRATA)]
    turn = np.concatenate([np.arange(len(group)) for group in groups])
    group = np.repeat(np.arange(STRATA), [len(group) for group in groups])
    return np.concatenate(groups)[np.lexsort((group, turn))].astype(np.int32)


def whole_lengths(characters: np.ndarray, ids: np.ndarray, uncut: np.ndarray, *, max_length: int) -> np.ndarray:
    """Tokens that each sample will have, int64 (n): those of the pilot's samples `ids` counted, the others by like length.

    `uncut` int (len(ids)): tokens before the cut. A sample that was not counted gets its characters times the tokens a
    character of the counted samples in its tenth by length.
    """
    edges = np.quantile(characters, np.linspace(0, 1, STRATA + 1)[1:-1])
    tenth, counted = np.searchsorted(edges, characters, side="right"), characters[ids]
    overall = uncut.sum() / max(1, counted.sum())
    rates = np.full(STRATA, overall)
    for number in range(STRATA):
        here = tenth[ids] == number
        if counted[here].sum():
            rates[number] = uncut[here].sum() / counted[here].sum()
    lengths = np.rint(characters * rates[tenth])
    lengths[ids] = uncut
    return np.clip(lengths, 1, max_length).astype(np.int64)


def estimate(small: Rehearsal, large: Rehearsal, lengths: np.ndarray, *, ready: np.ndarray, characters: np.ndarray,
             pilot_characters: int, load_seconds: float, settings: AnalysisSettings) -> Estimate:  # fmt: skip
    """Draw a line through two rehearsals to the whole: `lengths` int64 (n) are the tokens of all samples.

    `ready` bool (n): samples that need no pass; `characters` int64 (n).
    """
    pass_seconds = 0.0
    if not ready.all():
        shapes = shapes_of(lengths[~ready], settings)
        pass_seconds = float((_work(shapes) @ batch_costs(large.shapes, large.batch_seconds)).sum())
    tokens, samples = int(lengths.sum()), len(lengths)

    def line(at_small: float, at_large: float) -> float:
        """The value at all tokens; a slope below zero or a single point counts as growth from nothing."""
        run = large.tokens - small.tokens
        slope = (at_large - at_small) / run if run > 0 else at_large / max(1, large.tokens)
        return at_large + max(0.0, slope) * (tokens - large.tokens)

    tables = {
        name: line(small.tables[name], size) if name in large.growing else size for name, size in large.tables.items()
    }
    tables |= {name: min(tables[name], times * large.tables[name]) for name, times in large.most.items()}
    disk = int(sum(tables.values()))
    sorting = min(WRITE_BYTES, SORTING * (disk - sum(large.tables.values())))
    store_seconds = line(small.store_seconds, large.store_seconds)
    tokenise_seconds = large.tokenise_seconds * int(characters[~ready].sum()) / max(1, pilot_characters)
    return Estimate(
        samples=samples,
        tokens=tokens,
        seconds=load_seconds + tokenise_seconds + pass_seconds + store_seconds,
        load_seconds=load_seconds,
        tokenise_seconds=tokenise_seconds,
        pass_seconds=pass_seconds,
        store_seconds=store_seconds,
        tokens_a_second=int(lengths[~ready].sum()) / pass_seconds if pass_seconds > 0 else 0.0,
        memory_bytes=int(large.memory_bytes + max(BYTES_A_TOKEN * (tokens - large.tokens), sorting)),
        disk_bytes=disk,
        working_bytes=disk + int(line(small.part_bytes, large.part_bytes)),
        bytes_a_sample={name: tables[name] / samples for name in sorted(large.growing)},
        ready=int(ready.sum()),
    )


def shapes_of(lengths: np.ndarray, settings: AnalysisSettings) -> np.ndarray:
    """Rows and padded length of every batch of the plan, int64 (batches, 2)."""
    batches = plan_batches(lengths, settings)
    return np.array([(len(batch), int(lengths[batch].max())) for batch in batches], dtype=np.int64).reshape(-1, 2)


def batch_costs(shapes: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Seconds per batch, per padded token and per padded token and length, all ≥ 0, by least squares; float (3).

    A batch that the machine interrupted would bend the line, so times are cut at four times the median per token first.
    """
    work = _work(shapes)
    per_token = seconds / work[:, 1]
    fair = np.minimum(seconds, 4 * np.median(per_token) * work[:, 1])
    scale = work.max(axis=0)
    return nnls(work / scale, fair)[0] / scale


def _work(shapes: np.ndarray) -> np.ndarray:
    padded = shapes[:, 0] * shapes[:, 1]
    return np.stack([np.ones(len(shapes)), padded, padded * shapes[:, 1]], axis=1).astype(np.float64)
