"""Hostile text is text on every screen: no script of a data set runs, nothing is fetched for it, nothing is lost of it."""

import json
import re
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from core.activations.analyse import analyse
from core.activations.identity import identify
from core.activations.settings import AnalysisSettings
from core.scores.labels.kept import sae_hash
from core.scores.labels.neuronpedia import import_explanations
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.own_labels import set_own_label
from core.workspace import Workspace
from tests.browser.conftest import PATIENCE, quiet, visit
from tests.browser.server import serving

pytestmark = pytest.mark.browser
SCRIPT = "<script>window.canary = 1</script>"
HOSTILE = {
    "script": f"{SCRIPT}</textarea></style></title><script src='http://canary.invalid/x.js'></script>",
    "image": "<img src=x onerror='window.canary = 1'><svg onload='window.canary = 1'>"
    "<iframe srcdoc='<script>parent.canary=1</script>'>",
    "markdown": "**bold** _it_ `code` # head\n\n![x](http://canary.invalid/x.png) [y](javascript:window.canary=1) <http://canary.invalid>",
    "streamlit": ":red[red] :material/home: $\\frac{1}{2}$ :streamlit: ~~gone~~ | a | b |",
    "entities": "&lt;script&gt;window.canary = 1&lt;/script&gt; &amp;amp; &#x3C;b&#x3E; %3Cscript%3E",
    "right to left": "abc \u202egnp.exe\u202c \u200fאבג\u200e \u2066xyz\u2069 end",
    "joined": "\U0001f469\u200d\U0001f52c \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 e\u0301 \ufeffz",
    "long": f"{SCRIPT} begins " + "0123456789" * 10_000 + " ends " + SCRIPT,
    "code": "```html\n<script>window.canary = 1</script>\n```\n'\"; DROP TABLE samples; -- ${window.canary=1} {{7*7}}",
}
TOGETHER = "\n".join(text for kind, text in HOSTILE.items() if kind != "long") + "\ntogether."
MARKUP = (
    "img[src=x], svg[onload], iframe[srcdoc], a[href^='javascript'], [src*='canary.invalid'], [href*='canary.invalid']"
)


@pytest.fixture(scope="module")
def hostile(tiny, tmp_path_factory) -> Workspace:
    """A data set whose every text, column, category and file name is hostile, analysed by a tiny model."""
    folder = tmp_path_factory.mktemp("hostile")
    workspace = Workspace(folder / "workspace")
    records = []
    for number, (kind, text) in enumerate(HOSTILE.items()):
        records.append(
            {
                "instruction": f"{text} {number}", "context": "", "response": f"{HOSTILE['script']} answers {kind} {number}",
                "category": HOSTILE["image"] if number % 2 else HOSTILE["markdown"], SCRIPT: HOSTILE["entities"],
            }
        )  # fmt: skip
    records.append(records[0] | {"instruction": TOGETHER})
    records += [
        {
            "instruction": f"Say something about {i}.", "context": "", "response": f"{i} is {i}", "category": f"<b>{i % 2}</b>",
            SCRIPT: "x",
        }
        for i in range(12)
    ]  # fmt: skip
    lines = [json.dumps(record) for record in records]
    file = folder / "<img src=x onerror='window.canary = 1'>.jsonl"
    file.write_text("\n".join([*lines, "{broken <script>window.canary = 1</script>"]) + "\n")
    import_dataset(workspace, file, name="hostile")
    settings = AnalysisSettings(group_by="category")
    dataset = Dataset(workspace, "hostile")
    identity = identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=settings)
    analyse(workspace, dataset, identity, name="hostile", progress=lambda *_: None, stop=lambda: False)
    label(workspace, folder)
    return workspace


def label(workspace: Workspace, folder: Path) -> None:
    """Hostile labels from elsewhere, by a hostile explainer, and one in the user's own words."""
    analysis = open_analysis(workspace, "hostile")
    kinds = list(HOSTILE.values())
    rows = [
        {
            "modelId": SCRIPT, "layer": HOSTILE["image"], "index": str(feature), "description": kinds[feature % 7],
            "explanationModelName": f"gpt {SCRIPT} **x**",
        }
        for feature in range(analysis.n_features)
    ]  # fmt: skip
    file = folder / "batch-0.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_explanations(workspace, analysis, file)
    set_own_label(workspace, sae_hash(analysis), strongest_feature(workspace), HOSTILE["image"])


