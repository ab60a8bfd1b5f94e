"""Cells of a membrane and any receptors: standard models, closed forms, a tight reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

import distsim as sim
from distsim.models.responses import RESPONSES

DT = 0.1
NEVER = 1e4
TWO = ("excitatory", "inhibitory")


def twin(membrane, kind, times, reversal=()):
    """Return a cell of two receptors like those of a standard model."""
    parts = {name: {"tau_syn": tau} for name, tau in zip(TWO, times, strict=True)}
    for name, e_syn in zip(TWO, reversal, strict=False):
        parts[name]["e_syn"] = e_syn
    return sim.PointNeuron(membrane, **{name: kind(**given) for name, given in parts.items()})


def activity(cell, variables, weights):
    """Return trains and signals of cells that are driven and hear each other."""
    sim.setup(timestep=DT, seed=3, log=False)
    cells = sim.Population(20, cell)
    noise = sim.Population(50, sim.SpikeSourcePoisson(rate=80.0))
    for receptor, weight in zip(TWO, weights, strict=True):
        for source in (noise, cells):
            synapse = sim.StaticSynapse(weight=weight, delay=1.0)
            connector = sim.FixedProbabilityConnector(0.3)
            sim.Projection(source, cells, connector, synapse, receptor_type=receptor)
    cells[:5].inject(sim.DCSource(amplitude=0.2, start=20.0, stop=50.0))
    cells.record(["spikes", *variables])
    sim.run(80.0)
    segment = cells.get_data().segments[0]
    signals = {signal.name: signal.magnitude for signal in segment.analogsignals}
    return [train.magnitude.tolist() for train in segment.spiketrains], signals


# a standard model, the same cell composed, how a receptor's variable begins, and mV of roundings
# that add up: none where every sum is in the same order; more where v runs away before a spike
TWINS = {
    "IF_curr_exp": (lambda: twin(sim.LIF(), sim.CurrExp, (5.0, 5.0)), "isyn", 0.0),
    "IF_curr_alpha": (lambda: twin(sim.LIF(), sim.CurrAlpha, (0.5, 0.5)), "isyn", 1e-10),
    "IF_cond_exp": (lambda: twin(sim.LIF(), sim.CondExp, (5.0, 5.0), (0.0, -70.0)), "gsyn", 0.0),
    "IF_cond_alpha": (
        lambda: twin(sim.LIF(), sim.CondAlpha, (0.3, 0.5), (0.0, -70.0)),
        "gsyn",
        1e-10,
    ),
    "EIF_cond_exp_isfa_ista": (
        lambda: twin(sim.AdExp(), sim.CondExp, (5.0, 5.0), (0.0, -80.0)),
        "gsyn",
        1e-6,
    ),
    "EIF_cond_alpha_isfa_ista": (
        lambda: twin(sim.AdExp(), sim.CondAlpha, (5.0, 5.0), (0.0, -80.0)),
        "gsyn",
        1e-6,
    ),
}


@pytest.mark.parametrize("model", TWINS)
def test_two_receptors_make_the_standard_model(model):
    composed, begin, atol = TWINS[model]
    weights = {"IF_curr_exp": (0.5, -0.2), "IF_curr_alpha": (2.0, -1.0)}.get(model, (0.03, 0.01))
    names = [f"{begin}_exc", f"{begin}_inh"]
    trains, signals = activity(getattr(sim, model)(), ["v", *names], weights)
    own_trains, own = activity(composed(), ["v", *(f"{name}.{begin}" for name in TWO)], weights)
    assert sum(map(len, trains)) > 20
    assert own_trains == trains
    np.testing.assert_allclose(own["v"], signals["v"], rtol=0.0, atol=atol)
    for name, receptor in zip(names, TWO, strict=True):
        np.testing.assert_allclose(own[f"{receptor}.{begin}"], signals[name], rtol=1e-12)


# --- closed forms ------------------------------------------------------------------------------

SHAPES = {
    "CurrExp": {"tau_syn": 3.0},
    "CurrAlpha": {"tau_syn": 3.0},
    "CondExp": {"tau_syn": 3.0},
    "CondAlpha": {"tau_syn": 3.0},
    "CondBeta": {"tau_rise": 0.7, "tau_decay": 4.0},
}


def shape(kind, p, t):
    """Return the response to a weight of 1, some time after it has arrived."""
    t = np.maximum(t, 0.0)
    if kind.endswith("Exp"):
        return np.exp(-t / p["tau_syn"])
    if kind.endswith("Alpha"):
        x = t / p["tau_syn"]
        return x * np.exp(1.0 - x)
    rise, decay = p["tau_rise"], p["tau_decay"]
    at = np.log(decay / rise) * rise * decay / (decay - rise)

    def difference(t):
        return np.exp(-t / decay) - np.exp(-t / rise)

    return difference(t) / difference(at)


def receptor(kind, **given):
    """Return a post-synaptic response."""
    return getattr(sim, kind)(**given)


def driven(cell, inputs, duration, dt=DT, record=("v",), v_init=-65.0):
    """Return signals of one cell by name; inputs are receptor, weight, time of arrival."""
    sim.setup(timestep=dt, log=False)
    population = sim.Population(1, cell, initial_values={"v": v_init})
    for name, weight, arrival in inputs:
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=[arrival - 1.6]))
        synapse = sim.StaticSynapse(weight=weight, delay=1.6)
        sim.Projection(source, population, sim.AllToAllConnector(), synapse, receptor_type=name)
    population.record(list(record))
    sim.run(duration)
    signals = population.get_data().segments[0].analogsignals
    return {signal.name: signal.magnitude[:, 0] for signal in signals}


@pytest.mark.parametrize("membrane", ["LIF", "AdExp"])
@pytest.mark.parametrize("kind", SHAPES)
def test_a_response_has_its_closed_form(kind, membrane):
    name = f"one.{RESPONSES[kind].states[0].name}"
    cell = sim.PointNeuron(getattr(sim, membrane)(), one=receptor(kind, **SHAPES[kind]))
    weight = 2.0**-9
    found = driven(cell, [("one", weight, 2.4)], 40.0, record=["v", name])[name]
    exact = weight * shape(kind, SHAPES[kind], DT * (np.arange(401) - 24))
    exact[:24] = 0.0
    # some roundings in each of 400 steps, of what decays and is added
    np.testing.assert_allclose(found, exact, rtol=1e-11, atol=1e-16 * weight)


def test_a_psp_under_currents_is_exact_for_any_receptors():
    tau_m, cm, taus = 20.0, 0.5, {"a": 2.0, "b": 7.0, "c": 20.0}
    cell = sim.PointNeuron(
        sim.LIF(tau_m=tau_m, cm=cm, v_thresh=NEVER),
        **{name: sim.CurrExp(tau_syn=tau) for name, tau in taus.items()},
    )
    weights = {"a": 0.5, "b": -0.25, "c": 0.125}
    v = driven(cell, [(name, weight, 3.0) for name, weight in weights.items()], 60.0)["v"]
    t = np.maximum(DT * np.arange(601) - 3.0, 0.0)
    exact = np.full(601, -65.0)
    for name, tau in taus.items():
        if tau == tau_m:
            exact += weights[name] / cm * t * np.exp(-t / tau)
        else:
            by = np.exp(-t / tau_m) - np.exp(-t / tau)
            exact += weights[name] / cm * by / (1.0 / tau - 1.0 / tau_m)
    np.testing.assert_allclose(v, exact, rtol=1e-13)


# --- a tight reference -------------------------------------------------------------------------

# receptors of all kinds: what they are, and weights that are exact in 32 bits
MIXED = {
    "ampa": ("CondExp", {"tau_syn": 2.0, "e_syn": 0.0}, 2.0**-5),
    "gaba": ("CondAlpha", {"tau_syn": 4.0, "e_syn": -75.0}, 2.0**-4),
    "nmda": ("CondBeta", {"tau_rise": 1.0, "tau_decay": 15.0, "e_syn": 0.0}, 2.0**-6),
    "slow": ("CurrAlpha", {"tau_syn": 8.0}, 0.125),
    "fast": ("CurrExp", {"tau_syn": 1.5}, -0.25),
}
LEAKY = {"cm": 0.25, "tau_m": 10.0, "v_rest": -65.0, "i_offset": 0.05, "v_thresh": NEVER}
ADAPTIVE = {
    **{"cm": 0.25, "tau_m": 10.0, "v_rest": -65.0, "v_reset": -65.0, "i_offset": 0.05},
    **{"a": 4.0, "tau_w": 30.0, "delta_T": 2.0, "v_thresh": -45.0, "v_spike": 0.0},
}


def mixed_cell(membrane, kinds=MIXED):
    """Return a cell of receptors of several kinds."""
    parameters = LEAKY if membrane == "LIF" else ADAPTIVE
    return sim.PointNeuron(
        getattr(sim, membrane)(**parameters),
        **{name: receptor(kind, **given) for name, (kind, given, _) in kinds.items()},
    )


def exact_course(membrane, kinds, arrival, times):
    """Return v at times after all spikes have arrived at once, at a tolerance of 1e-11."""
    p = LEAKY if membrane == "LIF" else ADAPTIVE

    def slopes(t, y):
        v, w = y
        current = p["i_offset"]
        for kind, own, weight in kinds.values():
            size = weight * shape(kind, own, t - arrival) if t >= arrival else 0.0
            current += size * (own["e_syn"] - v) if "e_syn" in own else size
        g_leak = p["cm"] / p["tau_m"]
        current += g_leak * (p["v_rest"] - v)
        if membrane == "LIF":
            return [current / p["cm"], 0.0]
        x = min(v, p["v_spike"])
        current += g_leak * p["delta_T"] * np.exp((x - p["v_thresh"]) / p["delta_T"]) - w
        return [current / p["cm"], (1e-3 * p["a"] * (v - p["v_rest"]) - w) / p["tau_w"]]

    before = np.nextafter(arrival, 0.0)
    y = solve_ivp(slopes, (0.0, before), [-65.0, 0.0], "DOP853", rtol=1e-12, atol=1e-12).y[:, -1]
    options = {"rtol": 1e-12, "atol": 1e-12, "max_step": 0.5}
    return solve_ivp(slopes, (arrival, times[-1]), y, "DOP853", times, **options).y[0]


@pytest.mark.parametrize("membrane", ["LIF", "AdExp"])
def test_the_error_falls_with_order_four_and_is_below_that_of_nest(membrane):
    arrival, end = 8.0, 24.0
    times = np.arange(12.0, end + 0.1, 4.0)
    exact = exact_course(membrane, MIXED, arrival, times)
    steps = np.array([0.8, 0.4, 0.2, 0.1, 0.05])
    errors = []
    for dt in steps:
        inputs = [(name, weight, arrival) for name, (*_, weight) in MIXED.items()]
        v = driven(mixed_cell(membrane), inputs, end, dt)["v"]
        errors.append(np.abs(v[np.rint(times / dt).astype(int)] - exact).max())
    order = np.polyfit(np.log(steps[:4]), np.log(errors[:4]), 1)[0]
    assert abs(order - 4.0) < 0.15
    # NEST's adaptive method is told 1e-3
    assert errors[3] < 1e-6
    assert errors[4] < 1e-7


# --- any combination, and large conductances -----------------------------------------------------


@settings(deadline=None, max_examples=12)
@given(
    membrane=st.sampled_from(["LIF", "AdExp"]),
    kinds=st.lists(st.sampled_from(sorted(SHAPES)), min_size=1, max_size=4),
)
def test_two_receptors_of_half_the_weight_are_one(membrane, kinds):
    whole = {f"r{k}": (kind, SHAPES[kind], 2.0**-7) for k, kind in enumerate(kinds)}
    halves = {
        f"{half}{name}": (kind, given, 0.5 * weight)
        for name, (kind, given, weight) in whole.items()
        for half in "ab"
    }
    courses = [
        driven(
            mixed_cell(membrane, parts),
            [(name, weight, 3.0) for name, (*_, weight) in parts.items()],
            15.0,
        )["v"]
        for parts in (whole, halves)
    ]
    # some roundings of 65 mV in each of 150 steps; an exponential lets them grow by some e-folds
    np.testing.assert_allclose(courses[0], courses[1], rtol=0.0, atol=150 * 10 * np.spacing(65.0))
    assert np.ptp(courses[0]) > 0.05


LARGE = {
    "ampa": ("CondExp", {"tau_syn": 5.0, "e_syn": 0.0}),
    "gaba": ("CondAlpha", {"tau_syn": 10.0, "e_syn": -80.0}),
    "nmda": ("CondBeta", {"tau_rise": 2.0, "tau_decay": 12.0, "e_syn": 0.0}),
}


@pytest.mark.parametrize(
    ("dt", "weights"),
    [
        (0.1, (32.0, 8.0, 16.0)),
        (1.0, (4.0, 1.0, 2.0)),
        (1.0, (8.0, 32.0, 16.0)),
        (1.0, (2.0**16, 1024.0, 2.0**14)),
    ],
)
def test_v_follows_the_exact_course_where_conductances_are_large(dt, weights):
    kinds = {
        name: (*parts, weight) for (name, parts), weight in zip(LARGE.items(), weights, strict=True)
    }
    inputs = [(name, weight, 2.0) for name, (*_, weight) in kinds.items()]
    v = driven(mixed_cell("LIF", kinds), inputs, 20.0, dt)["v"]

    def rates(t):
        return [(w * shape(k, p, t - 2.0), p["e_syn"]) for k, p, w in kinds.values()]

    def slope(t, v):
        current = sum(g * (e_syn - v) for g, e_syn in rates(t)) + LEAKY["i_offset"]
        return (LEAKY["v_rest"] - v) / LEAKY["tau_m"] + current / LEAKY["cm"]

    def jacobian(t, v):
        return [[-1.0 / LEAKY["tau_m"] - sum(g for g, _ in rates(t)) / LEAKY["cm"]]]

    times = dt * np.arange(round(2.0 / dt), round(20.0 / dt) + 1)
    exact = solve_ivp(
        slope, (2.0, 20.0), [v[round(2.0 / dt)]], "Radau", times, rtol=1e-10, atol=1e-10,
        jac=jacobian, max_step=2.0,
    ).y[0]  # fmt: skip
    # a parabola through E over half a synaptic time constant: its third derivative there is at most
    # that of a logistic function, 1/8, of the span of 80 mV, on x (x - x_1) (x - x_2) below 0.05
    assert np.abs(v[round(2.0 / dt) :] - exact).max() < 0.5**3 / 6 * 80.0 / 8 * 0.05


@pytest.mark.parametrize("membrane", ["LIF", "AdExp"])
@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_potentials_stay_between_the_reversal_potentials(membrane, dt):
    kinds = {name: (*parts, 2.0**20) for name, parts in LARGE.items()}
    kinds["curr"] = ("CurrAlpha", {"tau_syn": 0.01}, 1.0)
    parameters = {"cm": 1e-3, "v_thresh": -45.0, "tau_refrac": 0.0}
    cell = sim.PointNeuron(
        getattr(sim, membrane)(**parameters),
        **{name: receptor(kind, **given) for name, (kind, given, _) in kinds.items()},
    )
    inputs = [(name, weight, 2.0) for name, (*_, weight) in kinds.items()]
    v = driven(cell, inputs, 30.0, dt)["v"]
    assert np.isfinite(v).all()
    assert -80.0 - 1e-6 <= v.min() <= v.max() <= 1e-6
