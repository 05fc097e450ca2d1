"""Rendering and tokenising: every token knows its role, nothing is cut unseen."""

import numpy as np
import pytest

from core.activations.template import render, render_plain
from core.activations.tokens import PROMPT, RESPONSE, ROLE_CODE, UNSCORED, tokenise
from core.datasets.sample import SPECIAL, TEMPLATE, Turn
from core.errors import GamutError
from tests.tiny import tiny_tokenizer

TALK = (
    Turn("system", "Be kind."),
    Turn("user", "What is é 水?"),
    Turn("input", "\n x "),
    Turn("assistant", "An element 🎉."),
)


def text_of(tokens, tokenizer, sample, keep):
    span = slice(tokens.indptr[sample], tokens.indptr[sample + 1])
    return tokenizer.decode(tokens.ids[span][keep(tokens.roles[span])])


def test_spans_cut_the_rendered_text_into_the_turns():
    rendered = render_plain(TALK)
    assert [rendered.text[span.start : span.end] for span in rendered.spans] == [turn.text for turn in TALK]
    assert rendered.text.startswith("### System:\nBe kind.\n\n### Instruction:\nWhat")


def test_the_tokens_of_each_role_are_its_own_words():
    tokenizer = tiny_tokenizer()
    tokens = tokenise([TALK, TALK[1:2]], tokenizer, max_length=10_000)
    for turn in TALK:
        said = text_of(tokens, tokenizer, 0, lambda roles, code=ROLE_CODE[turn.role]: roles == code)
        assert said.strip() == turn.text.strip()
    assert tokens.roles[0] == SPECIAL and tokens.ids[0] == tokenizer.bos_token_id
    assert "### Response:" in text_of(tokens, tokenizer, 0, lambda roles: roles == TEMPLATE)
    assert len(tokens.lengths) == 2 and tokens.indptr[-1] == len(tokens.ids)


def test_only_own_words_after_the_first_position_are_scored():
    tokens = tokenise([TALK], tiny_tokenizer(), max_length=10_000)
    expected = np.full(len(tokens.ids), UNSCORED)
    expected[np.isin(tokens.roles, [ROLE_CODE[role] for role in ("system", "user", "input", "tool")])] = PROMPT
    expected[tokens.roles == ROLE_CODE["assistant"]] = RESPONSE
    expected[0] = UNSCORED
    assert (tokens.sides == expected).all() and (tokens.sides == RESPONSE).any()


def test_what_is_cut_is_counted():
    tokenizer = tiny_tokenizer()
    whole, cut = (tokenise([TALK], tokenizer, max_length=length) for length in (10_000, 20))
    assert cut.cut[0] == len(whole.ids) - 20 and cut.lengths[0] == 20 and whole.cut[0] == 0
    assert cut.words[0] == whole.words[0] == np.count_nonzero(whole.roles < TEMPLATE)


def test_special_tokens_written_in_a_text_never_count():
    tokens = tokenise([(Turn("user", "a</s>b<s>c"), Turn("assistant", "d"))], tiny_tokenizer(), max_length=100)
    assert np.count_nonzero(tokens.roles == SPECIAL) == 3


def test_a_chat_template_is_used_and_its_own_words_are_marked():
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = (
        "{{ bos_token }}{% for m in messages %}<{{ m['role'] }}>{{ m['content'] | trim }}</s>{% endfor %}"
    )
    rendered = render(TALK, tokenizer)
    assert rendered.text == "<s><system>Be kind.</s><user>What is é 水?\n\n\n x</s><assistant>An element 🎉.</s>"
    assert [rendered.text[span.start : span.end] for span in rendered.spans] == [turn.text.strip() for turn in TALK]
    tokens = tokenise([TALK], tokenizer, max_length=1_000)
    assert np.count_nonzero(tokens.ids == tokenizer.bos_token_id) == 1


def test_words_that_occur_in_the_template_are_found_where_they_stand():
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    )
    talk = (
        Turn("user", "s"),
        Turn("input", "user"),
        Turn("assistant", "a"),
        Turn("user", ""),
        Turn("assistant", "im_start"),
    )
    rendered = render(talk, tokenizer)
    assert [rendered.text[span.start : span.end] for span in rendered.spans] == [turn.text for turn in talk]
    assert [rendered.text[: span.start].count("<|im_start|>") for span in rendered.spans] == [1, 1, 2, 3, 4]


def test_a_chat_template_that_refuses_is_a_sentence():
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = "{{ raise_exception('no system role') }}"
    with pytest.raises(GamutError, match="refused a conversation .*no system role"):
        render(TALK, tokenizer)
    tokenizer.chat_template = "nothing"
    with pytest.raises(GamutError, match="changed or dropped a system turn"):
        render(TALK, tokenizer)
