"""The form that learns a capability: from a file, a group of a data set, or samples picked by hand; the work is a job."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.datasets.look import LOOKED_AT
from core.errors import GamutError
from core.files import file_hash, written_beside
from core.jobs.start import start
from core.scores.capability import capability_names
from core.scores.capability_source import CapabilitySource
from core.scores.directions import FEWEST
from core.scores.learn_capability import OWN_PASSES, RANDOM_SETS, learn_words, refuse_without_pass
from core.store.datasets import Dataset
from core.store.people import PIN, marked
from core.store.sample_filter import SampleFilter, count_matching
from core.store.sample_groups import group_names, load_group
from core.workspace import Workspace, check_name
from pages.explore.panels.capability_preview import draw_look
from pages.shared import engine
from pages.shared.engine import Opened
from pages.shared.filter_choice import chosen_filter
from pages.shared.groups import MOST, first_category, groups_of, told_first
from pages.shared.messages import guard, home_expanded, plain
from pages.shared.numbers import count, duration, whole
from pages.shared.shade import model_missing
from pages.shared.state import choose

FILE, GROUP, PICKED = "A file", "A group of a data set", "Samples picked by hand"
TYPES = ["json", "jsonl", "ndjson", "csv", "tsv", "txt", "parquet", "arrow", "feather", "gz", "zst"]
OFFERED = 200  # samples of a category that one click learns from


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be learned from, and how many samples that is where it is known."""

    source: CapabilitySource
    samples: int | None


def draw_offer(opened: Opened) -> None:
    """One click for those who only look: a capability of the largest category of the data set at hand."""
    column = first_category(opened.dataset)
    groups = groups_of(opened.dataset, column) if column else []
    if not groups or groups[0][1] < FEWEST or groups[0][0] is None or model_missing(opened):
        return
    value, rows = groups[0]
    taken = min(rows, OFFERED)
    if st.button(
        plain(f"Learn “{value}” from {count(taken, 'sample')} of {opened.dataset.name}"),
        type="primary", icon=":material/play_arrow:", key="capability_offer",
        help=plain(f"{column} = {value}; {_time_words(opened, taken)}"),
    ):  # fmt: skip
        only = SampleFilter(columns=((column, value),))
        source = CapabilitySource(dataset=opened.dataset.name, only=only, at_most=OFFERED)
        _learn(opened, _free_name(opened.workspace, value), source)


def draw_form(opened: Opened, *, expanded: bool) -> None:
    """Where the samples come from, the name, the options; then Learn."""
    with st.expander("Learn a capability", icon=":material/add:", expanded=expanded):
        st.caption(
            "From a few dozen samples to a few thousand of what the model should become good at, best of a kind that the pool's "
            "own samples are judged by. Keep some aside: those learned from say nothing of how well it finds others."
        )
        kind = st.segmented_control(
            "Samples from", (FILE, GROUP, PICKED), key="capability_from", default=FILE, required=True,
            label_visibility="collapsed",
        )  # fmt: skip
        wanted = None
        with guard():
            wanted = {FILE: _draw_file, GROUP: _draw_group, PICKED: _draw_picked}[kind](opened)
        _draw_start(opened, wanted)


def _draw_file(opened: Opened) -> Wanted | None:
    upload, path = st.columns(2, gap="medium")
    sent = upload.file_uploader("Upload a file", type=TYPES, key="capability_upload")
    typed = path.text_input(
        "… or its path on the machine that runs Gamut", key="capability_path", placeholder="/data/gsm8k.jsonl"
    ).strip()
    if sent is None and not typed:
        return None
    file = _kept(opened.workspace, sent) if sent is not None else home_expanded(typed)
    look = draw_look(file)
    if look is None:
        return None
    source = CapabilitySource(files=(file,), map=look.map, records=look.records, **_options())
    return Wanted(source, _at_most(look.rows) if look.rows else source.at_most)


