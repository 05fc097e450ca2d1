"""Lists of features as targets: kept as they were saved, read by selections, refused where they cannot hold."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import GamutError
from core.selection.specification import RankingSpec, pool_of
from core.selection.targets import free_target_name, load_target, save_target, target_names
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.workspace import check_name
from tests.made import FEATURES


def saved(made, name="wanted", features=(7, 3, 3)):
    return save_target(made, name, analysis=open_analysis(made, "made"), features=features, made_from="By hand.")


def test_a_list_comes_back_as_it_was_saved_and_its_file_says_so_plainly(made):
    target = saved(made)
    assert load_target(made, "wanted") == target
    assert target_names(made) == ["wanted"]
    assert json.loads((made.targets / "wanted.json").read_text()) == {
        "version": 1, "name": "wanted", "sae": "0", "n_features": FEATURES, "features": [3, 7], "made_from": "By hand.",
    }  # fmt: skip


def test_a_pool_reads_a_saved_list_as_a_target(made):
    saved(made)
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    pool = pool_of(analysis, dataset, RankingSpec(analysis=analysis.id, method="sae-greedy"))
    assert np.flatnonzero(pool.known.target("features:wanted")).tolist() == [3, 7]


def test_a_name_keeps_its_features_for_ever(made):
    first = saved(made)
    assert saved(made, features=[3, 7]) == first
    with pytest.raises(GamutError, match="already, of 2 other features; choose another name"):
        saved(made, features=[3, 8])
    assert load_target(made, "wanted") == first


@pytest.mark.parametrize(
    ("name", "features", "words"),
    [
        ("wanted", [], "holds no feature"),
        ("wanted", [FEATURES], f"run from 0 to {FEATURES - 1}"),
        ("wanted", [-1], "run from 0"),
        ("../wanted", [1], "cannot name a list of features"),
    ],
)
def test_what_cannot_be_a_target_is_one_sentence(made, name, features, words):
    with pytest.raises(GamutError, match=words):
        saved(made, name, features)
    assert not made.targets.exists() or not list(made.targets.iterdir())


def test_a_list_that_is_not_there_damaged_or_newer_is_one_sentence(made):
    with pytest.raises(GamutError, match="There is no list of features 'wanted'; there are: none yet"):
        load_target(made, "wanted")
    with pytest.raises(GamutError, match="There is no list of features"):
        load_target(made, "../selections/wanted")
    saved(made)
    path = made.targets / "wanted.json"
    good = path.read_text()
    for text in ("{", "[]", "{}", good.replace('"sae"', '"sea"'), good.replace("3,", '"x",')):
        path.write_text(text)
        with pytest.raises(GamutError, match="is damaged"):
            load_target(made, "wanted")
    path.write_text(good.replace('"version": 1', '"version": 2'))
    with pytest.raises(GamutError, match="newer Gamut"):
        load_target(made, "wanted")


@given(st.text(max_size=90), st.lists(st.integers(0, 99), min_size=1, max_size=9))
def test_any_words_make_a_name_that_a_file_can_have(words, features):
    name = free_target_name(words, features)
    assert check_name(name, of="list of features") == name
    assert name == free_target_name(words, sorted(features))
