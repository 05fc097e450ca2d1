"""The controls beside a score, and findings that are kept: equal to what the engine says each time, made once."""

import numpy as np
import pytest

from core.errors import GamutError
from core.scores import kept_finding as kept
from core.scores.alignment import COSINE, DIFFERENCE, AlignmentSettings, alignment
from core.scores.capability import capability_names
from core.scores.capability_files import remove_capability, rename_capability, take_in
from core.scores.controls import beside, control
from core.scores.find_by_capability import find_by_capability
from core.scores.target_likeness import BM25, likeness
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from tests.made_capabilities import made_capability


def test_every_control_stands_beside_a_score_with_places_and_overlap(made):
    one, analysis = made_capability(made, "maths"), open_analysis(made, "made")
    score = alignment(analysis, one, AlignmentSettings())
    found = beside(analysis, one, score)
    wanted = {
        "difference-of-means": alignment(analysis, one, AlignmentSettings(rule=DIFFERENCE)),
        "embedding-similarity": alignment(analysis, one, AlignmentSettings(rule=COSINE, site="residual")),
        "bm25": likeness(analysis, one, BM25),
    }
    assert found.names == tuple(wanted) and found.rows == 6 and found.chance == 0.1
    best = set(np.argsort(-score, kind="stable")[:6].tolist())
    for at, own in enumerate(wanted.values()):
        order = np.argsort(-own, kind="stable")
        assert found.places[at][order].tolist() == list(range(1, 61))
        assert found.overlap[at] == pytest.approx(len(best & set(order[:6].tolist())) / 6)


def test_the_words_control_is_kept_beside_the_analysis(made):
    one, analysis = made_capability(made, "maths"), open_analysis(made, "made")
    first = control(analysis, one, BM25)
    assert len(list((analysis.folder / "derived").glob("likeness-*"))) == 1
    assert np.array_equal(control(analysis, one, BM25), first)
    assert np.array_equal(first, likeness(analysis, one, BM25))


def test_a_finding_is_kept_as_it_was_and_made_anew_where_its_file_is_damaged(made, monkeypatch):
    one, analysis, dataset = made_capability(made, "maths"), open_analysis(made, "made"), Dataset(made, "made")
    kind, tasks = np.arange(60) % 4 == 0, np.arange(60) // 10
    asked = {"tasks": tasks, "nait": AlignmentSettings()}
    first = kept.kept_finding(analysis, dataset, one, kind, **asked)
    assert first == find_by_capability(analysis, dataset, one, kind, tasks=tasks)
    (file,) = (analysis.folder / "derived").glob("finding-*.json")
    with monkeypatch.context() as patched:
        patched.setattr(kept, "find_by_capability", None)  # a second call of it would be an error
        assert kept.kept_finding(analysis, dataset, one, kind, **asked) == first
    file.write_text("{")
    assert kept.kept_finding(analysis, dataset, one, kind, **asked) == first
    assert kept.kept_finding(analysis, dataset, one, ~kind, **asked) != first


def test_a_capability_file_is_renamed_removed_and_taken_in_byte_for_byte(made, tmp_path):
    hash = made_capability(made, "maths").sha256
    assert rename_capability(made, "maths", "sums").sha256 == hash
    copy = tmp_path / "theirs.safetensors"
    copy.write_bytes((made.capabilities / "sums.safetensors").read_bytes())
    assert take_in(made, copy).sha256 == hash
    assert capability_names(made) == ["sums", "theirs"]
    for wrong in (lambda: take_in(made, copy), lambda: rename_capability(made, "theirs", "sums")):
        with pytest.raises(GamutError, match="already; choose another name"):
            wrong()
    remove_capability(made, "sums")
    assert capability_names(made) == ["theirs"]
    copy.write_bytes(b"no tensors")
    with pytest.raises(GamutError, match="is no capability, or a damaged one"):
        take_in(made, copy, name="other")
