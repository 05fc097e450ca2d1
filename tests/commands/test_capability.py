"""`capability learn`, `list`, `show`, `open` and `scores`, and `select --method nait`, as a person types them."""

import json
import shutil

import numpy as np
import pytest
import torch

from core.activations.analyse import Cancelled, Pass, analyse
from core.activations.ends import read_ends
from core.activations.identity import identify
from core.activations.profile import read_profile
from core.activations.settings import AnalysisSettings
from core.activations.tokens import UNSCORED
from core.scores.capability import load_capability
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.vectors import neurons_in_layer, strongest_neurons, vectors_in_layer
from core.workspace import Workspace
from tests.commands.test_pilot_and_pack import call
from tests.made import made_records, write_jsonl


@pytest.fixture(scope="module")
def analysed_once(tmp_path_factory, tiny):
    folder = tmp_path_factory.mktemp("analysed")
    workspace = Workspace(folder / "workspace")
    import_dataset(workspace, write_jsonl(folder / "d.jsonl", made_records(40)), name="d")
    dataset = Dataset(workspace, "d")
    identity = identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=AnalysisSettings())
    analyse(workspace, dataset, identity, name="d", progress=lambda *_: None, stop=lambda: False)
    return workspace.root


@pytest.fixture
def analysed(workspace, analysed_once):
    shutil.copytree(analysed_once, workspace.root)
    return workspace


@pytest.fixture
def file(tmp_path):
    records = [{"instruction": f"Add {i} and {i}.", "output": f"It is <<{i}+{i}>>{2 * i}."} for i in range(20)]
    return write_jsonl(tmp_path / "sums.jsonl", records)


def test_learned_from_a_file_listed_shown_scored_and_selected_by(capsys, analysed, file, tmp_path):
    said = call(capsys, analysed, "capability", "learn", "sums", file, "--analysis", "d", "--strip", "<<[^>]*>>")
    assert "d, 5 sets of 20 random samples" in said and "residual" in said and "halves of the samples" in said
    listed = json.loads(call(capsys, analysed, "--json", "capability", "list"))
    assert [one["name"] for one in listed] == ["sums"] and listed[0]["learned"]["samples"] == 20
    assert "stability" in call(capsys, analysed, "capability", "show", "sums")
    found = json.loads(call(capsys, analysed, "--json", "capability", "scores", "sums", "--analysis", "d", "--layer-z"))
    assert len(found["scores"]) == 40 and sum(found["layer_shares"]) == pytest.approx(1)

    moved = shutil.copyfile(load_capability(analysed, "sums").path, tmp_path / "moved.safetensors")
    call(capsys, analysed, "capability", "open", moved, "--name", "sums2")
    assert load_capability(analysed, "sums2").sha256 == load_capability(analysed, "sums").sha256
    for words, code in ((("open", moved, "--name", "sums2"), 2), (("learn", "sums", file, "--analysis", "d"), 2)):
        assert "already; choose another name" in call(capsys, analysed, "capability", *words, code=code)


def test_the_same_samples_as_rows_of_a_data_set_give_the_same_directions(capsys, analysed, tmp_path):
    records = made_records(40)
    file = write_jsonl(tmp_path / "part.jsonl", records[10:20])
    call(capsys, analysed, "capability", "learn", "a", file, "--analysis", "d")
    ids = ",".join(map(str, range(10, 20)))
    call(capsys, analysed, "capability", "learn", "b", "--from", "d", "--ids", ids, "--analysis", "d")
    a, b = load_capability(analysed, "a"), load_capability(analysed, "b")
    for site, found in a.directions.items():
        assert np.array_equal(found.vectors, b.directions[site].vectors), site


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["learn", "x", "--analysis", "d"], "give files, or --from DATASET"),
        (["learn", "x", "--from", "d", "--ids", "1,2", "--analysis", "d"], "at least 4"),
        (["learn", "x", "--from", "d", "--column", "topic", "--analysis", "d"], "not of the form COLUMN=VALUE"),
        (["learn", "x", "--from", "d", "--strip", "(", "--analysis", "d"], "no pattern"),
        (["learn", "../x", "--from", "d", "--analysis", "d"], "cannot name a capability"),
        (["scores", "x", "--analysis", "d"], "There is no capability 'x'"),
    ],
)
def test_wrong_words_are_one_sentence(capsys, analysed, words, said):
    assert said in call(capsys, analysed, "capability", *words, code=2)


def test_the_ends_are_those_of_each_sample_alone_and_the_means_those_of_its_analysis(analysed, tiny):
    dataset, analysis = Dataset(analysed, "d"), open_analysis(analysed, "d")
    identity = identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=AnalysisSettings())
    machine = Pass(identity, threads=1)
    tokens = machine.tokenise(turns for _, turns in dataset.conversations())
    told = []
    ends = read_ends(
        machine, tokens, identity.settings, progress=lambda *now: told.append(now), stop=lambda: False
    )  # fmt: skip
    assert told[-1][0] == told[-1][1] == len(tokens.ids)
    for layer in range(len(machine.model.blocks)):
        means, _ = vectors_in_layer(analysis, layer)
        rows = ends["residual"].rows
        assert np.allclose(ends["residual"].mean[layer], means[rows].astype(np.float32), rtol=2e-3, atol=2e-3)
        assert np.allclose(
            ends["mlp"].mean[layer],
            neurons_in_layer(analysis, layer).means[rows].astype(np.float32),
            rtol=2e-3,
            atol=2e-3,
        )
    profile = read_profile(machine, tokens, identity.settings, progress=lambda *_: None, stop=lambda: False)
    assert_profile_is_that_of(analysis, profile)
    for sample in (0, 17, 39):
        first, stop = tokens.indptr[sample : sample + 2]
        with torch.inference_mode():
            states = machine.model.trunk(
                input_ids=torch.from_numpy(tokens.ids[first:stop].astype(np.int64))[None], output_hidden_states=True
            ).hidden_states
        counts = np.flatnonzero(tokens.sides[first:stop] != UNSCORED)
        for layer in range(len(machine.model.blocks) - 1):  # the last of them is after the final norm
            alone = states[layer + 1][0].numpy()
            place = int(np.flatnonzero(ends["residual"].rows == sample)[0])
            assert np.allclose(ends["residual"].first[layer, place], alone[0], atol=1e-4)
            assert np.allclose(ends["residual"].last[layer, place], alone[counts[-1]], atol=1e-4)
    with pytest.raises(Cancelled):
        read_ends(machine, tokens, identity.settings, progress=lambda *_: None, stop=lambda: True)


def assert_profile_is_that_of(analysis, profile):
    """A profile of all samples of an analysis says what the analysis holds."""
    n, totals = analysis.n_samples, np.zeros(analysis.n_features)
    for sample, feature, total in (
        analysis.cursor().execute("SELECT sample_id, feature_id, sum(sum) FROM activations GROUP BY ALL").fetchall()
    ):
        totals[feature] += total / analysis.counts.scored_tokens[sample]
    assert np.allclose(profile.features, totals / n, rtol=1e-4, atol=1e-6)
    for layer, shares in enumerate(profile.neurons):
        ids = np.concatenate(list(strongest_neurons(analysis, layer)))
        assert np.allclose(shares, np.bincount(ids.ravel(), minlength=len(shares)) / n), layer
    assert profile.tokens.sum() == analysis.counts.scored_tokens.sum()
