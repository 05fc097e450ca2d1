"""What moves with the slider is looked up: no pass over the features, no ranking and no text is made again."""

import pytest

from core.scores import coverage, curve
from core.selection import ranking, rankings, specification
from core.store.datasets import Dataset
from pages.shared import curves, engine


class Counter:
    """Calls of functions, by name."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch, self.calls = patch, {}

    def watch(self, owner, name: str) -> None:
        """Count the calls of `owner.name` from now on."""
        real = getattr(owner, name)

        def counted(*args, **kwargs):
            self.calls[name] = self.calls.get(name, 0) + 1
            return real(*args, **kwargs)

        self.patch.setattr(owner, name, counted)


@pytest.fixture
def counter(monkeypatch):
    return Counter(monkeypatch)


def watch_all_work(counter: Counter) -> None:
    for owner, name in (
        (coverage, "_reached"), (coverage, "_count_rows"), (curve, "reached"), (ranking, "_cover"), (engine, "rank_by"),
        (engine, "pool_of"), (engine, "kept_ranking"), (curves, "pool_of"), (curves, "curve_along"), (curves, "chance"),
        (curves, "word_grams"), (rankings, "rank_by"), (specification, "feature_sets"),
    ):  # fmt: skip
        counter.watch(owner, name)


@pytest.mark.parametrize("yardstick", ["features", "words", "held-out"])
def test_moving_the_slider_passes_over_no_features_again(made, open_app, counter, yardstick):
    app = open_app(made, "Budget", unit="rows", amount="5", tab="reproduce", yardstick=yardstick, others="1")
    seen = {app.subheader[0].value}
    watch_all_work(counter)
    for stop in (10, 20, 50, 30):
        app.select_slider(key="_slider").set_value(float(stop)).run()
        assert app.subheader[0].value.startswith(f"{stop} rows")
        seen.add(app.subheader[0].value)
    assert len(seen) == 5
    assert counter.calls == {}


def test_another_method_makes_its_own_curve_once_and_shares_chance(made, open_app, counter):
    app = open_app(made, "Budget", unit="rows", amount="9", tab="reproduce")
    watch_all_work(counter)
    app.segmented_control(key="_method_shown").set_value("longest").run()
    assert counter.calls["curve_along"] == 1
    assert "chance" not in counter.calls
    before = dict(counter.calls)
    app.segmented_control(key="_method_shown").set_value("sae-greedy").run()
    app.segmented_control(key="_method_shown").set_value("longest").run()
    app.segmented_control(key="c").set_value(10).run()
    assert counter.calls == before


def test_the_texts_of_a_page_of_picks_are_read_once(made, open_app, counter):
    app = open_app(made, "Budget", unit="rows", amount="5", tab="reproduce")
    counter.watch(Dataset, "conversations")
    for stop in (10, 30, 20, 59):
        app.select_slider(key="_slider").set_value(float(stop)).run()
    assert counter.calls == {}
