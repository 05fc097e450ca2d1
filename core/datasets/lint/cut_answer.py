"""An answer that stops in the middle of a sentence, as at a limit of tokens."""

from __future__ import annotations

import re

from core.datasets.lint.rule import Rule, answers
from core.datasets.sample import Turn

# A sentence does not end on these. Left out are those that may stand last, as "for", "by" and "is" in English, "mit" and
# "ist" in German, since a false alarm costs more here than a miss.
GOES_ON = frozenset(
    "the a an and or of to into because although which whose whereas than its their your my our these including as "
    "und oder aber dass weil von für das den dem des ein eine einen einer eines zum zur "
    "et ou le les un une des du avec qui el los las una del con para".split()
)
LAST_WORD = re.compile(r"([^\W\d_]+)\Z")
QUESTION = re.compile(r"(?:who|whom|whose|what|which|where|when|why|how)\b", re.I)  # "what is it made of" is whole
SENTENCE_END = re.compile(r"[.!?…。！？؟।][\"'”’»)\]*_]*(?=\s|\Z)")
LIST_ITEM = re.compile(r"\s*(?:[-*+•·–—]|\(?\d{1,3}[.):]|\(?[a-zA-Z][.)])\s")
CODE = re.compile(r"[{};=<>\\|_`]|\w\(|\t")
LONG = 2_000  # characters of an answer that a limit of tokens may have cut
WORDS = 5  # of the piece left over: fewer are a name, a heading or a signature
SENTENCES = 3  # whole ones in the last paragraph or before: the writer does set full stops


def cut(text: str) -> bool:
    """Whether a text stops in the middle of a sentence."""
    text = text.rstrip()
    line = text.rpartition("\n")[2]
    if not line.strip() or LIST_ITEM.match(line) or CODE.search(line) or "```" in text:
        return False
    rest = _rest(line)
    words = rest.split()
    if len(words) < WORDS:
        return False
    return _breaks_off(rest, words) or _runs_out(text, line, rest)


def _rest(line: str) -> str:
    """What follows the last whole sentence of a line."""
    end = 0
    for found in SENTENCE_END.finditer(line):
        end = found.end()
    return line[end:].strip()


def _breaks_off(rest: str, words: list[str]) -> bool:
    """Ends in a word or mark that something must follow."""
    if rest[-1] in ",(":
        return len(words) > WORDS and rest[-2:-1] not in ".!?"
    last = LAST_WORD.search(rest)
    return last is not None and last.group() in GOES_ON and not QUESTION.match(rest)


def _runs_out(text: str, line: str, rest: str) -> bool:
    """A long answer of whole sentences whose last paragraph ends in a letter, without a stop."""
    if len(text) < LONG or not rest[-1].isalpha() or len(rest) == len(line.strip()):
        return False
    return len(SENTENCE_END.findall(text)) >= SENTENCES


def _test(turns: tuple[Turn, ...]) -> bool:
    return any(cut(text) for text in answers(turns))


RULE = Rule(
    "cut_answer",
    "Cut answer",
    f"An answer's last line is prose whose last sentence has {WORDS} words or more and no end: it stops at a comma, an open "
    "bracket or a word that must go on (“the”, “and”, “und”, “le” …), or lacks its full stop after whole sentences in "
    f"{LONG} characters or more.",
    _test,
)
