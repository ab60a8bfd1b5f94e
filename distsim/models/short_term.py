"""Synapses whose efficacy depends on past spikes of the source, or on chance.

References
----------
.. [1] M. Tsodyks, A. Uziel and H. Markram, "Synchrony generation in recurrent networks with
   frequency-dependent synapses", J. Neurosci. 20, RC50 (2000).
.. [2] G. Fuhrmann, I. Segev, H. Markram and M. Tsodyks, "Coding of temporal information by
   activity-dependent synapses", J. Neurophysiol. 87, 140-148 (2002).
.. [3] C. Loebel, G. Silberberg, D. Helbig, H. Markram, M. Tsodyks and M. J. E. Richardson,
   "Multiquantal release underlies the distribution of synaptic efficacies in the neocortex",
   Front. Comput. Neurosci. 3, 27 (2009).
"""

import math

from distsim.models.cell_model import Bound, Parameter, State
from distsim.models.synapse_model import synapse_model

__all__ = ["MULTI_QUANTAL", "SIMPLE_STOCHASTIC", "STOCHASTIC_TSODYKS_MARKRAM", "TSODYKS_MARKRAM"]


def _use(default: float = 0.5) -> Parameter:
    return Parameter("U", "", default, "part of the resources that a spike uses", Bound.PART)


def _times(recovery: float = 100.0) -> tuple[Parameter, ...]:
    return (
        Parameter("tau_rec", "ms", recovery, "time constant of recovery", Bound.POSITIVE),
        Parameter(
            "tau_facil", "ms", 0.0, "time constant of facilitation; 0: none", Bound.NOT_NEGATIVE
        ),
    )


def _left(elapsed, tau):
    """Return what is left after some time of what decays exponentially; nothing if tau is 0."""
    return math.exp(-elapsed / tau) if tau > 0.0 else 0.0


def _through_inactive(elapsed, recovered, active, tau_rec, tau_psc):
    """Return what part of the active resources is recovered after some time."""
    if abs(tau_psc - tau_rec) > 1e-7 * tau_rec:
        return ((recovered - 1.0) * tau_rec - (active - 1.0) * tau_psc) / (tau_psc - tau_rec)
    # the limit of equal time constants
    return 1.0 - recovered * (1.0 + elapsed / tau_rec)


def _release(u, x, y, U, tau_rec, tau_facil, tau_psc, elapsed):
    """Return utilisation, resources, active ones, and what is released, as NEST solves [1]_."""
    recovered, active = _left(elapsed, tau_rec), _left(elapsed, tau_psc)
    x += (1.0 - recovered) * (1.0 - x - y)
    if y > 0.0:
        x += _through_inactive(elapsed, recovered, active, tau_rec, tau_psc) * y
    y *= active
    u *= _left(elapsed, tau_facil)
    u += U * (1.0 - u)
    released = u * x
    return u, x - released, y + released, released


def _transmit(weight, released):
    return weight, weight * released


TSODYKS_MARKRAM = synapse_model(
    "TsodyksMarkramSynapse",
    (_use(), *_times()),
    source_states=(
        State("u", "", 0.0),
        State("x", "", 1.0),
        State("y", "", 0.0),
        State("released", "", 0.0),
    ),
    release=_release,
    arrive=_transmit,
    title="Synapse with facilitation and depression.",
    source="Tsodyks, Uziel and Markram (2000), J. Neurosci. 20:RC50",
    equations=(
        "dx/dt = z / tau_rec, dy/dt = -y / tau_psc, z = 1 - x - y, du/dt = -u / tau_facil",
        "a spike: u += U (1 - u), then u x goes from x to y, and weight u x is transmitted",
        "tau_psc is the target's time constant of this receptor type",
    ),
)


def _transmit_by_chance(weight, p, uniform):
    return weight, weight if uniform < p else 0.0


SIMPLE_STOCHASTIC = synapse_model(
    "SimpleStochasticSynapse",
    (Parameter("p", "", 0.5, "probability that a spike is transmitted", Bound.PART),),
    arrive=_transmit_by_chance,
    title="Synapse that transmits each spike with a probability.",
    equations=("a spike: weight is transmitted with probability p",),
)


def _arrive_stochastic(weight, u, r, U, tau_rec, tau_facil, elapsed, uniform, uniform_2):
    # one release site: r is 1 if its vesicle is there, as it is again at a rate 1 / tau_rec
    u *= _left(elapsed, tau_facil)
    u += U * (1.0 - u)
    if r < 1.0 and uniform < 1.0 - _left(elapsed, tau_rec):
        r = 1.0
    transmitted = 0.0
    if r >= 1.0 and uniform_2 < u:
        r, transmitted = 0.0, weight
    return weight, u, r, transmitted


STOCHASTIC_TSODYKS_MARKRAM = synapse_model(
    "StochasticTsodyksMarkramSynapse",
    (_use(), *_times()),
    (State("u", "", 0.0), State("r", "", 1.0)),
    arrive=_arrive_stochastic,
    title="Synapse with facilitation and depression that has one vesicle.",
    source="Fuhrmann et al. (2002), J. Neurophysiol. 87:140",
    equations=(
        "du/dt = -u / tau_facil; a missing vesicle comes back at a rate 1 / tau_rec",
        "a spike: u += U (1 - u); a vesicle that is there is released with probability u,",
        "and weight is transmitted",
    ),
)


def _binomial(n, p, uniform):
    """Return a number of successes, by inverting the distribution function."""
    if p >= 1.0:
        return n
    if p <= 0.0:
        return 0.0
    # the smaller tail first, so that no term underflows early
    is_swapped = p > 0.5
    q = 1.0 - p if is_swapped else p
    term, k = (1.0 - q) ** n, 0.0
    below = term
    while uniform > below and k < n:
        k += 1.0
        term *= (n - k + 1.0) / k * q / (1.0 - q)
        below += term
    return n - k if is_swapped else k


def _arrive_quantal(weight, u, a, n, U, tau_rec, tau_facil, elapsed, uniform, uniform_2):
    # a: release sites that are ready
    u *= _left(elapsed, tau_facil)
    u += U * (1.0 - u)
    a = min(a, n)
    if elapsed < math.inf:
        a += _binomial(n - a, 1.0 - _left(elapsed, tau_rec), uniform)
    else:
        a = n
    released = _binomial(a, u, uniform_2)
    return weight, u, a - released, weight * released / n


MULTI_QUANTAL = synapse_model(
    "MultiQuantalSynapse",
    (
        _use(),
        Parameter("n", "", 1.0, "number of release sites", Bound.POSITIVE),
        *_times(800.0),
    ),
    (State("u", "", 0.0), State("a", "", 1.0)),
    arrive=_arrive_quantal,
    title="Synapse with facilitation and depression that has several release sites.",
    source="Loebel et al. (2009), Front. Comput. Neurosci. 3:27",
    equations=(
        "du/dt = -u / tau_facil; each empty site is filled at a rate 1 / tau_rec",
        "a spike: u += U (1 - u); each site that is ready releases with probability u,",
        "and weight times the part of all sites that release is transmitted",
    ),
)
