"""Capabilities as files, and scores of a pool beside plain numpy for every option."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save

from core.errors import GamutError
from core.scores.alignment import AlignmentSettings, alignment, layer_shares, needs_pass, projections, scores_of
from core.scores.capability import (
    Capability,
    Learned,
    capability_names,
    load_capability,
    read_capability,
    save_capability,
)
from core.scores.capability_quality import FIGURES, beside, measure
from core.scores.directions import learn_directions
from core.store.analyses import open_analysis
from core.store.contents import Budgets
from core.store.contrast import length_bins
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.vectors import neurons_in_layer, vectors_in_layer
from tests.made import FEATURES, SHAPE, WORDS, made_analysis, made_records, write_jsonl


def made_capability(name="maths", sha256="0", seed=0, sae="0"):
    rng = np.random.default_rng(seed)
    widths = {"mlp": SHAPE.neurons, "residual": SHAPE.width}
    sets = {site: rng.normal(size=(3, SHAPE.layers, 12, width)).astype(np.float32) for site, width in widths.items()}
    learned = Learned(
        model="made", model_sha256=sha256, sae_sha256=sae, max_length=64, template="plain", settings={"version": 2}, samples=12,
        left_out=0, sources=[{"file": "x.jsonl"}],
    )  # fmt: skip
    return Capability(
        name=name, learned=learned,
        directions={site: learn_directions(last - first, mean) for site, (first, last, mean) in sets.items()},
        means={site: mean.mean(axis=1) for site, (_, _, mean) in sets.items()},
        firsts={site: first.mean(axis=1) for site, (first, _, _) in sets.items()},
        profile={
            "features": np.where(rng.random(FEATURES) < 0.3, 0, rng.exponential(size=FEATURES)).astype(np.float32),
            "neurons": rng.random((SHAPE.layers, SHAPE.neurons)).astype(np.float32),
            "tokens": rng.integers(0, 5, WORDS),
        },
        quality={
            site: beside(measure(last - first, mean), [measure(mean, last)]) for site, (first, last, mean) in sets.items()
        },
    )  # fmt: skip


@pytest.fixture
def capability(made):
    return save_capability(made, made_capability())


def test_a_capability_comes_back_as_it_was_saved(made, capability):
    wanted = made_capability()
    assert capability.learned == wanted.learned and capability.name == "maths"
    for kind in ("directions", "quality"):
        for site, found in getattr(capability, kind).items():
            for part, values in vars(getattr(wanted, kind)[site]).items():
                assert np.array_equal(getattr(found, part), values), (kind, site, part)
    for kind in ("means", "firsts", "profile"):
        for site, values in getattr(wanted, kind).items():
            assert np.array_equal(getattr(capability, kind)[site], values)
    with pytest.raises(GamutError, match="already"):
        save_capability(made, wanted)
    again = save_capability(made, replace(wanted, learned=replace(wanted.learned, seed=3)), replace=True)
    assert again.learned.seed == 3 and capability_names(made) == ["maths"]


def test_what_is_no_capability_is_a_sentence(made, capability):
    path = capability.path
    whole = path.read_bytes()
    for damaged in (b"", whole[:50], b"\x10" + whole[1:], b"{}"):
        path.write_bytes(damaged)
        with pytest.raises(GamutError, match="no capability, or a damaged one"):
            load_capability(made, "maths")
    path.write_bytes(whole.replace(b'\\"version\\": 2', b'\\"version\\": 9'))
    with pytest.raises(GamutError, match="newer Gamut"):
        read_capability(path)
    with pytest.raises(GamutError, match="There is no capability 'no'; there are: maths"):
        load_capability(made, "no")


def test_every_option_scores_as_plain_numpy_does(made, capability):
    analysis = open_analysis(made, "made")
    tokens = analysis.counts.scored_tokens
    for site, pooling, by_change, layer_z, length_z in itertools.product(
        ("mlp", "residual"), ("mean", "last", "delta"), *[(False, True)] * 3
    ):
        settings = AlignmentSettings(
            site=site, pooling=pooling, by_change=by_change, layer_z=layer_z, length_z=length_z
        )
        if (site == "mlp" and pooling != "mean") or pooling == "delta":  # made samples begin with different tokens
            assert "not" in needs_pass(analysis, capability, settings)
            with pytest.raises(GamutError, match="capability project maths --analysis made"):
                alignment(analysis, capability, settings)
            continue
        assert needs_pass(analysis, capability, settings) is None
        expected = plain_scores(analysis, capability, settings, tokens)
        for _ in range(2):  # made, then read where it was kept
            assert np.allclose(alignment(analysis, capability, settings), expected, rtol=1e-3, atol=1e-3), settings


def plain_scores(analysis, capability, settings, tokens):
    total = []
    for layer in range(SHAPE.layers):
        if settings.site == "mlp":
            states = neurons_in_layer(analysis, layer).means
        else:
            mean, last = vectors_in_layer(analysis, layer)
            states = mean if settings.pooling == "mean" else last
        found = capability.directions[settings.site]
        vector = found.vectors[layer] * (-1 if settings.by_change and found.flips[layer] else 1)
        total.append(states.astype(np.float64) @ vector)
    by_layer = np.stack(total, axis=1)
    if settings.layer_z:
        by_layer = (by_layer - by_layer.mean(axis=0)) / by_layer.std(axis=0)
    score = by_layer.sum(axis=1)
    if settings.length_z:
        for each in set(length_bins(tokens).tolist()):
            own = length_bins(tokens) == each
            score[own] = (score[own] - score[own].mean()) / (score[own].std() or 1)
    return score


@pytest.mark.parametrize("site", ["mlp", "residual"])
def test_the_controls_are_the_difference_of_means_and_the_centred_cosine(made, capability, site):
    analysis = open_analysis(made, "made")
    layers = [
        (neurons_in_layer(analysis, at).means if site == "mlp" else vectors_in_layer(analysis, at)[0]).astype(float)
        for at in range(SHAPE.layers)
    ]
    expected = 0
    for at, states in enumerate(layers):
        gap = capability.means[site][at] - states.mean(axis=0)
        expected = expected + states @ (gap / np.linalg.norm(gap))
    found = alignment(analysis, capability, AlignmentSettings(rule="difference", site=site))
    assert np.allclose(found, expected, rtol=1e-3, atol=1e-3)
    own, wanted = layers[-1] - layers[-1].mean(axis=0), capability.means[site][-1] - layers[-1].mean(axis=0)
    cosine = own @ wanted / np.linalg.norm(own, axis=1) / np.linalg.norm(wanted)
    assert np.allclose(alignment(analysis, capability, AlignmentSettings(rule="cosine", site=site)), cosine, atol=1e-3)
    with pytest.raises(GamutError, match="compares means"):
        AlignmentSettings(rule="cosine", by_change=True)


def test_what_does_not_vary_scores_nothing_and_shares_add_up():
    settings = AlignmentSettings(layer_z=True, length_z=True)
    assert not scores_of(np.full((4, 2), 3.0), np.array([5, 5, 50, 50]), settings).any()
    projected = np.random.default_rng(0).normal(size=(50, 3)) * [1, 2, 4]
    shares = layer_shares(projected)
    assert shares.sum() == pytest.approx(1) and shares.argmax() == 2
    assert layer_shares(np.ones((5, 2))).tolist() == [0, 0]


def test_a_capability_of_another_model_is_refused(made):
    other = save_capability(made, made_capability("other", sha256="1"))
    with pytest.raises(GamutError, match="whose weights are other ones"):
        projections(open_analysis(made, "made"), other, AlignmentSettings())


def test_an_analysis_that_keeps_the_strongest_neurons_only_says_so(made, capability):
    small = made_analysis(
        made, Dataset(made, "made"), id="fedcba9876543210", budgets=Budgets(vectors=2 * 60 * 2 * 100 * 2 - 2)
    )
    assert small.contents.neurons == "strongest"
    with pytest.raises(GamutError, match="keeps the 64 strongest neurons"):
        projections(small, capability, AlignmentSettings())


@pytest.mark.parametrize("words", [{"site": "head"}, {"pooling": "max"}, {"rule": "best"}])
def test_a_setting_that_is_not_known_is_refused_in_a_sentence(words):
    with pytest.raises(GamutError, match="There is no"):
        AlignmentSettings(**words)


def test_a_capability_scores_every_pool_that_the_same_model_read(made, capability, tmp_path):
    import_dataset(made, write_jsonl(tmp_path / "other.jsonl", made_records(25)), name="other")
    other = made_analysis(made, Dataset(made, "other"), id="aaaabbbbccccdddd", seed=7)
    settings = AlignmentSettings(site="residual")
    expected = plain_scores(other, capability, settings, other.counts.scored_tokens)
    assert np.allclose(alignment(other, capability, settings), expected, rtol=1e-3, atol=1e-3) and len(expected) == 25
    own = alignment(open_analysis(made, "made"), capability, settings)
    assert len(own) == 60 and not np.allclose(own[:25], expected)


def test_a_file_of_the_first_version_is_read_with_its_one_random_set(made, capability):
    with safe_open(capability.path, framework="np") as file:
        about, tensors = file.metadata(), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    about = {key: said.replace('"version": 2', '"version": 1') for key, said in about.items()}
    old = {key: value for key, value in tensors.items() if not key.startswith("quality")}
    for site in ("mlp", "residual"):
        own = capability.quality[site]
        old |= {
            f"{site}.stability": own.figure("stability"),
            f"null.{site}.vectors": capability.directions[site].vectors,
        }
        old |= {f"null.{site}.{name}": own.of_random(name)[0] for name in FIGURES}
    capability.path.write_bytes(save(old, metadata=about))
    found = load_capability(made, "maths")
    assert found.learned.version == 1 and not len(found.quality["mlp"].sizes)
    for site, quality in found.quality.items():
        assert np.array_equal(quality.own, capability.quality[site].own)
        assert np.array_equal(quality.random, capability.quality[site].random)
        assert not quality.curve("stability")[1].size
