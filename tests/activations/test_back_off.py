"""Memory that runs out in a real pass: batches are read in pieces, all rows arrive, and the analysis says so."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.activations.analyse import Cancelled, analyse
from core.activations.back_off import Replan, out_of_memory, padded_tokens, pieces
from core.activations.batch_plan import plan_batches
from core.activations.capability_pass import CapabilityReader
from core.activations.deep_check import compare_samples
from core.activations.identity import identify
from core.activations.neuron_pass import read_samples_again
from core.activations.projection_pass import PoolReader
from core.activations.response_loss import read_losses
from core.errors import GamutError
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.activations.test_analyse import SETTINGS
from tests.made import made_records, write_jsonl

ERRORS = [
    torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("MPS backend out of memory (MPS allocated: 17.9 GB). Tried to allocate 1.0 GB on private pool."),
    RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory: you tried to"),
    MemoryError("Unable to allocate 3.1 GiB for an array"),
]


@pytest.fixture
def dataset(workspace, tmp_path) -> Dataset:
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", made_records(30)), name="d")
    return Dataset(workspace, "d")


@pytest.fixture(scope="module")
def undisturbed(tiny, tmp_path_factory) -> Analysis:
    folder = tmp_path_factory.mktemp("undisturbed")
    workspace = Workspace(folder / "workspace")
    import_dataset(workspace, write_jsonl(folder / "d.jsonl", made_records(30)), name="d")
    return run(workspace, Dataset(workspace, "d"), tiny)


def run(workspace, dataset, tiny, *, stop=lambda: False, part_seconds=1e9) -> Analysis:
    identity = identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=SETTINGS)
    return Analysis(
        analyse(
            workspace, dataset, identity, name="d", progress=lambda *_: None, stop=stop, part_seconds=part_seconds
        )
    )  # fmt: skip


def memory_for(monkeypatch, most: int, error: BaseException = ERRORS[0], *, first: int = 0) -> list[int]:
    """Have the model run out of memory above `most` padded tokens, from its forward pass number `first` on.

    Returns the padded tokens of all passes, those that fail included.
    """
    from transformers import LlamaModel

    real, asked = LlamaModel.forward, []

    def forward(self, input_ids=None, **more):
        asked.append(input_ids.numel())
        if len(asked) > first and input_ids.numel() > most:
            raise error
        return real(self, input_ids=input_ids, **more)

    monkeypatch.setattr(LlamaModel, "forward", forward)
    return asked


def same_within_tolerance(one: Analysis, other: Analysis) -> None:
    for name in one.counts.__slots__:
        assert np.array_equal(getattr(one.counts, name), getattr(other.counts, name)), name
    query = "SELECT * FROM activations ORDER BY sample_id, feature_id, side"
    rows, others = (found.cursor().execute(query).fetchnumpy() for found in (one, other))
    for column in rows:
        np.testing.assert_allclose(rows[column], others[column], rtol=1e-4, err_msg=column)
    for query in ("SELECT * FROM vectors ORDER BY ALL", "SELECT * FROM examples ORDER BY ALL"):
        assert len(one.cursor().execute(query).fetchall()) == len(other.cursor().execute(query).fetchall())


@pytest.mark.parametrize("error", ERRORS[1:3], ids=["MPS", "CPU"])
def test_a_pass_that_runs_out_of_memory_reads_every_row_in_pieces_and_says_so(
    workspace, dataset, tiny, undisturbed, monkeypatch, error
):
    asked = memory_for(monkeypatch, 60, error)
    made = run(workspace, dataset, tiny)
    same_within_tolerance(made, undisturbed)
    said = made.replanned
    assert undisturbed.replanned is None and said is not None and 0 < said.batches <= said.planned
    assert f"memory ran out, so {said.batches} of its {said.planned} batches were read in pieces" in said.sentence
    failed = [tokens for tokens in asked if tokens > 60]
    assert len(failed) == 1, "what failed once is not tried again"
    assert made.n_samples == 30 and made.recompute_hash() == made.content_hash
    assert compare_samples(made, dataset, samples=30) is None, "read again in the same pieces"
    assert sorted(path.name for path in made.folder.iterdir()) == ["activations.duckdb"]


def test_a_resumed_run_keeps_the_splits_and_gives_the_same_bytes(workspace, dataset, tiny, monkeypatch, tmp_path):
    memory_for(monkeypatch, 60, first=3)  # the first batches run whole
    whole = run(workspace, dataset, tiny)
    monkeypatch.undo()
    other = Workspace(tmp_path / "other")
    import_dataset(other, write_jsonl(tmp_path / "e.jsonl", made_records(30)), name="d")
    again = Dataset(other, "d")
    memory_for(monkeypatch, 60, first=3)
    calls = iter(range(1_000))
    with pytest.raises(Cancelled):
        run(other, again, tiny, stop=lambda: next(calls) >= 6, part_seconds=0)
    monkeypatch.undo()
    asked = memory_for(monkeypatch, 10_000)  # there is memory enough now
    resumed = run(other, again, tiny)
    assert resumed.replanned == whole.replanned is not None and resumed.content_hash == whole.content_hash
    ((batch, most),) = resumed.replanned.splits
    assert batch == 3 and max(asked) <= max(most, 48), "the longest sample has 48 tokens"


def test_one_sample_that_does_not_fit_is_named_and_what_was_read_stays(
    workspace, dataset, tiny, undisturbed, monkeypatch
):
    asked = memory_for(monkeypatch, 0, first=4)
    with pytest.raises(GamutError, match=r"Sample \d+ \(\d+ tokens\) does not fit into memory by itself; nothing that"):
        run(workspace, dataset, tiny)
    monkeypatch.undo()
    before = len(asked)
    asked = memory_for(monkeypatch, 10_000)
    made = run(workspace, dataset, tiny)
    same_within_tolerance(made, undisturbed)
    assert made.replanned is not None and before > 4 and made.replanned.batches < made.replanned.planned


def test_another_error_is_no_lack_of_memory(workspace, dataset, tiny, monkeypatch):
    assert all(out_of_memory(error) for error in ERRORS)
    memory_for(monkeypatch, 60, RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"))
    with pytest.raises(RuntimeError, match="must match"):
        run(workspace, dataset, tiny)
    assert not list(workspace.analyses.glob("*.partial/replan.json"))


@given(st.lists(st.integers(1, 90), min_size=1, max_size=40), st.integers(1, 400))
def test_pieces_are_the_batch_in_its_order_and_below_the_limit_or_one_sample(lengths, limit):
    found = np.array(lengths, np.int64)
    for batch in plan_batches(found, SETTINGS):
        split = pieces(batch, found, limit)
        assert np.array_equal(np.concatenate(split), batch)
        assert all(len(piece) == 1 or padded_tokens(piece, found) <= limit for piece in split)
        assert len(split) == 1 or padded_tokens(batch, found) > limit


def test_limits_hold_from_their_batch_on_and_are_found_again(tmp_path):
    plan = Replan(tmp_path / "replan.json")
    plan.note(3, 80)
    plan.note(5, 90)  # known better
    plan.note(7, 40)
    again = Replan(tmp_path / "replan.json")
    assert again.splits == plan.splits == [(3, 80), (7, 40)]
    assert [again.limit(number) for number in (0, 2, 3, 6, 7, 99)] == [None, None, 80, 80, 40, 40]


def test_passes_that_are_no_analysis_read_the_same_in_pieces(workspace, dataset, tiny, undisturbed, monkeypatch):
    identity = identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=SETTINGS)
    conversations = [turns for _, turns in dataset.conversations()]
    ids = np.arange(30)
    wide = (undisturbed.contents.shape.layers, 30, undisturbed.contents.shape.neurons)

    def read_all():
        notes: set[str] = set()
        reader = CapabilityReader(identity, progress=lambda *said: notes.add(said[2]), stop=lambda: False)
        ends, profile = reader.ends(conversations, note="ends"), reader.profile(conversations, note="profile")
        pool, again = np.full(wide, np.nan), np.full(wide, np.nan)
        for rows, read in PoolReader(identity, dataset, progress=lambda *_: None).states(begin=0, stop=lambda: False):
            pool[:, rows] = read["mlp"]["mean"]
        read_samples_again(
            identity, [(undisturbed, ids)], site="mlp", each=lambda layer, rows, means: again[layer].__setitem__(rows, means),
            progress=lambda *_: None, stop=lambda: False,
        )  # fmt: skip
        losses = read_losses(
            tiny["model"], undisturbed, SETTINGS, begin=0, progress=lambda *_: None, stop=lambda: False
        )
        kinds = [getattr(ends[site], kind) for site in ends for kind in ("rows", "first", "last", "mean")]
        return notes, [*kinds, profile.features, profile.neurons, pool, again, np.concatenate(list(losses))]

    _, expected = read_all()
    asked = memory_for(monkeypatch, 60)
    notes, found = read_all()
    assert len([tokens for tokens in asked if tokens > 60]) == 4, "once in each reader, and never again"
    assert {"ends, in pieces as memory ran out", "profile, in pieces as memory ran out"} <= notes
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=2e-3, atol=1e-5)
    memory_for(monkeypatch, 0)
    with pytest.raises(GamutError, match=r"A sample of \d+ tokens does not fit into memory by itself: free some"):
        read_all()
