"""Tokens of conversations as axolotl makes them by one of its chat templates, and those that it trains on.

Source: axolotl 0.19, `ChatTemplateStrategy` with `roles_to_train: [assistant]` and `train_on_eos: turn`: trained on is every
token that holds a character of an answer, and the end of text where it stands within three tokens behind it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np
from transformers import PreTrainedTokenizerBase

from core.activations.template import Rendered, render_as_given
from core.datasets.sample import RESPONSE_ROLES, Turn
from core.errors import GamutError

NEAR = 3  # tokens from the end of an answer within which axolotl looks for the end of text


def tokens_by_jinja(
    conversations: Sequence[tuple[int, tuple[Turn, ...]]], tokenizer: PreTrainedTokenizerBase, name: str
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Token ids int32 (t) and which are trained on, bool (t), of each conversation.

    The tokenizer has the template already. Raises `GamutError` for the first conversation that the template refuses, or of
    which it leaves words out.
    """
    rendered = [_rendered(sample_id, turns, tokenizer, name) for sample_id, turns in conversations]
    encoded = tokenizer(
        [each.text for each in rendered], add_special_tokens=False, return_offsets_mapping=True, verbose=False
    )
    found = zip(rendered, encoded["input_ids"], encoded["offset_mapping"], strict=True)
    return [
        (np.array(ids, np.int32), _trained(each, ids, places, tokenizer.eos_token_id)) for each, ids, places in found
    ]


def _rendered(sample_id: int, turns: tuple[Turn, ...], tokenizer: PreTrainedTokenizerBase, name: str) -> Rendered:
    try:
        return render_as_given(turns, tokenizer)
    except GamutError as error:
        raise GamutError(
            f"axolotl's template {name} does not take sample {sample_id} as it stands; choose another template. "
            f"({str(error).split(';')[0]})"
        ) from None


def _trained(rendered: Rendered, ids: list[int], places: list[tuple[int, int]], end_of_text: int | None) -> np.ndarray:
    trained = np.zeros(len(ids), bool)
    starts, ends = [start for start, _ in places], [end for _, end in places]
    for span in rendered.spans:
        first, behind = bisect_right(ends, span.start), bisect_left(starts, span.end)
        if span.role not in RESPONSE_ROLES or first >= behind:
            continue
        trained[first:behind] = True
        near = ids[behind : behind + NEAR + 1]
        if end_of_text in near:
            trained[behind + near.index(end_of_text)] = True
    return trained
