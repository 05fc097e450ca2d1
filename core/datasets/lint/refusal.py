"""Refusal boilerplate: answers in which a model speaks of itself instead of answering."""

from __future__ import annotations

import re

from core.datasets.lint.rule import Rule, answers
from core.datasets.sample import Turn

# Looked for where a sentence begins, within the beginning of an answer: further down or inside quotation marks it is a
# story, an example or a caution. Each language has "as an AI …" and "sorry, I cannot …"; verbs are named where "I cannot"
# alone would catch letters and stories ("I cannot wait to see you").
BEGINNING = 300  # characters of an answer
SENTENCE = r"(?:\A|(?<=[.!?。！？\n])\s*|(?<=[.!?] ))"
HELP = (
    r"(?:assist|help|provide|fulfil|fulfill|answer|comply|generate|create|write|produce|complete|engage|support|share|offer|"
    r"discuss|recommend|respond|continue|condone|encourage|browse|access|process|perform|view|find|make judg|determine|"
    r"see (?:any|the |images?|pictures?)|do (?:that|this|so)|translate|identify|analy[sz]e|locate|verify|guess|predict|give|"
    r"tell|edit|open|display|draw|play|understand|rate|compare|search|execute|read|listen|watch|hear|suggest|advise|speak|"
    r"judge|summari[sz]e|classify|be (?:of|able))"
)
SELF = (
    r"(?:an? )?(?:AI|A\.I\.|artificial intelligence|large language model|language model|virtual assistant|"
    r"machine learning model|computer program)"
)
CANNOT = r"(?: can'?t| can ?not| am not able to| am unable to|'m unable to|'m not able to)(?: \w+ly)?"
SORRY = r"(?:(?:I'?m |I am )?(?:so |very |truly )?sorry|I apologi[sz]e|my apologies|unfortunately|regrettably)"
BUT = r"[,;.]?\s*(?:but )?(?:unfortunately,? )?"
LACK = r" (?:do not|don't) have"
WHAT = r"(?:request|that|this|information|content|images?|pictures?|illegal|harmful|inappropriate|assistance)"
ENGLISH = (
    rf"{SORRY}?{BUT}as {SELF}\b",
    rf"{SORRY}{BUT}I(?:{CANNOT} {HELP}|{LACK} (?:access|the ability|personal|enough|the capability|any information))",
    rf"I{CANNOT} {HELP}\b.{{0,80}}\b{WHAT}\b",
    rf"I(?: am|'m) (?:just |only |sorry, (?:but )?I am )?{SELF}\b[^.!?\n]{{0,60}}"
    r"(?:\bcannot\b|can't|do not|don't|not able|unable|no personal|without)",
    rf"I{LACK} (?:personal|feelings|emotions|opinions|access to (?:real|current|the (?:internet|image|video))|"
    r"the (?:ability|capability) to)",
)
OTHERS = (
    r"(?:es tut mir leid|tut mir leid|leider)[,;.]?\s*(?:aber )?(?:ich kann|kann ich)\b[^.!?\n]{0,80}\b(?:nicht|keine?n?)\b",
    r"als (?:eine? )?(?:KI|künstliche Intelligenz|(?:großes |KI-)?Sprachmodell)\b",
    r"(?:lo siento|lamentablemente)[,;.]?\s*(?:pero )?(?:no puedo|como)\b",
    r"como (?:un |una )?(?:modelo de lenguaje|inteligencia artificial|IA|modelo de linguagem|modelo de IA)\b",
    r"(?:je suis désolée?|désolée?|malheureusement)[,;.]?\s*(?:mais )?je ne peux pas\b",
    r"en tant que? ?(?:qu')?(?:un |une )?(?:modèle de langage|intelligence artificielle|IA)\b",
    r"(?:desculpe|sinto muito|infelizmente)[,;.]?\s*(?:mas )?(?:eu )?não posso\b",
    r"(?:mi dispiace|purtroppo)[,;.]?\s*(?:ma )?non posso\b",
    r"come (?:un |una )?(?:modello (?:di linguaggio|linguistico)|intelligenza artificiale|IA)\b",
    r"(?:к сожалению|извините|простите)[,;.]?\s*(?:но )?я не могу\b|как (?:языковая модель|искусственный интеллект|ИИ)\b",
    r"(?:很抱歉|非常抱歉|抱歉|对不起|不好意思)[，,。！]?\s*(?:但是?)?(?:我|作为|由于我|您)[^。\n]{0,30}(?:无法|不能|没有|不具备|未提供)",
    r"(?:作为|身为|我是)(?:一个|一款|一名|个)?(?:AI|人工智能|大型?语言模型|语言模型|智能助手)[^。\n]{0,40}(?:无法|不能|没有|不具备|不会)",
    r"(?:申し訳(?:ありません|ございません)|すみません)[^。\n]{0,40}(?:できません|お答えできません)|(?:AI|言語モデル)として",
    r"(?:죄송합니다|죄송하지만)[^.\n]{0,40}(?:수 없|못)|(?:AI|인공지능|언어 모델)(?:로서|로써)",
    r"(?:عذر[اً]+|آسف|أعتذر)[^.\n]{0,40}(?:لا أستطيع|لا يمكنني)|بصفتي (?:نموذج|ذكاء)",
)
REFUSAL = re.compile(SENTENCE + "(?:" + "|".join((*ENGLISH, *OTHERS)) + ")", re.IGNORECASE)


def refusal(text: str) -> bool:
    """Whether an answer begins with refusal boilerplate."""
    return bool(REFUSAL.search(text.lstrip()[:BEGINNING].replace("’", "'")))


def _test(turns: tuple[Turn, ...]) -> bool:
    return any(refusal(text) for text in answers(turns))


RULE = Rule(
    "refusal",
    "Refusal boilerplate",
    f"A sentence within the first {BEGINNING} characters of an answer begins like “As an AI language model …”, “I'm sorry, but I "
    "can't …” or “I cannot assist with …”; ten more languages are known by their own words.",
    _test,
)
