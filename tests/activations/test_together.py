"""Several SAEs in one pass: each analysis is byte for byte the one that it would be alone, whatever stopped the others."""

import json

import numpy as np
import pytest
import torch

from core.activations import pass_loop
from core.activations.analyse import Cancelled, Wanted, analyse, analyse_together
from core.activations.identity import identify, identify_all
from core.activations.machine import Pass, padded, run_together
from core.activations.machines import Machines, passes_sentence
from core.activations.settings import AnalysisSettings
from core.errors import GamutError
from core.store import finalise
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.parts import PartWriter
from core.store.pools import join_datasets
from core.workspace import Workspace
from tests.activations.test_analyse import SETTINGS
from tests.made import made_records, write_jsonl
from tests.tiny import tiny_sae

ROWS = 30
HOOK_ONLY = AnalysisSettings(batch_tokens=100, batch_samples=4, every_layer=False)


@pytest.fixture(scope="module")
def saes(tiny, tmp_path_factory):
    """Three SAEs of the tiny model: other blocks, other sites, other kinds, one of them with texts of its own."""
    folder = tmp_path_factory.mktemp("saes")
    without = tiny_sae(folder / "without_bos", hook="blocks.0.hook_resid_post")
    config = json.loads((without / "cfg.json").read_text())
    config["metadata"]["prepend_bos"] = False
    (without / "cfg.json").write_text(json.dumps(config))
    return {
        "stream": tiny["sae"],
        "mlp": tiny_sae(folder / "mlp", kind="standard", hook="blocks.2.hook_mlp_out"),
        "without": without,
    }


def new_dataset(folder, workspace: Workspace, name: str = "d", rows: int = ROWS) -> Dataset:
    import_dataset(workspace, write_jsonl(folder / f"{name}.jsonl", made_records(rows)), name=name)
    return Dataset(workspace, name)


@pytest.fixture
def dataset(workspace, tmp_path) -> Dataset:
    return new_dataset(tmp_path, workspace)


@pytest.fixture(scope="module")
def alone(tiny, saes, tmp_path_factory) -> dict[str, str]:
    """The content hash that each SAE's analysis has by itself."""
    folder = tmp_path_factory.mktemp("alone")
    workspace = Workspace(folder / "workspace")
    dataset = new_dataset(folder, workspace)
    found = {}
    for name, sae in saes.items():
        identity = identify(dataset, model=str(tiny["model"]), sae=str(sae), settings=SETTINGS)
        made = analyse(workspace, dataset, identity, name="d", progress=lambda *_: None, stop=lambda: False)
        found[name] = Analysis(made).content_hash
    return found


def together(workspace, dataset, tiny, saes, *, stop=lambda: False, part_seconds=1e9):
    """The finished analyses in the order of the SAEs, and what the progress said."""
    identities = identify_all(
        dataset, model=str(tiny["model"]), saes=[str(sae) for sae in saes], settings=SETTINGS, with_pilot=False
    )
    wanted, said = [Wanted(each, f"d-{number}") for number, each in enumerate(identities)], []
    folders = analyse_together(
        workspace, dataset, wanted, progress=lambda *now: said.append(now), stop=stop, machines=Machines(),
        part_seconds=part_seconds,
    )  # fmt: skip
    assert [folder.name for folder in folders] == [each.id for each in identities]
    return [Analysis(folder) for folder in folders], said


def forwards(monkeypatch) -> list[int]:
    """The machines of every forward pass from now on."""
    seen, real = [], pass_loop.run_together

    def counted(machines, tokens, batch):
        seen.append(len(machines))
        return real(machines, tokens, batch)

    monkeypatch.setattr(pass_loop, "run_together", counted)
    return seen


def test_each_of_several_saes_has_the_hash_that_it_has_alone(workspace, dataset, tiny, saes, alone, monkeypatch):
    ran = forwards(monkeypatch)
    made, said = together(workspace, dataset, tiny, [saes["stream"], saes["mlp"]])
    assert [each.content_hash for each in made] == [alone["stream"], alone["mlp"]]
    assert set(ran) == {2}, "one forward pass a batch, for both"
    reading = [now for now in said if now[2] == pass_loop.READING]
    assert len(reading) == len(ran) and reading[-1][0] < reading[-1][1] == int(made[0].counts.tokens.sum())
    assert made[0].read_with == [str(saes["mlp"])] and made[0].replanned is None


def test_saes_that_read_unlike_tokens_take_a_pass_each_in_one_run(workspace, dataset, tiny, saes, alone, monkeypatch):
    ran = forwards(monkeypatch)
    made, said = together(workspace, dataset, tiny, list(saes.values()))
    assert [each.content_hash for each in made] == [alone[name] for name in saes]
    assert set(ran) == {1, 2} and ran == sorted(ran, reverse=True)
    done = [now[0] for now in said if now[1]]
    assert done == sorted(done) and {now[1] for now in said if now[1]} == {done[-1]}, "one progress over both"
    machines = Machines()
    identities = identify_all(dataset, model=str(tiny["model"]), saes=[*map(str, saes.values())], settings=SETTINGS)
    sentence = passes_sentence(list(saes), [machines.of(each) for each in identities])
    assert sentence.startswith("3 SAEs take 2 passes, as they read unlike tokens: stream, mlp (with BOS, at most 48")
    assert "; without (without BOS" in sentence


