"""The language a text is written in, told offline by letter statistics (py3langid: naive Bayes over byte n-grams)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

# ISO 639-1 codes that are told apart. Left out are written-rarely, historical and made languages (Latin, Aragonese,
# Walloon, Luxembourgish, Volapük …): the detector gives short English texts and lists of names to them.
LANGUAGES = tuple(
    "af am ar az be bg bn bs ca cs cy da de el en es et eu fa fi fr ga gl gu ha he hi hr hu hy id ig is it ja jv ka kk km "
    "kn ko ku ky lo lt lv mg mk ml mn mr ms mt my ne nl no om or pa pl ps pt ro ru rw si sk sl sn so sq sr st sv sw ta "
    "te tg th tl tr uk ur uz vi xh yo zh zu".split()
)
# Languages that share most of their words: to say which of them it is needs more text than most samples have.
NEAR = tuple(
    map(frozenset, (("bs", "hr", "sr", "sl", "mk", "bg"), ("cs", "sk"), ("da", "no", "sv"), ("id", "ms", "jv"),
                    ("es", "gl", "ca", "pt"), ("af", "nl"), ("ru", "uk", "be"), ("xh", "zu", "st"), ("hi", "mr", "ne"),
                    ("fa", "ps", "ur"), ("kk", "ky"), ("az", "tr", "uz")))
)  # fmt: skip
READ = 1_000  # characters looked at, before code and links are taken out
LETTERS = 200  # characters of what is left: three times as many told no text better
ENOUGH = 20  # bytes in UTF-8 below which a text is too short to tell: 4 English words, 7 Chinese signs
SURE = 0.7  # probability below which the detector is unsure

CODE_AND_LINKS = re.compile(r"(?s)(```|~~~).*?(?:\1|\Z)|`[^`\n]*`|https?://\S+|www\.\S+")
IN_CODE_AND_LINKS = ("`", "~~~", "://", "www.")  # one of them stands in each: most texts have none
MAIL = re.compile(r"\S+@\S+\.\w+")
NO_LETTERS = re.compile(r"[\x00-&(-@\[-`{-\xbf\u2010-\u206f\ufeff]+")  # ASCII but for letters and ', Latin-1 and dashes


@dataclass(frozen=True, slots=True)
class Guess:
    """A language with the detector's probability; `size` is the bytes of letters it was told from."""

    language: str
    probability: float
    size: int

    def told(self, *, size: int = ENOUGH, probability: float = SURE) -> str:
        """The language where the text is long enough and the detector sure enough, else ""."""
        return self.language if self.size >= size and self.probability >= probability else ""


def guess(text: str) -> Guess:
    """The likeliest of `LANGUAGES` for the beginning of a text, code and links left aside."""
    return _guess(text[:READ])


def language_of(text: str) -> str:
    """The ISO 639-1 code of a text's language, "" where the text is too short or the detector is unsure."""
    return guess(text).told()


def alike(one: str, other: str) -> bool:
    """Whether two languages are the same, or so near that a mix-up is likelier than a change."""
    return one == other or any({one, other} <= group for group in NEAR)


@lru_cache(maxsize=512)  # a sample's texts are asked for by its facts and by the rules of lint
def _guess(text: str) -> Guess:
    if any(mark in text for mark in IN_CODE_AND_LINKS):
        text = CODE_AND_LINKS.sub(" ", text)
    if "@" in text:
        text = MAIL.sub(" ", text)
    words = NO_LETTERS.sub(" ", text).strip()[:LETTERS]
    size = len(words.encode("utf-8", "surrogatepass"))
    if not size:
        return Guess("", 0.0, 0)
    language, probability = _detector().classify(words)
    return Guess(str(language), float(probability), size)


@cache
def _detector():
    """The detector, loaded at its first use: 0.8 s (an .npz file inside the package, read without pickle)."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    found = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    found.set_languages(LANGUAGES)
    found.nb_ptc = found.nb_ptc.astype("float32")  # kept in half: converted once here, not at every text
    return found