def _draw_group(opened: Opened) -> Wanted | None:
    names = [dataset.name for dataset in engine.datasets(opened.workspace)]
    which, column, value = st.columns([1.2, 1.2, 1.6], vertical_alignment="bottom")
    mine = names.index(opened.dataset.name)
    dataset = engine.open_dataset(
        opened.workspace, which.selectbox("Data set", names, index=mine, key="capability_dataset")
    )
    told = [one for one in told_first(dataset) if one.distinct > 1 and one.type != "json"]
    columns = {one.name: one for one in sorted(told, key=lambda one: one.role != "category")}
    if not columns:
        column.caption("It has no column: learn from a file, or from samples picked by hand.")
        return None
    by = column.selectbox("Column", list(columns), key=f"capability_column_{dataset.name}")
    rows = dict(groups_of(dataset, by))
    chosen = value.selectbox(
        "Value", sorted(rows, key=lambda group: group is None), key=f"capability_value_{dataset.name}_{by}",
        format_func=lambda group: f"{'(no value)' if group is None else group} · {whole(rows[group])}",
    )  # fmt: skip
    if columns[by].distinct > MOST:
        st.caption(
            plain(
                f"{by} has {whole(columns[by].distinct)} values, the {MOST} of most samples are listed; for another one set a "
                f"filter on Data sets and choose “{PICKED}”."
            )
        )
    only = SampleFilter(columns=((by, chosen),))
    return Wanted(CapabilitySource(dataset=dataset.name, only=only, **_options()), _at_most(rows[chosen]))


def _draw_picked(opened: Opened) -> Wanted | None:
    pins = marked(opened.workspace, opened.dataset.content_hash, PIN)
    filtered = chosen_filter()
    groups = [name for name in group_names(opened.workspace) if _of_here(opened, name)]
    if groups and (
        group := st.selectbox("A saved group", ["", *groups], format_func=lambda name: name or "none: the ids below")
    ):
        only = SampleFilter(groups=(group,))
        rows = count_matching(opened.dataset, only)
        return Wanted(CapabilitySource(dataset=opened.dataset.name, only=only, **_options()), _at_most(rows))
    text, ways = st.columns([3, 1.3], vertical_alignment="bottom")
    with ways:
        st.button(
            f"Take my {count(len(pins), 'pin')}", key="capability_pins", disabled=not pins, width="stretch",
            on_click=lambda: choose(capability_ids=", ".join(map(str, pins))),
        )  # fmt: skip
    typed = text.text_input(
        plain(f"Sample ids of {opened.dataset.name}, with commas"), key="capability_ids", placeholder="17, 204, 991"
    )
    if filtered and st.toggle(
        plain(f"The filter set on Data sets instead: {filtered.words()}"), key="capability_filter"
    ):
        rows = count_matching(opened.dataset, filtered)
        return Wanted(CapabilitySource(dataset=opened.dataset.name, only=filtered, **_options()), _at_most(rows))
    ids = _ids(typed, opened.dataset)
    if not ids:
        return None
    return Wanted(CapabilitySource(dataset=opened.dataset.name, only=SampleFilter(ids=ids), **_options()), len(ids))


def _of_here(opened: Opened, name: str) -> bool:
    """Whether a saved group is of this data set; a damaged one is told where it is used."""
    try:
        return load_group(opened.workspace, name).dataset_hash == opened.dataset.content_hash
    except GamutError:
        return False


def _ids(typed: str, dataset: Dataset) -> tuple[int, ...]:
    """The sample ids typed, each once; `GamutError` for anything else."""
    try:
        ids = tuple(dict.fromkeys(int(word) for word in typed.replace(",", " ").split()))
    except ValueError:
        raise GamutError(f"{typed[:80]!r} are not sample ids: give whole numbers, with commas.") from None
    if outside := [id for id in ids if not 0 <= id < len(dataset)]:
        raise GamutError(f"Sample {outside[0]} does not exist; ids run from 0 to {len(dataset) - 1}.")
    return ids


def _draw_start(opened: Opened, wanted: Wanted | None) -> None:
    name, button = st.columns([4, 1], vertical_alignment="bottom")
    called = name.text_input("Name", key="capability_name", placeholder="maths").strip()
    with st.expander("Options"):
        _draw_options(opened)
    if wanted is not None:
        st.caption(plain(_size_words(opened, wanted)))
    if not st.session_state.get("capability_stored") and (missing := model_missing(opened)):
        st.caption(plain(missing))
    if button.button("Learn", type="primary", key="capability_learn", width="stretch"):
        with guard():
            if wanted is None:
                raise GamutError("There are no samples yet: choose a file, a group, or samples by their ids.")
            if not called:
                raise GamutError("The capability needs a name: letters, digits, '.', '_' or '-'.")
            if wanted.samples is not None and wanted.samples < FEWEST:
                raise GamutError(
                    f"{wanted.samples} samples were found; a direction needs at least {FEWEST}, better hundreds."
                )
            _learn(opened, called, wanted.source)


