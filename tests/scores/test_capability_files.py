"""A capability file that was passed on may hold anything: it is read whole or refused in a sentence, never anything else."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save

from core.errors import GamutError
from core.scores.alignment import AlignmentSettings, alignment, needs_pass
from core.scores.capability import ABOUT, all_capabilities, read_capability, save_capability
from core.scores.target_likeness import BM25, MONA, OVERLAP, _bm25, _count, likeness
from core.store.analyses import open_analysis
from tests.scores.test_alignment import made_capability

OPTIONAL = ("mean", "first", "features", "neurons", "tokens", "random_by_size")  # a capability may lack these


@pytest.fixture
def capability(made):
    return save_capability(made, made_capability())


def held(path):
    with safe_open(path, framework="np") as file:
        return file.metadata(), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def scored_by_everything(analysis, one):
    for rule in (MONA, OVERLAP, BM25):
        likeness(analysis, one, rule)
    for rule in ("principal", "difference", "cosine"):
        for site in ("mlp", "residual"):
            assert np.isfinite(alignment(analysis, one, AlignmentSettings(rule=rule, site=site))).all()


def widened(value):
    return np.concatenate([value, value[..., -1:]], axis=-1)


def with_nan(value):
    out = value.astype(np.float64)
    out.flat[0] = np.nan
    return out


CHANGES = {
    "shortened": lambda value: np.ascontiguousarray(value[..., :-1]),
    "of fewer layers": lambda value: np.ascontiguousarray(value[:-1]),
    "widened": widened,
    "with a dimension more": lambda value: value[None],
    "without one": lambda value: np.array(value.reshape(-1)[0]),
    "empty": lambda value: value[:0],
    "not a number": with_nan,
    "infinite": lambda value: np.full(value.shape, np.inf),
    "of other numbers": lambda value: value.astype(np.complex64),
}


def test_every_part_that_is_not_what_it_must_be_is_refused_in_a_sentence(made, capability, tmp_path):
    analysis, (about, tensors) = open_analysis(made, "made"), held(capability.path)
    file = tmp_path / "changed.safetensors"
    for name, value in tensors.items():
        for how, change in CHANGES.items():
            file.write_bytes(save(tensors | {name: change(value)}, metadata=about))
            with pytest.raises(GamutError, match="damaged"):
                read_capability(file).require(analysis)
                pytest.fail(f"{name} {how} was read")


def test_a_part_that_is_left_out_is_missed_in_a_sentence(made, capability, tmp_path):
    analysis, (about, tensors) = open_analysis(made, "made"), held(capability.path)
    file = tmp_path / "less.safetensors"
    for name in tensors:
        file.write_bytes(save({key: own for key, own in tensors.items() if key != name}, metadata=about))
        if name.rpartition(".")[2] not in OPTIONAL:
            with pytest.raises(GamutError, match="damaged"):
                read_capability(file)
            continue
        one = read_capability(file)
        if not name.endswith((".first", ".random_by_size")):
            with pytest.raises(GamutError):
                scored_by_everything(analysis, one)
    file.write_bytes(save({"profile.tokens": tensors["profile.tokens"]}, metadata=about))
    with pytest.raises(GamutError, match="it has no directions"):
        read_capability(file)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sources": ["x"]}, {"sources": {}}, {"sources": [{"ids": [1.5]}]}, {"sources": [{"filter": {"columns": [1]}}]},
        {"settings": None}, {"samples": "12"}, {"max_length": -1}, {"model": 3}, {"created": "yesterday"}, {"stored": 1},
        {"version": "2"}, {"first_token": True},
    ],
)  # fmt: skip
def test_what_is_told_of_its_learning_is_refused_where_it_has_other_kinds_of_values(capability, tmp_path, wrong):
    about, tensors = held(capability.path)
    said = json.loads(about[ABOUT])
    said["learned"] |= wrong
    file = tmp_path / "told.safetensors"
    file.write_bytes(save(tensors, metadata={ABOUT: json.dumps(said)}))
    with pytest.raises(GamutError, match="is no capability, or a damaged one"):
        read_capability(file)


def test_one_file_that_cannot_be_read_is_told_beside_the_others(made, capability):
    (made.capabilities / "bad.safetensors").write_bytes(b"no tensors")
    found, damaged = all_capabilities(made)
    assert [one.name for one in found] == ["maths"] and list(damaged) == ["bad"] and "learn it again" in damaged["bad"]


def test_a_whole_file_is_scored_by_everything(made, capability):
    analysis = open_analysis(made, "made")
    scored_by_everything(analysis, capability)
    assert capability.read_otherwise(analysis) == ""
    other = replace(capability, learned=replace(capability.learned, template="chat", max_length=32))
    said = other.read_otherwise(analysis)
    assert "the template is chat there and plain here" in said and "32 tokens there and 64 tokens here" in said


def test_tokens_beyond_the_query_count_as_length_only():
    ids, pointer, scored = np.array([0, 7, 2, 7]), np.array([0, 4]), np.ones(4, bool)
    rows = np.zeros(3, np.int64)
    assert _count(ids, pointer, scored, rows).tolist() == [4] and rows.tolist() == [1, 0, 1]
    inside = np.array([0, 1, 2, 1])
    weights = np.array([1.0, 0.0, 3.0])
    assert _bm25(ids, pointer, scored, weights, 4.0).tolist() == _bm25(inside, pointer, scored, weights, 4.0).tolist()


def test_a_capability_learned_without_a_pass_says_so_where_position_0_is_asked_for(made, capability):
    bare = replace(capability, firsts={}, learned=replace(capability.learned, stored=True, first_token=1))
    reason = needs_pass(open_analysis(made, "made"), bare, AlignmentSettings(site="residual", pooling="delta"))
    assert reason == "'maths' was learned without a pass, so its states at position 0 are not known."
