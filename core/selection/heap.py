"""A heap of rows by keys that only fall: the row with the largest key a unit of cost is at the top, ties by lowest id.

Lazy greedy keeps rows in place by a value they once had. As values only fall, a row at the top that still has its value
is the best of all; any other takes its value of now and sinks to its place. Keys change at the top only.
"""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def heapify(heap, key, cost):
    """Orders `heap` (rows) in place. key, cost (n): whole numbers of rows, none negative, cost above 0."""
    for place in range(heap.size // 2 - 1, -1, -1):
        sink(heap, heap.size, place, key, cost)


@njit(cache=True, nogil=True)
def sink(heap, size, place, key, cost):
    """Lets the row at `place` sink until neither child comes before it; the heap is heap[:size]."""
    row = heap[place]
    while 2 * place + 1 < size:
        child = 2 * place + 1
        if child + 1 < size and _before(heap[child + 1], heap[child], key, cost):
            child += 1
        if not _before(heap[child], row, key, cost):
            break
        heap[place] = heap[child]
        place = child
    heap[place] = row


@njit(cache=True, nogil=True)
def _before(one, other, key, cost):
    """Whether a row comes before another: the larger key a unit of cost, as an exact fraction, then the lower id."""
    a, b, c, d = key[one], cost[one], key[other], cost[other]
    if b == d:
        return a > c or (a == c and one < other)
    while True:  # Euclid: compare whole parts, then what is left of both turned upside down
        p, q = a // b, c // d
        if p != q:
            return p > q
        a, c = a - p * b, c - q * d
        if a == 0 or c == 0:
            if a == c:
                return one < other
            return a > c
        a, b, c, d = d, c, b, a
