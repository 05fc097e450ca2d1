"""`capability learn`, `list`, `show`, `open` and `scores`, and `select --method nait`, as a person types them."""

import json
import shutil
from itertools import product

import numpy as np
import pytest
import torch

from core.activations.analyse import Cancelled, Pass, analyse
from core.activations.ends import read_ends
from core.activations.identity import identify
from core.activations.profile import read_profile
from core.activations.settings import AnalysisSettings
from core.activations.tokens import UNSCORED
from core.errors import GamutError
from core.scores.alignment import AlignmentSettings, alignment
from core.scores.capability import load_capability, save_capability
from core.scores.capability_source import CapabilitySource, gather
from core.scores.learn_capability import learn_capability, learn_words, random_ids
from core.scores.project import project, waiting
from core.store.analyses import open_analysis
from core.store.contrast import length_bins
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.sample_filter import SampleFilter
from core.store.vectors import layer_means, neurons_in_layer, strongest_neurons, vectors_in_layer
from core.workspace import Workspace
from tests.commands.test_pilot_and_pack import call
from tests.made import made_records, write_jsonl
from tests.scores.test_alignment import made_capability


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
    call(capsys, analysed, "capability", "rename", "sums2", "sums3")
    call(capsys, analysed, "capability", "remove", "sums3")
    assert "There is no capability 'sums3'" in call(capsys, analysed, "capability", "show", "sums3", code=2)
    call(capsys, analysed, "capability", "open", moved, "--name", "sums2")
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


@pytest.fixture
def states(analysed, tiny):
    """The ends of every sample of the analysis, from the model itself."""
    dataset = Dataset(analysed, "d")
    identity = identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=AnalysisSettings())
    machine = Pass(identity, threads=1)
    tokens = machine.tokenise(turns for _, turns in dataset.conversations())
    return read_ends(machine, tokens, identity.settings, progress=lambda *_: None, stop=lambda: False)


def test_every_reading_scores_as_plain_numpy_does_from_what_is_kept_or_after_a_projection_pass(
    capsys, analysed, file, states
):
    call(capsys, analysed, "capability", "learn", "sums", file, "--analysis", "d", "--random-sets", "0")
    one, analysis = load_capability(analysed, "sums"), open_analysis(analysed, "d")
    assert one.learned.first_token is not None and not one.quality["mlp"].random.size
    waits = {(s.site, s.pooling) for _, s in waiting(analysis, [one])}
    assert waits == {("mlp", "last"), ("mlp", "delta")}  # delta of the residual: all samples begin alike
    said = call(capsys, analysed, "capability", "project", "sums", "--analysis", "d", "--estimate")
    assert "tokens to read" in said and "mlp delta" in said
    with pytest.raises(GamutError, match="capability project sums --analysis d"):
        alignment(analysis, one, AlignmentSettings(pooling="last"))
    assert "2 readings" in call(capsys, analysed, "capability", "project", "sums", "--analysis", "d")
    assert "Nothing waits" in call(capsys, analysed, "capability", "project", "sums", "--analysis", "d")
    for site, pooling, by_change, layer_z, length_z in product(
        ("mlp", "residual"), ("mean", "last", "delta"), *[(False, True)] * 3
    ):
        settings = AlignmentSettings(
            site=site, pooling=pooling, by_change=by_change, layer_z=layer_z, length_z=length_z
        )
        expected = plain_scores(states[site], one, settings, analysis.counts.scored_tokens)
        assert np.allclose(alignment(analysis, one, settings), expected, rtol=0.01, atol=0.01), settings
    for rule, site in product(("difference", "cosine"), ("mlp", "residual")):
        settings = AlignmentSettings(rule=rule, site=site)
        expected = plain_control(states[site], one, settings)
        assert np.allclose(alignment(analysis, one, settings), expected, rtol=0.01, atol=0.01), settings


def plain_scores(ends, one, settings, tokens):
    read = ends.last - ends.first if settings.pooling == "delta" else getattr(ends, settings.pooling)
    found = one.directions[settings.site]
    flips = found.flips if settings.by_change else np.zeros(len(found.flips), bool)
    by_layer = np.stack(
        [(states @ v) * (-1 if flip else 1) for states, v, flip in zip(read, found.vectors, flips, strict=True)]
    )
    if settings.layer_z:
        by_layer = (by_layer - by_layer.mean(axis=1, keepdims=True)) / by_layer.std(axis=1, keepdims=True)
    score = by_layer.sum(axis=0).astype(float)
    if settings.length_z:
        for each in set(length_bins(tokens).tolist()):
            own = length_bins(tokens) == each
            score[own] = (score[own] - score[own].mean()) / (score[own].std() if own.sum() > 1 else 1)
    return score


def plain_control(ends, one, settings, middle=None):
    middle, wanted = ends.mean.mean(axis=1) if middle is None else middle, one.means[settings.site]
    if settings.rule == "cosine":
        own, aim = ends.mean[-1] - middle[-1], wanted[-1] - middle[-1]
        return own @ aim / np.linalg.norm(own, axis=1) / np.linalg.norm(aim)
    gap = wanted - middle
    return sum(states @ (g / np.linalg.norm(g)) for states, g in zip(ends.mean, gap, strict=True))


