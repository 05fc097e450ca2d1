"""Which features a language model is asked about, in which questions, at what cost: the same for every face of the engine."""

from __future__ import annotations

from dataclasses import dataclass

from core.scores.hygiene import DEAD, DENSE, POSITION, SPECIAL, hygiene
from core.scores.labels.corpus import Corpus
from core.scores.labels.llm import features_to_ask
from core.scores.labels.measure_texts import corpus_of
from core.scores.labels.prompts import Cost, cost_of, prompts_for
from core.store.analyses import Analysis
from core.store.datasets import Dataset

LEFT_OUT = (DENSE, POSITION, SPECIAL, DEAD)  # kinds of features that nobody pays to have explained


@dataclass(frozen=True)
class Question:
    """What is to be asked: the features, the corpus that the questions are built from, and what they will cost."""

    features: tuple[int, ...]
    corpus: Corpus
    cost: Cost


def what_to_ask(analysis: Analysis, dataset: Dataset, model: str, most: int) -> Question:
    """The features of most samples that `model` has not answered for, at most `most` of them with those it has."""
    skipped = hygiene(analysis).any_of(LEFT_OUT).nonzero()[0].tolist()
    features = tuple(features_to_ask(analysis, model, most, left_out=skipped))
    corpus = corpus_of(analysis, dataset)
    return Question(features, corpus, cost_of(prompts_for(analysis, corpus, features)))