def test_stopped_or_killed_anywhere_each_goes_on_from_its_own_parts_and_what_one_has_is_not_read_for_it_again(
    workspace, dataset, tiny, saes, alone, monkeypatch
):
    pair = [saes["stream"], saes["mlp"]]
    calls = iter(range(1_000))
    with pytest.raises(Cancelled):  # the first alone gets ahead …
        together(workspace, dataset, tiny, pair[:1], stop=lambda: next(calls) >= 4, part_seconds=0)
    ran = forwards(monkeypatch)
    for patience in (1, 2, 3):  # … then both are stopped, again and again
        calls = iter(range(1_000))
        with pytest.raises(Cancelled):
            together(workspace, dataset, tiny, pair, stop=lambda c=calls, n=patience: next(c) >= n, part_seconds=0)
    assert ran == [1, 1, 1, 1, 2, 2], "the first four batches are the second SAE's alone"
    with monkeypatch.context() as dying, pytest.raises(KeyboardInterrupt):  # killed before the next part is written
        dying.setattr(PartWriter, "add", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        together(workspace, dataset, tiny, pair)
    made, _ = together(workspace, dataset, tiny, pair)
    assert [each.content_hash for each in made] == [alone["stream"], alone["mlp"]]


def test_killed_between_a_store_and_its_name_the_group_goes_on(workspace, dataset, tiny, saes, alone, monkeypatch):
    real, calls = finalise.take_final_name, []

    def dying(*arguments):
        calls.append(1)
        if len(calls) == 2:  # the first is finished, the second is not
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(finalise, "take_final_name", dying)
    pair = [saes["stream"], saes["mlp"]]
    with pytest.raises(KeyboardInterrupt):
        together(workspace, dataset, tiny, pair)
    monkeypatch.undo()
    ran = forwards(monkeypatch)
    made, _ = together(workspace, dataset, tiny, pair)
    assert [each.content_hash for each in made] == [alone["stream"], alone["mlp"]]
    assert not ran and not list(workspace.analyses.glob("*.partial"))


def test_the_members_of_a_pool_are_read_once_for_all_saes(workspace, tiny, saes, tmp_path, monkeypatch):
    for name, rows in (("a", 6), ("b", 5)):
        new_dataset(tmp_path, workspace, name, rows)
    join_datasets(workspace, ["a", "b"], name="pool")
    pool = Dataset(workspace, "pool")
    pair = [saes["stream"], saes["mlp"]]
    ran = forwards(monkeypatch)
    made, said = together(workspace, pool, tiny, pair)
    assert set(ran) == {2} and len({each.name for each in made}) == 2
    reading = [now for now in said if now[2].startswith(pass_loop.READING)]
    assert [now[0] for now in reading] == sorted(now[0] for now in reading) and len(reading) == len(ran)
    other = Workspace(tmp_path / "other")
    for name, rows in (("a", 6), ("b", 5)):
        new_dataset(tmp_path, other, name, rows)
    join_datasets(other, ["a", "b"], name="pool")
    (single,), _ = together(other, Dataset(other, "pool"), tiny, pair[1:])
    assert single.content_hash == made[1].content_hash and single.n_samples == 11


def test_collecting_behind_the_device_gives_the_same_bytes(workspace, dataset, tiny, saes, alone, monkeypatch):
    real = pass_loop.read_batches
    monkeypatch.setattr(
        "core.activations.analyse.read_batches", lambda *given, **said: real(*given, **said, overlap=True)
    )
    calls = iter(range(1_000))
    with pytest.raises(Cancelled):
        together(workspace, dataset, tiny, [saes["mlp"]], stop=lambda: next(calls) >= 3, part_seconds=0)
    made, _ = together(workspace, dataset, tiny, [saes["stream"], saes["mlp"]], part_seconds=0)
    assert [each.content_hash for each in made] == [alone["stream"], alone["mlp"]]


def test_the_same_sae_twice_is_refused(dataset, tiny, saes):
    with pytest.raises(GamutError, match="are the same one; name every SAE of a pass once"):
        identify_all(dataset, model=str(tiny["model"]), saes=[str(saes["mlp"])] * 2, settings=SETTINGS)


def test_the_model_stops_after_the_last_block_that_any_sae_needs_and_never_runs_its_head(dataset, tiny, saes, tmp_path):
    first = tiny_sae(tmp_path / "first", kind="standard", hook="blocks.0.hook_resid_post")
    identities = identify_all(
        dataset, model=str(tiny["model"]), saes=[str(first), str(saes["stream"])], settings=HOOK_ONLY
    )
    machines = [Machines().of(identities[0])]
    machines.append(Pass(identities[1], threads=1, beside=machines[0]))
    model, ran = machines[0].model, []
    for number, module in enumerate([*model.blocks, model.causal.get_output_embeddings()]):
        module.register_forward_hook(lambda *_, number=number: ran.append(number))
    tokens = machines[0].tokenise(turns for _, turns in dataset.conversations())
    ids = np.arange(4, dtype=np.int32)
    both = run_together(machines, tokens, padded(tokens, ids))
    assert ran == [0, 1], "block 2 and the head are not needed"
    for machine, batch in zip(machines, both, strict=True):
        one = machine.run(tokens, ids)
        for name in ("token_ptr", "features", "values"):
            assert np.array_equal(getattr(one, name), getattr(batch, name)), name
        for name in ("residuals", "counted", "last", "massive"):
            assert np.array_equal(getattr(one.states, name), getattr(batch.states, name)), name
        assert one.states.neurons is None is batch.states.neurons and torch.equal(one.states.hook, batch.states.hook)