def _draw_options(opened: Opened) -> None:
    most, seed, sets = st.columns(3)
    most.number_input(
        "Samples at most", min_value=FEWEST, value=None, step=1, key="capability_most", placeholder="all",
        help="a seeded draw of so many",
    )  # fmt: skip
    seed.number_input(
        "Seed", min_value=0, value=0, step=1, key="capability_seed", help="decides the draw and the halves"
    )
    sets.number_input(
        "Random sets beside it", min_value=0, max_value=50, value=RANDOM_SETS, step=1, key="capability_sets",
        help="as many random samples of the pool each, so that chance is known; each is a pass as long as its own",
    )  # fmt: skip
    st.text_input(
        "Take out of every text", key="capability_strip", placeholder="<<[^>]*>>",
        help="a pattern of Python's kind: marks by which a set is known, such as the <<…>> of GSM8K, must not be what is learned",
    )  # fmt: skip
    st.toggle(
        "Without a pass of the model", key="capability_stored",
        help="at once, from the vectors that the analysis keeps of its own samples: the residual stream alone, not the neurons",
    )  # fmt: skip


def _options() -> dict:
    """The options of the source as they stand; they are drawn below what they change."""
    held = st.session_state
    return {
        "strip": held.get("capability_strip") or "",
        "at_most": held.get("capability_most"),
        "seed": int(held.get("capability_seed") or 0),
    }


def _at_most(rows: int) -> int:
    return min(rows, st.session_state.get("capability_most") or rows)


def _learn(opened: Opened, name: str, source: CapabilitySource) -> None:
    """Start the job; a name that is taken is refused before."""
    if check_name(name, of="capability") in capability_names(opened.workspace):
        raise GamutError(f"There is a capability {name!r} already; choose another name, or remove that one.")
    held = st.session_state
    stored = bool(held.get("capability_stored"))
    if stored:
        own = engine.open_dataset(opened.workspace, source.dataset).content_hash if source.dataset else ""
        refuse_without_pass(opened.analysis, source, dataset_hash=own)
    command = learn_words(
        name, analysis=opened.analysis, source=source, random_sets=int(held.get("capability_sets", RANDOM_SETS)), stored=stored,
    )  # fmt: skip
    start(opened.workspace, title=f"Learn {name}", command=command)
    choose(capability=name)
    st.rerun()


def _size_words(opened: Opened, wanted: Wanted) -> str:
    """How many samples are learned from, and how long that takes; of a long file for every so many."""
    if wanted.samples is not None:
        return f"{count(wanted.samples, 'sample')}, {_time_words(opened, wanted.samples)}."
    each = f"for every {whole(LOOKED_AT)} samples {_time_words(opened, LOOKED_AT)}"
    return f"More than {whole(LOOKED_AT)} records, counted when they are read: {each}."


def _time_words(opened: Opened, samples: int) -> str:
    """How long it takes, judged by the analysis."""
    if st.session_state.get("capability_stored"):
        return "no pass of the model"
    sets = int(st.session_state.get("capability_sets", RANDOM_SETS))
    each = float(opened.analysis.meta["seconds"]) / max(1, opened.analysis.n_samples)
    seconds = max(5.0, each * samples * (OWN_PASSES + sets))
    return f"about {duration(seconds)} at the speed of the analysis, and the loading of the model"


def _free_name(workspace: Workspace, value: str) -> str:
    """A name for the capability of a group: its value as far as a file can have it."""
    kept = "-".join(part for part in "".join(c if c.isascii() and c.isalnum() else " " for c in value).split())
    name, taken = kept[:48] or "capability", capability_names(workspace)
    return next(each for each in (name, *(f"{name}-{n}" for n in range(2, 1000))) if each not in taken)


def _kept(workspace: Workspace, sent) -> Path:
    """An upload as a file of the workspace, by its content: a job that is started again reads it there."""
    kept: dict[str, str] = st.session_state.setdefault("_capability_uploads", {})
    if sent.file_id not in kept:
        name = Path(sent.name.replace("\\", "/")).name or "upload"
        beside = workspace.uploads / "arriving" / name
        with written_beside(beside) as out:
            sent.seek(0)
            shutil.copyfileobj(sent, out)
        to = workspace.uploads / file_hash(beside)[:16] / name
        to.parent.mkdir(parents=True, exist_ok=True)
        beside.replace(to)
        kept[sent.file_id] = str(to)
    return Path(kept[sent.file_id])
