"""What the inspector reads is what the analysis stored, token by token."""

import json
import shutil

import numpy as np
import pytest

from core.activations.analyse import Pass, analyse
from core.activations.identity import identify
from core.activations.inspector import Inspector
from core.activations.reading import Reading
from core.activations.settings import AnalysisSettings
from core.datasets.sample import SPECIAL, Turn
from core.errors import GamutError
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.features import examples_of
from core.store.import_dataset import import_dataset
from core.store.vectors import neurons_in_sample
from core.workspace import Workspace
from tests.made import made_records, write_jsonl
from tests.tiny import BLOCKS, CONTEXT, FEATURES, tiny_model

SETTINGS = AnalysisSettings(batch_tokens=100, batch_samples=4)


def analysed(folder, model, sae, *, samples=30, settings=SETTINGS) -> tuple[Workspace, Analysis]:
    workspace = Workspace(folder / "workspace")
    import_dataset(workspace, write_jsonl(folder / "d.jsonl", made_records(samples)), name="d")
    identity = identify(Dataset(workspace, "d"), model=str(model), sae=str(sae), settings=settings)
    quiet = {"progress": lambda *_: None, "stop": lambda: False}
    return workspace, Analysis(analyse(workspace, Dataset(workspace, "d"), identity, name="d", **quiet))


@pytest.fixture(scope="module")
def made(tiny, tmp_path_factory):
    return analysed(tmp_path_factory.mktemp("inspected"), tiny["model"], tiny["sae"])


def stored_of(analysis, sample):
    query = (
        "SELECT feature_id, max(max), arg_max(position, max), sum(count)::INTEGER FROM activations "
        "WHERE sample_id = ? GROUP BY feature_id ORDER BY feature_id"
    )
    return analysis.cursor().execute(query, [sample]).fetchall()


def same_as_stored(analysis, reading, sample, *, rtol):
    stored = stored_of(analysis, sample)
    lit = reading.lit
    assert lit.features.tolist() == [row[0] for row in stored]
    np.testing.assert_allclose(lit.maxima, [row[1] for row in stored], rtol=rtol)
    assert lit.tokens.tolist() == [row[3] for row in stored]
    assert (
        list(reading.tokens) == analysis.tokens_of(sample)[0]
        and reading.roles.tolist() == analysis.tokens_of(sample)[1]
    )
    for (feature, _, position, _), maximum in zip(stored, lit.maxima, strict=True):
        assert reading.of(feature)[position] == pytest.approx(maximum, rel=rtol)


def test_every_stored_sample_is_read_as_the_analysis_stored_it(made):
    workspace, analysis = made
    inspector = Inspector(workspace, threads=1)
    for sample in range(30):
        same_as_stored(analysis, inspector.read_sample("d", sample), sample, rtol=1e-4)


def test_an_examples_window_is_read_token_by_token_as_it_was_kept(made):
    workspace, analysis = made
    inspector = Inspector(workspace, threads=1)
    for feature in range(0, FEATURES, 7):
        for example in examples_of(analysis, feature, limit=4):
            values = inspector.read_sample("d", example.sample_id).of(feature)
            window = slice(example.start, example.start + len(example.activations))
            np.testing.assert_allclose(values[window], example.activations.astype(np.float32), rtol=2e-3, atol=1e-4)


def test_a_typed_conversation_is_read_like_the_same_one_of_a_data_set(made):
    workspace, analysis = made
    inspector, dataset = Inspector(workspace, threads=1), Dataset(workspace, "d")
    for sample in (0, 3, 7):
        reading = inspector.read_turns("d", dataset.turns(sample))
        same_as_stored(analysis, reading, sample, rtol=1e-4)
        stored = neurons_in_sample(analysis, sample)
        for layer in range(BLOCKS):
            means = stored.means[layer].astype(np.float32)
            ids = stored.ids[layer] if stored.ids is not None else np.arange(len(means))
            order = np.lexsort((ids, -np.abs(means)))[: reading.neuron_ids.shape[1]]
            np.testing.assert_allclose(np.abs(reading.neuron_means[layer]), np.abs(means[order]), rtol=2e-3, atol=1e-4)
            assert len(set(reading.neuron_ids[layer].tolist()) & set(ids[order].tolist())) >= len(order) - 1


