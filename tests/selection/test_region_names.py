"""The name of a region is true of much of it, or says that the region is mixed."""

import numpy as np
import pytest

from core.scores.region_words import MapRegion, Regions
from core.selection.known import NO_VALUE, Grouping
from core.selection.region_names import region_names


def names(said: float, groups: list[str], *, words=("dog", "cat", "cow")) -> list[str]:
    """What a region of ten samples is called, among thirty others, of which every third is of a, b and none."""
    kinds = ("a", "b", NO_VALUE, "c", "d")
    rest = [kinds[k % 3] for k in range(30)]
    codes = np.array([kinds.index(name) for name in [*groups, *rest]], np.int32)
    regions = (MapRegion(10, 0.0, 0.0, words, said), MapRegion(30, 1.0, 1.0, (), 0.0))
    found = Regions(np.repeat([0, 1], [10, 30]).astype(np.int32), regions, 40)
    return [name.text() for name in region_names(found, Grouping(codes, kinds))]


@pytest.mark.parametrize(
    ("said", "groups", "name"),
    [
        (0.25, ["a"] * 10, "dog · cat · cow"),
        (0.24, ["a"] * 10, "a: dog · cat"),
        (0.24, ["a"] * 8 + ["b"] * 2, "a: dog · cat"),  # 8 of 10; of all, 18 of 40
        (0.24, ["a"] * 5 + ["b"] * 5, "mixed: dog · cat"),  # half each, and 1.33 times their share of the pool
        (0.24, ["c"] * 4 + ["d"] * 3 + ["a"] * 3, "c + d: dog · cat"),  # neither is half of it; both together are
        (0.24, ["c"] * 2 + ["d"] * 2 + ["a"] * 6, "mixed: dog · cat"),  # oftener than elsewhere, but less than half
        (0.24, [NO_VALUE] * 10, "mixed: dog · cat"),
    ],
)
def test_words_stand_alone_only_where_enough_of_the_region_say_them(said, groups, name):
    assert names(said, groups) == [name, "mixed"]


def test_a_region_without_words_is_called_by_its_group():
    assert names(0.0, ["b"] * 10, words=()) == ["b", "mixed"]
