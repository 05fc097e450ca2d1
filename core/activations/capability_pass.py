"""Run the samples of a capability, and as many random ones, through the model that an analysis was made with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.activations.analyse import Pass, usable_threads
from core.activations.ends import Ends, Stop, read_ends
from core.activations.identity import AnalysisIdentity
from core.activations.profile import Profile, read_profile
from core.datasets.sample import Turn

Conversations = list[tuple[Turn, ...]]


@dataclass(frozen=True, eq=False)
class CapabilityStates:
    """The ends of both sets by site, and what decided their tokens; `null` is empty where no random samples were asked for."""

    own: dict[str, Ends]
    profile: Profile
    null: dict[str, Ends]
    max_length: int
    template: str


def read_capability_states(
    identity: AnalysisIdentity, own: Conversations, null: Conversations, *, progress: Callable[[int, int, str], None],
    stop: Stop,
) -> CapabilityStates:  # fmt: skip
    """Read the states of both sets. Raises `Cancelled` when `stop()` turns true."""
    progress(0, 0, "loading the model")
    machine = Pass(identity, threads=usable_threads())

    def profile(conversations: Conversations) -> Profile:
        tokens = machine.tokenise(iter(conversations))
        note = "reading its features"
        return read_profile(
            machine, tokens, identity.settings, progress=lambda done, total: progress(done, total, note), stop=stop
        )

    def run(conversations: Conversations, note: str) -> dict[str, Ends]:
        if not conversations:
            return {}
        tokens = machine.tokenise(iter(conversations))
        return read_ends(
            machine, tokens, identity.settings, progress=lambda done, total: progress(done, total, note), stop=stop
        )

    return CapabilityStates(
        own=run(own, "reading its samples"),
        profile=profile(own),
        null=run(null, "reading random samples"),
        max_length=machine.max_length,
        template="chat template of the tokenizer" if machine.model.tokenizer.chat_template else "plain",
    )