def test_a_reading_equals_loops_over_what_the_pass_says(made, tiny):
    workspace, _ = made
    reading = Inspector(workspace, threads=1).read_turns(
        "d", (Turn("user", "Notes on number 12."), Turn("assistant", "Say"))
    )
    machine = Pass(
        identify(Dataset(workspace, "d"), model=str(tiny["model"]), sae=str(tiny["sae"]), settings=SETTINGS), threads=1
    )
    tokens = machine.tokenise([(Turn("user", "Notes on number 12."), Turn("assistant", "Say"))])
    batch = machine.run(tokens, np.zeros(1, np.int32))
    dense = np.zeros((len(tokens.ids), FEATURES), np.float32)
    for token in range(len(tokens.ids)):
        for entry in range(batch.token_ptr[token], batch.token_ptr[token + 1]):
            dense[token, batch.features[entry]] = batch.values[entry]
    dense[~reading.counted] = 0
    assert reading.counted.any() and not reading.counted[0]
    for feature in range(FEATURES):
        assert reading.of(feature).tolist() == dense[:, feature].tolist()
    lit = reading.lit
    active = np.flatnonzero((dense > 0).any(axis=0))
    assert lit.features.tolist() == active.tolist()
    assert lit.maxima.tolist() == dense.max(axis=0)[active].tolist()
    assert lit.positions.tolist() == dense.argmax(axis=0)[active].tolist()
    assert lit.tokens.tolist() == (dense > 0).sum(axis=0)[active].tolist()


def test_a_plain_text_is_read_without_a_template_and_every_token_but_the_first_counts(made):
    workspace, _ = made
    reading = Inspector(workspace, threads=1).read_text("d", "Say something")
    assert "".join(reading.tokens[1:]) == "Say something" and reading.roles[0] == SPECIAL
    assert reading.counted.tolist() == [False] + [True] * (len(reading.tokens) - 1)


def test_a_reading_crosses_a_process_unchanged(made):
    workspace, _ = made
    inspector = Inspector(workspace, threads=1)
    for reading in (
        inspector.read_text("d", "<b>é水\U0001f469\u200d\U0001f52c\u202e</b>"),
        inspector.read_sample("d", 2),
    ):
        again = Reading.from_message(json.loads(json.dumps(reading.as_message())))
        for name in Reading.__slots__:
            left, right = getattr(reading, name), getattr(again, name)
            assert np.array_equal(left, right) and getattr(left, "dtype", None) == getattr(right, "dtype", None)


@pytest.mark.parametrize("text", ["", " ", "\ud83d half a character", "\x00\x01", "x" * 100_000])
def test_any_text_has_a_reading_and_what_is_cut_is_counted(made, text):
    workspace, _ = made
    inspector = Inspector(workspace, threads=1)
    reading = inspector.read_text("d", text)
    assert len(reading.tokens) <= CONTEXT == 48
    assert (reading.cut > 0) == (len(text) > 1000)
    lit = reading.lit
    assert len(lit.features) == len(lit.maxima) == len(lit.tokens)
    assert (len(lit.features) > 0) == (len(reading.tokens) > 1)
    inspector.read_turns("d", (Turn("user", text),))


def test_other_questions_are_sentences(made):
    workspace, _ = made
    inspector = Inspector(workspace, threads=1)
    with pytest.raises(GamutError, match="There is no sample 30; this analysis has samples 0 to 29"):
        inspector.read_sample("d", 30)
    with pytest.raises(GamutError, match="There is no analysis called 'other'"):
        inspector.read_text("other", "x")


def test_files_that_are_gone_or_others_are_a_sentence_and_no_other_models_numbers(tmp_path, tiny):
    model, sae = tiny_model(tmp_path / "m"), shutil.copytree(tiny["sae"], tmp_path / "s")
    workspace, analysis = analysed(tmp_path, model, sae, samples=12)
    inspector = Inspector(workspace, threads=1)
    same_as_stored(analysis, inspector.read_sample("d", 1), 1, rtol=1e-4)
    tiny_model(model, seed=9)
    same_as_stored(analysis, inspector.read_sample("d", 1), 1, rtol=1e-4)  # what is in memory is still the right one
    with pytest.raises(GamutError, match="The model in .* is not the one analysis 'd' was made with"):
        Inspector(workspace, threads=1).read_sample("d", 1)
    for place, kind in ((model, "model"), (sae, "SAE")):
        tiny_model(model)
        shutil.rmtree(place)
        with pytest.raises(GamutError, match=f"Reading text needs the {kind} of analysis 'd', whose files are not at"):
            Inspector(workspace, threads=1).read_text("d", "x")


@pytest.mark.model
def test_the_bundled_pair_reads_samples_as_it_stored_them(tmp_path):
    """Alone instead of in a batch: with 4,096 features the last of a token's 32 may tip, and nothing else."""
    workspace, analysis = analysed(tmp_path, "bundled", "bundled", samples=12, settings=AnalysisSettings())
    inspector = Inspector(workspace)
    for sample in range(12):
        stored = {row[0]: row[1] for row in stored_of(analysis, sample)}
        lit = inspector.read_sample("d", sample).lit
        now = dict(zip(lit.features.tolist(), lit.maxima.tolist(), strict=True))
        assert len(stored.keys() ^ now.keys()) <= 1
        both = sorted(stored.keys() & now.keys())
        np.testing.assert_allclose([now[f] for f in both], [stored[f] for f in both], rtol=1e-3)
