"""Synapses with variables as code that Brian runs when a spike of either side arrives.

As on the native engine a synapse is looked at when a spike of its source arrives at the target. A
dendritic part e of a delay is a lag of 2 e after which a synapse sees a spike of its target: then
both are as far from each other as at the synapse, and the weight that is transmitted is that of the
time when the spike was there. With no lag, Brian hands on a spike of the target a step late; its
code counts with the step of the spike.
"""

from typing import NamedTuple

from distsim.models.short_term import (
    SIMPLE_STOCHASTIC,
    STOCHASTIC_TSODYKS_MARKRAM,
    TSODYKS_MARKRAM,
)
from distsim.models.stdp import DEPENDENCES, stdp_model
from distsim.models.synapse_model import SynapseModel

__all__ = ["SYNAPSES", "BrianSynapse"]

# of each synapse; steps count from the beginning
LEARNING = """
weight : 1
x : 1
x_before : 1
source_step : integer
y : 1
y_before : 1
target_step : integer
late : integer
"""
NOW = "now_step = timestep(t, dt) + 1\n"
# a trace as the other side sees it: not what meets it at the synapse
SEEN = """
since = (now_step - {last}) * dt / ms
seen = int(since == 0) * {trace}_before + int(since > 0) * {trace} * exp(-since / {tau})
"""
NOTED = """
{trace}_before = {trace} * exp(-(now_step - {last}) * dt / ms / {tau})
{trace} = {trace}_before + 1
{last} = now_step
"""
TRANSMIT = "{input}_post += weight\n"
# how weights rise and fall, by the names of dependences
FACTORS = {
    "AdditiveWeightDependence": ("w_max", "w_max"),
    "MultiplicativeWeightDependence": ("(w_max - weight)", "(weight - w_min)"),
    "AdditivePotentiationMultiplicativeDepression": ("w_max", "(weight - w_min)"),
    "GutigWeightDependence": (
        "w_max * clip(1 - weight / w_max, 0, inf)**mu_plus",
        "w_max * clip((weight - w_min) / w_max, 0, inf)**mu_minus",
    ),
}
RELEASING = """
weight : 1
u : 1
x : 1
y : 1
released : 1
source_step : integer
"""
ELAPSED = "elapsed = (now_step - source_step) * dt / ms\n"
# no time constant: nothing is left
FACILITATE = """
u = u * int(tau_facil > 0) * exp(-elapsed / clip(tau_facil, 1e-12, inf))
u = u + U * (1 - u)
"""
RELEASE = """
recovered = exp(-elapsed / tau_rec)
active = exp(-elapsed / clip(tau_psc, 1e-12, inf))
inactive = 1 - x - y
x = x + ((recovered - 1) * tau_rec - (active - 1) * tau_psc) / (tau_psc - tau_rec) * y
x = x + (1 - recovered) * inactive
y = y * active
"""
RELEASED = """
released = u * x
x = x - released
y = y + released
source_step = now_step
{input}_post += weight * released
"""
VESICLE = """
weight : 1
u : 1
r : 1
source_step : integer
"""
BY_VESICLE = """
r = clip(r + int(rand() < 1 - exp(-elapsed / tau_rec)), 0, 1)
given = r * int(rand() < u)
r = r - given
source_step = now_step
{input}_post += weight * given
"""


class BrianSynapse(NamedTuple):
    """What Brian runs for a synapse model.

    Attributes
    ----------
    variables : str
        Of each synapse, beside its parameters.
    on_pre, on_post : str
        What a spike of each side does; `{input}` is the variable of the target that is raised.
    exponents : tuple of 2 (str or float)
        Of `Learning.rules`: numbers or parameters.
    """

    variables: str
    on_pre: str
    on_post: str = ""
    exponents: tuple[str | float, str | float] = (0.0, 0.0)

    def equations(self, model: SynapseModel) -> str:
        """Return the variables and parameters of each synapse."""
        names = [*model.parameter_names, *(["tau_psc"] if "tau_psc" in self.on_pre else [])]
        return self.variables + "\n".join(f"{name} : 1" for name in names)


def _learning(rise: str, fall: str, tau_plus: str, tau_minus: str) -> tuple[str, str, str]:
    """Return variables and code of a rule, given what spikes of each side change."""
    see_post = SEEN.format(last="target_step", trace="y", tau=tau_minus)
    see_pre = SEEN.format(last="source_step", trace="x", tau=tau_plus)
    note_pre = NOTED.format(last="source_step", trace="x", tau=tau_plus)
    note_post = NOTED.format(last="target_step", trace="y", tau=tau_minus)
    return (
        LEARNING,
        f"{NOW}{see_post}weight = clip(weight {fall}, w_min, w_max)\n{TRANSMIT}{note_pre}",
        f"now_step = timestep(t, dt) + 1 - late\n{see_pre}"
        f"weight = clip(weight {rise}, w_min, w_max)\n{note_post}",
    )


def _pair(dependence: str) -> BrianSynapse:
    plus, minus = FACTORS[dependence]
    exponents: dict[str, tuple[str | float, str | float]] = {
        "MultiplicativeWeightDependence": (1.0, 1.0),
        "AdditivePotentiationMultiplicativeDepression": (0.0, 1.0),
        "GutigWeightDependence": ("mu_plus", "mu_minus"),
    }
    return BrianSynapse(
        *_learning(
            f"+ A_plus * seen * {plus}", f"- A_minus * seen * {minus}", "tau_plus", "tau_minus"
        ),
        exponents.get(dependence, (0.0, 0.0)),
    )


SYNAPSES: dict[SynapseModel, BrianSynapse] = {
    **{stdp_model("SpikePairRule", dependence): _pair(dependence) for dependence in DEPENDENCES},
    stdp_model("Vogels2011Rule", "AdditiveWeightDependence"): BrianSynapse(
        *_learning("+ eta * seen", "+ eta * (seen - 2 * rho * tau)", "tau", "tau")
    ),
    TSODYKS_MARKRAM: BrianSynapse(RELEASING, NOW + ELAPSED + FACILITATE + RELEASE + RELEASED),
    SIMPLE_STOCHASTIC: BrianSynapse("weight : 1\n", "{input}_post += weight * int(rand() < p)"),
    STOCHASTIC_TSODYKS_MARKRAM: BrianSynapse(VESICLE, NOW + ELAPSED + FACILITATE + BY_VESICLE),
}
