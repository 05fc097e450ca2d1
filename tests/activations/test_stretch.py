"""Stretches of the plan: each read by itself, as a worker does, the analysis is the one of a single process."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.activations.analyse import analyse
from core.activations.back_off import TooLong
from core.activations.batch_plan import plan_batches
from core.activations.identity import identify
from core.activations.machine import Pass
from core.activations.settings import AnalysisSettings
from core.activations.stretch import Stretch, most_tokens, read_stretch, stretches
from core.activations.tokens import Tokens
from core.store.analyses import Analysis
from core.store.contents import decide
from core.store.datasets import Dataset
from core.store.groups import groups_of
from core.store.import_dataset import import_dataset
from core.store.parts import PartWriter
from core.workspace import Workspace
from tests.made import made_records, write_jsonl

SETTINGS = AnalysisSettings(batch_tokens=100, batch_samples=4, group_by="kind")
LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=50).map(lambda values: np.array(values, dtype=np.int64))


def some_tokens(lengths):
    rng = np.random.default_rng(int(lengths.sum()))
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    ids, roles = rng.integers(0, 9, indptr[-1]).astype(np.int32), rng.integers(0, 4, indptr[-1]).astype(np.uint8)
    return Tokens(ids, roles, indptr, np.arange(len(lengths), dtype=np.int32), lengths.astype(np.int32))


@given(LENGTHS, st.integers(1, 200), st.integers(0, 5), st.booleans())
def test_stretches_hold_every_batch_once_with_the_tokens_of_its_samples(lengths, most, begin, grouped):
    tokens, settings = some_tokens(lengths), AnalysisSettings(batch_tokens=80, batch_samples=3)
    batches = plan_batches(lengths, settings)
    begin = min(begin, len(batches))
    groups = np.arange(len(lengths)) % 3 if grouped else None
    due = begin
    for sent in stretches(tokens, batches, groups, begin=begin, most=most):
        found = Stretch.from_table(sent.as_table())
        assert found.first == due and len(found.sizes) and (len(found.sizes) == 1 or len(found.tokens.ids) <= most)
        due = found.stop
        planned = batches[found.first : found.stop]
        assert found.sizes.tolist() == [len(batch) for batch in planned]
        assert found.ids.tolist() == np.concatenate(planned).tolist()
        assert found.groups.tolist() == ([i % 3 for i in found.ids.tolist()] if grouped else [])
        for place, sample in enumerate(found.ids.tolist()):
            own, whole = (slice(t.indptr[i], t.indptr[i + 1]) for t, i in ((found.tokens, place), (tokens, sample)))
            assert (found.tokens.ids[own] == tokens.ids[whole]).all()
            assert (found.tokens.sides[own] == tokens.sides[whole]).all()
            assert (found.tokens.cut[place], found.tokens.words[place]) == (sample, lengths[sample])
    assert due == len(batches)


def test_stretches_are_shorter_where_little_is_left_for_many():
    assert most_tokens(10**9, 4) == 1 << 17 and most_tokens(1000, 5) == 50 and most_tokens(0, 3) == 1


@pytest.fixture
def grouped(tmp_path):
    """A workspace with a data set whose samples are of two kinds, and one of none."""
    workspace = Workspace(tmp_path / "workspace")
    records = [record | {"kind": "ab"[i % 2] if i else ""} for i, record in enumerate(made_records(30))]
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", records), name="d")
    return workspace


def test_parts_that_were_read_stretch_by_stretch_make_the_same_analysis(grouped, tmp_path, tiny, monkeypatch):
    dataset = Dataset(grouped, "d")
    identity = identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=SETTINGS)

    def run(workspace, said):
        told = {"progress": lambda *now: said.append(now), "stop": lambda: False}
        return Analysis(analyse(workspace, dataset, identity, name="d", **told)).content_hash

    machine = Pass(identity, threads=1)
    tokens = machine.tokenise(turns for _, turns in dataset.conversations())
    groups = groups_of(dataset, "kind")
    contents = decide(len(dataset), machine.shape(), SETTINGS.budgets, groups=groups.names, grouped_by=groups.column)
    batches = plan_batches(tokens.lengths, SETTINGS)
    waiting: dict[str, pa.Table] = {}
    sharing = Workspace(tmp_path / "sharing")
    folder = sharing.analyses / f"{identity.id}.partial" / "parts"
    writer = PartWriter(folder, seconds=float("inf"), take=lambda: waiting)
    for stretch in stretches(tokens, batches, groups.of, begin=0, most=150):
        waiting = read_stretch(machine, contents, Stretch.from_table(stretch.as_table())).tables
        for number in range(stretch.first, stretch.stop):
            writer.add(number)
        writer.flush()
    assert len(list(folder.glob("*.json"))) > 4
    said: list = []
    assert run(sharing, said) == run(grouped, [])
    assert not [note for *_, note in said if note == "reading samples"], "nothing was left to read"

    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr(type(machine.model.trunk), "forward", full)
    last = [*stretches(tokens, batches, groups.of, begin=0, most=150)][-1]
    with pytest.raises(TooLong, match=f"Sample {last.ids[0]} ") as told:  # by its number in the data set
        read_stretch(machine, contents, last)
    assert told.value.tokens == tokens.lengths[last.ids[0]] and last.ids[0] > 0
