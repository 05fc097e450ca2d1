"""Pins and bans: ordered, one mark a sample, written by many at once."""

import threading

from core.store.people import BAN, PIN, marked, set_mark


def test_marks_are_kept_in_the_order_they_were_made(workspace):
    for sample in (5, 2, 9):
        set_mark(workspace, "data", sample, PIN)
    set_mark(workspace, "data", 2, BAN)
    set_mark(workspace, "other", 5, BAN)
    assert marked(workspace, "data", PIN) == (5, 9) and marked(workspace, "data", BAN) == (2,)
    set_mark(workspace, "data", 5, None)
    set_mark(workspace, "data", 5, PIN)
    assert marked(workspace, "data", PIN) == (9, 5)


def test_many_writers_at_once_lose_nothing(workspace):
    def work(first):
        for sample in range(first, first + 20):
            set_mark(workspace, "data", sample, PIN)

    threads = [threading.Thread(target=work, args=(100 * n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(marked(workspace, "data", PIN)) == sorted(100 * n + i for n in range(6) for i in range(20))
