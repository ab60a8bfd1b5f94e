"""Models without an exact solution, against one at a tolerance of 1e-12, and against NEST."""

from math import e, exp
from typing import NamedTuple

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import distsim as sim

# a spike that arrives at 3 ms
ARRIVAL = 3.0
# to which errors are compared: NEST's tolerance of its own [mV]
NEST_TOLERANCE = 1e-3


class Case(NamedTuple):
    """A cell that is driven towards its first spike; `slopes(p, g)` returns its equations."""

    slopes: object
    changed: dict
    begin: list
    weight: float
    end: float
    order: float


def adaptive_exponential(p, g):
    def slopes(t, y):
        v, w = min(y[0], p["v_spike"]), y[1]
        g_leak, delta = p["cm"] / p["tau_m"], p["delta_T"]
        spike = g_leak * delta * exp((v - p["v_thresh"]) / delta) if delta else 0.0
        current = g_leak * (p["v_rest"] - v) + spike - w + p["i_offset"] + g(t) * (p["e_rev_E"] - v)
        return [current / p["cm"], (1e-3 * p["a"] * (v - p["v_rest"]) - w) / p["tau_w"]]

    return slopes


def two_more_conductances(p, g):
    def slopes(t, y):
        current = p["i_offset"] + g(t) * (p["e_rev_E"] - y[0])
        return [(p["v_rest"] - y[0]) / p["tau_m"] + current / p["cm"]]

    return slopes


def hardware(p, g):
    def slopes(t, y):
        return [(1e-3 * p["g_leak"] * (p["v_rest"] - y[0]) + g(t) * (0.0 - y[0])) / 0.2]

    return slopes


def hodgkin_huxley(p, g):
    def rate(x, width):
        return x / np.expm1(x / width)

    def slopes(t, y):
        v, m, h, n = y
        x = v - p["v_offset"]
        opening = 0.32 * rate(13 - x, 4), 0.128 * exp((17 - x) / 18), 0.032 * rate(15 - x, 5)
        closing = 0.28 * rate(x - 40, 5), 4 / (1 + exp((40 - x) / 5)), 0.5 * exp((10 - x) / 40)
        current = p["gbar_Na"] * m**3 * h * (p["e_rev_Na"] - v) + p["i_offset"]
        current += p["gbar_K"] * n**4 * (p["e_rev_K"] - v) + p["g_leak"] * (p["e_rev_leak"] - v)
        current += g(t) * (p["e_rev_E"] - v)
        gates = zip(opening, closing, (m, h, n), strict=True)
        return [current / p["cm"], *(a * (1 - gate) - b * gate for a, b, gate in gates)]

    return slopes


def izhikevich(p, g):
    def slopes(t, y):
        v, u = y
        dv = 0.04 * v**2 + 5.0 * v + 140.0 - u + 1000.0 * p["i_offset"]
        return [dv, p["a"] * (p["b"] * v - u)]

    return slopes


CASES = {
    "EIF_cond_exp_isfa_ista": Case(
        adaptive_exponential, {"i_offset": 0.9}, [-70.6, 0.0], 0.01, 9.0, 4
    ),
    "EIF_cond_alpha_isfa_ista": Case(
        adaptive_exponential, {"i_offset": 0.6}, [-70.6, 0.0], 0.01, 12.0, 4
    ),
    "EIF_cond_exp_isfa_ista, delta_T = 0": Case(
        adaptive_exponential, {"i_offset": 0.9, "delta_T": 0.0}, [-70.6, 0.0], 0.01, 6.0, 4
    ),
    "IF_cond_exp_gsfa_grr": Case(two_more_conductances, {"i_offset": 0.9}, [-65.0], 0.02, 14.0, 4),
    "HH_cond_exp": Case(hodgkin_huxley, {"i_offset": 0.5}, [-65.0, 0.0, 1.0, 0.0], 0.02, 15.0, 4),
    "IF_facets_hardware1": Case(hardware, {"tau_syn_E": 5.0}, [-65.0], 0.008, 9.0, 4),
    "GIF_cond_exp": Case(
        two_more_conductances, {"i_offset": 0.9, "lambda0": 0.0}, [-65.0], 0.02, 14.0, 4
    ),
    "Izhikevich": Case(izhikevich, {"i_offset": 0.006}, [-70.0, -14.0], 0.0, 5.0, 4),
}


