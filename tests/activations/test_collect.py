"""Every table equals plain loops over the very numbers that model and SAE gave."""

from collections import defaultdict

import duckdb
import numpy as np
import pytest

from core.activations.analyse import Pass, analyse
from core.activations.batch_plan import plan_batches
from core.activations.collect.vectors import projection_matrix
from core.activations.identity import identify
from core.activations.settings import AnalysisSettings
from core.activations.tokens import UNSCORED
from core.datasets.sample import ROLES
from core.errors import GamutError
from core.store.analyses import Analysis
from core.store.bins import BANDS, POSITION_BINS, STRENGTH_BINS, strength_edges
from core.store.contrast import length_bins
from core.store.datasets import Dataset
from core.store.features import contrasts_of, examples_of, histogram_of, histograms, window_of
from core.store.groups import groups_of
from core.store.import_dataset import import_dataset
from core.store.strongest import strongest
from core.store.vectors import (
    group_names,
    layer_means,
    massive_tokens,
    neurons_in_layer,
    neurons_in_sample,
    projection,
    vectors_in_layer,
)
from core.workspace import Workspace
from tests.made import made_records, write_jsonl
from tests.tiny import BLOCKS, FEATURES, WIDTH

KEPT = 2
SETTINGS = AnalysisSettings(
    batch_tokens=100, batch_samples=4, example_bytes=KEPT * FEATURES * BANDS * 96, group_by="category"
)


class Seen:
    """An analysis, and everything that its batches said, sample by sample."""

    def __init__(self, folder, tiny) -> None:
        workspace = Workspace(folder / "workspace")
        import_dataset(workspace, write_jsonl(folder / "d.jsonl", made_records(30)), name="d")
        with duckdb.connect(str(workspace.datasets / "d" / "samples.duckdb")) as connection:
            kind = "CASE sample_id % 3 WHEN 0 THEN 'maths' WHEN 1 THEN 'prose' END AS category"
            connection.execute(f"CREATE OR REPLACE TABLE metadata AS SELECT sample_id, {kind} FROM samples")
        self.dataset = Dataset(workspace, "d")
        identity = identify(self.dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=SETTINGS)
        folder = analyse(
            workspace, self.dataset, identity, name="d", progress=lambda *_: None, stop=lambda: False, part_seconds=0
        )
        self.analysis = Analysis(folder)
        machine = Pass(identity, threads=1)
        self.tokens = machine.tokenise(turns for _, turns in self.dataset.conversations())
        self.lit = defaultdict(dict)  # (sample, feature) → {position: value}, where it counts
        self.states = {}
        for ids in plan_batches(self.tokens.lengths, SETTINGS):
            batch = machine.run(self.tokens, ids)
            for row, sample in enumerate(ids.tolist()):
                self.states[sample] = (batch.states, row)
                for place in range(int(self.tokens.lengths[sample])):
                    if self.sides(sample)[place] != UNSCORED:
                        token = batch.pointer[row] + place
                        for entry in range(batch.token_ptr[token], batch.token_ptr[token + 1]):
                            if batch.values[entry] > 0:
                                self.lit[sample, int(batch.features[entry])][place] = batch.values[entry]

    def sides(self, sample):
        return self.tokens.sides[self.tokens.indptr[sample] : self.tokens.indptr[sample + 1]]

    def roles(self, sample):
        return self.tokens.roles[self.tokens.indptr[sample] : self.tokens.indptr[sample + 1]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory, tiny) -> Seen:
    return Seen(tmp_path_factory.mktemp("seen"), tiny)


def test_histograms_count_every_scored_active_token_once(seen):
    strength = np.zeros((FEATURES, STRENGTH_BINS), int)
    position = np.zeros((FEATURES, POSITION_BINS), int)
    role = np.zeros((FEATURES, len(ROLES)), int)
    edges = strength_edges()
    for (sample, feature), places in seen.lit.items():
        for place, value in places.items():
            strength[feature, np.searchsorted(edges, value, side="right") - 1] += 1
            position[feature, min(place.bit_length() - 1, POSITION_BINS - 1)] += 1
            role[feature, seen.roles(sample)[place]] += 1
    found = histograms(seen.analysis)
    assert (found.strength == strength).all() and (found.position == position).all() and (found.role == role).all()
    assert strength.sum() == position.sum() == role.sum() > 1000
    for feature in (0, int(strength.sum(1).argmin())):
        one = histogram_of(seen.analysis, feature)
        assert (one.strength[0] == strength[feature]).all() and (one.role[0] == role[feature]).all()


