"""Pins and bans: ordered, one mark a sample, written by many at once."""

import os
import sqlite3
import threading

from core.store.people import (
    BAN,
    PIN,
    clear_marks,
    forget_read,
    mark_read,
    marked,
    marked_with_reasons,
    read_samples,
    set_mark,
    set_marks,
)


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


def test_many_marks_are_set_at_once_in_the_order_given_and_leave_one_kind_a_sample(workspace):
    ids = [*range(50_000, 0, -1), 7, 7]
    set_mark(workspace, "data", 7, PIN)
    set_marks(workspace, "data", ids, BAN, "a check")
    assert marked(workspace, "data", BAN) == tuple(range(50_000, 0, -1)) and marked(workspace, "data", PIN) == ()
    clear_marks(workspace, "data", mark=BAN)
    assert marked(workspace, "data", BAN) == ()


def test_a_ban_stands_until_its_last_reason_is_gone(workspace):
    set_mark(workspace, "data", 1, BAN)
    set_marks(workspace, "data", [1, 2, 3], BAN, "one")
    set_marks(workspace, "data", [3, 4], BAN, "two")
    set_marks(workspace, "other", [3], BAN, "one")
    assert marked_with_reasons(workspace, "data", BAN) == {1: ("", "one"), 2: ("one",), 3: ("one", "two"), 4: ("two",)}
    clear_marks(workspace, "data", mark=BAN, reason="one")
    assert marked_with_reasons(workspace, "data", BAN) == {1: ("",), 3: ("two",), 4: ("two",)}
    clear_marks(workspace, "data", mark=BAN, reason="two", ids=[3, 9])
    assert marked(workspace, "data", BAN) == (1, 4) and marked(workspace, "other", BAN) == (3,)
    set_mark(workspace, "data", 4, PIN)
    assert marked(workspace, "data", PIN) == (4,) and marked(workspace, "data", BAN) == (1,)
    set_marks(workspace, "data", [4, 5], PIN)
    clear_marks(workspace, "data", mark=PIN)
    assert marked(workspace, "data", BAN) == (1,)


def older_file(workspace):
    workspace.root.mkdir(parents=True)
    with sqlite3.connect(workspace.people) as people:
        people.execute(
            "CREATE TABLE marks (dataset_hash TEXT NOT NULL, sample_id INTEGER NOT NULL, mark TEXT NOT NULL CHECK "
            "(mark IN ('pin', 'ban')), place INTEGER NOT NULL, PRIMARY KEY (dataset_hash, sample_id))"
        )
        people.executemany("INSERT INTO marks VALUES ('data', ?, ?, ?)", [(5, PIN, 2), (9, PIN, 1), (2, BAN, 3)])
    people.close()


def test_an_older_file_without_reasons_keeps_its_marks_and_their_order(workspace):
    older_file(workspace)
    assert marked(workspace, "data", PIN) == (9, 5)
    assert marked_with_reasons(workspace, "data", BAN) == {2: ("",)}
    set_marks(workspace, "data", [2], BAN, "a check")
    assert marked_with_reasons(workspace, "data", BAN) == {2: ("", "a check")}


def test_an_older_file_opened_by_many_at_once_is_migrated_once(workspace):
    older_file(workspace)
    threads = [threading.Thread(target=set_mark, args=(workspace, "data", 100 + n, PIN)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pins = marked(workspace, "data", PIN)
    assert pins[:2] == (9, 5) and sorted(pins[2:]) == [100 + n for n in range(8)]


def test_what_was_read_is_remembered_per_data_set_and_can_be_forgotten(workspace):
    assert read_samples(workspace, "data") == set()
    for sample in (4, 2, 4):
        mark_read(workspace, "data", sample)
    mark_read(workspace, "other", 9)
    assert read_samples(workspace, "data") == {2, 4}
    set_mark(workspace, "data", 2, BAN)
    forget_read(workspace, "data")
    assert read_samples(workspace, "data") == set() and read_samples(workspace, "other") == {9}
    assert marked(workspace, "data", BAN) == (2,)


def test_a_workspace_to_read_from_tells_what_was_read_also_from_an_older_file(workspace, monkeypatch):
    older_file(workspace)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert read_samples(workspace, "data") == set() and marked(workspace, "data", PIN) == (9, 5)
    monkeypatch.undo()
    mark_read(workspace, "data", 3)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert read_samples(workspace, "data") == {3}
