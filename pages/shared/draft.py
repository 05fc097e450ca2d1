"""The selection being made: the choices on screen as the engine's own specification and budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from core.activations.refs import BUNDLED
from core.activations.trainer_templates import OWN, trainer_of
from core.errors import GamutError
from core.scores.feature_sets import Activity
from core.scores.trainer_rows import Counted
from core.selection.budget import TRAINED, Budget
from core.selection.methods.imported_ids import NAME as IMPORTED
from core.selection.methods.registry import find, parse_options
from core.selection.saved import Selection, load_selection
from core.selection.specification import RankingSpec, default_base
from core.store.datasets import Dataset
from core.store.pools import members_of
from core.workspace import Workspace
from pages.shared.constraint_choice import chosen_constraints, chosen_without, constraints_text
from pages.shared.draft_marks import draft_marks, hold_marks
from pages.shared.engine import Opened
from pages.shared.hand_over_choices import OF_ANSWERS
from pages.shared.state import RULES, choose, chosen, option_key

AUTO, QUANTILE, RAW = RULES


def draft_spec(opened: Opened, *, method: str | None = None) -> RankingSpec:
    """What is chosen now, or the same under another method: equal to what the command line makes of the same words."""
    method = method or chosen("method")
    marks = draft_marks(opened.workspace, opened.dataset)
    return RankingSpec(
        analysis=opened.analysis.id,
        method=method,
        options=_imported(opened.workspace) if method == IMPORTED else _options(method),
        span=chosen("span"),
        activity=_activity(),
        pins=marks.pins,
        bans=marks.bans,
        with_no_response=chosen("unanswered"),
        base=draft_base(opened.dataset),
        constraints=chosen_constraints(),
        without=chosen_without(),
    )


def draft_base(dataset: Dataset) -> tuple[str, ...]:
    """The members of the pool that count as trained on already: what is chosen, else those marked when it was joined."""
    whose, _, names = chosen("base").partition(":")
    if whose != dataset.content_hash[:8]:  # nothing chosen, or for another data set
        return default_base(dataset)
    members = {member.name for member in members_of(dataset)}
    return tuple(sorted(name for name in names.split(",") if name in members))


def base_choice(dataset_hash: str, names: Sequence[str]) -> str:
    """The base as a choice: it holds for the data set that it was chosen for, and for no other."""
    return f"{dataset_hash[:8]}:{','.join(sorted(names))}"


def _options(method: str) -> dict[str, Any]:
    """Only what differs from the defaults, as the specification wants it."""
    found = find(method)
    given = {field.name: chosen(option_key(method, field.name)) for field in fields(found.options)}
    parsed = parse_options(found, given)
    return {
        field.name: getattr(parsed, field.name) for field in fields(found.options) if given[field.name] != field.default
    }


def _imported(workspace: Workspace) -> dict[str, Any]:
    """The ids of the imported selection that was opened last: too many for an address, so they stay in its file."""
    if not chosen("imported"):
        raise GamutError("No imported selection is open: choose one in the sidebar, or another method.")
    saved = load_selection(workspace, chosen("imported"))
    if saved.spec.method != IMPORTED:
        raise GamutError(f"Selection {saved.name!r} was not imported; choose an imported one, or another method.")
    return dict(saved.spec.options)


def _activity() -> Activity:
    rule = chosen("rule")
    if rule == RAW:
        return Activity(mode="raw", theta=float(chosen("theta")))
    return Activity(quantile=float(chosen("quantile")) if rule == QUANTILE else None)


def draft_budget() -> Budget:
    """The budget in the unit chosen."""
    unit, amount = chosen("unit"), chosen("amount")
    if unit == "percent":
        return Budget(percent=float(amount))
    by_tokens = unit in ("tokens", TRAINED)
    counted = draft_counted() if unit == TRAINED else None
    return Budget(**{unit: int(amount)}, counted=counted, skip_to_fit=by_tokens and chosen("skip"))


def draft_counted() -> Counted | None:
    """How trained tokens are counted; None: those of the answers. A template of another trainer says nothing of this one."""
    trainer, template = chosen("counted"), chosen("trainer_template")
    if trainer == OF_ANSWERS:
        return None
    template = template if trainer_of(template)[0] in ("", trainer) else OWN
    cutoff, tokenizer = int(chosen("trainer_cutoff")), chosen("trainer_tokenizer").strip() or BUNDLED
    return Counted(trainer=trainer, tokenizer=tokenizer, template=template, cutoff=cutoff).keyed()


def load_draft(workspace: Workspace, saved: Selection) -> None:
    """Make the draft what a saved selection says, its constraints, pins and bans too."""
    hold_marks(workspace, saved)
    choose(constraints=constraints_text(saved.spec.constraints), without=",".join(saved.spec.without))
    choose(skip=saved.budget.skip_to_fit)
    rule = saved.spec.activity
    choose(
        method=saved.spec.method,
        span=saved.spec.span,
        unanswered=saved.spec.with_no_response,
        base=base_choice(saved.dataset_hash, saved.spec.base),
    )
    choose(unit=saved.budget.unit, amount=float(saved.budget.amount))
    if by := saved.budget.counted:
        choose(
            counted=by.trainer,
            trainer=by.trainer,
            trainer_tokenizer=by.tokenizer,
            trainer_template=by.template,
            trainer_cutoff=by.cutoff,
        )
    elif saved.budget.unit == TRAINED:
        choose(counted=OF_ANSWERS)
    choose(rule=RAW if rule.mode == "raw" else AUTO if rule.quantile is None else QUANTILE)
    choose(theta=rule.theta, **({} if rule.quantile is None else {"quantile": rule.quantile}))
    method = find(saved.spec.method)
    if method.name == IMPORTED:
        choose(imported=saved.name)
        return
    choose(
        **{
            option_key(method.name, field.name): saved.spec.options.get(field.name, field.default)
            for field in fields(method.options)
        }
    )
