"""How a sample is built, by plain counts of its text: turns, sentences, clauses, lines of code and how deep they nest.

No grammar is parsed. A sentence lies between full stops (. ! ? and their like in other scripts, before a space or an end)
or line breaks, a clause between those or , ; : and their like; both hold a word. A line is code inside a fence (``` or
~~~), or where its marks say so: it ends in ; or {, is closing brackets alone, assigns, calls, imports, or opens a block.
Rough counts, meant to be set beside each other: lists, verse and languages without spaces are told badly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.datasets.lint.open_fence import FENCE
from core.datasets.sample import Turn

WORD = re.compile(r"\w+")
SENTENCE_ENDS = re.compile(r"(?:[.!?…]+(?=[\s\"'”’)\]]|$))|[。！？।؟\n]")
CLAUSE_ENDS = re.compile(r"[,;:](?=\s|$)|[，；：、،؛]|\s[–—]\s")
CODE = re.compile(
    r"^\s*(?:"
    r".*[;{]\s*$"
    r"|[)\]}]+[;,]?\s*$"
    r"|(?:def|class|for|while|if|elif|else|try|except|finally|with)\b[^.!?]*:\s*(?:#.*)?$"
    r"|import [\w.]+(?: as \w+)?\s*$|from [\w.]+ import .+|#include\b.*"
    r"|[A-Za-z_][\w.\[\]'\"]* ?[-+*/|&]?= ?\S.*"
    r"|[A-Za-z_][\w.]*\([^)]*\)\s*$"
    r"|return [\w.\[\]]+\s*$"
    r")"
)
MARKS = re.compile(r"[;{}=()\[\]:]|\bimport\b|\breturn\b|```|~~~")  # a text without them holds no line of code
OPENING, CLOSING = "([{", ")]}"
MEASURES = ("turns", "words", "words_a_sentence", "clauses_a_sentence", "code_lines", "nesting")


@dataclass(frozen=True, slots=True)
class Complexity:
    """The counts of one sample, all turns together; a mean over sentences is 0 where there is none.

    nesting: how many brackets at most stand open at once within its code.
    """

    turns: int
    words: int
    words_a_sentence: float
    clauses_a_sentence: float
    code_lines: int
    nesting: int


def complexity_of(turns: Iterable[Turn]) -> Complexity:
    """The counts of one conversation."""
    words = sentences = clauses = code_lines = nesting = number = 0
    for turn in turns:
        number += 1
        prose, code = split_code(turn.text)
        code_lines += len(code)
        nesting = max(nesting, nesting_of("\n".join(code)))
        for sentence in SENTENCE_ENDS.split(prose):
            held = len(WORD.findall(sentence))
            if held:
                words, sentences = words + held, sentences + 1
                clauses += sum(WORD.search(clause) is not None for clause in CLAUSE_ENDS.split(sentence))
    per = max(1, sentences)
    return Complexity(number, words, words / per, clauses / per, code_lines, nesting)


def complexity_columns(conversations: Iterable[tuple[int, tuple[Turn, ...]]]) -> dict[str, np.ndarray]:
    """The measures of many samples in the order given, float32 (n) each."""
    rows = [complexity_of(turns) for _, turns in conversations]
    return {name: np.array([getattr(row, name) for row in rows], np.float32) for name in MEASURES}


def split_code(text: str) -> tuple[str, list[str]]:
    """The text without its lines of code, and those lines; the fences themselves are neither."""
    if MARKS.search(text) is None:
        return text, []
    prose, code, fence = [], [], ""
    for line in text.splitlines():
        found = FENCE.match(line)
        if found is not None and not fence:
            fence = found[1]
        elif found is not None and found[1][0] == fence[0] and len(found[1]) >= len(fence) and not found[2].strip():
            fence = ""
        elif line.strip() and (fence or CODE.match(line)):
            code.append(line)
        else:
            prose.append(line)
    return "\n".join(prose), code


def nesting_of(code: str) -> int:
    """How many brackets at most stand open at once; what closes without having opened counts for nothing."""
    depth = deepest = 0
    for letter in code:
        if letter in OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif letter in CLOSING:
            depth = max(0, depth - 1)
    return deepest