class Watched:
    """A page of the app whose every step is followed by a look for the canary."""

    def __init__(self, page, address: str) -> None:
        self.page = page
        self.address = address
        self.errors: list[str] = []
        self.opened: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(f"{error}"))
        page.on("console", self._hear)
        page.on("dialog", lambda dialog: self.errors.append(f"a dialog opened: {dialog.message}"))

    def _hear(self, message) -> None:
        # Streamlit looks for its own health under every path before it finds it at the root.
        if message.type == "error" and "/_stcore/" not in (message.location or {}).get("url", ""):
            self.errors.append(message.text)

    def open(self, link: str) -> None:
        visit(self.page, f"{self.address}/{link}")
        self.look(link)

    def look(self, where: str) -> None:
        quiet(self.page, looks=2)
        assert self.page.evaluate("window.canary") is None, f"the canary ran: {where}"
        assert self.page.locator(MARKUP).count() == 0, f"a text became markup: {where}"
        assert self.page.get_by_test_id("stException").count() == 0, f"an exception is on the screen: {where}"
        assert not self.errors, f"{where}: {self.errors}"

    def press(self, place, where: str) -> None:
        place.scroll_into_view_if_needed()
        place.click()
        self.opened.append(place.inner_text() if place.count() else where)
        self.look(where)

    def walk(self, screen: str, inside=None) -> None:
        """Open what can be opened on a screen, or inside a part of it: strips of panels, tabs, drawers."""
        inside = inside or self.page.locator("[data-testid=stMain]")
        for name in STANDS.get(screen, ()):
            inside.locator(OPENS, has_text=name).first.wait_for()
        for kind in (STRIPS, TABS, DRAWERS):
            for number in range(inside.locator(kind).count()):
                place = inside.locator(kind).nth(number)
                if place.count() and place.is_visible():  # what was opened before may have changed the screen
                    self.press(place, f"{screen}: {place.inner_text()}")
        self.look(f"{screen}, walked")

    def shows(self, text: str, within=None) -> None:
        """Assert that a piece of a hostile text stands on the screen as text."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if text in self.words(within):
                return
            self.page.wait_for_timeout(200)
        raise AssertionError(f"{text[:60]!r} … is not on the screen: {self.words(within)[:600]}")

    def words(self, within=None) -> str:
        """All text of the page, also of components, whose text lies in a shadow of their own."""
        return (within or self.page.locator("[data-testid=stApp]")).first.evaluate(ALL_TEXT)


# Strips that show another panel; not those that change numbers.
STRIPS = ", ".join(
    f".st-key-{key} button"
    for key in (
        "tab", "queue", "compare_look", "text_tab", "feature_tab", "tell", "band", "ab_list", "neurons_tab",
        "diversity_tab",
    )
)  # fmt: skip
TABS, DRAWERS = "[role=tab]", "[data-testid=stExpander] summary"
OPENS = f"{STRIPS}, {TABS}, {DRAWERS}"
# What stands on a screen before its walk begins: a screen of several fragments is drawn piece by piece.
STANDS = {
    "data-sets": ("Samples", "Evaluation sets"),
    "budget": ("Reading queue", "Left out", "Reproduce"),
    "a feature": ("Strong and middling",),
}
ALL_TEXT = """(root) => {
  const read = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.textContent
    if (["STYLE", "SCRIPT"].includes(node.tagName)) return ""
    if (node.tagName === "TEXTAREA") return node.value
    return [...(node.shadowRoot ? [node.shadowRoot] : []), ...node.childNodes].map(read).join("")
  }
  return read(root)
}"""


@pytest.fixture(scope="module")
def address(hostile):
    with serving(hostile) as server:
        yield server.address


@pytest.fixture
def watched(address, page) -> Watched:
    return Watched(page, address)


def strongest_feature(workspace: Workspace) -> int:
    """A feature that is strong in the sample with the script."""
    return open_analysis(workspace, "hostile").features_of(0, limit=1)[0].feature_id


def test_no_screen_makes_anything_of_hostile_text_but_text(hostile, watched):
    watched.open("data-sets")
    links = watched.page.get_by_test_id("stSidebarNavLink")
    screens = [links.nth(number).get_attribute("href").split("/")[-1].split("?")[0] for number in range(links.count())]
    assert len(screens) >= 6
    for screen in screens:
        watched.open(f"{screen}?unit=rows&amount=9&unanswered=1&feature=-1")
        watched.walk(screen)
    watched.open(f"features?feature={strongest_feature(hostile)}")
    watched.walk("a feature")
    for name in [name for screen in ("data-sets", "budget") for name in STANDS[screen]]:
        assert any(name in opened for opened in watched.opened), f"{name} was not opened: {watched.opened}"


def test_a_sample_read_on_data_sets_is_whole_and_text(watched):
    watched.open(f"data-sets?filter={quote(json.dumps({'text': TOGETHER[-9:]}))}")
    watched.press(watched.page.get_by_role("tab", name="Samples"), "samples")
    watched.shows(TOGETHER)


def test_the_drawer_of_a_sample_shows_a_text_of_100_000_characters_to_its_end(watched):
    watched.open("budget?unit=rows&amount=9&unanswered=1")
    watched.page.get_by_label("Why not this one? Sample id").fill("7")
    watched.page.keyboard.press("Tab")
    quiet(watched.page)
    watched.press(watched.page.locator("[data-testid^=stBaseButton]", has_text=re.compile("^Open$")), "open 7")
    drawer = watched.page.get_by_role("dialog")
    watched.shows(HOSTILE["long"], drawer)
    watched.walk("drawer", drawer)


def test_own_text_is_read_and_shaded_as_text(watched):
    watched.open("inspector")
    watched.press(watched.page.get_by_role("button", name="A sample"), "a sample")
    watched.page.get_by_text("counted token").first.wait_for(timeout=120_000)
    watched.look("inspector")
    watched.shows("<script>window.canary", watched.page.locator(".st-key-try_tokens"))
    area = watched.page.get_by_label("Prompt", exact=True)
    for kind in ("image", "right to left"):
        area.fill(HOSTILE[kind])
        watched.page.wait_for_timeout(600)
        watched.look(f"inspector: {kind}")
        watched.shows(HOSTILE[kind][:20], watched.page.locator(".st-key-try_tokens"))
        assert area.input_value() == HOSTILE[kind].replace("\r\n", "\n")
