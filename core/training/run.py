"""What a training run is told: how to report progress, and how many threads to use."""

import contextlib
from collections.abc import Callable, Iterator

import torch

Progress = Callable[[int, int, str], None]


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Torch on `count` threads within the block: the order of sums, so the weights, depends on it."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
