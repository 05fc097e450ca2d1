"""The training text: permissively licensed instruction sets, read from a folder with the source files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.activations.template import Rendered, render_plain
from core.datasets.sample import Turn, content_hash
from core.errors import GamutError
from core.training import readers
from core.training.leaks import EvaluationQuestions
from core.training.packed import records


@dataclass(frozen=True, slots=True)
class Source:
    """A set that may be trained on: its file in the source folder, licence, origin, and reader of a row."""

    name: str
    file: str
    licence: str
    origin: str
    read: readers.Reader


SOURCES = (
    Source(
        "natural_instructions",
        "natural_instructions_sample.jsonl.gz",
        "Apache-2.0; per task CC BY, CC BY-SA, Apache-2.0, MIT, AFL-3.0 or public domain",
        "allenai/natural-instructions (rows with a known instance licence)",
        readers.natural_instructions,
    ),
    Source("gsm8k_train", "gsm8k_train.jsonl.gz", "MIT", "openai/grade-school-math", readers.gsm8k),
    Source("dolly_15k", "dolly_15k.jsonl.gz", "CC BY-SA 3.0", "databrickslabs/dolly", readers.dolly),
    Source("oasst_trees", "oasst_en_100_trees.jsonl.gz", "Apache-2.0", "LAION-AI/Open-Assistant", readers.oasst),
    Source("ultrachat_200", "ultrachat_200.jsonl.gz", "MIT (ChatGPT output)", "UltraChat-200k", readers.messages),
    Source(
        "self_instruct_5k",
        "self_instruct_5k.jsonl.gz",
        "Apache-2.0 (GPT-3 output)",
        "yizhongw/self-instruct, 5,000 rows by zjunlp/EasyInstruct",
        readers.alpaca,
    ),
    Source(
        "code_alpaca_new",
        "code_alpaca_new.json.gz",
        "MIT as GPTeacher Codegen (GPT-4 output)",
        "teknium1/GPTeacher, sahil280114/codealpaca",
        readers.alpaca,
    ),
    Source(
        "alpaca_libre",
        "alpaca_libre_v1_v3.jsonl.gz",
        "MIT / CC0 (GPT-3.5 output)",
        "mobarski/alpaca-libre (status ok)",
        readers.alpaca_libre,
    ),
    Source(
        "glaive_toolcall_en",
        "llama_factory/glaive_toolcall_en_demo.json.gz",
        "Apache-2.0",
        "hiyouga/LLaMA-Factory",
        readers.sharegpt,
    ),
    Source(
        "glaive_toolcall_zh",
        "llama_factory/glaive_toolcall_zh_demo.json.gz",
        "Apache-2.0",
        "hiyouga/LLaMA-Factory",
        readers.sharegpt,
    ),
    Source("identity", "llama_factory/identity.json.gz", "Apache-2.0", "hiyouga/LLaMA-Factory", readers.alpaca),
    Source("c4_demo", "llama_factory/c4_demo.jsonl.gz", "ODC-BY", "C4, 300 pages", readers.plain),
    Source(
        "wiki_demo",
        "llama_factory/wiki_demo.txt.gz",
        "CC BY-SA 3.0",
        "English Wikipedia, 30 articles",
        readers.plain,
    ),
)


@dataclass(frozen=True, slots=True)
class Document:
    """One training text: a conversation (`turns`) or, where there are no turns, plain `text`.

    `group` names the task of a row that has one, else it is empty.
    """

    source: str
    group: str
    turns: tuple[Turn, ...]
    text: str = ""

    def rendered(self) -> Rendered:
        """The text the model reads and the spans of its roles; plain text has no spans."""
        return render_plain(self.turns) if self.turns else Rendered(self.text, ())


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents to train on, and two held-out parts: whole tasks, and single rows of the other sources.

    `duplicates` and `leaked` count the rows left out as exact repeats and as holding an evaluation question.
    """

    train: tuple[Document, ...]
    tasks: tuple[Document, ...]
    rows: tuple[Document, ...]
    duplicates: int
    leaked: int


def read_documents(folder: Path) -> Iterator[Document]:
    """Documents of every source found in `folder`, in the order of `SOURCES`, of the rows that may be used.

    Raises GamutError where the folder holds none of the files.
    """
    found = [source for source in SOURCES if (folder / source.file).is_file()]
    if not found:
        raise GamutError(
            f"{folder} holds none of the {len(SOURCES)} source files (such as {SOURCES[1].file}); "
            "name the folder that has them."
        )
    for source in found:
        for row in records(folder / source.file):
            read = source.read(row)
            if read is not None:
                yield Document(source.name, *read)


def build_corpus(*, folder: Path, held_tasks: int, held_share: float, seed: int) -> Corpus:
    """Read, deduplicate, take out rows with evaluation questions, and hold out tasks and rows.

    `held_tasks` is the least number of tasks held out; tasks made from the same set (the first word of the
    name) leave together, so that no passage stands on both sides. `held_share` is a share of the rows of
    each other source.
    """
    questions = EvaluationQuestions.read(folder)
    seen: set[str] = set()
    kept: list[Document] = []
    duplicates = leaked = 0
    for document in read_documents(folder):
        key = content_hash(document.turns or (Turn("assistant", document.text),))
        if key in seen:
            duplicates += 1
        elif questions.found_in(document.rendered().text):
            leaked += 1
        else:
            kept.append(document)
        seen.add(key)
    rng = np.random.default_rng(seed)
    tasks = choose_tasks(sorted({document.group for document in kept if document.group}), held_tasks, rng)
    rows = choose_rows(kept, held_share, rng)
    return Corpus(
        train=tuple(d for i, d in enumerate(kept) if d.group not in tasks and i not in rows),
        tasks=tuple(d for d in kept if d.group in tasks),
        rows=tuple(d for i, d in enumerate(kept) if i in rows),
        duplicates=duplicates,
        leaked=leaked,
    )


def family(task: str) -> str:
    """The set a Natural Instructions task was made from: `task037_qasc_generate_related_fact` -> `qasc`."""
    name = task.split("_")[1].lower() if "_" in task else task
    return re.split(r"[^a-z]", name)[0] or name  # scitail1.1 and scitail are one set


def choose_tasks(tasks: list[str], least: int, rng: np.random.Generator) -> frozenset[str]:
    """At least `least` of the tasks, whole families at a time, in a seeded order of families."""
    families = sorted({family(task) for task in tasks})
    chosen: set[str] = set()
    for index in rng.permutation(len(families)):
        if len(chosen) >= least:
            break
        chosen |= {task for task in tasks if family(task) == families[index]}
    return frozenset(chosen)


def choose_rows(documents: list[Document], share: float, rng: np.random.Generator) -> frozenset[int]:
    """Indices of `share` of the documents of each source without tasks, at least one each."""
    chosen: set[int] = set()
    for source in SOURCES:
        places = [i for i, d in enumerate(documents) if d.source == source.name and not d.group]
        if places and share > 0:
            count = max(1, round(share * len(places)))
            chosen |= {places[i] for i in rng.permutation(len(places))[:count]}
    return frozenset(chosen)
