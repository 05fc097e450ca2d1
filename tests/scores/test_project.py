"""What a projection pass is said to take before it is made."""

import json

import pytest

from core.activations.pilot_report import ACTUAL
from core.scores.project import READING, estimate_projection
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from tests.made import made_analysis
from tests.made_capabilities import made_capability


def test_the_time_of_a_pass_goes_by_the_analysis_itself_else_by_the_median_of_the_others(made):
    dataset, one = Dataset(made, "made"), made_capability(made, "maths")
    analysis = open_analysis(made, "made")
    tokens = int(analysis.counts.tokens.sum())
    assert estimate_projection(made, analysis, [one]).seconds is None
    for number, seconds in enumerate((2.0, 4.0, 900.0)):  # the last while the machine was busy
        other = made_analysis(made, dataset, id=f"{number}" * 16)
        (other.folder / ACTUAL).write_text(actual(seconds))
    assert estimate_projection(made, analysis, [one]).seconds == pytest.approx(4.0)
    (analysis.folder / ACTUAL).write_text(actual(7.0))
    found = estimate_projection(made, analysis, [one])
    assert found.seconds == pytest.approx(7.0) and found.tokens == tokens


def actual(seconds: float) -> str:
    """What is kept of the time that an analysis took."""
    return json.dumps({"seconds": seconds, "stages": {READING: seconds}, "runs": 1, "disk_bytes": 1, "memory_bytes": 1})
