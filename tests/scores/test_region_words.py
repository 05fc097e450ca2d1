"""The words of the map's regions: those that tell one apart, not those that are everywhere; made once and kept."""

import math

import numpy as np

from core.scores.layout import Layout, LayoutSettings
from core.scores.region_words import COMMON, EVERYWHERE, FORM, SMALL, regions_in_words, telling_words
from core.store.analyses import open_analysis
from core.store.datasets import Dataset


def naive(said, codes, count, each=3):
    found, vocabulary, taken = {}, sorted(set().union(*said)), set()
    for region in sorted(range(count), key=lambda code: (-codes.count(code), code)):
        inside = [own for own, code in zip(said, codes, strict=True) if code == region]
        outside = [own for own, code in zip(said, codes, strict=True) if code != region]
        weight, form = {}, set()
        for word in vocabulary:
            here, there = sum(word in own for own in inside), sum(word in own for own in outside)
            rate, other = (here + 0.5) / (len(inside) + 1), (there + 0.5) / (len(outside) + 1)
            told = rate * math.log(rate / other)
            everywhere = here + there > EVERYWHERE * len(said)
            if (
                here >= max(2, COMMON * len(inside))
                and told > 0
                and not everywhere
                and len(word) > 2
                and not word.isdigit()
            ):
                weight[word] = told
            if other > FORM or word in SMALL:
                form.add(word)
        order = sorted(weight, key=lambda word: (-weight[word], word))
        about = [word for word in order if word not in form]
        found[region] = tuple(([word for word in about if word not in taken] or about or order)[:each])
        taken |= set(found[region])
    return [found[region] for region in range(count)]


def test_the_telling_words_equal_counting_them_one_by_one():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 120)
    pool = [f"word{k}" for k in range(25)] + ["of", "12345"]
    said = [set(rng.choice(pool, 4)) | ({"poem"} if code == 1 and rng.random() < 0.4 else set()) for code in codes]
    said = [{str(word) for word in own} for own in said]
    told = telling_words(iter(said), codes, 3)
    found = [words for words, _ in told]
    assert found == naive(said, codes.tolist(), 3) and found[1][0] == "poem"
    for region, (words, share) in enumerate(told):
        own = [bool(one & set(words)) for one, code in zip(said, codes, strict=True) if code == region]
        assert share == sum(own) / len(own)
    assert telling_words(iter([set(), set()]), np.array([0, 0]), 1) == [((), 0.0)]


def test_words_of_form_stand_for_no_region_that_has_others_in_any_language():
    rng = np.random.default_rng(1)
    codes = np.repeat(np.arange(20), 50)
    subject = [f"thema{code}" for code in range(20)]
    said = [{subject[code], "why"} if code < 19 else {"why"} for code in codes]
    for own, code in zip(said, codes, strict=True):
        own |= {"warum"} if rng.random() < (0.9 if code in (0, 1) else 0.02) else set()  # 11 % of all: form, unlisted
        own |= {"should"} if code == 2 and rng.random() < 0.3 else set()  # rare, and listed
    found = [words for words, _ in telling_words(iter(said), codes, 20)]
    assert found[:19] == [(word,) for word in subject[:19]]
    assert "why" not in found[19]


def test_a_word_of_a_larger_region_is_left_to_it_unless_the_smaller_had_none():
    codes = np.repeat([0, 1, 2, 3], [40, 60, 5000, 30])
    both = {0: {"fish", "river"}, 1: {"fish"}, 2: set(), 3: {"fish"}}
    found = [words for words, _ in telling_words(iter([both[code] for code in codes]), codes, 4)]
    assert found[1] == ("fish",) and found[0] == ("river",) and found[2] == () and found[3] == ("fish",)


def test_the_regions_of_a_map_are_kept_beside_the_analysis_and_read_again(made):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    layout = Layout(LayoutSettings(), *np.random.default_rng(0).normal(size=(2, 60)).astype(np.float32))
    first, second = (regions_in_words(analysis, dataset, layout) for _ in range(2))
    (kept,) = (analysis.folder / "derived").glob("regions-*.parquet")
    assert (first.codes == second.codes).all() and first.regions == second.regions and first.read == second.read == 60
    assert sum(region.size for region in first.regions) == 60
    for region in first.regions:
        assert layout.x.min() <= region.x <= layout.x.max() and layout.y.min() <= region.y <= layout.y.max()
    other = Layout(LayoutSettings(seed=1), layout.x, layout.y)
    regions_in_words(analysis, dataset, other)
    assert len(list(kept.parent.glob("regions-*.parquet"))) == 2, "another map has regions of its own"
