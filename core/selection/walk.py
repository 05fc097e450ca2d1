"""The walk along a ranking that keeps to quotas and to the cap on near-duplicates: one compiled loop for every method."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from core.selection.alike import alike, hold

FREE, TAKEN, NO_SHARE, ALIKE = 0, -1, -2, -3  # what became of a row; 1 + c: passed over by the cap on column c
BOUNDLESS = np.iinfo(np.int64).max


class Book(NamedTuple):
    """What is still to be had. n: rows, c: columns with caps or floors, g: the most groups of one, s: groups with shares."""

    codes: np.ndarray  # int32 (c, n): the group of every row
    room: np.ndarray  # int64 (c, g): how many more rows the caps let in
    wanted: np.ndarray  # int64 (c, g): how many more rows the floors want
    group: np.ndarray  # int32 (n): the group by which shares are given; all 0 where there are none
    weight: np.ndarray  # float64 (s): what each group is to have; 0: nothing
    seats: np.ndarray  # int64 (s): what it has
    fate: np.ndarray  # int32 (n)


@njit(cache=True, nogil=True)
def take(book, like, row):
    """Count a row as taken, whatever the caps say."""
    for column in range(book.codes.shape[0]):
        code = book.codes[column, row]
        book.room[column, code] -= 1
        book.wanted[column, code] -= 1
    book.seats[book.group[row]] += 1
    book.fate[row] = TAKEN
    hold(like, row)


@njit(cache=True, nogil=True)
def _may(book, like, row):
    """Whether a row may be taken now; if not, it never may again, and its fate says why."""
    for column in range(book.codes.shape[0]):
        if book.room[column, book.codes[column, row]] <= 0:
            book.fate[row] = 1 + column
            return False
    if alike(like, row) >= 0:
        book.fate[row] = ALIKE
        return False
    return True


@njit(cache=True, nogil=True)
def fill_floors(book, like, order, out, at, end):
    """Takes, in order, the rows of which a floor still wants some; returns the new end of `out` (at most `end`)."""
    for row in order:
        if at == end:
            return at
        wanted = False
        for column in range(book.codes.shape[0]):
            wanted |= book.wanted[column, book.codes[column, row]] > 0
        if wanted and book.fate[row] == FREE and _may(book, like, row):
            take(book, like, row)
            out[at] = row
            at += 1
    return at


@njit(cache=True, nogil=True)
def fill_in_order(book, like, order, out, at, end):
    """Takes what may be taken, in order."""
    for row in order:
        if at == end:
            return at
        if book.fate[row] == FREE and _may(book, like, row):
            take(book, like, row)
            out[at] = row
            at += 1
    return at


@njit(cache=True, nogil=True)
def fill_by_share(book, like, order, out, at, end):
    """Takes by turns: next is the group with the largest weight / (2 · seats + 1), of equal ones that whose row ranks first.

    Source: Sainte-Laguë (Webster): no group loses a row when the selection grows.
    """
    after, head = _queues(book, order)
    while at < end:
        best = -1
        for group in range(head.size):
            if head[group] < 0 or book.weight[group] <= 0:  # none left, or nothing for it
                continue
            mine = book.weight[group] / (2 * book.seats[group] + 1)
            top = 0.0 if best < 0 else book.weight[best] / (2 * book.seats[best] + 1)
            if mine > top or (mine == top and head[group] < head[best]):
                best = group
        if best < 0:
            return at
        row = order[head[best]]
        head[best] = after[head[best]]
        if book.fate[row] == FREE and _may(book, like, row):
            take(book, like, row)
            out[at] = row
            at += 1
    return at


@njit(cache=True, nogil=True)
def _queues(book, order):
    """One linked list of places in `order` a group: head[group] is its first (−1: none), after[place] the next."""
    head, after = np.full(book.weight.size, -1, np.int64), np.empty(order.size, np.int64)
    for place in range(order.size - 1, -1, -1):
        row = order[place]
        if book.fate[row] == FREE:
            after[place], head[book.group[row]] = head[book.group[row]], place
            if book.weight[book.group[row]] <= 0:
                book.fate[row] = NO_SHARE
    return after, head