def test_a_pass_that_was_stopped_goes_on_and_an_analysis_that_keeps_little_is_scored_by_one(
    capsys, analysed, file, states, tiny
):
    dataset = Dataset(analysed, "d")
    frugal = AnalysisSettings(vector_bytes=0, batch_tokens=128)
    identity = identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=frugal)
    analyse(analysed, dataset, identity, name="small", progress=lambda *_: None, stop=lambda: False)
    call(capsys, analysed, "capability", "learn", "sums", file, "--analysis", "small", "--random-sets", "0")
    one, analysis = load_capability(analysed, "sums"), open_analysis(analysed, "small")
    assert len(waiting(analysis, [one])) == 7  # all but the means of its few neurons, which fit into any budget
    count = iter(range(100))
    with pytest.raises(Cancelled):
        project(
            analysed, analysis, [one], progress=lambda *_: None, stop=lambda: next(count) == 3, part_seconds=0
        )  # fmt: skip
    told = []
    assert project(analysed, analysis, [one], progress=lambda *now: told.append(now), stop=lambda: False) == 7
    first = next(now for now in told if now[1])
    assert first[0] > first[1] / 10  # it did not begin anew
    for site, pooling in product(("mlp", "residual"), ("mean", "last", "delta")):
        settings = AlignmentSettings(site=site, pooling=pooling)
        expected = plain_scores(states[site], one, settings, analysis.counts.scored_tokens)
        assert np.allclose(alignment(analysis, one, settings), expected, rtol=1e-3, atol=1e-3), settings
    over_tokens = layer_means(analysis, site="residual").means  # what is kept of the pool where not of every sample
    for rule in ("difference", "cosine"):
        settings = AlignmentSettings(rule=rule, site="residual")
        expected = plain_control(states["residual"], one, settings, over_tokens)
        assert np.allclose(alignment(analysis, one, settings), expected, rtol=1e-3, atol=1e-3), settings
    assert not list((analysis.folder / "derived").glob("*.partial"))


def test_learned_without_a_pass_it_is_the_direction_that_a_pass_gives(capsys, analysed, file):
    ids = ["--from", "d", "--ids", ",".join(map(str, range(5, 35)))]
    call(capsys, analysed, "capability", "learn", "read", *ids, "--analysis", "d", "--random-sets", "2")
    said = call(
        capsys, analysed, "capability", "learn", "kept", *ids, "--analysis", "d", "--stored", "--random-sets", "2"
    )
    assert "residual" in said and "mlp" not in said
    read, kept = load_capability(analysed, "read"), load_capability(analysed, "kept")
    assert kept.learned.stored and kept.learned.first_token == read.learned.first_token
    cosine = (read.directions["residual"].vectors * kept.directions["residual"].vectors).sum(axis=1)
    assert cosine.min() > 0.999
    for name in ("explained", "margin"):
        own, other = (getattr(one.directions["residual"], name) for one in (read, kept))
        assert np.allclose(own, other, atol=0.01), name
    for site in ("mlp", "residual"):
        assert np.allclose(read.means[site], kept.means[site], rtol=0.01, atol=0.01)
    for part, values in read.profile.items():
        assert np.allclose(values, kept.profile[part], rtol=1e-3, atol=1e-3), part
    analysis = open_analysis(analysed, "d")
    with pytest.raises(GamutError, match="no directions at 'mlp'"):
        alignment(analysis, kept, AlignmentSettings())
    with pytest.raises(GamutError, match="learned without a pass"):
        alignment(analysis, kept, AlignmentSettings(site="residual", by_change=True))
    assert "analysis' own data set" in call(
        capsys, analysed, "capability", "learn", "x", file, "--analysis", "d", "--stored", code=2
    )


def test_the_same_samples_named_by_ids_by_a_category_and_by_a_job_s_own_words_are_the_same_capability(capsys, analysed):
    analysis = open_analysis(analysed, "d")
    source = CapabilitySource(dataset="d", only=SampleFilter(ids=tuple(range(12))), at_most=8, seed=3)
    words = learn_words("a", analysis=analysis, source=source, random_sets=1)
    call(capsys, analysed, *words)
    said = load_capability(analysed, "a").learned
    assert said.sources[0]["ids"] and len(said.sources[0]["ids"]) == 8 == said.samples and said.seed == 3
    again = learn_capability(
        analysed, "b", analysis=analysis, source=source, random_sets=1, progress=lambda *_: None, stop=lambda: False
    )
    for site, found in load_capability(analysed, "a").directions.items():
        assert np.array_equal(found.vectors, again.directions[site].vectors)
    chosen = set(said.sources[0]["ids"])
    found = gather(analysed, source)
    for ids in random_ids(40, found, Dataset(analysed, "d"), sets=4, seed=0):
        assert len(ids) == 8 and not chosen & set(ids)


def test_readings_picks_together_and_findings_are_told_on_the_command_line(capsys, made):
    for name, seed in (("maths", 0), ("code", 1)):
        save_capability(made, made_capability(name, seed=seed))
    said = call(capsys, made, "capability", "readings", "maths", "--analysis", "made")
    assert "residual last" in said and "by chance 0.10" in said and "mlp delta: " in said
    words = ["capability", "together", "maths", "code", "--analysis", "made", "--percent", "20", "--column", "length"]
    assert "two random choices share 0.20" in call(capsys, made, *words)
    found = json.loads(call(capsys, made, "--json", *words))
    assert found["rows"] == 12 and sum(found["transfer"]["pool"]) == found["n"] == 59
    assert found["overlap"][0][1] == found["core"]["rows"][1] == len(found["core_ids"])
    kind = ["--column", "duplicate", "--value", "first or only"]
    said = call(capsys, made, "capability", "find", "maths", "--analysis", "made", *kind, "--tasks", "turns")
    assert "By AUROC NAIT is" in said and "AUROC, length matched" in said and "no evidence" in said
    for wrong, sentence in (
        (["together", "maths", "--analysis", "made", "--option", "site"], "not of the form NAME=VALUE"),
        (
            ["find", "maths", "--analysis", "made", "--column", "duplicate", "--value", "x"],
            "No sample has duplicate = 'x'",
        ),
    ):
        assert sentence in call(capsys, made, "capability", *wrong, code=2)
