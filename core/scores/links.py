"""The strongest links that hold like samples together: a maximum spanning forest, out of which groups at any threshold are
looked up.

Who is linked with whom through pairs of at least t is the same with all pairs as with the forest's alone (single linkage:
Gower and Ross 1969); so n − 1 links are kept, however many pairs there are. Links of equal strength: lowest samples first.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numba import njit


@dataclass(frozen=True, eq=False)
class Links:
    """Links between samples, the strongest first: a < b, int32 both; shared, union: int32, features in both, in either."""

    a: np.ndarray
    b: np.ndarray
    shared: np.ndarray
    union: np.ndarray

    def __len__(self) -> int:
        return len(self.a)

    @property
    def overlap(self) -> np.ndarray:
        """Jaccard's index of each link: float64."""
        return self.shared / self.union

    def joined(self, other: Links) -> Links:
        """Both, in no order."""
        return Links(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in FIELDS))

    def strongest(self, n: int) -> Links:
        """The maximum spanning forest of these links over n samples, the strongest link first."""
        order = np.lexsort((self.b, self.a, -self.overlap))  # distinct fractions of int32 stay distinct as float64
        a, b = self.a[order], self.b[order]
        kept = order[_spans(a, b, n)]
        return Links(*(getattr(self, name)[kept] for name in FIELDS))

    def reaching(self, at: float) -> Links:
        """Those of an index of `at` or more, exactly: 0.8 means four fifths."""
        ratio = Fraction(str(float(at)))
        reach = self.shared.astype(np.int64) * ratio.denominator >= self.union.astype(np.int64) * ratio.numerator
        return Links(*(getattr(self, name)[reach] for name in FIELDS))


FIELDS = ("a", "b", "shared", "union")
NO_LINKS = Links(*(np.empty(0, np.int32) for _ in FIELDS))


def groups_of(links: Links, n: int) -> np.ndarray:
    """Who is linked with whom: the lowest sample of each sample's group, itself where it has no link; int32 (n)."""
    return _lowest(links.a, links.b, n)


@njit(cache=True, nogil=True)
def _root(parent, one):
    while parent[one] != one:
        parent[one] = parent[parent[one]]
        one = parent[one]
    return one


@njit(cache=True, nogil=True)
def _spans(a, b, n):
    """Whether each link, in order, joins what earlier ones have not: bool (Kruskal)."""
    parent = np.arange(n)
    spans = np.zeros(a.size, np.bool_)
    for k in range(a.size):
        one, other = _root(parent, a[k]), _root(parent, b[k])
        if one != other:
            parent[max(one, other)] = min(one, other)
            spans[k] = True
    return spans


@njit(cache=True, nogil=True)
def _lowest(a, b, n):
    parent = np.arange(n)
    for k in range(a.size):
        one, other = _root(parent, a[k]), _root(parent, b[k])
        parent[max(one, other)] = min(one, other)
    lowest = np.empty(n, np.int32)
    for one in range(n):
        lowest[one] = _root(parent, one)
    return lowest
