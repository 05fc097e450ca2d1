"""The corpus as tokens in three parts (training, held-out tasks, held-out rows), made once."""

import hashlib
import json
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

from core.training.corpus import SOURCES, build_corpus
from core.training.settings import Split
from core.training.tokenizer import load_tokenizer, train_tokenizer
from core.training.windows import Tokens, load_tokens, save_tokens, tokenise

PARTS = ("train", "tasks", "rows")


def prepare(*, source: Path, work: Path, split: Split) -> tuple[PreTrainedTokenizerFast, dict[str, Tokens]]:
    """Tokenizer and tokens of the parts (`PARTS`), with `facts.json` beside them in `parts_folder`.

    Raises GamutError where `source` holds none of the source files.
    """
    at = parts_folder(source=source, work=work, split=split)
    if not (at / "done").is_file():
        corpus = build_corpus(folder=source, held_tasks=split.held_tasks, held_share=split.held_share, seed=split.seed)
        tokenizer = train_tokenizer(
            texts=(document.rendered().text for document in corpus.train),
            vocabulary=split.vocabulary,
            context=split.context,
        )
        at.mkdir(parents=True, exist_ok=True)
        tokenizer.save_pretrained(str(at))
        for part in PARTS:
            tokens = tokenise(documents=getattr(corpus, part), tokenizer=tokenizer, names=[s.name for s in SOURCES])
            save_tokens(tokens, at / f"{part}.safetensors")
        facts = {
            "tasks": sorted({d.group for d in corpus.tasks}),
            "duplicates": corpus.duplicates,
            "leaked": corpus.leaked,
        }
        (at / "facts.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
        (at / "done").touch()
    return load_tokenizer(at), {part: load_tokens(at / f"{part}.safetensors") for part in PARTS}


def read_facts(*, source: Path, work: Path, split: Split) -> dict[str, Any]:
    """What `prepare` noted of the corpus: `tasks` held out (names), and rows left out as `duplicates` and
    `leaked`."""
    at = parts_folder(source=source, work=work, split=split)
    return json.loads((at / "facts.json").read_text(encoding="utf-8"))


def parts_folder(*, source: Path, work: Path, split: Split) -> Path:
    """Where the tokens of this split of these source files lie within `work`."""
    files = {s.file: (source / s.file).stat().st_size for s in SOURCES if (source / s.file).is_file()}
    decided = [files, split.seed, split.vocabulary, split.context, split.held_tasks, split.held_share]
    return work / ("tokens-" + hashlib.sha256(json.dumps(decided).encode()).hexdigest()[:12])
