"""Capabilities for the made analysis, whose model nobody has: written through the engine with seeded random directions."""

import numpy as np

from core.scores.capability import Capability, Learned, save_capability
from core.scores.capability_quality import beside, measure
from core.scores.directions import learn_directions
from core.workspace import Workspace
from tests.made import FEATURES, SHAPE, WORDS

MODEL = "0"  # the SHA-256 that the made analysis says of its model, and of its SAE


def made_capability(
    workspace: Workspace,
    name: str,
    *,
    seed: int = 0,
    samples: int = 40,
    model: str = MODEL,
    sources: list | None = None,
) -> Capability:
    """A capability learned from random states; `model` as another hash makes one of another model."""
    rng = np.random.default_rng(seed)
    sites = {"mlp": SHAPE.neurons, "residual": SHAPE.width}
    directions, quality, means = {}, {}, {}
    for site, width in sites.items():
        change = rng.normal(size=(SHAPE.layers, samples, width)) + 2 * rng.normal(size=(samples, 1)) * np.ones(width)
        mean = rng.normal(1, 1, size=(SHAPE.layers, samples, width))
        directions[site] = learn_directions(change, mean)
        random = [measure(rng.normal(size=change.shape), mean, seed=n) for n in range(3)]
        quality[site] = beside(measure(change, mean), random)
        means[site] = mean.mean(axis=1).astype(np.float32)
    learned = Learned(
        model="made", model_sha256=model, sae_sha256=MODEL, max_length=64, template="plain", settings={"version": 2},
        samples=samples, left_out=0, sources=sources or [{"file": f"{name}.jsonl", "sha256": "0", "rows": samples}],
        null="made, 3 random sets", created="2026-01-01T00:00:00+00:00",
    )  # fmt: skip
    profile = {
        "features": rng.exponential(size=FEATURES).astype(np.float32),
        "neurons": rng.random((SHAPE.layers, SHAPE.neurons)).astype(np.float32),
        "tokens": rng.integers(0, 9, WORDS).astype(np.int64),
    }
    return save_capability(
        workspace,
        Capability(
            name=name, learned=learned, directions=directions, means=means, firsts=means, profile=profile, quality=quality
        ),
    )  # fmt: skip
