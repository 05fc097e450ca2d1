"""The pilot: a fair sample, the analysis itself in small, and a line from there to the whole."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.activations.analyse import Cancelled, Wanted, analyse
from core.activations.estimate import STRATA, batch_costs, draw, estimate, shapes_of, whole_lengths
from core.activations.estimate import Rehearsal as Small
from core.activations.identity import identify
from core.activations.measured import analyse_measured
from core.activations.meter import Meter
from core.activations.pilot import pilot
from core.activations.pilot_report import PILOT, pilot_path, read_actual, read_report
from core.activations.settings import AnalysisSettings
from core.errors import GamutError
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.pools import join_datasets
from core.store.subset import write_subset
from core.workspace import Workspace
from tests.made import made_records, write_jsonl

SETTINGS = AnalysisSettings(batch_tokens=100, batch_samples=4)


@pytest.fixture
def dataset(workspace, tmp_path):
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", made_records(60)), name="d")
    return Dataset(workspace, "d")


@pytest.fixture
def identity(dataset, tiny):
    return identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=SETTINGS)


def run(workspace, dataset, identity, **words):
    return pilot(workspace, dataset, identity, progress=lambda *_: None, stop=lambda: False, **words)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=300), st.integers(0, 3))
def test_every_beginning_of_the_drawn_order_is_stratified_over_length(characters, seed):
    characters = np.array(characters)
    order = draw(characters, seed=seed)
    assert sorted(order) == list(range(len(characters)))
    groups = np.array_split(np.lexsort((np.arange(len(characters)), characters)), STRATA)
    of = {sample: number for number, group in enumerate(groups) for sample in group.tolist()}
    for size in (1, len(order) // 2, len(order)):
        taken = np.bincount([of[sample] for sample in order[:size].tolist()], minlength=STRATA)
        room = [len(group) for group in groups]
        full = max(taken)
        assert all(have >= full - 1 or have == most for have, most in zip(taken, room, strict=True))
    assert (draw(characters, seed=seed) == order).all()


def test_lengths_that_were_counted_are_exact_and_the_others_follow_their_own_kind():
    characters = np.array([10] * 10 + [1000] * 10)
    counted = np.array([0, 19])
    lengths = whole_lengths(characters, counted, np.array([5, 250]), max_length=200)
    assert lengths[0] == 5 and lengths[19] == 200, "what is cut is cut"
    assert set(lengths[:10]) == {5} and set(lengths[10:]) == {200}


def test_the_cost_of_a_batch_is_found_again_from_its_times():
    shapes = shapes_of(np.arange(3, 400), AnalysisSettings())
    work = shapes[:, 0] * shapes[:, 1]
    seconds = 0.002 + 1e-5 * work + 2e-8 * work * shapes[:, 1]
    seconds[3] *= 50  # the machine was busy elsewhere for a moment
    fixed, per_token, per_length = batch_costs(shapes, seconds)
    told = fixed + per_token * work + per_length * work * shapes[:, 1]
    assert np.abs(np.delete(told / seconds - 1, 3)).max() < 0.2
    assert min(fixed, per_token, per_length) >= 0


def test_the_whole_lies_on_the_line_through_two_rehearsals():
    def small(samples, tokens, store, table):
        shapes = np.array([[1, tokens]])
        return Small(samples, tokens, shapes, np.array([tokens * 1e-4]), 1.0, store, 10 * tokens,
                     {"rows": table, "words": 5000, "best": table}, frozenset({"rows", "best"}), 10**9,
                     {"best": 1.5})  # fmt: skip

    said = estimate(
        small(10, 100, 1.0, 1000), small(40, 400, 1.6, 3100), np.full(400, 10), ready=np.zeros(400, bool),
        characters=np.full(400, 10), pilot_characters=400, load_seconds=2.0, settings=AnalysisSettings(),
    )  # fmt: skip
    # from 100 to 400 tokens the store takes 0.6 s and 2,100 bytes more; 3,600 tokens are still to come
    assert said.store_seconds == pytest.approx(1.6 + 0.6 / 300 * 3600)
    assert said.bytes_a_sample == {
        "rows": pytest.approx((3100 + 7 * 3600) / 400),
        "best": pytest.approx(1.5 * 3100 / 400),
    }
    assert said.disk_bytes == 3100 + 7 * 3600 + 5000 + 1.5 * 3100 and said.working_bytes == said.disk_bytes + 40_000
    assert said.tokenise_seconds == 10.0
    assert said.seconds == pytest.approx(2 + 10 + said.pass_seconds + said.store_seconds)


def test_a_pilot_reports_fit_and_cost_and_keeps_them(workspace, dataset, identity):
    report = run(workspace, dataset, identity)
    assert read_report(pilot_path(workspace, identity.id)) == report
    assert report.samples == 12 == report.fit.samples, "one in five of sixty"
    assert report.estimate.samples == 60
    whole = identity_tokens(workspace, dataset, identity)
    assert report.estimate.tokens == pytest.approx(whole, rel=0.15)
    assert {"samples", "tokens", "activations", "activations_by_feature"} <= set(report.estimate.bytes_a_sample)
    assert not list((workspace.root / "pilots").glob(".*")), "nothing of the rehearsal is left"
    assert not workspace.analyses.exists(), "a pilot makes no analysis"


def identity_tokens(workspace, dataset, identity):
    folder = analyse(
        Workspace(workspace.root / "other"), dataset, identity, name="d", progress=lambda *_: None, stop=lambda: False
    )
    return int(Analysis(folder).counts.tokens.sum())


def test_the_same_seed_gives_the_same_fit(workspace, dataset, identity):
    first, second, other = (run(workspace, dataset, identity, seed=seed, samples=6) for seed in (1, 1, 2))
    assert first.fit == second.fit != other.fit


def test_limits_are_kept(workspace, dataset, identity):
    assert run(workspace, dataset, identity, samples=3).samples == 3
    assert run(workspace, dataset, identity, tokens=1).samples == 8, "a handful at least, whatever they hold"


def test_a_pilot_can_be_stopped_and_leaves_nothing(workspace, dataset, identity):
    for patience in (0, 2, 9):
        calls = iter(range(1000))
        with pytest.raises(Cancelled):
            pilot(workspace, dataset, identity, progress=lambda *_: None, stop=lambda c=calls, n=patience: next(c) >= n)
    assert not list((workspace.root / "pilots").glob("*"))


def test_a_damaged_report_is_a_sentence(workspace):
    path = pilot_path(workspace, "x")
    path.parent.mkdir(parents=True)
    for text in ("", "[]", '{"fit": {}}', "{"):
        path.write_text(text)
        with pytest.raises(GamutError, match="run the pilot again"):
            read_report(path)


def test_a_subset_is_the_samples_in_the_order_given(workspace, dataset):
    subset = write_subset(dataset, [7, 3, 40], Workspace(workspace.root / "sub"))
    assert len(subset) == 3 and subset.content_hash == dataset.content_hash
    for new, old in enumerate((7, 3, 40)):
        assert subset.turns(new) == dataset.turns(old) and subset.record(new) == dataset.record(old)


def test_the_meter_adds_up_what_several_runs_took(tmp_path):
    for run_number in (1, 2):
        meter = Meter(tmp_path)
        meter.tick("reading samples")
        meter.tick("writing the store")
        meter.finish(tmp_path)
        actual = read_actual(tmp_path)
        assert actual.runs == run_number and set(actual.stages) == {"reading samples", "writing the store"}
        assert actual.memory_bytes > 1e6
    (tmp_path / "actual.json").write_text(json.dumps({"no": 1}))
    assert read_actual(tmp_path) is None, "a damaged note closes nothing"


def test_a_pool_has_a_pilot_as_any_data_set_and_its_analysis_holds_it(workspace, dataset, tiny, tmp_path):
    import_dataset(workspace, write_jsonl(tmp_path / "e.jsonl", made_records(30)[::-1]), name="e")
    join_datasets(workspace, ["d", "e"], name="both")
    pool = Dataset(workspace, "both")
    identity = identify(pool, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=SETTINGS)
    (folder,) = analyse_measured(
        workspace, pool, [Wanted(identity, "both")], progress=lambda *_: None, stop=lambda: False, part_seconds=1e9
    )
    report, actual = read_report(folder / PILOT), read_actual(folder)
    assert report.estimate.samples == 90 == Analysis(folder).n_samples
    assert actual.disk_bytes > 1e5 and actual.seconds > 0 and actual.stages["reading samples"] > 0


def test_what_is_analysed_already_costs_a_pool_no_time_and_the_rest_is_one_progress(workspace, dataset, tiny, tmp_path):
    import_dataset(workspace, write_jsonl(tmp_path / "e.jsonl", made_records(30)[::-1]), name="e")
    import_dataset(workspace, write_jsonl(tmp_path / "f.jsonl", made_records(25)), name="f")
    join_datasets(workspace, ["d", "e", "f"], name="all")
    pool = Dataset(workspace, "all")
    pair = {"model": str(tiny["model"]), "sae": str(tiny["sae"]), "settings": SETTINGS}
    identity = identify(pool, **pair)
    before = run(workspace, pool, identity).estimate
    assert before.ready == 0 and before.pass_seconds > 0
    analyse(workspace, dataset, identify(dataset, **pair), name="d", progress=lambda *_: None, stop=lambda: False)
    after = run(workspace, pool, identity).estimate
    assert after.ready == 60 and after.tokens == before.tokens and after.disk_bytes > 0

    told = []
    analyse(workspace, pool, identity, name="all", progress=lambda *now: told.append(now), stop=lambda: False)
    reading = [now for now in told if now[2].startswith("reading samples")]
    assert [now[2] for now in reading] == sorted(now[2] for now in reading), "e, then f"
    assert {now[2] for now in reading} == {"reading samples (1 of 2, e)", "reading samples (2 of 2, f)"}
    assert [now[0] for now in reading] == sorted(now[0] for now in reading), "it never runs backwards"
    assert all(now[0] <= now[1] for now in reading) and reading[-1][3] > 30

    every = run(workspace, pool, identity).estimate
    assert every.ready == 115 and every.pass_seconds == every.tokenise_seconds == 0


def test_the_languages_of_the_data_set_are_groups_of_the_fit(workspace, dataset, identity):
    known = dict(dataset.cursor().execute("SELECT sample_id, language FROM facts").fetchall())
    report = run(workspace, dataset, identity)
    assert {fit.group for fit in report.fit.groups["language"]} <= {code or "unknown" for code in known.values()}
    assert sum(fit.tokens for fit in report.fit.groups["language"]) == report.fit.whole.tokens
