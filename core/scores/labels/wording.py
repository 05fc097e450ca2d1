"""Evidence in words that people read: token pieces joined into whole words, blanks named, nothing said twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from core.scores.labels.corpus import Corpus
from core.scores.labels.evidence import AT, BEFORE, NEAR, Evidence, codes_at, tokens_of
from core.scores.labels.strongest_tokens import AFTER, word_at

REACH = 4  # tokens before a place in which its word may begin
LOOKED = 12  # contexts of a piece of evidence looked at for its words
SHOWN = {AT: 5, BEFORE: 2, NEAR: 3}  # phrases said of a kind; pairs and triples are said with AT
LEADS = {BEFORE: "after ", NEAR: "near "}
OFTEN = 3  # contexts that a phrase must be in to be said where there is enough to say
FIRST = 8  # pieces of evidence among which what stands before and near is worth a word
PIECES = 3  # whole words named beside a piece that is in several
BLANKS = {"\n": "line break", "\t": "tab", " ": "space", "\xa0": "fixed space", "\r": "line break"}
BROKEN = "\ufffd"  # a token that is a part of a letter's bytes


@dataclass(frozen=True, slots=True)
class Phrase:
    """Quoted text, where it stands, and the whole words that it is a part of where there are several."""

    text: str
    words: tuple[str, ...] = ()
    where: str = ""

    def __str__(self) -> str:
        words = f" ({', '.join(self.words)})" if self.words else ""
        return self.text + self.where + words


@dataclass(slots=True)
class Wording:
    """The phrases of a label by kind, in the order in which they tell."""

    said: dict[int, list[str]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    def add(self, kind: int, phrase: Phrase) -> None:
        """Say a phrase unless it, or a word that it contains, has been said already."""
        key = phrase.text.casefold()
        own = self.said.setdefault(kind, [])
        if (
            key in self.known
            or len(own) >= SHOWN[kind]
            or any(f"“{word}”" in self.known for word in key.strip("“”").split())
        ):
            return
        self.known |= {key, *(f"“{word.casefold()}”" for word in phrase.words)}
        own.append(str(phrase))

    def text(self) -> str:
        """“their”, “its” · after “of” · near “models”."""
        parts = [LEADS.get(kind, "") + ", ".join(phrases) for kind, phrases in self.said.items() if phrases]
        return " · ".join(parts)


def worded(corpus: Corpus, evidence: Evidence, active: np.ndarray) -> tuple[str, list[str]]:
    """The text of a label and one phrase for each piece of its evidence. active: the places it was made of, int64."""
    starts = corpus.pointer[corpus.sample_of[active]]
    contexts = codes_at(active, corpus.ids, starts, len(corpus.texts))
    wording, phrases = Wording(), []
    for rank, (code, support) in enumerate(zip(evidence.codes.tolist(), evidence.support.tolist(), strict=True)):
        slot, tokens = tokens_of(code, len(corpus.texts))
        places = active[(contexts == code).any(axis=1)][:LOOKED]
        kind, phrase = _phrase(corpus, slot, tokens, places)
        phrases.append(f"{LEADS.get(kind, '')}{phrase}")
        often = support >= OFTEN or len(evidence.codes) < FIRST
        if BROKEN not in phrase.text and often and (kind == AT or _telling(corpus.texts[tokens[0]], rank)):
            wording.add(kind, phrase)
    return wording.text() or (phrases[0] if phrases else ""), phrases


def _telling(piece: str, rank: int) -> bool:
    """Whether what stands before or near is worth a word: among the first, and no mere piece of a word unless it leads."""
    return rank < 2 or (rank < FIRST and (piece[:1].isspace() or not piece[:1].isalnum()))


def _phrase(corpus: Corpus, slot: int, tokens: tuple[int, ...], places: np.ndarray) -> tuple[int, Phrase]:
    """The kind under which a piece of evidence is said, and its phrase."""
    texts = [corpus.texts[token] for token in tokens]
    if slot == NEAR:
        return NEAR, Phrase(quoted(texts[0]))
    if slot == BEFORE:
        return BEFORE, _in_words(texts[0], [_word(corpus, place - 1) for place in places.tolist()])
    words = [_word(corpus, place) for place in places.tolist()]
    if slot == AT:
        return AT, _in_words(texts[0], words)
    common, times = Counter(words).most_common(1)[0] if words else ("", 0)
    if times == len(words) and "".join(texts).strip() and common.casefold().endswith("".join(texts).strip().casefold()):
        return AT, Phrase(quoted(common))  # the pieces are of one word
    begins = max((at + 1 for at, text in enumerate(texts[:-1]) if "\n" in text), default=0)
    where, texts = " at the start of a line" if begins else "", texts[begins:]
    whole = times == len(words) and texts[-1].strip() and common.startswith(texts[-1].strip())
    last = " " * texts[-1][:1].isspace() + common if whole else texts[-1]
    return AT, Phrase(quoted("".join(texts[:-1]) + last), where=where)


def _in_words(piece: str, words: list[str]) -> Phrase:
    """“coffee” where the piece is a word; “fund” (fundamentals, funding) where it is a part of several."""
    counts = Counter(words)
    own = piece.strip()
    if not own or not words or counts[own] * 2 >= len(words):
        return Phrase(quoted(piece))
    whole = [word for word, _ in counts.most_common(PIECES) if BROKEN not in word]
    if len(counts) == 1 and whole:
        return Phrase(quoted(whole[0]))
    return Phrase(quoted(piece), tuple(whole))


def _word(corpus: Corpus, place: int) -> str:
    """The whole word at a place of the corpus."""
    sample = corpus.sample_of[place]
    first = max(int(corpus.pointer[sample]), place - REACH)
    last = min(int(corpus.pointer[sample + 1]), place + AFTER + 1)
    return word_at([corpus.texts[token] for token in corpus.ids[first:last].tolist()], place - first)


def quoted(text: str) -> str:
    """Words between quotation marks, blanks by name."""
    if not text.strip():
        names = list(dict.fromkeys(BLANKS.get(mark, "blank") for mark in text))
        return " and ".join(names) if names else "nothing"
    return f"“{text.strip(' ').replace(chr(10), '↵').replace(chr(9), '⇥')}”"
