"""Tokenizers and templates of other makers: BOS as the SAE was trained, pieces with marked blanks, templates that are picky."""

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from core.activations.template import render, render_plain, template_words
from core.activations.tokens import ROLE_CODE, UNSCORED, token_texts, tokenise
from core.datasets.sample import SPECIAL, Turn
from core.errors import GamutError
from tests.tiny import tiny_tokenizer

TALK = (Turn("system", "Be kind."), Turn("user", "What is it?"), Turn("assistant", "An element."))
NO_SYSTEM = (
    "{{ bos_token }}{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate') }}{% endif %}"
    "<start_of_turn>{{ m['role'] }}\n{{ m['content'] | trim }}<end_of_turn>\n{% endfor %}"
)  # Gemma's way
LAST_USER = (
    "{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}"
    "{% for m in rest %}{% if m['role'] == 'user' %}[INST] {% if loop.index > 2 and messages[0]['role'] == 'system' %}"
    "{{ messages[0]['content'] }}\n\n{% endif %}{{ m['content'] }}[/INST]{% else %}{{ m['content'] }}</s>{% endif %}{% endfor %}"
)  # Mistral's way: the system's words stand in the last user turn


def without_bos() -> PreTrainedTokenizerFast:
    """A byte-level tokenizer that adds nothing by itself but knows BOS, as GPT-2's."""
    tokenizer = tiny_tokenizer()
    tokenizer.backend_tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def unigram() -> PreTrainedTokenizerFast:
    """Pieces with marked blanks and bytes for what is not known, as SentencePiece makes them; no chat template."""
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.Sequence([normalizers.NFKC()])
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=120, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>", show_progress=False
    )
    made.train_from_iterator([render_plain(TALK).text] * 20, trainer)
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def ids(tokenizer, **options) -> list[int]:
    return tokenise([TALK], tokenizer, max_length=500, **options).ids.tolist()


def test_texts_begin_with_bos_as_the_sae_was_trained():
    adds, knows = tiny_tokenizer(), without_bos()
    bos, own = adds.bos_token_id, ids(adds)
    assert own[0] == bos and ids(knows) == own[1:]
    assert ids(adds, bos=True) == own and ids(knows, bos=True) == own, "never two of them"
    assert ids(adds, bos=False) == ids(knows, bos=False) == own[1:]
    tokens = tokenise([TALK], knows, max_length=500, bos=True)
    assert tokens.roles[0] == SPECIAL and tokens.sides[0] == UNSCORED and tokens.lengths[0] == len(own)
    assert tokenise([TALK], knows, max_length=7, bos=True).cut[0] == len(own) - 7


def test_a_tokenizer_without_bos_begins_with_eos_where_the_sae_wants_one():
    """As TransformerLens loads Qwen; with neither there is nothing to begin with."""
    tokenizer = without_bos()
    tokenizer.bos_token = None
    assert ids(tokenizer, bos=True)[0] == tokenizer.eos_token_id and ids(tokenizer)[0] != tokenizer.eos_token_id
    tokenizer.eos_token = None
    assert ids(tokenizer, bos=True) == ids(tokenizer)


def test_a_bos_that_the_template_writes_is_never_doubled():
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = "{{ bos_token }}{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}"
    for bos in (None, True, False):
        assert ids(tokenizer, bos=bos).count(tokenizer.bos_token_id) == 1
    tokenizer.chat_template = tokenizer.chat_template.removeprefix("{{ bos_token }}")
    assert tokenizer.bos_token_id not in ids(tokenizer) and ids(tokenizer, bos=True)[0] == tokenizer.bos_token_id


def test_pieces_with_marked_blanks_belong_to_their_role_and_keep_their_blank():
    tokenizer = unigram()
    tokens = tokenise([TALK], tokenizer, max_length=500)
    for turn in TALK:
        own = tokens.ids[tokens.roles == ROLE_CODE[turn.role]]
        assert tokenizer.decode(own).strip() == turn.text
        assert "".join(token_texts(tokenizer, own)).strip() == turn.text, "read one by one the blanks are still there"
    assert tokens.roles[0] == SPECIAL
    words = token_texts(tokenizer, range(len(tokenizer)))
    assert any(word.startswith(" ") for word in words) and not any("▁" in word for word in words)


def test_of_a_byte_level_tokenizer_every_text_is_what_it_decodes_to():
    tokenizer = tiny_tokenizer()
    expected = tokenizer.batch_decode([[token] for token in range(len(tokenizer))], clean_up_tokenization_spaces=False)
    assert token_texts(tokenizer, range(len(tokenizer))) == expected


@pytest.mark.parametrize("template", [NO_SYSTEM, LAST_USER])
def test_where_a_template_has_no_place_for_the_system_its_words_open_the_first_user_turn(template):
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = template
    talk = (*TALK, Turn("user", "And this?"), Turn("assistant", "Too."))
    rendered = render(talk, tokenizer)
    assert [rendered.text[span.start : span.end] for span in rendered.spans] == [turn.text for turn in talk]
    assert [span.role for span in rendered.spans] == [turn.role for turn in talk]
    assert "Be kind.\n\nWhat is it?" in rendered.text
    plainly = tokenise([talk], tokenizer, max_length=500)
    assert {ROLE_CODE[turn.role] for turn in talk} <= set(plainly.roles.tolist())


def test_the_day_on_which_a_template_is_rendered_changes_nothing():
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = (
        "Today: {{ strftime_now('%d %b %Y') }}\n{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
    )
    assert render(TALK, tokenizer).text.startswith("Today: 26 Jul 2024\n")


def test_a_switch_renders_plainly_or_insists_on_the_template():
    tokenizer = tiny_tokenizer()
    with pytest.raises(GamutError, match="has no chat template; leave --template out"):
        render(TALK, tokenizer, template="chat")
    tokenizer.chat_template = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}"
    assert render(TALK, tokenizer, template="plain") == render_plain(TALK)
    assert render(TALK, tokenizer) == render(TALK, tokenizer, template="chat") != render_plain(TALK)
    assert ids(tokenizer, template="plain")[0] == tokenizer.bos_token_id, "plain texts get the tokenizer's own BOS"
    assert [template_words(tokenizer, way) for way in ("auto", "plain")] == ["chat template of the tokenizer", "plain"]


def test_conversations_that_a_template_refuses_are_counted_and_the_first_is_named():
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = NO_SYSTEM
    alone = (Turn("assistant", "A text by itself."),)
    with pytest.raises(
        GamutError, match=r"must alternate.*--template plain. That is conversation 1; 2 more are refused"
    ):
        tokenise([TALK, alone, TALK, alone, alone], tokenizer, max_length=500)
    assert len(tokenise([TALK, alone], tokenizer, max_length=500, template="plain").lengths) == 2


def test_a_token_budget_counts_words_and_no_bos():
    words = [int(tokenise([TALK], without_bos(), max_length=500, bos=bos).words[0]) for bos in (None, True, False)]
    assert len(set(words)) == 1 and words[0] == np.count_nonzero(
        tokenise([TALK], tiny_tokenizer(), max_length=500).roles < 254
    )
