"""The analysis as a whole: equal to one sample at a time, and to itself after any stop."""

import json
import random
from collections import defaultdict
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pytest
import torch

from core.activations.analyse import Cancelled, Pass, analyse
from core.activations.batch_plan import plan_batches
from core.activations.collect.collection import Collection
from core.activations.deep_check import compare_samples
from core.activations.identity import identify
from core.activations.settings import AnalysisSettings
from core.activations.tokens import UNSCORED
from core.errors import GamutError
from core.store import parts
from core.store.analyses import Analysis, open_analysis
from core.store.contents import decide
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.parts import PartWriter
from core.workspace import Workspace
from tests.made import made_records, write_jsonl

SETTINGS = AnalysisSettings(batch_tokens=100, batch_samples=4)


@pytest.fixture
def dataset(workspace, tmp_path) -> Dataset:
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", made_records(30)), name="d")
    return Dataset(workspace, "d")


def run(workspace, dataset, tiny, *, stop=lambda: False, settings=SETTINGS, name="d", part_seconds=1e9):
    identity = identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=settings)
    said = []
    folder = analyse(
        workspace, dataset, identity, name=name, progress=lambda *now: said.append(now), stop=stop, part_seconds=part_seconds
    )  # fmt: skip
    return Analysis(folder), said


@pytest.fixture(scope="module")
def undisturbed(tiny, tmp_path_factory) -> str:
    """The content hash of a run that nothing stopped."""
    folder = tmp_path_factory.mktemp("undisturbed")
    workspace = Workspace(folder / "workspace")
    import_dataset(workspace, write_jsonl(folder / "d.jsonl", made_records(30)), name="d")
    return run(workspace, Dataset(workspace, "d"), tiny)[0].content_hash


def one_by_one(analysis, dataset, tiny):
    """The same numbers with no batches, no sparse shortcuts and no pooling kernel."""
    identity = identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=SETTINGS)
    machine = Pass(identity, threads=1)
    machine.sae.sae.activation_fn.use_sparse_activations = False
    tokens = machine.tokenise(turns for _, turns in dataset.conversations())
    rows = {}
    for sample in range(len(dataset)):
        span = slice(tokens.indptr[sample], tokens.indptr[sample + 1])
        ids = torch.from_numpy(tokens.ids[span].astype(np.int64))[None]
        with torch.no_grad():
            states = machine.model.trunk(input_ids=ids, output_hidden_states=True).hidden_states
            active = machine.sae.sae.encode(states[machine.sae.block + 1])[0].numpy()
        seen = defaultdict(list)
        for place, side in enumerate(tokens.sides[span]):
            for feature in np.flatnonzero(active[place]) if side != UNSCORED else ():
                seen[int(feature), int(side)].append((active[place, feature], place))
        for (feature, side), found in seen.items():
            rows[sample, feature, side] = (max(found)[0], sum(value for value, _ in found), len(found))
    return rows


def test_the_store_equals_one_sample_at_a_time(workspace, dataset, tiny):
    analysis, _ = run(workspace, dataset, tiny)
    stored = (
        analysis.cursor().execute("SELECT sample_id, feature_id, side, max, sum, count FROM activations").fetchall()
    )
    expected = one_by_one(analysis, dataset, tiny)
    assert {row[:3] for row in stored} == set(expected)
    for sample, feature, side, peak, total, count in stored:
        np.testing.assert_allclose((peak, total, count), expected[sample, feature, side], rtol=2e-4)
    counts = analysis.counts
    assert counts.truncated_tokens.sum() > 0, "the made records are to outrun the tiny context"
    assert (counts.scored_tokens == counts.prompt_tokens + counts.response_tokens).all()
    assert (counts.richness == [len({f for s, f, _ in expected if s == i}) for i in range(len(dataset))]).all()


def test_progress_counts_every_token_once(workspace, dataset, tiny):
    analysis, said = run(workspace, dataset, tiny)
    counted = [(done, *rows) for done, total, note, *rows in said if note == "reading samples"]
    assert counted == sorted(counted) and counted[0] == (0, 0)
    assert said[-1][:2] == (int(analysis.counts.tokens.sum()),) * 2


