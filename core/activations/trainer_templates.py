"""The templates that trainers bring, as data, by their names: LLaMA-Factory's `template:` and axolotl's `chat_template:`.

Sources: LLaMA-Factory 0.9.5, `data/template.py`; axolotl 0.19, `utils/chat_templates/templates/*.jinja`, as far as they
concern texts (no images; tools and their calls for LLaMA-Factory alone). Tests hold each against the trainer's own code
where that is installed. Only those stand here that were checked so; any other is refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.activations.tool_words import LLAMA3, MISTRAL, PLAIN, QWEN
from core.errors import GamutError

OWN = "tokenizer"  # the tokenizer's own chat template, or plain text where it has none
LLAMA_FACTORY, AXOLOTL = "llama-factory", "axolotl"
BOS, EOS = "<bos of the tokenizer>", "<eos of the tokenizer>"
WORDS = "{{content}}"  # where a slot holds the words of a turn

Slots = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SlotTemplate:
    """A template of LLaMA-Factory: the pieces of each kind of turn, every piece tokenised by itself.

    `function` (calls of tools) and `observation` (what they gave) are written as `assistant` and `user` where they are empty,
    the words of tools as `tools` says. `system_in_user`: the system text stands inside the first question. `stops`: texts that
    become tokens of their own, of which the first is the end of a text where `replaces_eos`.
    """

    user: Slots = (WORDS,)
    assistant: Slots = (WORDS, EOS)
    system: Slots = (WORDS,)
    prefix: Slots = ()
    function: Slots = ()
    observation: Slots = ()
    tools: str = PLAIN
    default_system: str = ""
    system_in_user: bool = False
    stops: Slots = ()
    replaces_eos: bool = False


CHATML_USER = ("<|im_start|>user\n{{content}}<|im_end|>\n<|im_start|>assistant\n",)
CHATML_SAID, CHATML_SYSTEM = ("{{content}}<|im_end|>\n",), ("<|im_start|>system\n{{content}}<|im_end|>\n",)
SLOTS = {
    "alpaca": SlotTemplate(
        ("### Instruction:\n{{content}}\n\n### Response:\n",), (WORDS, EOS, "\n\n"),
        default_system="Below is an instruction that describes a task. "
        "Write a response that appropriately completes the request.\n\n",
    ),
    "chatml": SlotTemplate(
        CHATML_USER, CHATML_SAID, CHATML_SYSTEM, stops=("<|im_end|>", "<|im_start|>"), replaces_eos=True,
        observation=("<|im_start|>tool\n{{content}}<|im_end|>\n<|im_start|>assistant\n",),
    ),
    "default": SlotTemplate(
        ("Human: {{content}}", EOS, "\nAssistant:"), (WORDS, EOS, "\n"), ("System: {{content}}", EOS, "\n")
    ),
    "gemma": SlotTemplate(
        ("<start_of_turn>user\n{{content}}<end_of_turn>\n<start_of_turn>model\n",), ("{{content}}<end_of_turn>\n",),
        ("{{content}}\n\n",), (BOS,), system_in_user=True, stops=("<end_of_turn>",), replaces_eos=True,
        observation=("<start_of_turn>tool\n{{content}}<end_of_turn>\n<start_of_turn>model\n",),
    ),
    "llama2": SlotTemplate(
        (BOS, "[INST] {{content}} [/INST]"), system=("<<SYS>>\n{{content}}\n<</SYS>>\n\n",), system_in_user=True
    ),
    "llama3": SlotTemplate(
        ("<|start_header_id|>user<|end_header_id|>\n\n{{content}}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",),
        ("{{content}}<|eot_id|>",), ("<|start_header_id|>system<|end_header_id|>\n\n{{content}}<|eot_id|>",), (BOS,),
        stops=("<|eot_id|>", "<|eom_id|>"), replaces_eos=True, tools=LLAMA3,
        observation=(
            "<|start_header_id|>ipython<|end_header_id|>\n\n{{content}}<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n",
        ),
    ),
    "mistral": SlotTemplate(
        ("[INST] {{content}}[/INST]",), (" {{content}}", EOS), ("{{content}}\n\n",), (BOS,), system_in_user=True,
        function=("[TOOL_CALLS] {{content}}", EOS),
        observation=("""[TOOL_RESULTS] {"content": {{content}}}[/TOOL_RESULTS]""",), tools=MISTRAL,
    ),
    "phi": SlotTemplate(
        ("<|user|>\n{{content}}<|end|>\n<|assistant|>\n",), ("{{content}}<|end|>\n",), ("<|system|>\n{{content}}<|end|>\n",),
        stops=("<|end|>",), replaces_eos=True,
    ),
    "qwen": SlotTemplate(
        CHATML_USER, CHATML_SAID, CHATML_SYSTEM,
        default_system="You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
        stops=("<|im_end|>",), replaces_eos=True, tools=QWEN,
        observation=(
            "<|im_start|>user\n<tool_response>\n{{content}}\n</tool_response><|im_end|>\n<|im_start|>assistant\n",
        ),
    ),
    "vicuna": SlotTemplate(
        ("USER: {{content}} ASSISTANT:",),
        default_system="A chat between a curious user and an artificial intelligence assistant. "
        "The assistant gives helpful, detailed, and polite answers to the user's questions.",
    ),
    "zephyr": SlotTemplate(
        ("<|user|>\n{{content}}", EOS, "<|assistant|>\n"), system=("<|system|>\n{{content}}", EOS),
        default_system="You are Zephyr, a helpful assistant.",
    ),
}  # fmt: skip

REFUSE_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('it takes no system turn') }}{% endif %}"
REFUSE_TURNS = (
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('question and answer must take turns') }}"
    "{% endif %}"
)
JINJA = {
    "alpaca": "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'system' and loop.first %}{{ message['content'] }}"
    "{% elif message['role'] == 'user' %}{{ '### Instruction:\n' + message['content'] }}"
    "{% elif message['role'] == 'assistant' %}{{ '### Response:\n' + message['content'] + eos_token }}{% endif %}"
    "{% if not loop.last %}{{ '\n\n' }}{% endif %}{% endfor %}",
    "chatml": "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}",
    "gemma": "{{ bos_token }}" + REFUSE_SYSTEM + "{% for message in messages %}" + REFUSE_TURNS +
    "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\n' + "
    "message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}",
    "llama3": "{% for message in messages %}{% if loop.first %}{{ bos_token }}{% endif %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}"
    "{% endfor %}",
    "mistral_v1": "{% if messages[0]['role'] == 'system' %}{% set first = messages[0]['content'] + '\n\n' %}"
    "{% set said = messages[1:] %}{% else %}{% set first = '' %}{% set said = messages %}{% endif %}{{ bos_token }}"
    "{% for message in said %}" + REFUSE_TURNS +
    "{% if message['role'] == 'user' %}{{ ' [INST] ' + (first if loop.first else '') + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}"
    "{% else %}{{ raise_exception('it takes no ' + message['role'] + ' turn') }}{% endif %}{% endfor %}",
    "phi_35": "{% for message in messages %}{% if message['role'] in ('system', 'user', 'assistant') %}"
    "{{ '<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n' }}{% endif %}{% endfor %}",
    "qwen_25": "{% if messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' }}{% endif %}"
    "{% for message in messages %}{% if message['role'] == 'tool' %}"
    "{% if loop.first or messages[loop.index0 - 1]['role'] != 'tool' %}{{ '<|im_start|>user' }}{% endif %}"
    "{{ '\n<tool_response>\n' + message['content'] + '\n</tool_response>' }}"
    "{% if loop.last or messages[loop.index0 + 1]['role'] != 'tool' %}{{ '<|im_end|>\n' }}{% endif %}{% else %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endif %}{% endfor %}",
}  # fmt: skip
BY_TRAINER: dict[str, tuple[str, ...]] = {LLAMA_FACTORY: tuple(SLOTS), AXOLOTL: tuple(JINJA)}
TEMPLATES = (OWN, *(f"{trainer}:{name}" for trainer, names in BY_TRAINER.items() for name in names))


def trainer_of(template: str) -> tuple[str, str]:
    """The trainer and its name of a template, two empty words for the tokenizer's own; `GamutError` for an unknown one."""
    if template not in TEMPLATES:
        raise GamutError(
            f"There is no template {template!r} here; use {OWN!r} (its own), {LLAMA_FACTORY}:NAME with "
            f"{', '.join(SLOTS)}, or {AXOLOTL}:NAME with {', '.join(JINJA)}."
        )
    trainer, _, name = template.partition(":")
    return (trainer, name) if name else ("", "")
