"""Languages: told where there is enough to tell, "" where not, and rarely wrong on real texts."""

import gzip
import json
import subprocess
import sys

import pytest

from core.datasets.language import LANGUAGES, NEAR, alike, guess, language_of

SAYINGS = {
    "en": "The early bird catches the worm, but the second mouse gets the cheese.",
    "de": "Morgenstund hat Gold im Mund, sagt man, und bleibt doch lieber liegen.",
    "fr": "Petit à petit, l'oiseau fait son nid, et nous avec lui.",
    "es": "Más vale pájaro en mano que ciento volando, dice mi abuela siempre.",
    "ru": "Без труда не выловишь и рыбку из пруда.",
    "ar": "العلم في الصغر كالنقش على الحجر",
    "zh": "千里之行，始于足下。",
    "ja": "猿も木から落ちると言われています。",
}


@pytest.mark.parametrize("language", SAYINGS)
def test_a_sentence_is_told(language):
    assert language_of(SAYINGS[language]) == language


@pytest.mark.parametrize(
    "text", ["", "42", "Yes.", "…", "😊😊😊", "1 + 1 = 2", "```python\nimport os\n```", "https://example.org/the/way"]
)
def test_too_little_is_not_told(text):
    assert language_of(text) == ""


def test_code_and_links_do_not_count():
    text = "Schreibe bitte eine kurze Funktion, die das tut.\n```python\nfor the_word in all_the_words: print(the_word)\n```"
    assert language_of(text + " `the words of the list` https://example.org/this/is/not/german") == "de"


def test_only_two_letter_codes_are_told():
    assert all(len(code) == 2 for code in LANGUAGES)
    assert all(group <= set(LANGUAGES) for group in NEAR)


def test_near_languages_are_alike_and_far_ones_are_not():
    assert alike("en", "en") and alike("hr", "sr") and not alike("en", "de")


def test_a_long_text_is_read_at_its_beginning_only():
    assert guess(SAYINGS["en"] * 100_000).size <= 200


def test_nothing_is_loaded_before_the_first_text():
    code = "import sys, core.datasets.facts; print({'py3langid', 'tokenizers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("language", ["en", "de", "es", "ar", "zh"])
def test_questions_of_real_sets_are_told_and_hardly_ever_wrong(real_data, language):
    with gzip.open(real_data / f"xquad.{language}.json.gz", "rt", encoding="utf-8") as file:
        data = json.load(file)["data"]
    asked = [qa["question"] for part in data for paragraph in part["paragraphs"] for qa in paragraph["qas"]]
    told = [language_of(question) for question in asked]
    assert sum(code not in ("", language) for code in told) <= 1  # of 1 190
    assert sum(code == language for code in told) >= 0.94 * len(asked)
