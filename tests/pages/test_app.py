"""The frame of the app: links, sidebar, start-up weight, and what it says when something is missing."""

import subprocess
import sys

import pytest

from core.errors import GamutError
from pages.shared import numbers
from pages.shared.messages import plain
from pages.shared.state import workspace as named_workspace
from tests.pages.conftest import APP, SCREENS

HEAVY = {"torch", "transformers", "sae_lens", "umap", "scipy.stats"}  # numba imports the bare name scipy by itself


@pytest.mark.parametrize("screen", SCREENS)
def test_every_screen_opens_on_a_finished_analysis(made, open_app, screen):
    app = open_app(made, screen)
    assert app.title[0].value == screen
    assert [box.label for box in app.sidebar.selectbox] == ["Data set", "Analysis", "Selection"]
    assert not app.error


@pytest.mark.parametrize("screen", SCREENS)
def test_every_screen_of_an_empty_workspace_says_what_to_do_next(workspace, open_app, screen):
    app = open_app(workspace, screen)
    assert any("no data set yet" in info.value.lower() for info in app.info)
    assert not app.error


def test_a_bare_address_opens_budget_where_there_is_an_analysis(made, open_app, workspace, tmp_path, monkeypatch):
    from streamlit.testing.v1 import AppTest

    monkeypatch.setattr(sys, "argv", ["app.py", "--workspace", str(made.root)])
    assert AppTest.from_file(str(APP), default_timeout=60).run().title[0].value == "Budget"
    monkeypatch.setattr(sys, "argv", ["app.py", "--workspace", str(tmp_path / "nothing")])
    assert AppTest.from_file(str(APP), default_timeout=60).run().title[0].value == "Data sets"


def test_a_link_reproduces_the_view(made, open_app):
    link = {"method": "longest", "unit": "rows", "amount": "7", "c": "3", "span": "response", "others": "1"}
    app = open_app(made, "Budget", **link)
    assert app.session_state["method"] == "longest"
    assert app.number_input(key="amount").value == 7
    assert "7 rows" in app.subheader[0].value
    for key, value in link.items():
        assert app.query_params[key] in (value, [value])


def test_a_link_with_nonsense_falls_back_to_what_is_usual(made, open_app):
    app = open_app(made, "Budget", method="best", unit="miles", amount="many", c="2", dataset="gone", analysis="gone")
    assert app.session_state["method"] == "sae-greedy"
    assert app.selectbox(key="dataset").value == "made"
    assert not app.error


@pytest.mark.parametrize(
    "link",
    [
        {"constraints": '{"quotas":[{"kind":"cap","column":"x","amount":1e999}]}'},
        {"constraints": '{"near_duplicates":1' + "0" * 400 + "}"},
        {"constraints": "[" * 100_000, "a": "[" * 100_000, "b": '{"x":' * 100_000, "filter": "[" * 100_000},
    ],
)
def test_a_link_with_numbers_or_brackets_beyond_all_bounds_opens_without_them(made, open_app, link):
    app = open_app(made, "Budget", **link)
    assert not app.error and all(app.session_state[key] == "" for key in link)


def test_choices_outlive_the_screen_they_were_made_on(made, open_app):
    app = open_app(made, "Budget")
    app.selectbox(key="_method_more").set_value("richest").run()
    app.number_input(key="amount").set_value(20.0).run()
    app.switch_page(SCREENS["Hand-over"]).run()
    assert app.query_params["method"] in ("richest", ["richest"])
    assert any("Richest" in caption.value for caption in app.sidebar.caption)
    app.switch_page(SCREENS["Budget"]).run()
    assert app.session_state["method"] == "richest"
    assert app.number_input(key="amount").value == 20.0


def test_words_that_the_app_does_not_know_are_refused_in_a_sentence(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["app.py", "--wokspace", "x"])
    with pytest.raises(GamutError, match="use -- --workspace DIR"):
        named_workspace()


def test_no_screen_loads_a_heavy_library(made):
    """In a process of its own: every screen is run, then the modules are looked through.

    Analyse and Diversity come last and may load scipy.stats: they show a correlation.
    """
    code = f"""
import sys
from streamlit.testing.v1 import AppTest
sys.argv = ["app.py", "--workspace", {str(made.root)!r}]
app = AppTest.from_file({str(APP)!r}, default_timeout=60).run()
seen = set(sys.modules) & {HEAVY!r}
for screen in {[page for page in SCREENS.values() if "analyse" not in page and "diversity" not in page]!r}:
    assert not app.switch_page(screen).run().exception
    seen |= set(sys.modules) & {HEAVY!r}
for screen in ("pages/data/analyse.py", "pages/explore/diversity.py"):
    assert not app.switch_page(screen).run().exception
seen |= set(sys.modules) & {HEAVY - {"scipy.stats"}!r}
print(sorted(seen))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=APP.parent, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_markdown_in_a_sentence_is_shown_as_it_stands():
    assert plain("![x](http://evil) <b> $a$ :red[b] *c*") == (
        "\\!\\[x\\]\\(http\u2060\\:\\/\\/evil\\) \\<b\\> \\$a\\$ \\:red\\[b\\] \\*c\\*"
    )
    assert plain("two\nlines") == "two lines"


def test_one_damaged_analysis_is_a_sentence_and_closes_no_screen(made, open_app):
    folder = made.analyses / "feedfeedfeedfeed"
    folder.mkdir()
    (folder / "activations.duckdb").write_bytes(b"not a database")
    app = open_app(made, "Budget")
    assert "cannot be opened" in app.error[0].value.replace("\\", "")
    assert "reach" in app.subheader[0].value


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (numbers.whole(1234567), "1 234 567"),
        (numbers.short(480), "480"),
        (numbers.short(61234), "61.2k"),
        (numbers.short(999_600), "1M"),
        (numbers.count(1, "row"), "1 row"),
        (numbers.size(812), "812 B"),
        (numbers.size(95_812), "95.8 kB"),
        (numbers.duration(59.6), "1 min 00 s"),
        (numbers.duration(7500), "2 h 05 min"),
    ],
)
def test_numbers_have_thin_spaces_three_digits_and_units(written, wanted):
    assert written.replace("\u202f", " ") == wanted


def test_the_demo_is_imported_once_and_its_analysis_started_once(workspace, open_app, tmp_path, monkeypatch):
    started = []
    file = tmp_path / "demo.jsonl"
    file.write_text('{"instruction": "a", "output": "b"}\n')
    monkeypatch.setattr("pages.shared.empty.DEMO_FILE", file)
    monkeypatch.setattr("pages.shared.empty.start", lambda workspace, *, title, command: started.append(command))
    app = open_app(workspace, "Budget")
    next(button for button in app.button if button.label == "Open the demo").click().run()
    assert not app.exception
    assert started == [["demo"]]
    assert app.sidebar.selectbox[0].value == "demo"
    app.run()
    assert started == [["demo"]]