def test_stopped_anywhere_and_resumed_it_is_the_same(workspace, dataset, tiny, undisturbed):
    for patience in (0, 1, 3):
        calls = iter(range(1_000))
        with pytest.raises(Cancelled):
            run(workspace, dataset, tiny, stop=lambda calls=calls, n=patience: next(calls) >= n, part_seconds=0)
    resumed, said = run(workspace, dataset, tiny)
    assert said[2][0] > 0, "a resumed run goes on where the parts end"
    assert resumed.content_hash == undisturbed == resumed.recompute_hash()
    assert not list(workspace.analyses.glob("*.partial")) and not list(resumed.folder.glob("*.wal"))


def test_what_a_killed_run_left_of_a_part_is_dropped(workspace, dataset, tiny):
    with pytest.raises(Cancelled):
        calls = iter(range(1_000))
        run(workspace, dataset, tiny, stop=lambda: next(calls) >= 4, part_seconds=0)
    (parts,) = workspace.analyses.glob("*.partial/parts")
    last = max(parts.glob("*.json"))
    last.unlink()  # as if killed before the part was marked complete
    (parts / ".00009.tokens.parquet.1.tmp").write_bytes(b"half")
    analysis, _ = run(workspace, dataset, tiny)
    assert analysis.n_samples == len(dataset) and analysis.recompute_hash() == analysis.content_hash


def test_stopped_after_every_single_batch_it_is_the_same(workspace, dataset, tiny, undisturbed):
    identity = identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=SETTINGS)
    machine = Pass(identity, threads=1)
    tokens = machine.tokenise(turns for _, turns in dataset.conversations())
    folder = workspace.analyses / f"{identity.id}.partial" / "parts"
    contents = decide(len(dataset), machine.shape(), SETTINGS.budgets)
    batches = plan_batches(tokens.lengths, SETTINGS)
    for number, batch in enumerate(batches):
        collection = Collection(contents, None)
        writer = PartWriter(folder, seconds=0, take=collection.take)
        collection.add(machine.run(tokens, batch))
        writer.add(number)
    resumed, said = run(workspace, dataset, tiny)
    assert len(batches) > 5 and said[-1][2] == "writing the store" and len(said) == 3, "nothing was left to read"
    assert resumed.content_hash == undisturbed


@pytest.mark.parametrize("seed", range(3))
def test_killed_inside_the_writing_of_a_part_it_is_the_same(workspace, dataset, tiny, undisturbed, monkeypatch, seed):
    rng = random.Random(seed)
    patience = rng.randrange(80)  # files written until the kill: ten a part

    def dying(real, *arguments, **options):
        nonlocal patience
        patience -= 1
        if patience < 0:
            if rng.random() < 0.5:  # some bytes of the file are there
                Path(arguments[1].name if hasattr(arguments[1], "name") else arguments[0]).write_bytes(b"PAR1 half")
            raise KeyboardInterrupt
        real(*arguments, **options)

    for name in ("pq.write_table", "write_json"):
        real = parts.pq.write_table if name.startswith("pq") else parts.write_json
        monkeypatch.setattr(f"core.store.parts.{name}", partial(dying, real))
    with pytest.raises(KeyboardInterrupt):
        run(workspace, dataset, tiny, part_seconds=0)
    monkeypatch.undo()
    resumed, _ = run(workspace, dataset, tiny, part_seconds=0)
    assert resumed.content_hash == undisturbed == resumed.recompute_hash()


def cancelled_parts(workspace, dataset, tiny):
    """The folder of the parts of a run that was stopped after four batches."""
    with pytest.raises(Cancelled):
        calls = iter(range(1_000))
        run(workspace, dataset, tiny, stop=lambda: next(calls) >= 4, part_seconds=0)
    (folder,) = workspace.analyses.glob("*.partial/parts")
    return folder


@pytest.mark.parametrize("damage", ["cut short", "gone", "mark cut short"])
def test_a_part_that_is_not_whole_is_computed_again(workspace, dataset, tiny, undisturbed, damage):
    folder = cancelled_parts(workspace, dataset, tiny)
    file = folder / ("00001.json" if damage == "mark cut short" else "00001.examples.parquet")
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-9])
    resumed, said = run(workspace, dataset, tiny)
    assert 0 < said[2][0] < sum(resumed.counts.tokens), "it goes on behind the first part"
    assert resumed.content_hash == undisturbed


