"""What a feature is strongest at, in words: what can be said of it before anything has explained it."""

from __future__ import annotations

from collections.abc import Iterable

from core.store.analyses import Analysis

SHOWN = 3  # different words of a feature
BEFORE = 3  # tokens before the strongest in which its word may begin
AFTER = 6  # tokens behind it in which its word may go on
NEVER, SILENT = "never active", "no examples kept"

# The strongest examples of each feature, with the tokens around the peak in order. MATERIALIZED, because without it
# DuckDB 2.0 may stop at an internal error in the join with the vocabulary.
QUERY = """
WITH best AS MATERIALIZED (
  SELECT feature_id, sample_id, position, row_number() OVER (PARTITION BY feature_id ORDER BY band DESC, rank) AS place
  FROM examples WHERE feature_id IN (SELECT unnest(?::INTEGER[]))
), around AS (
  SELECT feature_id, place, position,
         greatest(position - {before}, 0) AS first,
         token_ids[greatest(position - {before}, 0) + 1 : position + {after} + 1] AS ids
  FROM best JOIN tokens USING (sample_id) WHERE place <= {looked}
), single AS (
  SELECT feature_id, place, position - first AS peak, unnest(ids) AS token_id, generate_subscripts(ids, 1) AS seat FROM around
)
SELECT feature_id, place, any_value(peak), list(text ORDER BY seat)
FROM single JOIN vocabulary USING (token_id) GROUP BY feature_id, place ORDER BY feature_id, place
"""
LOOKED = 8  # examples looked at for different words


def strongest_tokens(analysis: Analysis, ids: Iterable[int]) -> dict[int, str]:
    """For each feature the different words that its strongest examples peak in, strongest first: « the · The »."""
    wanted = [int(feature_id) for feature_id in ids]
    said = dict.fromkeys(wanted, NEVER)
    if "examples" not in _held(analysis):
        return dict.fromkeys(wanted, SILENT)
    query = QUERY.format(before=BEFORE, after=AFTER, looked=LOOKED)
    found: dict[int, list[str]] = {}
    for feature_id, _, peak, texts in analysis.cursor().execute(query, [wanted]).fetchall():
        word = word_at(texts, peak)
        words = found.setdefault(feature_id, [])
        if word not in words and len(words) < SHOWN:
            words.append(word)
    return said | {feature_id: "« " + " · ".join(words) + " »" for feature_id, words in found.items()}


def _held(analysis: Analysis) -> set[str]:
    query = "SELECT table_name FROM information_schema.tables WHERE table_catalog = current_database()"
    return {name for (name,) in analysis.cursor().execute(query).fetchall()}


def word_at(texts: list[str], at: int) -> str:
    """The whole word that the piece `at` is part of, from its neighbours; a blank is shown by a mark."""
    piece = texts[at]
    if not piece.strip():
        return piece.replace("\n", "↵").replace("\t", "⇥").replace(" ", "␣") or "␣"
    first = at
    while first > 0 and _joins(texts[first - 1], texts[first]):
        first -= 1
    last = at
    while last + 1 < len(texts) and _joins(texts[last], texts[last + 1]):
        last += 1
    return "".join(texts[first : last + 1]).strip()


def _joins(left: str, right: str) -> bool:
    """Whether two pieces are parts of one word: letters on both sides of the seam, no space between."""
    return bool(left) and bool(right) and left[-1].isalnum() and right[0].isalnum()