def course(name, dt, engine="native"):
    """Return v at each step, and the spikes."""
    case, kind = CASES[name], getattr(sim, name.partition(",")[0])
    sim.setup(timestep=dt, engine=engine, log=False, progress=False)
    cell = sim.Population(1, kind(**case.changed))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[ARRIVAL - 1.0]))
    synapse = sim.StaticSynapse(weight=case.weight, delay=1.0)
    if case.weight:
        sim.Projection(source, cell, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    cell.record(["v", "spikes"])
    sim.run(case.end)
    segment = cell.get_data().segments[0]
    return segment.analogsignals[0].magnitude[:, 0], segment.spiketrains[0].magnitude


def exact(name, dt):
    """Return v at each step, by a method of order 8 at a tolerance of 1e-12."""
    case, kind = CASES[name], getattr(sim, name.partition(",")[0])
    p = {**kind.default_parameters, **case.changed}
    weight = float(np.float32(case.weight))

    def g(t):
        s = (t - ARRIVAL) / p["tau_syn_E"] if weight else -1.0
        if s < 0:
            return 0.0
        return weight * (e * s if "alpha" in name else 1.0) * exp(-s)

    slopes, steps = case.slopes(p, g), np.arange(round(case.end / dt) + 1)
    tight = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-12}
    n_before = round(ARRIVAL / dt) + 1
    parts, begin = [], case.begin
    for first, last, some in (
        (0.0, ARRIVAL, steps[:n_before]),
        (ARRIVAL, case.end, steps[n_before:]),
    ):
        found = solve_ivp(
            slopes, (first, last), begin, t_eval=(some * dt).clip(first, last), **tight
        )
        parts.append(found.y[0])
        begin = found.y[:, -1]
    return np.concatenate(parts)


def error(name, dt, engine="native"):
    """Return the largest error of v [mV] up to the end, or two steps of 0.1 ms before a spike."""
    v, spikes = course(name, dt, engine)
    n = v.size if not spikes.size else round((spikes[0] - 0.2) / dt)
    assert n > 10
    return abs(v[:n] - exact(name, dt)[:n]).max()


@pytest.mark.parametrize("name", CASES)
def test_v_is_at_least_as_exact_as_nests_tolerance(name):
    assert error(name, 0.1) < NEST_TOLERANCE
    assert error(name, 0.05) < NEST_TOLERANCE


@pytest.mark.parametrize("name", CASES)
def test_the_error_falls_with_the_order_of_the_method(name):
    steps = np.array([0.1, 0.05, 0.025])
    if name == "HH_cond_exp":
        # which longer steps are divided into
        steps = steps / 8
    errors = np.array([error(name, dt) for dt in steps])
    slope = np.polyfit(np.log(steps), np.log(np.maximum(errors, 1e-12)), 1)[0]
    assert slope > CASES[name].order - 0.6 or errors.max() < 1e-8


@pytest.mark.parametrize("dt", [0.1, 0.05])
def test_channels_are_followed_through_spikes_more_exactly_than_by_nest(dt, monkeypatch):
    name = "HH_cond_exp"
    monkeypatch.setitem(CASES, name, CASES[name]._replace(end=60.0))
    true = exact(name, dt)
    errors = []
    for engine in ("native", "nest"):
        v, spikes = course(name, dt, engine)
        assert len(spikes) == 5
        errors.append(abs(v[: true.size] - true[: v.size]).max())
    assert errors[0] < errors[1]
