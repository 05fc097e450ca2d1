"""How fast the Features screen opens in a real browser, at 4,096 and at generated 131,072 features: p50 and p95."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.activations.batch import Batch
from core.activations.collect.collection import Collection
from core.activations.tokens import Tokens
from core.datasets.sample import ROLES, SPECIAL
from core.store.analyses import PARTIAL, Analysis
from core.store.contents import Budgets, Contents, Shape, decide
from core.store.datasets import Dataset
from core.store.finalise import finalise
from core.store.import_dataset import import_dataset
from core.store.parts import PartWriter
from core.store.tables import DECODER
from core.workspace import Workspace
from tests.made import MadeStates

SIZES = (4_096, 131_072)
SAMPLES, TOKENS, K = 15_000, 80, 32  # samples, tokens of each, features active at a token: about Dolly's numbers
WORDS, KINDS, BATCH = 20_000, 8, 250
OPENED = 20  # times each kind of page is opened


def bench() -> list[tuple[str, float, str]]:
    """Rows (what, milliseconds, note): from the address to a quiet page that shows what was asked for, on a warm server."""
    rows = []
    for n_features in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            generated_workspace(Path(folder), n_features)
            note = f"{n_features} features, {SAMPLES} samples × {TOKENS} tokens × {K}"
            rows.append(("generated, seconds", time.perf_counter() - began, note))
            rows += _open_pages(Path(folder), n_features, note)
    return rows


def _open_pages(folder: Path, n_features: int, note: str) -> list[tuple[str, float, str]]:
    from tests.browser.server import chromium_started, serving

    rng = np.random.default_rng(2)
    with serving(Workspace(folder / "workspace")) as server, chromium_started() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        kinds = {
            "opening": lambda: ("", ".row .peak"),
            "table, another search": lambda: (f"?find=w{rng.integers(WORDS)}", "text=All features"),
            "table, another page and order": lambda: (
                f"?sort=max&features_page={rng.integers(1, n_features // 60)}", "text=All features"
            ),
            "feature page": lambda: (f"?feature={int(n_features ** rng.random()) - 1}", ".row .peak"),
            "feature page, neighbours": lambda: (
                f"?feature_tab=neighbours&feature={int(n_features ** rng.random()) - 1}", "text=Directions alike"
            ),
        }  # fmt: skip
        rows = []
        for kind, ask in kinds.items():
            first = _open(page, server.address, *ask())
            times = [_open(page, server.address, *ask()) for _ in range(OPENED)]
            rows.append((f"{kind}: first, ms", first, note))
            rows.append((f"{kind}: p50, ms", float(np.percentile(times, 50)), f"{note}, {OPENED} times"))
            rows.append((f"{kind}: p95, ms", float(np.percentile(times, 95)), f"{note}, {OPENED} times"))
    return rows


def _open(page, address: str, query: str, shown: str) -> float:
    """Milliseconds until the page shows what was asked for and Streamlit is idle."""
    began = time.perf_counter()
    page.goto(f"{address}/features{query}")
    page.locator(shown).first.wait_for(timeout=120_000)
    page.wait_for_selector('[data-testid=stApp][data-test-script-state="notRunning"]', timeout=120_000)
    return 1000 * (time.perf_counter() - began)


def generated_workspace(folder: Path, n_features: int, *, samples: int = SAMPLES) -> Analysis:
    """A data set of `samples` in KINDS categories, and an analysis written by the collectors and the finaliser of a real one."""
    workspace = Workspace(folder / "workspace")
    file = folder / "generated.jsonl"
    with file.open("w", encoding="utf-8") as out:
        for i in range(samples):
            record = {
                "instruction": f"Say something about number {i}.",
                "response": f"{i} it is.",
                "kind": f"kind {i % KINDS}",
            }
            out.write(json.dumps(record) + "\n")
    import_dataset(workspace, file, name="generated")
    dataset = Dataset(workspace, "generated")
    shape = Shape(n_features, layers=1, neurons=0, width=4, block=0)
    contents = decide(samples, shape, Budgets(vectors=0), every_layer=False)
    partial = workspace.analyses / ("0123456789abcdef" + PARTIAL)
    batches = _write_parts(partial, contents, samples, n_features)
    meta = {
        "id": "0123456789abcdef", "name": "generated", "dataset": "generated", "dataset_hash": dataset.content_hash,
        "model": json.dumps({"ref": "generated", "sha256": "0"}), "sae": json.dumps({"ref": "generated", "sha256": "0"}),
        "settings": json.dumps({"version": 2}), "max_length": str(TOKENS), "hook": "blocks.0.hook_resid_post",
        "template": "plain", "threads": "1", "versions": json.dumps({"gamut": "bench"}), "seconds": "1.0",
        "started": "2026-01-01T00:00:00+00:00", "finished": "2026-01-01T00:00:01+00:00",
    }  # fmt: skip
    final = workspace.analyses / "0123456789abcdef"
    finalise(
        partial, final, batches=batches, samples=samples, contents=contents, decoder=_decoder(n_features),
        vocabulary=[f" w{word}" for word in range(WORDS)], meta=meta,
    )  # fmt: skip
    return Analysis(final)


def _write_parts(partial: Path, contents: Contents, samples: int, n_features: int) -> int:
    """The parts of the pass, one for every 20 batches; returns how many batches there are."""
    rng = np.random.default_rng(0)
    tokens = _tokens(rng, samples)
    collection = Collection(contents, None)
    writer = PartWriter(partial / "parts", seconds=1e9, take=collection.take)
    numbers = range(-(-samples // BATCH))
    for number in numbers:
        ids = np.arange(number * BATCH, min(samples, (number + 1) * BATCH), dtype=np.int32)
        collection.add(_batch(rng, tokens, ids, n_features))
        writer.add(number)
        if number % 20 == 19:
            writer.flush()
    writer.flush()
    return len(numbers)


def _tokens(rng: np.random.Generator, samples: int) -> Tokens:
    roles = np.where(np.arange(TOKENS) < TOKENS // 3, ROLES.index("user"), ROLES.index("assistant")).astype(np.uint8)
    roles[0] = SPECIAL
    ids = np.minimum(WORDS ** rng.random(samples * TOKENS), WORDS - 1).astype(np.int32)
    ends = np.arange(samples + 1, dtype=np.int64) * TOKENS
    return Tokens(
        ids, np.tile(roles, samples), ends, np.zeros(samples, np.int32), np.full(samples, TOKENS - 1, np.int32)
    )


def _batch(rng: np.random.Generator, tokens: Tokens, ids: np.ndarray, n_features: int) -> Batch:
    """K features a token, with densities as 1 / rank; a tenth of them belong to the category of the sample."""
    n = len(ids) * TOKENS
    drawn = np.minimum(n_features ** rng.random((n, K)), n_features - 1).astype(np.int32)
    kind = np.repeat(ids % KINDS, TOKENS)[:, None]
    own = rng.random((n, K)) < 0.1
    drawn = np.sort(np.where(own, drawn // KINDS * KINDS + kind, drawn).astype(np.int32), axis=1)
    values = rng.exponential(4, size=(n, K)).astype(np.float32) + np.float32(0.1)
    values[:, 1:][drawn[:, 1:] == drawn[:, :-1]] = 0  # drawn twice at a token
    zeros = np.zeros((1, len(ids), 4), np.float32)
    counted = np.full((1, len(ids)), TOKENS - 1)
    states = MadeStates(0, zeros, zeros, counted, zeros, np.zeros(len(ids), np.int64))
    return Batch(tokens, ids, states, np.arange(n + 1, dtype=np.int64) * K, drawn.ravel(), values.ravel(), n_features)


def _decoder(n_features: int) -> pa.Table:
    """Directions that promote and suppress 20 tokens and have 10 neighbours, drawn at random."""
    rng = np.random.default_rng(1)

    def lists(values: np.ndarray) -> pa.ListArray:
        ends = pa.array(np.arange(len(values) + 1, dtype=np.int32) * values.shape[1])
        return pa.ListArray.from_arrays(ends, pa.array(values.ravel()))

    words, logits = rng.integers(0, WORDS, (2, n_features, 20), np.int32), rng.random((n_features, 20), np.float32)
    nearest = rng.integers(0, n_features, (n_features, 10), np.int32)
    columns = [
        pa.array(np.arange(n_features, dtype=np.int32)), pa.array(np.ones(n_features, np.float32)), lists(words[0]),
        lists(logits), lists(words[1]), lists(-logits), lists(nearest), lists(rng.random((n_features, 10), np.float32)),
    ]  # fmt: skip
    return pa.table(columns, schema=DECODER)
