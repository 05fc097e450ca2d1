"""Labels read blind: 30 random and 30 strongest features, each with its own label or another's, and who guessed which.

    python -m tests.bench.blind_reading WORKSPACE ANALYSIS --out FOLDER      writes reading.txt for the reader, and key.json
    python -m tests.bench.blind_reading --answers ANSWERS --key KEY          a line an item: its number, then yes or no

The reader sees texts in which the feature is active, from samples that no label was made of, and one label; of either
kind of features half have their own. They say yes where they would accept the label for these texts.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from core.commands.label_job import dataset_of
from core.scores.labels.corpus import TEST, Corpus
from core.scores.labels.labels import OFFLINE, labels_of
from core.scores.labels.measure_texts import corpus_of
from core.store.analyses import Analysis, open_analysis
from core.store.features import Example, examples_of
from core.workspace import Workspace

EACH = 30  # features of either kind
TEXTS = 6  # examples of a feature, from the strongest to the weakest
MARKED = 0.5  # of the peak: tokens as strong are marked


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("workspace", nargs="?", type=Path)
    ask.add_argument("analysis", nargs="?")
    ask.add_argument("--out", type=Path, default=Path("blind"))
    ask.add_argument("--seed", type=int, default=0)
    ask.add_argument("--answers", type=Path)
    ask.add_argument("--key", type=Path)
    given = ask.parse_args()
    if given.answers:
        tell(given.answers, given.key)
    else:
        write(Workspace(given.workspace), given.analysis, given.out, np.random.default_rng(given.seed))


def write(workspace: Workspace, name: str, out: Path, rng: np.random.Generator) -> None:
    """The reader's pages, and apart from them the key."""
    analysis = open_analysis(workspace, name)
    corpus = corpus_of(analysis, dataset_of(workspace, analysis))
    labels = labels_of(workspace, analysis)
    texts = {row["feature_id"]: row["text"] for row in labels.table.to_pylist() if row["origin"] == OFFLINE}
    items = chosen(analysis, sorted(texts), rng)
    pages, key = [], {}
    for number, (feature, kind, other) in enumerate(items, 1):
        shown = held_out(analysis, corpus, feature)
        lines = "\n".join(f"   - {marked(corpus, example)}" for example in shown)
        pages.append(f"{number}.  label: {texts[other]}\n{lines}\n")
        key[number] = {"feature": feature, "kind": kind, "label_of": other, "own": feature == other}
    out.mkdir(parents=True, exist_ok=True)
    (out / "reading.txt").write_text("\n".join(pages), encoding="utf-8")
    (out / "key.json").write_text(json.dumps(key, indent=1), encoding="utf-8")
    print(f"{len(pages)} items in {out / 'reading.txt'}; the key is in {out / 'key.json'}")


def chosen(analysis: Analysis, labelled: list[int], rng: np.random.Generator) -> list[tuple[int, str, int]]:
    """(feature, its kind, the feature whose label is shown), in random order; of either kind half are their own."""
    rows = analysis.cursor().execute("SELECT feature_id FROM features ORDER BY max DESC, feature_id").fetchall()
    known = set(labelled)
    strongest = [feature for (feature,) in rows if feature in known][:EACH]
    random = rng.choice([f for f in labelled if f not in set(strongest)], EACH, replace=False).tolist()
    items = []
    for kind, features in (("random", random), ("strongest", strongest)):
        own = set(rng.permutation(features)[: EACH // 2].tolist())
        shuffled = [feature for feature in features if feature not in own]
        turned = dict(zip(shuffled, [*shuffled[1:], shuffled[0]], strict=True))
        items += [(feature, kind, turned.get(feature, feature)) for feature in features]
    return [items[place] for place in rng.permutation(len(items)).tolist()]


def held_out(analysis: Analysis, corpus: Corpus, feature: int) -> list[Example]:
    """Examples from the half that labels are tested on, evenly from the strongest to the weakest."""
    found = [example for example in examples_of(analysis, feature) if corpus.half[example.sample_id] == TEST]
    places = np.unique(np.linspace(0, len(found) - 1, min(TEXTS, len(found))).round().astype(int))
    return [found[place] for place in places.tolist()]


def marked(corpus: Corpus, example: Example) -> str:
    first = int(corpus.pointer[example.sample_id]) + example.start
    texts = [corpus.texts[token] for token in corpus.ids[first : first + len(example.activations)].tolist()]
    strong = example.activations >= MARKED * example.activations.max()
    said = "".join(f"⟦{text}⟧" if on else text for text, on in zip(texts, strong, strict=True))
    return said.replace("\n", "↵")


def tell(answers: Path, key: Path) -> None:
    """How many labels were accepted, own ones beside shuffled ones."""
    truth = json.loads(key.read_text(encoding="utf-8"))
    said = dict(line.split()[:2] for line in answers.read_text(encoding="utf-8").splitlines() if line.strip())
    for kind in ("random", "strongest"):
        for own in (True, False):
            items = [n for n, about in truth.items() if about["kind"] == kind and about["own"] == own and n in said]
            accepted = sum(said[n].lower().startswith("y") for n in items)
            print(f"{kind}, {'own' if own else 'shuffled'} labels: {accepted} of {len(items)} accepted")


if __name__ == "__main__":
    main()