def test_examples_are_the_strongest_of_each_octave_with_the_feature_at_every_token_around(seen):
    expected = defaultdict(list)
    for (sample, feature), places in seen.lit.items():
        peak = max(places.values())
        band = min(max(int(np.floor(np.log2(peak))) + 6, 0), BANDS - 1)
        expected[feature, band].append((-peak, sample, next(p for p in sorted(places) if places[p] == peak)))
    assert max(map(len, expected.values())) > KEPT
    for feature in range(FEATURES):
        found = examples_of(seen.analysis, feature)
        wanted = [
            (band, rank, -strength, sample, place)
            for band in reversed(range(BANDS))
            for rank, (strength, sample, place) in enumerate(sorted(expected[feature, band])[:KEPT])
        ]
        assert [(e.band, e.rank, e.strength, e.sample_id, e.position) for e in found] == wanted
        assert len({e.sample_id for e in found}) == len(found)
        for example in found:
            places = seen.lit[example.sample_id, feature]
            window = range(example.start, example.start + len(example.activations))
            assert example.activations.tolist() == [float(np.float16(places.get(place, 0))) for place in window]
            assert example.start == max(0, example.position - 20) and example.position in window
            assert len(window) == min(32, int(seen.tokens.lengths[example.sample_id]) - example.start)
            assert len(window_of(seen.analysis, example)) == len(window)


def test_contrasts_are_silent_like_long_and_missing_only_where_there_is_none(seen):
    bins = length_bins(seen.analysis.counts.scored_tokens)
    found_any = missing_any = 0
    for feature in range(FEATURES):
        active = {sample for sample, of in seen.lit if of == feature}
        examples = {e.sample_id: e for e in examples_of(seen.analysis, feature)[:20]}
        contrasts = contrasts_of(seen.analysis, feature)
        matched = {c.example_id: c for c in contrasts}
        assert list(matched) == [sample for sample in examples if sample in matched]
        taken = set()
        for sample, example in examples.items():
            silent = {int(s) for s in np.flatnonzero(bins == bins[sample])} - active - taken
            assert (sample in matched) == bool(silent)
            if sample in matched:
                contrast = matched[sample]
                assert contrast.sample_id in silent
                assert contrast.position == min(example.position, int(seen.tokens.lengths[contrast.sample_id]) - 1)
                taken.add(contrast.sample_id)
        found_any, missing_any = found_any + len(matched), missing_any + len(examples) - len(matched)
    assert found_any and missing_any


def test_layer_means_are_weighted_by_tokens_over_all_samples_and_each_group(seen):
    groups = groups_of(seen.dataset, "category")
    assert group_names(seen.analysis) == ["maths", "prose"] == list(groups.names)
    for group, members in ((None, range(30)), ("maths", range(0, 30, 3)), ("prose", range(1, 30, 3))):
        for site in ("mlp", "residual"):
            found = layer_means(seen.analysis, site=site, group=group)
            for layer in range(BLOCKS):
                states = [(*seen.states[i],) for i in members]
                counted = sum(int(s.counted[layer, row]) for s, row in states)
                sums = [(s.neurons if site == "mlp" else s.residuals)[layer, row].astype(float) for s, row in states]
                assert found.tokens[layer] == counted > 0
                np.testing.assert_allclose(found.means[layer], np.sum(sums, axis=0) / counted, atol=1e-6)


def test_neurons_vectors_and_projections_are_each_samples_own_means(seen):
    for layer in range(BLOCKS):
        neurons = neurons_in_layer(seen.analysis, layer)
        mean, last = vectors_in_layer(seen.analysis, layer)
        assert neurons.ids is None and mean.shape == (30, WIDTH)
        for sample in range(30):
            states, row = seen.states[sample]
            count = np.float32(max(1, states.counted[layer, row]))
            assert (neurons.means[sample] == (states.neurons[layer, row] / count).astype(np.float16)).all()
            assert (mean[sample] == (states.residuals[layer, row] / count).astype(np.float16)).all()
            assert (last[sample] == states.last[layer, row].astype(np.float16)).all()
            assert (neurons_in_sample(seen.analysis, sample).means[layer] == neurons.means[sample]).all()
    assert (projection(seen.analysis) == vectors_in_layer(seen.analysis, 1)[0]).all()  # as wide as it is: kept whole
    assert massive_tokens(seen.analysis).tolist() == [
        int(seen.states[i][0].massive[seen.states[i][1]]) for i in range(30)
    ]


