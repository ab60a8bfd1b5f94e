"""Slow plain-Python versions of synapses with variables: each by its definition, without traces.

Times are steps. A synapse is told of its spikes in the order in which they reach it; what a spike
does follows from the distances to all spikes of the other side that came before it.
"""

from math import exp, floor

import numpy as np
from scipy.linalg import expm


def dendritic_steps(fraction, delay):
    """Return what part of a delay is after the synapse, to the nearest step, halves up."""
    return floor(fraction * delay + 0.5)


class Weight:
    """The weight of one synapse from the spikes of both sides.

    Parameters
    ----------
    rule : callable
        ``rule(weight, sum_of_pairs, is_post)`` returns the weight after a spike; see `pair_rule`.
    taus : tuple of 2 float
        Time constants [steps] for pairs that a spike of the target, of the source, ends.
    delay, dendritic : int
    weight : float

    Attributes
    ----------
    changes : list of (step, weight)
        After each spike that reached the synapse, or setting.
    transmitted : list of (step, weight)
        What arrived at the target.
    """

    def __init__(self, rule, taus, delay, dendritic, weight):
        self.rule, self.taus = rule, taus
        self.delay, self.dendritic = delay, dendritic
        self.changes = [(-1, weight)]
        self.transmitted = []
        self._past = {True: [], False: []}

    def run(self, pre, post, settings=()):
        """Take all spikes; `settings` are (step, weight or rule): set when that step is over.

        Returns
        -------
        Weight
        """
        to_synapse = self.delay - self.dendritic
        # where there is a dendrite, the target's spike is the first of those that meet
        order = (1, 0) if self.dendritic > 0 else (0, 1)
        events = [(step + to_synapse, order[0], "pre", None) for step in pre]
        events += [(step + self.dendritic, order[1], "post", None) for step in post]
        events += [(step, 2, "set", value) for step, value in settings]
        for step, _, kind, value in sorted(events, key=lambda event: event[:2]):
            if callable(value):
                self.rule = value
            elif kind == "set":
                self.changes.append((step, value))
            else:
                self._spike(step, kind == "post")
        return self

    def _spike(self, step, is_post):
        tau = self.taus[0 if is_post else 1]
        pairs = sum(exp(-(step - past) / tau) for past in self._past[not is_post] if past < step)
        weight = self.rule(self.changes[-1][1], pairs, is_post)
        self._past[is_post].append(step)
        self.changes.append((step, weight))
        if not is_post:
            self.transmitted.append((step + self.dendritic, weight))

    def at(self, step):
        """Return the weight after a step."""
        return [weight for changed, weight in self.changes if changed <= step][-1]


def pair_rule(dependence, A_plus, A_minus, w_min, w_max, mu_plus=None, mu_minus=None):
    """Return the rule of a weight dependence, by PyNN's name."""

    def bounded(weight):
        return max(w_min, min(w_max, weight))

    def rule(weight, pairs, is_post):
        is_additive = dependence.startswith("Additive")
        if is_post:
            if is_additive:
                return bounded(weight + w_max * A_plus * pairs)
            if dependence.startswith("Gutig"):
                return bounded(weight + w_max * A_plus * pairs * (1 - weight / w_max) ** mu_plus)
            return bounded(weight + (w_max - weight) * A_plus * pairs)
        if dependence == "AdditiveWeightDependence":
            return bounded(weight - w_max * A_minus * pairs)
        if dependence.startswith("Gutig"):
            size = ((weight - w_min) / w_max) ** mu_minus
            return bounded(weight - w_max * A_minus * pairs * size)
        return bounded(weight - (weight - w_min) * A_minus * pairs)

    return rule


def vogels_rule(eta, rho, tau, w_min, w_max):
    """Return the inhibitory rule; `tau` and `rho` in the same unit of time."""

    def rule(weight, pairs, is_post):
        change = eta * (pairs if is_post else pairs - 2 * rho * tau)
        return max(w_min, min(w_max, weight + change))

    return rule


def tsodyks_markram(pre, dt, U, tau_rec, tau_facil, tau_psc):
    """Return (u, x, y, part of the weight that is transmitted) after each spike of the source.

    Unlike the kernel, by the exponential of the matrix of the linear equations for x, y, z.

    Parameters
    ----------
    pre : list of int
        Steps in which spikes reach the synapse.
    dt : float
        [ms]; so are the time constants.
    U, tau_rec, tau_facil, tau_psc : float or sequence of float
        One for all, or for each spike, also for the time before it.
    """
    x, y, z, u, last = 1.0, 0.0, 0.0, 0.0, None
    course = []
    constants = np.broadcast_arrays(pre, U, tau_rec, tau_facil, tau_psc)[1:]
    for step, use, tau_rec, tau_facil, tau_psc in zip(pre, *constants, strict=True):
        rec, psc = 1 / tau_rec, 1 / tau_psc
        rates = np.array([[0.0, 0.0, rec], [0.0, -psc, 0.0], [0.0, psc, -rec]])
        elapsed = (step - last) * dt if last is not None else 0.0
        x, y, z = expm(rates * elapsed) @ (x, y, z)
        u *= exp(-elapsed / tau_facil) if tau_facil > 0 else 0.0
        last = step
        u += use * (1 - u)
        released = u * x
        x, y = x - released, y + released
        course.append((u, x, y, released))
    return course
