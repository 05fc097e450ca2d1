"""Labels end to end: planted meanings are said and found to hold, and what has no meaning is shown as such."""

import numpy as np
import pytest

from core.scores.labels.fidelity import AROUND, SWAPS, Swaps
from core.scores.labels.kept import offline_path, read_contexts, read_fidelity, sae_hash
from core.scores.labels.labels import OFFLINE, OWN, labels_of, labels_stamp
from core.scores.labels.make import make_labels, offline_there
from core.scores.labels.overview import label_overview
from core.store.analyses import Analysis, open_analysis
from core.store.datasets import Dataset
from core.store.own_labels import own_labels, set_own_label
from core.workspace import Workspace
from tests.scores.labels.conftest import AFTER_WORD, ANYWHERE, AT_WORD, NEAR_WORD


def quietly(done: int, total: int, note: str) -> None:
    """Progress that nobody reads."""


@pytest.fixture
def labelled(analysis: Analysis, dataset) -> Analysis:
    if not offline_there(analysis):
        make_labels(analysis, dataset, progress=quietly)
    return analysis


def test_planted_meanings_are_said_and_hold(labelled, planted_once):
    labels = labels_of(planted_once, labelled)
    at, after, near = (labels.best(feature) for feature in (AT_WORD, AFTER_WORD, NEAR_WORD))
    assert at.text.startswith("“w3”") and after.text.startswith("after “w5”") and "near “w7”" in near.text
    assert at.origin == OFFLINE and at.origin_words() == "from your data"
    for label in (at, after, near):
        assert label.explains and label.fidelity.headline.low > label.fidelity.null
    assert at.fidelity.headline.value > 0.95 and at.fidelity.recall == 1
    assert at.fidelity_words().startswith("AUROC ")
    assert labels.evidence(AT_WORD)[0][0] == "“w3”"


def test_a_feature_without_meaning_is_shown_to_be_explained_by_nothing(labelled, planted_once):
    label = labels_of(planted_once, labelled).best(ANYWHERE)
    assert label.fidelity.measured and label.explains is False
    assert label.fidelity_words().startswith("explains nothing measurable: AUROC ")


def test_too_few_held_out_contexts_are_told_with_their_number(made: Workspace):
    analysis = open_analysis(made, "made")
    make_labels(analysis, Dataset(made, "made"), progress=quietly)
    label = labels_of(made, analysis).best(0)
    assert label.explains is None and not label.fidelity.measured
    few = label.fidelity.positives
    assert label.fidelity_words() == f"not measured: only {few} active contexts held out, 30 are needed"


def test_the_fidelity_table_tells_the_same_as_each_label(labelled, planted_once):
    table = read_fidelity(labelled, offline_path(labelled))
    labels = labels_of(planted_once, labelled)
    assert table.num_rows == labelled.live_features == labels.table.num_rows
    for row in table.to_pylist():
        own = labels.best(row["feature_id"]).fidelity
        assert own.explains == row["explains"]
        if own.measured:
            assert own.headline.value == pytest.approx(row["auroc"])
            assert own.null == pytest.approx(row["null"]) and 0 <= own.recall <= 1
        assert own.positives == row["positives"]


def test_nulls_come_from_the_features_of_likest_density():
    density = np.random.default_rng(0).uniform(0.001, 0.5, 200)
    features = np.arange(200, dtype=np.int32)
    swaps = Swaps(features, density)
    for feature in range(0, 200, 7):
        others = swaps.of(feature)
        apart = np.abs(np.log(density / density[feature]))
        assert len(others) == SWAPS and feature not in others
        assert apart[others].max() <= np.sort(apart)[AROUND]
    assert len(Swaps(features[:3], density).of(0)) == 2 and len(Swaps(features[:1], density).of(0)) == 0


def test_two_runs_write_the_same_bytes(labelled, dataset):
    before = {path.name: path.read_bytes() for path in (labelled.folder / "derived").iterdir()}
    make_labels(labelled, dataset, progress=quietly)
    assert {path.name: path.read_bytes() for path in (labelled.folder / "derived").iterdir()} == before


def test_a_stop_writes_nothing(made: Workspace):
    class Stopped(Exception):
        pass

    def stop(done: int, total: int, note: str) -> None:
        if done > 10:
            raise Stopped

    analysis = open_analysis(made, "made")
    with pytest.raises(Stopped):
        make_labels(analysis, Dataset(made, "made"), progress=stop)
    assert not list((analysis.folder / "derived").glob("*")) and not offline_there(analysis)
    assert read_contexts(analysis) is None


def test_ones_own_words_come_first_and_all_origins_are_kept(labelled, planted_once):
    sae = sae_hash(labelled)
    before = labels_stamp(planted_once, labelled)
    set_own_label(planted_once, sae, AT_WORD, "  the third\nword ")
    labels = labels_of(planted_once, labelled)
    assert labels_stamp(planted_once, labelled) != before
    assert next((label.text, label.origin) for label in labels.all(AT_WORD)) == ("the third word", OWN)
    assert [label.origin for label in labels.all(AT_WORD)] == [OWN, OFFLINE]
    row = labels.best_table.filter(np.asarray(labels.best_table["feature_id"]) == AT_WORD).to_pylist()[0]
    assert row["text"] == "the third word" and "“w3”" in row["search"] and row["origin"] == OWN
    assert own_labels(planted_once, "another SAE") == {}
    set_own_label(planted_once, sae, AT_WORD, " ")
    assert own_labels(planted_once, sae) == {} and labels_stamp(planted_once, labelled) == before


def test_many_features_are_asked_for_at_once(labelled, planted_once):
    labels = labels_of(planted_once, labelled)
    found = labels.of(range(10_000))
    assert len(found) == labelled.live_features
    assert all([label.text for label in found[f]] == [label.text for label in labels.all(f)] for f in list(found)[:5])
    assert labels.of([]) == {} and labels.best(10_000) is None


def test_the_overview_gives_quartiles_of_what_was_measured_beside_the_null(labelled, planted_once):
    labels = labels_of(planted_once, labelled)
    (own,) = label_overview(labels)
    every = [label.fidelity for found in labels.of(range(40)).values() for label in found]
    known = [fidelity for fidelity in every if fidelity.measured]
    assert (own.origin, own.labels, own.measured) == (OFFLINE, len(every), len(known))
    assert own.auroc == pytest.approx(np.quantile([f.headline.value for f in known], [0.25, 0.5, 0.75]).tolist())
    assert own.null == pytest.approx(np.quantile([f.null for f in known], [0.25, 0.5, 0.75]).tolist())
    assert own.empty == sum(f.explains is False for f in known) and not own.pending