def test_a_flipped_byte_in_a_part_is_told_and_the_next_run_computes_it_again(workspace, dataset, tiny, undisturbed):
    file = cancelled_parts(workspace, dataset, tiny) / "00002.neurons.parquet"
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    file.write_bytes(damaged)
    with pytest.raises(
        GamutError, match="00002.neurons.parquet is not what was written .* start the same analysis again"
    ):
        run(workspace, dataset, tiny)
    resumed, _ = run(workspace, dataset, tiny)
    assert resumed.content_hash == undisturbed


def test_a_finaliser_killed_before_the_rename_goes_on(workspace, dataset, tiny, monkeypatch):
    monkeypatch.setattr("core.store.finalise.shutil.rmtree", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(workspace, dataset, tiny)
    monkeypatch.undo()
    analysis, _ = run(workspace, dataset, tiny)
    assert analysis.n_samples == len(dataset) and not (analysis.folder / "parts").exists()


def test_the_id_follows_everything_that_decides(workspace, dataset, tiny, tmp_path):
    from tests.tiny import tiny_model

    def id(model=tiny["model"], settings=SETTINGS):
        return identify(dataset, model=str(model), sae=str(tiny["sae"]), settings=settings).id

    other = tiny_model(tmp_path / "other", seed=5)
    ids = {
        id(),
        id(other),
        id(settings=AnalysisSettings()),
        id(settings=AnalysisSettings(batch_tokens=100, batch_samples=4, max_length=9)),
    }
    assert len(ids) == 4 and id() in ids


def test_samples_run_again_agree_and_a_changed_store_is_seen(workspace, dataset, tiny):
    analysis, _ = run(workspace, dataset, tiny)
    assert compare_samples(analysis, dataset, samples=30) is None
    path = analysis.folder / "activations.duckdb"
    analysis._connection.close()
    with duckdb.connect(str(path)) as connection:
        first = connection.execute("SELECT min(feature_id) FROM activations WHERE sample_id = 4").fetchall()[0][0]
        connection.execute("UPDATE activations SET max = max * 1.01 WHERE sample_id = 4 AND feature_id = ?", [first])
    assert "of sample 4 is" in compare_samples(Analysis(analysis.folder), dataset, samples=30)


def test_an_analysis_that_was_computed_otherwise_is_not_compared(workspace, dataset, tiny):
    analysis, _ = run(workspace, dataset, tiny)
    analysis.close()
    with duckdb.connect(str(analysis.folder / "activations.duckdb")) as connection:
        older = json.dumps({**analysis.settings, "version": 1})
        connection.execute("UPDATE meta SET value = ? WHERE key = 'settings'", [older])
    with pytest.raises(
        GamutError, match="made by an older Gamut, which computed otherwise; analyse the data set again"
    ):
        compare_samples(Analysis(analysis.folder), dataset, samples=1)


@pytest.mark.parametrize("name", ["example_bytes", "vector_bytes"])
def test_a_budget_below_nothing_is_refused(name):
    with pytest.raises(GamutError, match=f"{name} is -1; it must be at least 0"):
        AnalysisSettings(**{name: -1})


@pytest.mark.parametrize("step", ["fold.write_contrast", "finalise.content_hash", "finalise.take_final_name"])
def test_a_finaliser_killed_at_any_step_goes_on(workspace, dataset, tiny, undisturbed, monkeypatch, step):
    monkeypatch.setattr(f"core.store.{step}", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(workspace, dataset, tiny)
    monkeypatch.undo()
    analysis, _ = run(workspace, dataset, tiny)
    assert analysis.content_hash == undisturbed == analysis.recompute_hash()
    assert sorted(path.name for path in analysis.folder.iterdir()) == ["activations.duckdb"]


def test_another_model_in_the_place_of_the_old_one_is_refused(workspace, dataset, tiny, tmp_path):
    from tests.tiny import tiny_model

    mine = {"model": tiny_model(tmp_path / "m"), "sae": tiny["sae"]}
    analysis, _ = run(workspace, dataset, mine)
    tiny_model(tmp_path / "m", seed=9)
    with pytest.raises(GamutError, match="is not the one analysis"):
        compare_samples(analysis, dataset, samples=1)


def test_names_and_ids_open_an_analysis(workspace, dataset, tiny):
    analysis, _ = run(workspace, dataset, tiny, name="mine")
    for wanted in ("mine", analysis.id, analysis.id[:6]):
        assert open_analysis(workspace, wanted).id == analysis.id
    with pytest.raises(GamutError, match="There is no analysis called 'other'; there are: mine"):
        open_analysis(workspace, "other")
