"""The tokens of a sample as readable text: letters that several tokens share are read from the conversation itself.

An analysis keeps the text of each token by itself, and a token that is a part of a letter's bytes is no text (�). What
stands between the text before and the text after it is found in the turns; the first token of the gap gets it, the
others nothing. Where that is not found, the � stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.store.analyses import Analysis
from core.store.datasets import Dataset

BROKEN = "\ufffd"
BESIDE = 24  # characters before and after a gap that say where it is


def readable_tokens(analysis: Analysis, dataset: Dataset, sample_id: int) -> tuple[list[str], list[int]]:
    """The text and the role code of every token of a sample, in order."""
    return readable(analysis, dataset, [sample_id])[sample_id]


def readable(analysis: Analysis, dataset: Dataset, ids: Sequence[int]) -> dict[int, tuple[list[str], list[int]]]:
    """The texts and the role codes of the tokens of some samples, all read at once."""
    query = "SELECT sample_id, token_ids, roles FROM tokens WHERE sample_id IN (SELECT unnest(?::INTEGER[]))"
    rows = analysis.cursor().execute(query, [list(ids)]).fetchall()
    query = "SELECT token_id, text FROM vocabulary WHERE token_id IN (SELECT unnest(?::INTEGER[]))"
    wanted = sorted({token for _, tokens, _ in rows for token in tokens})
    spelled = dict(analysis.cursor().execute(query, [wanted]).fetchall())
    found = {sample: ([spelled[token] for token in tokens], list(roles)) for sample, tokens, roles in rows}
    broken = [sample for sample, (texts, _) in found.items() if any(BROKEN in text for text in texts)]
    for sample, turns in dataset.conversations(broken) if broken else ():
        texts, roles = found[sample]
        found[sample] = mended(texts, roles, "\n".join(turn.text for turn in turns)), roles
    return found


def mended(texts: Sequence[str], roles: Sequence[int], source: str) -> list[str]:
    """`texts` with what is broken read from `source`, the words of all turns in order."""
    out = list(texts)
    after_last = 0  # where in the source the last gap ended
    first = stop = 0
    while (first := _next_broken(out, stop)) < len(out):
        begin, stop = stop, first
        while stop < len(out) and BROKEN in out[stop] and roles[stop] == roles[first]:
            stop += 1
        before = _own(out[begin:first][::-1], roles[begin:first][::-1], roles[first])[::-1]
        after = _own(out[stop:], roles[stop:], roles[first])
        broken = "".join(out[first:stop])
        found = _gap("".join(before)[-BESIDE:], broken, "".join(after)[:BESIDE], source, after_last)
        if found is not None:
            after_last = found.end(1)
            out[first:stop] = [found[1], *[""] * (stop - first - 1)]
    return out


def _next_broken(texts: list[str], start: int) -> int:
    return next((place for place in range(start, len(texts)) if BROKEN in texts[place]), len(texts))


def _own(texts: Sequence[str], roles: Sequence[int], role: int) -> list[str]:
    """The leading texts of one role that are whole."""
    own: list[str] = []
    for text, code in zip(texts, roles, strict=True):
        if code != role or BROKEN in text or sum(map(len, own)) >= BESIDE:
            break
        own.append(text)
    return own


def _gap(before: str, broken: str, after: str, source: str, start: int) -> re.Match | None:
    """What `broken` is in the source: as many characters at most, the whole ones among them where they are."""
    if not before and not after:
        return None
    inside = re.sub(f"{BROKEN}+", lambda run: f".{{1,{len(run[0])}}}?", re.escape(broken))
    end = re.escape(after) if after else r"(?=\s|\Z)"
    return re.compile(f"{re.escape(before)}({inside}){end}", re.DOTALL).search(source, max(0, start - len(before)))
