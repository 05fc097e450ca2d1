"""An answer in another language than its question."""

from __future__ import annotations

import re

from core.datasets.language import alike, guess
from core.datasets.lint.rule import ASKING, Rule, joined
from core.datasets.sample import Turn

LONG = 60  # bytes of letters on either side: surer than what the statistics ask for
SURE = 0.95
CODE_SIGNS = re.compile(r"[{}();=<>\[\]_\\/#|$]")
WORD = re.compile(r"[^\W\d_]+")
ENDS = 250  # characters of a question that are looked at by themselves: a long quotation may stand between
MOST_NAMES = 0.45  # of the words begin with a capital: more is a list of names (German prose has 0.35)
MOST_CODE = 0.04  # of the characters: more is code or formulas, whose words are English in every language
# Who asks for another language says so: by "translate" or by the language's name.
ASKS = re.compile(
    r"translat|übersetz|tradu[czi]|перев[её]|přelož|tłumacz|vertaal|översätt|oversett|oversæt|käänn|çevir|ترجم|तर्जुमा|अनुवाद|翻译|翻譯|译成|譯|翻訳|訳し|번역|"
    r"\b(?:english|german|deutsch|englisch|french|français|franz[öo]s\w+|anglais|spanish|spanisch|español|inglés|italian\w*|portug\w+|"
    r"chinese|mandarin|chinesisch|japan\w+|korean\w*|arab\w+|hindi|russ\w+|dutch|swedish|latin|greek|turkish|polish|languages?|bilingual|"
    r"sprachen?|langues?|idiomas?|lenguas?|vocabulary|lyrics)\b|английск|русск|немецк|英语|英文|中文|汉语|日语|日文|法语|德语|西班牙语|韩语|俄语|语言|英語|日本語|語",
    re.IGNORECASE,
)


def _test(turns: tuple[Turn, ...]) -> bool:
    asked: list[Turn] = []
    for turn in turns:
        if turn.role == "assistant":
            if asked and _differs(turn.text, asked) and _prose(turn.text):
                return not any(ASKS.search(other.text) for other in turns if other.role != "assistant")
        elif turn.role in ASKING:
            asked.append(turn)
    return False


def _differs(answer: str, asked: list[Turn]) -> bool:
    """Whether an answer's language is none of those spoken before it; the likely case, it is, costs no more guesses."""
    said, whole = _sure(answer), guess(joined(tuple(asked), ASKING))
    if not said or alike(said, whole.language):
        return False
    texts = [text for turn in asked for text in (turn.text, turn.text[:ENDS], turn.text[-ENDS:])]
    spoken = {language for language in map(_sure, texts) if language}
    return bool(spoken) and not any(alike(said, language) for language in spoken)


def _sure(text: str) -> str:
    return guess(text).told(size=LONG, probability=SURE)


def _prose(text: str) -> bool:
    """Whether a text is neither code nor a list of names, which have the language of what they name."""
    start = text[:2_000]
    if len(CODE_SIGNS.findall(start)) >= MOST_CODE * len(start):
        return False
    words = WORD.findall(start)
    return sum(word[0].isupper() for word in words) < MOST_NAMES * len(words)


RULE = Rule(
    "language_mismatch",
    "Language mismatch",
    f"An answer is in another language than every question before it: both have {LONG} bytes of letters or more, the detector "
    f"is at least {SURE:.0%} sure of both, the answer is neither code nor a list of names, and no question speaks of translating "
    "or names a language.",
    _test,
)
