"""How well an SAE fits a model on the user's own text: the figures, and the sentence they come to."""

from dataclasses import dataclass, field

EV_LOW = 0.6
RECOVERED_LOW = 0.8
L0_FACTOR = 2.0
MASSIVE_HIGH = 0.01
CUT_HIGH = 0.1
MASSIVE = 10  # a token is massive when its norm exceeds this many times the median norm
THRESHOLDS = (
    f"A fit is called poor when explained variance is below {EV_LOW}, the loss recovered below {RECOVERED_LOW}, "
    f"or the active features of a token are off the SAE's own number by more than {L0_FACTOR:g} times."
)


@dataclass(frozen=True, slots=True)
class Fit:
    """Fit over one group of tokens (all, or those of a role, language or position); None where not defined.

    `tokens` scored tokens were encoded: `explained_variance` is 1 − Σ‖x − x̂‖² / Σ‖x − mean of the group‖² over all
    dimensions at once, `l0_mean` and `l0_median` the active features of a token. The losses are mean nats of
    `loss_tokens` predicted tokens: as the model is, with the SAE's reconstruction in place of the residual, and with
    zeros or the mean residual there.
    """

    group: str
    tokens: int
    explained_variance: float | None
    l0_mean: float
    l0_median: float
    loss_tokens: int = 0
    loss_clean: float | None = None
    loss_spliced: float | None = None
    loss_zero: float | None = None
    loss_mean: float | None = None

    @property
    def loss_recovered(self) -> float | None:
        """(zero − spliced) / (zero − clean): 1 as good as the model itself, 0 no better than silence at the hook."""
        return _share(self.loss_clean, self.loss_spliced, self.loss_zero)

    @property
    def loss_recovered_from_mean(self) -> float | None:
        """The same beside the mean residual, a harder yardstick than zeros."""
        return _share(self.loss_clean, self.loss_spliced, self.loss_mean)


def _share(clean: float | None, spliced: float | None, ablated: float | None) -> float | None:
    if clean is None or spliced is None or ablated is None or ablated <= clean:
        return None
    return (ablated - spliced) / (ablated - clean)


@dataclass(frozen=True, slots=True)
class FitCard:
    """The fit of a model and an SAE on `samples` samples of a data set.

    `dead` of `features` were never active in `whole.tokens` tokens. `l0_own` is the SAE's own number (its k, or the one
    its card tells), None where it tells none. `massive` tokens have a norm above ten times the median; leaving them out,
    the explained variance is `ordinary_variance`. Of the samples, `cut_samples` lost `cut_tokens` of `all_tokens` at the
    context length. `groups` are the fits by role, language and position. `cautions` are sentences known beforehand.
    """

    samples: int
    features: int
    whole: Fit
    dead: int
    l0_own: float | None
    massive: int
    ordinary_variance: float | None
    cut_samples: int
    cut_tokens: int
    all_tokens: int
    groups: dict[str, list[Fit]] = field(default_factory=dict)
    cautions: tuple[str, ...] = ()

    @property
    def poor(self) -> list[str]:
        """What makes the fit poor by the thresholds, as clauses; empty where nothing does."""
        whole, said = self.whole, []
        if whole.explained_variance is not None and whole.explained_variance < EV_LOW:
            said.append(f"it explains {whole.explained_variance:.2f} of the variance (below {EV_LOW})")
        recovered = whole.loss_recovered
        if recovered is not None and recovered < RECOVERED_LOW:
            said.append(f"spliced in it recovers {recovered:.2f} of the loss (below {RECOVERED_LOW})")
        if self.l0_own and not 1 / L0_FACTOR <= whole.l0_mean / self.l0_own <= L0_FACTOR:
            said.append(
                f"a token has {whole.l0_mean:.3g} active features where the SAE's own number is {self.l0_own:g}"
            )
        return said

    @property
    def notes(self) -> list[str]:
        """Sentences on what does not make a fit poor but should be known."""
        said = list(self.cautions)
        if self.whole.tokens and self.massive > MASSIVE_HIGH * self.whole.tokens:
            said.append(
                f"{100 * self.massive / self.whole.tokens:.3g} % of the tokens have a norm above {MASSIVE} times the median."
            )
        if self.samples and self.cut_samples > CUT_HIGH * self.samples:
            said.append(
                f"{100 * self.cut_samples / self.samples:.3g} % of the samples are longer than the context "
                f"and lose {100 * self.cut_tokens / self.all_tokens:.3g} % of all tokens."
            )
        return said

    @property
    def verdict(self) -> str:
        """The fit in one sentence."""
        if not self.whole.tokens:
            return "The pilot met no token to score, so nothing is known of the fit."
        if self.poor:
            return f"This SAE fits this model poorly on this text: {'; '.join(self.poor)}."
        return (
            "No sign of a poor fit: explained variance, loss recovered and active features a token are within bounds."
        )


def fit_card(said: dict) -> FitCard:
    """The card that `dataclasses.asdict` made plain values of."""
    groups = {kind: [Fit(**fit) for fit in fits] for kind, fits in said["groups"].items()}
    return FitCard(**{**said, "whole": Fit(**said["whole"]), "groups": groups, "cautions": tuple(said["cautions"])})
