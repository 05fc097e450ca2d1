"""How many threads torch gets: what the process may use, and no more than the user says."""

import pytest

from core.activations.machine import usable_threads


@pytest.mark.parametrize(
    ("said", "most"), [("1", 1), ("1,4", 1), ("0", 1), ("", None), ("many", None), ("100000", None)]
)
def test_no_more_threads_than_processors_nor_than_the_user_says(monkeypatch, said, most):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    own = usable_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert usable_threads() == (own if most is None else min(own, most))
