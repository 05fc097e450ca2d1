"""What a pilot found, as it lies beside an analysis: the fit card, the estimate, and afterwards what it really took."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from core.activations.estimate import Estimate
from core.activations.fit_card import FitCard, fit_card
from core.activations.refs import same_ref
from core.errors import GamutError
from core.files import write_json
from core.workspace import Workspace

PILOT, ACTUAL = "pilot.json", "actual.json"


@dataclass(frozen=True, slots=True)
class PilotReport:
    """A pilot of analysis `analysis`: what it rested on, how the pair fits, and what the whole will cost.

    Holds times of one machine, so it is no part of an analysis' content hash. `max_length`, `dtype` and `template` are the
    settings asked for. `seconds` is what the pilot itself took; `beside` says that another job was running, which makes the
    times too long.
    """

    analysis: str
    dataset: str
    model: str
    sae: str
    max_length: int | None
    dtype: str
    seed: int
    samples: int
    tokens: int
    seconds: float
    beside: bool
    fit: FitCard
    estimate: Estimate
    template: str = "auto"


@dataclass(frozen=True, slots=True)
class Actual:
    """What an analysis really took: seconds of all its runs, the most memory of any, and bytes on disk at the end.

    `stages`: seconds by what it was doing. A run that was killed counts up to the last note, at most seconds before.
    """

    seconds: float
    runs: int
    memory_bytes: int
    disk_bytes: int
    stages: dict[str, float]


def pilot_path(workspace: Workspace, analysis: str) -> Path:
    """Where the pilot of an analysis lies before there is an analysis."""
    return workspace.root / "pilots" / f"{analysis}.json"


def newest_report(
    workspace: Workspace, *, dataset: str, model: str, sae: str, max_length: int | None, template: str = "auto"
) -> PilotReport | None:  # fmt: skip
    """The newest pilot of these choices, told without reading model and SAE; None where there is none."""
    found = sorted(pilot_path(workspace, "x").parent.glob("[!.]*.json"), key=lambda path: path.stat().st_mtime_ns)
    for path in reversed(found):
        with suppress(GamutError):
            report = read_report(path)
            if report is None or (report.dataset, report.max_length, report.template) != (
                dataset,
                max_length,
                template,
            ):
                continue
            if same_ref(model, report.model) and same_ref(sae, report.sae):
                return report
    return None


def write_report(path: Path, report: PilotReport) -> None:
    write_json(path, asdict(report))


def read_report(path: Path) -> PilotReport | None:
    """The report in `path`, None where there is none."""
    if not path.is_file():
        return None
    try:
        said = json.loads(path.read_text())
        return PilotReport(**{**said, "fit": fit_card(said["fit"]), "estimate": Estimate(**said["estimate"])})
    except (ValueError, KeyError, TypeError, AttributeError):
        raise GamutError(
            f"{path} is damaged or of another version of Gamut; remove it and run the pilot again."
        ) from None


def write_actual(folder: Path, actual: Actual) -> None:
    write_json(folder / ACTUAL, asdict(actual))


def read_actual(folder: Path) -> Actual | None:
    """What the analysis in `folder` took, None where nobody measured."""
    path = folder / ACTUAL
    if not path.is_file():
        return None
    try:
        return Actual(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        return None  # of interest only: a damaged note must not close an analysis
