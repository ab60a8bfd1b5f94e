"""Electrical synapses: closed forms, conservation, the order of the method, and stiff ones."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import distsim as sim
from distsim.models import Bound, Parameter, State

V_REST, TAU_M = -65.0, 20.0
PASSIVE = {"v_rest": V_REST, "tau_m": TAU_M, "v_thresh": 1e9}
STEPS = np.array([0.4, 0.2, 0.1, 0.05])


def joined(dt, kind, v, duration, connections, is_symmetric=True, inject=(), **initial):
    """Return v at all steps, shape (n_steps + 1, n_cells), of cells with junctions [mV].

    `connections` are (source, target, weight); `inject` (cell, current source), made anew.
    """
    sim.setup(timestep=dt, log=False, progress=False)
    cells = sim.Population(len(v), kind())
    cells.initialize(v=v, **initial)
    for cell, current in inject:
        cells[[cell]].inject(current())
    if connections:
        connector = sim.FromListConnector(connections, column_names=["weight"])
        sim.Projection(cells, cells, connector, sim.ElectricalSynapse(is_symmetric=is_symmetric))
    cells.record(["v", "spikes"])
    sim.run(duration)
    segment = cells.get_data().segments[0]
    return segment.filter(name="v")[0].magnitude, segment.spiketrains


def slope_of(errors, steps=STEPS):
    """Return the order with which errors fall."""
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


def matrix(cm, connections, is_symmetric):
    """Return the membrane equations of passive cells, dv/dt = M (v - v_rest) [1/ms]."""
    cm = np.asarray(cm)
    m = np.diag(-cm / TAU_M)
    for source, target, g in connections:
        for i, j in [(target, source), (source, target)][: 1 + is_symmetric]:
            m[i, j] += g
            m[i, i] -= g
    return m / cm[:, None]


def test_coupling_coefficient_of_two_passive_cells():
    g, g_leak = 0.02, 0.5 / TAU_M
    v, _ = joined(
        0.1,
        lambda: sim.IF_curr_exp(cm=0.5, i_offset=[0.1, 0.0], **PASSIVE),
        [V_REST, V_REST],
        600.0,
        [(0, 1, g)],
    )
    first, second = v[-1] - V_REST
    # what is left after 30 time constants, and roundings of numbers of 65 mV
    assert second / first == pytest.approx(g / (g + g_leak), rel=1e-11)
    assert first + second == pytest.approx(0.1 / g_leak, rel=1e-11)


@pytest.mark.parametrize("is_symmetric", [True, False])
@pytest.mark.parametrize("g", [0.003, 0.05])
def test_error_is_of_order_2(is_symmetric, g):
    cm, begin, duration = [0.5, 0.25, 1.0], np.array([10.0, 0.0, -5.0]), 12.0
    connections = [(0, 1, g), (1, 2, 0.5 * g)]
    exact = expm(matrix(cm, connections, is_symmetric) * duration) @ begin + V_REST
    errors = []
    for dt in STEPS:
        kind = sim.IF_curr_exp(cm=cm, **PASSIVE)
        v, _ = joined(dt, lambda k=kind: k, V_REST + begin, duration, connections, is_symmetric)
        errors.append(np.abs(v[-1] - exact).max())
    assert slope_of(errors) == pytest.approx(2.0, abs=0.1)
    # a thousandth of the potentials' difference at dt = 0.1 ms
    assert errors[2] < 0.01


def test_sum_of_two_equal_cells_decays_as_if_they_were_alone():
    v, _ = joined(
        0.1, lambda: sim.IF_curr_exp(cm=0.5, **PASSIVE), [-55.0, -63.0], 30.0, [(0, 1, 0.1)]
    )
    t = 0.1 * np.arange(len(v))
    expected = 2.0 * V_REST + 12.0 * np.exp(-t / TAU_M)
    # roundings of each of 300 steps
    np.testing.assert_allclose(v.sum(axis=1), expected, atol=300 * 1e-13)
    difference = (v[:, 0] - v[:, 1]) / (8.0 * np.exp(-t * (1.0 / TAU_M + 2.0 * 0.1 / 0.5)))
    # 1/25 of a time constant in a step: 5/12 of its cube in each of 25 steps to the first decay
    assert np.abs(difference[:26] - 1.0).max() < 25 * 5.0 / 12.0 * 0.045**3 + 0.045**2


@pytest.mark.parametrize("g", [0.001, 0.3, 100.0])
def test_what_flows_out_of_a_cell_flows_into_another(g):
    rng = np.random.default_rng(1)
    cm = rng.uniform(0.1, 2.0, 8)
    pairs = [(i, j) for i in range(8) for j in range(8) if rng.random() < 0.4]
    connections = [(i, j, g * rng.random()) for i, j in pairs]
    begin = rng.uniform(-80.0, -50.0, 8)
    v, _ = joined(
        0.1, lambda: sim.IF_curr_exp(cm=cm, tau_m=1e300, v_thresh=1e9), begin, 20.0, connections
    )
    charge = (v * cm).sum(axis=1)
    # roundings of 200 steps of 8 cells
    np.testing.assert_allclose(charge, charge[0], rtol=200 * 1e-15)
    assert np.ptp(v[-1]) < np.ptp(begin)


@pytest.mark.parametrize("g", [1.0, 1e3, 1e9])
def test_stiff_junctions_bring_cells_to_their_common_potential(g):
    cm, begin = np.array([0.5, 0.25, 1.0, 0.1]), np.array([-55.0, -60.0, -80.0, -65.0])
    ring = [(0, 1, g), (1, 2, 0.3 * g), (2, 3, g), (3, 0, 2.0 * g)]
    v, _ = joined(0.1, lambda: sim.IF_curr_exp(cm=cm, tau_m=1e300, v_thresh=1e9), begin, 20.0, ring)
    assert v.max() <= begin.max() + 1e-9
    assert v.min() >= begin.min() - 1e-9
    np.testing.assert_allclose(v[-1], (cm * begin).sum() / cm.sum(), rtol=1e-6)


def test_junctions_come_on_top_of_injected_currents():
    """A current that begins, changes and ends, against the closed form."""
    cm, g, ends = [0.5, 0.25], 0.02, [4.0, 8.8, 15.2, 20.0]
    levels = [0.0, 0.2, -0.1, 0.0]
    m = matrix(cm, [(0, 1, g)], True)

    def current():
        return sim.StepCurrentSource(times=ends[:3], amplitudes=levels[1:])

    exact, before = np.array([3.0, 0.0]), 0.0
    for end, level in zip(ends, levels, strict=True):
        final = -np.linalg.solve(m, [level / cm[0], 0.0])
        exact, before = final + expm(m * (end - before)) @ (exact - final), end
    errors = []
    for dt in STEPS:
        kind = sim.IF_curr_exp(cm=cm, **PASSIVE)
        v, _ = joined(
            dt, lambda k=kind: k, [V_REST + 3.0, V_REST], 20.0, [(0, 1, g)], inject=[(0, current)]
        )
        errors.append(np.abs(v[-1] - V_REST - exact).max())
    assert slope_of(errors) == pytest.approx(2.0, abs=0.1)
    assert errors[2] < 1e-3


def test_a_jump_by_a_spike_is_no_slope():
    """Where spikes move v at once, the error stays of order 2."""
    cm, g, arrival, end, jump = 0.5, 0.02, 4.0, 8.8, 8.0
    m = matrix([cm, cm], [(0, 1, g)], True)
    exact = expm(m * (end - arrival)) @ (expm(m * arrival) @ [5.0, 0.0] + [0.0, jump])
    errors = []
    for dt in STEPS:
        sim.setup(timestep=dt, log=False, progress=False)
        cells = sim.Population(2, sim.IF_curr_delta(cm=cm, **PASSIVE))
        cells.initialize(v=[V_REST + 5.0, V_REST])
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=[arrival - 2.0]))
        synapse = sim.StaticSynapse(weight=jump, delay=2.0)
        sim.Projection(source, cells[1:], sim.AllToAllConnector(), synapse)
        gap = sim.ElectricalSynapse(weight=g)
        sim.Projection(cells[:1], cells[1:], sim.OneToOneConnector(), gap)
        cells.record("v")
        sim.run(end)
        v = cells.get_data().segments[0].analogsignals[0].magnitude
        errors.append(np.abs(v[-1] - V_REST - exact).max())
    assert slope_of(errors) == pytest.approx(2.0, abs=0.1)


def hodgkin_huxley_pair(g, offsets, times):
    """Return v of two HH_cond_exp with a junction, at a tolerance of 1e-12, shape (2, n_times)."""
    p = sim.HH_cond_exp.default_parameters

    def rate(x, width):
        return x / np.expm1(x / width)

    def slopes(t, y):
        v, m, h, n = y.reshape(4, 2)
        x = v - p["v_offset"]
        opening = 0.32 * rate(13 - x, 4), 0.128 * np.exp((17 - x) / 18), 0.032 * rate(15 - x, 5)
        closing = (
            0.28 * rate(x - 40, 5),
            4 / (1 + np.exp((40 - x) / 5)),
            0.5 * np.exp((10 - x) / 40),
        )
        current = offsets + g * (v[::-1] - v) + p["gbar_Na"] * m**3 * h * (p["e_rev_Na"] - v)
        current += p["gbar_K"] * n**4 * (p["e_rev_K"] - v) + p["g_leak"] * (p["e_rev_leak"] - v)
        gates = zip(opening, closing, (m, h, n), strict=True)
        return np.ravel([current / p["cm"], *(a * (1 - x) - b * x for a, b, x in gates)])

    begin = np.ravel([[-65.0] * 2, [0.0] * 2, [1.0] * 2, [0.0] * 2])
    tight = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-12}
    return solve_ivp(slopes, (0.0, times[-1]), begin, t_eval=times, **tight).y[:2]


def test_hodgkin_huxley_pair_against_a_tight_reference_through_spikes():
    g, offsets, times = 0.01, np.array([0.8, 0.1]), np.arange(0.0, 20.01, 0.5)
    steps = np.array([0.05, 0.025, 0.0125, 0.00625])
    exact = hodgkin_huxley_pair(g, offsets, times)
    errors, spikes = [], []
    for dt in steps:
        v, trains = joined(
            dt, lambda: sim.HH_cond_exp(i_offset=list(offsets)), [-65.0] * 2, 20.0, [(0, 1, g)]
        )
        errors.append(np.sqrt(np.mean((v[:: round(0.5 / dt)] - exact.T) ** 2)))
        spikes.append([len(train) for train in trains])
    assert all(first >= 2 for first, _ in spikes)
    # spikes make errors of higher order large, so that these fall faster at first
    assert slope_of(errors, steps) > 1.9
    # v changes by some 300 mV/ms in a spike: a microsecond
    assert errors[-1] < 0.3


@pytest.mark.parametrize(("g", "is_synchronous"), [(0.03, True), (0.0, False)])
def test_hodgkin_huxley_pair_synchronises(g, is_synchronous):
    _, (first, second) = joined(
        0.1, lambda: sim.HH_cond_exp(i_offset=0.5), [-65.0, -85.0], 300.0, [(0, 1, g)]
    )
    distance = np.abs(first.magnitude[-1] - second.magnitude).min()
    assert len(first) > 10
    assert (distance < 0.15) if is_synchronous else (distance > 1.0)


def test_a_model_of_the_users_own_is_joined_like_any():
    """A passive cell, written for one cell: as IF_curr_exp, to the error of its own method."""
    passive = sim.cell_type(
        "Passive",
        parameters=(Parameter("cm", "nF", 0.5, "capacitance", Bound.POSITIVE),),
        states=(State("v", "mV", V_REST),),
        step=lambda v, dt, i_injected, cm: (
            v + dt * slope_at(v + 0.5 * dt * slope_at(v, i_injected, cm), i_injected, cm)
        ),
        is_spiking=lambda v: v > 1e9,
        spike=lambda v: v,
    )
    begin = [-50.0, -65.0, -70.0]
    connections = [(0, 1, 0.02), (1, 2, 0.05), (0, 2, 0.01)]
    own, _ = joined(0.1, passive, begin, 20.0, connections)
    ours, _ = joined(0.1, lambda: sim.IF_curr_exp(cm=0.5, **PASSIVE), begin, 20.0, connections)
    # Heun's method at 1/200 of a time constant: 1/6 of its cube per step, of 20 mV
    assert np.abs(own - ours).max() < 200 * 20.0 * (0.1 / TAU_M) ** 3 / 6.0 * 3.0


def slope_at(v, i_injected, cm):
    """Return dv/dt of a passive cell [mV/ms]."""
    return (V_REST - v) / TAU_M + i_injected / cm


def test_a_cell_that_the_capacitance_of_is_1_pf_is_held_stable():
    """Izhikevich's cells take 1 nA as 1000 mV/ms."""
    v, _ = joined(0.1, sim.Izhikevich, [-75.0, -65.0, -60.0], 5.0, [(0, 1, 0.05), (1, 2, 0.5)])
    assert np.isfinite(v).all()
    assert np.ptp(v[-1]) < 0.5
