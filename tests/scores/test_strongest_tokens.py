"""What a feature is called before anything has explained it."""

from core.scores.labels.strongest_tokens import NEVER, SHOWN, strongest_tokens, word_at
from core.store.analyses import open_analysis
from core.store.features import examples_of
from core.workspace import Workspace
from tests.made import FEATURES


def test_a_piece_is_shown_as_the_whole_word_it_is_part_of():
    texts = [" the", " un", "h", "app", "iness", ",", " yes"]
    said = [word_at(texts, at) for at in range(7)]
    assert said == ["the", *["unhappiness"] * 4, ",", "yes"]
    assert word_at(["a", "\n", "b"], 1) == "↵" and word_at(["a", " ", "b"], 1) == "␣" and word_at(["", "a"], 0) == "␣"


def test_the_strongest_tokens_of_many_features_equal_those_of_each(made: Workspace):
    analysis = open_analysis(made, "made")
    said = strongest_tokens(analysis, range(FEATURES))
    for feature in range(FEATURES):
        words: list[str] = []
        for example in examples_of(analysis, feature)[:8]:
            word = analysis.tokens_of(example.sample_id)[0][example.position].strip()
            words += [word] * (word not in words)
        assert said[feature] == "« " + " · ".join(words[:SHOWN]) + " »"
    assert strongest_tokens(analysis, []) == {} and strongest_tokens(analysis, [10**6]) == {10**6: NEVER}