def test_a_wide_residual_is_projected_so_that_distances_stay_about_the_same():
    matrix = projection_matrix(1000)
    assert matrix.shape == (1000, 256) and (projection_matrix(1000) == matrix).all()
    rows = np.random.default_rng(3).normal(size=(40, 1000))
    before = np.linalg.norm(rows[:, None] - rows, axis=2)[np.triu_indices(40, 1)]
    after = np.linalg.norm((rows @ matrix)[:, None] - rows @ matrix, axis=2)[np.triu_indices(40, 1)]
    assert (after / before).min() > 0.8 and (after / before).max() < 1.2


def test_the_strongest_neurons_are_those_of_a_stable_sort():
    rng = np.random.default_rng(5)
    means = (rng.integers(-20, 20, size=(50, 300)) / 8).astype(np.float16)  # many ties
    ids, kept = strongest(means)
    for row in range(50):
        order = sorted(range(300), key=lambda n, row=row: (-abs(means[row, n]), n))[:64]
        assert ids[row].tolist() == order and kept[row].tolist() == means[row][order].tolist()


@pytest.mark.parametrize(
    ("settings", "read", "said"),
    [
        ({"vector_bytes": 0}, lambda a: vectors_in_layer(a, 0), "has no vectors of samples and layers: they would take"),
        ({"example_bytes": 0}, lambda a: examples_of(a, 0), "has no examples of features: one example for each of 64"),
        ({"example_bytes": 0}, lambda a: contrasts_of(a, 0), "has no contrasts to the examples: one example"),
        ({"every_layer": False}, lambda a: neurons_in_layer(a, 0), "has no neurons of samples: it was asked to read the SAE's"),
        ({"every_layer": False}, lambda a: layer_means(a), "has no means of layers: it was asked"),
    ],
)  # fmt: skip
def test_a_table_left_out_says_why(workspace, tmp_path, tiny, settings, read, said):
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", made_records(5)), name="d")
    dataset = Dataset(workspace, "d")
    identity = identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=AnalysisSettings(**settings))
    run = {"name": "d", "progress": lambda *_: None, "stop": lambda: False}
    analysis = Analysis(analyse(workspace, dataset, identity, **run))
    with pytest.raises(GamutError, match=said):
        read(analysis)
    assert projection(analysis).shape == (5, WIDTH) and analysis.recompute_hash() == analysis.content_hash


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda a: examples_of(a, FEATURES), "no feature 64; this SAE has features 0 to 63"),
        (lambda a: vectors_in_layer(a, 3), "no layer 3; this model has layers 0 to 2"),
        (lambda a: neurons_in_sample(a, -1), "no sample -1; this analysis has samples 0 to 29"),
        (lambda a: layer_means(a, group="verse"), "no group 'verse'; there are: 'maths', 'prose'"),
        (lambda a: layer_means(a, site="attention"), "no site 'attention'; use one of mlp, residual"),
    ],
)
def test_what_is_not_there_is_named(seen, read, said):
    with pytest.raises(GamutError, match=said):
        read(seen.analysis)


def test_an_unknown_column_to_group_by_is_named(seen):
    with pytest.raises(GamutError, match="no metadata column 'topic'; there are: .*'category'"):
        groups_of(seen.dataset, "topic")


def test_a_column_of_too_many_values_cannot_group(workspace, tmp_path):
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", made_records(300)), name="d")
    with duckdb.connect(str(workspace.datasets / "d" / "samples.duckdb")) as connection:
        connection.execute("CREATE OR REPLACE TABLE metadata AS SELECT sample_id, sample_id AS own FROM samples")
    with pytest.raises(GamutError, match="'own' has 300 different values; one of at most 256 can group"):
        groups_of(Dataset(workspace, "d"), "own")


def test_a_rehearsal_holds_what_the_whole_would(workspace, tmp_path, tiny):
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", made_records(5)), name="d")
    dataset = Dataset(workspace, "d")
    settings = AnalysisSettings(vector_bytes=2 * 100 * BLOCKS * WIDTH * 4)  # room for the vectors of 100 samples
    identity = identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=settings)
    held = {}
    for whole in (100, 101):
        place = Workspace(tmp_path / str(whole))
        run = {"name": "d", "progress": lambda *_: None, "stop": lambda: False, "as_of": whole}
        held[whole] = Analysis(analyse(place, dataset, identity, **run)).contents.vectors
    assert held == {100: True, 101: False}
