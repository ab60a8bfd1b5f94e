"""Synapses with short-term dynamics, and those that transmit by chance."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from naive_synapses import tsodyks_markram
from relays import DT, list_connector, potentials, relays, set_up, sources, spike_steps

import distsim as sim

# sums and products of some hundred numbers near 1
ROUNDING = 1e-11
# that a sample of a normal distribution is so far from its mean has probability 6e-7
SIGMAS = 5.0


# --- facilitation and depression ------------------------------------------------------------------

TAU_PSC = 2.5
# U, tau_rec, tau_facil [ms]; the last recovers as fast as its currents decay
DYNAMICS = [(0.5, 8.0, 0.0), (0.04, 13.0, 53.0), (1.0, 80.0, 1.0), (0.2, TAU_PSC, 5.0)]
N_STEPS = 150
TRAIN = st.lists(st.integers(1, N_STEPS), max_size=25)


def silent(n, tau_syn):
    """Return cells that never spike, whose currents show what they are sent."""
    cell = sim.IF_curr_exp(tau_syn_E=tau_syn, v_thresh=1e6)
    cells = sim.Population(n, cell)
    cells.record("isyn_exc")
    return cells


def sent(cells, tau_syn):
    """Return what each cell was sent in each step [nA], shape (n_steps + 1, n_cells)."""
    current = cells.get_data().segments[-1].filter(name="isyn_exc")[0].magnitude
    left = np.vstack([np.zeros(current.shape[1]), current[:-1]]) * np.exp(-DT / tau_syn)
    return current - left, np.abs(current).max()


def assert_dynamics(found, stops, synapses, constants, trains, tau_psc, cells):
    """Compare variables at all stops, and what is sent, with the solution by matrices."""
    arrived, largest = sent(cells, tau_psc)
    wanted = np.zeros_like(arrived)
    for k, (i, j, weight, delay) in enumerate(synapses):
        course = tsodyks_markram(trains[i], DT, *constants[k], np.broadcast_to(tau_psc, 12)[j])
        for stop, rows in zip(stops, found, strict=True):
            n = sum(step <= stop for step in trains[i])
            state = course[n - 1][:3] if n else (0.0, 1.0, 0.0)
            assert rows[k][2:] == pytest.approx(state, ROUNDING, 1e-13), (k, stop)
        for step, (*_, released) in zip(trains[i], course, strict=True):
            if step + delay < len(wanted):
                wanted[step + delay, j] += weight * released
    np.testing.assert_allclose(arrived, wanted, ROUNDING, 1e-14 * max(largest, 1.0))


@given(st.tuples(*[TRAIN] * 3), st.sets(st.integers(1, N_STEPS), min_size=1, max_size=4))
@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_what_is_sent_follows_the_equations_of_tsodyks_and_markram(drawn, stops):
    set_up()
    pre = sources(drawn)
    tau_psc = np.linspace(1.0, 4.0, 12)
    stops = [*sorted(stops), N_STEPS + 30]
    # several targets of one source have variables in common where their parameters are the same
    synapses = [(k % 3, k, 0.5 + 0.1 * k, 1 + 5 * (k // 6)) for k in range(12)]
    shared = [silent(12, TAU_PSC) for _ in DYNAMICS]
    projections = [
        sim.Projection(
            pre,
            cells,
            list_connector(synapses),
            sim.TsodyksMarkramSynapse(U=U, tau_rec=tau_rec, tau_facil=tau_facil),
        )
        for cells, (U, tau_rec, tau_facil) in zip(shared, DYNAMICS, strict=True)
    ]
    rng = np.random.default_rng(1)
    own = [tuple(map(float, rng.uniform(low, high, 12))) for low, high in ((0, 1), (2, 90), (0, 9))]
    columns = dict(zip(("U", "tau_rec", "tau_facil"), own, strict=True))
    mixed = silent(12, tau_psc)
    connector = list_connector(synapses, **columns)
    projections.append(sim.Projection(pre, mixed, connector, sim.TsodyksMarkramSynapse()))
    found = []
    for before, stop in pairwise((0, *stops)):
        sim.run((stop - before) * DT)
        found.append([p.get(["u", "x", "y"], "list") for p in projections])
    trains = spike_steps(pre)
    for k, (cells, constants) in enumerate(zip(shared, DYNAMICS, strict=True)):
        rows = [each[k] for each in found]
        assert_dynamics(rows, stops, synapses, [constants] * 12, trains, TAU_PSC, cells)
    rows = [each[-1] for each in found]
    assert_dynamics(rows, stops, synapses, list(zip(*own, strict=True)), trains, tau_psc, mixed)
    assert list(zip(*own, strict=True)) == [
        row[2:] for row in projections[-1].get(list(columns), "list")
    ]


def regular(interval, n_spikes):
    """Return a source that spikes regularly, and the steps in which its spikes arrive."""
    train = [interval * (k + 1) for k in range(n_spikes)]
    return sources([train]), [step + 1 for step in train]


def steady(interval, U, tau_rec, tau_facil):
    """Return utilisation and resources just before a spike of a regular train, in the limit."""
    left_rec = np.exp(-interval * DT / tau_rec)
    left_facil = np.exp(-interval * DT / tau_facil) if tau_facil > 0 else 0.0
    u = U / (1 - (1 - U) * left_facil)
    return u, (1 - left_rec) / (1 - (1 - u) * left_rec)


@pytest.mark.parametrize("interval", [5, 20, 100])
def test_regular_trains_reach_the_steady_state(interval):
    set_up()
    pre, steps = regular(interval, 100 + 2000 // interval)
    cells = relays([[]] * 4)
    cells.record("v")
    # where currents have no duration, no resources are active; what is left of the beginning is
    # below 1e-8 for the slowest, by a factor of (1 - U) exp(-interval / tau_facil) for each spike
    dynamics = [(0.5, 20.0, 0.0), (0.04, 5.0, 30.0), (0.2, 30.0, 30.0), (0.9, 1.0, 0.0)]
    for k, (U, tau_rec, tau_facil) in enumerate(dynamics):
        synapse = sim.TsodyksMarkramSynapse(
            weight=1.0, delay=DT, U=U, tau_rec=tau_rec, tau_facil=tau_facil
        )
        sim.Projection(pre, cells[k : k + 1], sim.AllToAllConnector(), synapse)
    sim.run((steps[-1] + 1) * DT)
    last = potentials(cells)[steps[-1]]
    np.testing.assert_allclose(last, [np.prod(steady(interval, *each)) for each in dynamics], 1e-6)


def test_reset_and_weights_that_are_set_leave_dynamics_as_they_are():
    set_up()
    pre, steps = regular(7, 20)
    cells = relays([[]])
    cells.record("v")
    synapse = sim.TsodyksMarkramSynapse(weight=1.0, delay=DT, U=0.3, tau_rec=9.0, tau_facil=4.0)
    projection = sim.Projection(pre, cells, sim.AllToAllConnector(), synapse)
    sim.run(8.0)
    sim.run(7.0)
    whole = potentials(cells)[steps, 0]
    sim.reset()
    assert projection.get(["u", "x", "y"], "list") == [(0, 0, 0.0, 1.0, 0.0)]
    sim.run(8.0)
    projection.set(weight=2.0)
    sim.run(7.0)
    doubled = np.where(np.array(steps) > 80, 2.0, 1.0)
    np.testing.assert_allclose(potentials(cells)[steps, 0], doubled * whole, ROUNDING)


def test_time_constants_of_targets_and_parameters_that_are_set_hold_from_then_on():
    """Currents of the synapse decay as those of its targets do, also when these are changed.

    Variables that the synapses of a source share become each synapse's own, and go on.
    """
    set_up()
    train = [5, 9, 30, 61, 64, 90, 101]
    pre, steps = sources([train]), [step + 1 for step in train]
    tau_first, tau_later = 2.0, np.array([4.0, 3.0, 0.7])
    cells = silent(3, tau_first)
    constants = {"U": 0.4, "tau_rec": 6.0, "tau_facil": 4.0}
    synapse = sim.TsodyksMarkramSynapse(weight=1.0, delay=DT, **constants)
    dynamics = [sim.Projection(pre, cells, sim.AllToAllConnector(), synapse) for _ in range(2)]
    sim.run(6.2)
    before = [projection.get(["u", "x", "y"], "list") for projection in dynamics]
    cells.set(tau_syn_E=tau_later)
    later = np.array([[0.4, 0.9, 0.1]])
    dynamics[1].set(U=later)
    assert [projection.get(["u", "x", "y"], "list") for projection in dynamics] == before
    sim.run(5.0)
    are_later = np.array(steps) > 62
    for projection, uses in zip(dynamics, ([0.4] * 3, later[0]), strict=True):
        for k, row in enumerate(projection.get(["u", "x", "y"], "list")):
            use, tau_psc = np.where(are_later, [[uses[k]], [tau_later[k]]], [[0.4], [tau_first]])
            course = tsodyks_markram(steps, DT, use, 6.0, 4.0, tau_psc)
            assert row[2:] == pytest.approx(course[-1][:3], ROUNDING)


# --- chance ---------------------------------------------------------------------------------------

N_CELLS = 4000
INTERVAL = 20
WEIGHT = 0.5


def released_in_steady_state(synapse):
    """Return what the last two of 18 regular spikes release in each cell, over the weight."""
    set_up(seed=7)
    pre, steps = regular(INTERVAL, 18)
    cells = relays([[]] * N_CELLS)
    sim.Projection(pre, cells, sim.AllToAllConnector(), synapse)
    sim.run((steps[-2] - 1) * DT)
    cells.record("v")
    sim.run((INTERVAL + 2) * DT)
    v = potentials(cells)
    assert v.shape[0] == INTERVAL + 3
    return v[1] / WEIGHT, v[1 + INTERVAL] / WEIGHT


def assert_mean(values, mean, variance):
    """Compare a mean of independent numbers with that of their distribution."""
    assert abs(np.mean(values) - mean) < SIGMAS * np.sqrt(variance / len(values))


def assert_moments(values, mean, variance):
    """Compare mean and variance of numbers between 0 and 1 with those of their distribution."""
    assert_mean(values, mean, variance)
    # the variance of squares of such numbers is at most their mean
    assert_mean((values - mean) ** 2, variance, variance)


def test_simple_synapses_transmit_with_their_probability():
    before, last = released_in_steady_state(
        sim.SimpleStochasticSynapse(weight=WEIGHT, delay=DT, p=0.3)
    )
    for values in (before, last):
        assert set(values) == {0.0, 1.0}
        assert_moments(values, 0.3, 0.21)
    # neither spikes nor cells depend on each other
    assert_mean(before * last, 0.09, 0.09 * 0.91)
    assert_mean(last[::2] * last[1::2], 0.09, 0.09 * 0.91)


@pytest.mark.parametrize("dynamics", [(0.4, 6.0, 0.0), (0.15, 4.0, 3.0)])
def test_one_vesicle_is_released_as_often_as_it_comes_back(dynamics):
    U, tau_rec, tau_facil = dynamics
    synapse = sim.StochasticTsodyksMarkramSynapse(
        weight=WEIGHT, delay=DT, U=U, tau_rec=tau_rec, tau_facil=tau_facil
    )
    before, last = released_in_steady_state(synapse)
    u, present = steady(INTERVAL, *dynamics)
    p = u * present
    for values in (before, last):
        assert set(values) == {0.0, 1.0}
        assert_moments(values, p, p * (1 - p))
    # one that is released twice has come back in between
    both = p * u * (1 - np.exp(-INTERVAL * DT / tau_rec))
    assert_mean(before * last, both, both * (1 - both))


@pytest.mark.parametrize(("n", "dynamics"), [(1, (0.4, 6.0, 0.0)), (7, (0.15, 4.0, 3.0))])
def test_release_sites_are_independent_vesicles(n, dynamics):
    U, tau_rec, tau_facil = dynamics
    synapse = sim.MultiQuantalSynapse(
        weight=WEIGHT, delay=DT, n=n, U=U, tau_rec=tau_rec, tau_facil=tau_facil
    )
    before, last = released_in_steady_state(synapse)
    u, present = steady(INTERVAL, *dynamics)
    p = u * present
    for values in (before, last):
        np.testing.assert_allclose(values * n, np.rint(values * n), atol=1e-12)
        assert_moments(values, p, p * (1 - p) / n)
    # of the same site, then of two sites
    again = u * (1 - np.exp(-INTERVAL * DT / tau_rec))
    product = (p * again + (n - 1) * p**2) / n
    assert_mean(before * last, product, np.var(before * last))


def test_draws_are_those_of_each_spike_synapse_and_projection():
    """Spikes of one step, synapses of the same cells, other projections: all draw on their own."""
    set_up(seed=5)
    pre = sources([[10, 10, 10], [10, 30]])
    n = 800
    synapse = sim.SimpleStochasticSynapse(weight=1.0, delay=DT, p=0.5)
    twice = [(0, j, 1.0, 1) for j in range(n)] * 2
    groups = [relays([[]] * n) for _ in range(4)]
    for cells in groups:
        cells.record("v")
    sim.Projection(pre[:1], groups[0], sim.AllToAllConnector(), synapse)
    sim.Projection(pre, groups[1], list_connector(twice), sim.SimpleStochasticSynapse(p=0.5))
    for cells in groups[2:]:
        sim.Projection(pre[1:], cells, sim.AllToAllConnector(), synapse)
    sim.run(5.0)
    of_spikes, of_synapses, first, second = (potentials(cells) for cells in groups)
    n_same = len(spike_steps(pre)[0])
    for counts, size in ((of_spikes[11], n_same), (of_synapses[11], 2 * n_same)):
        # binomial: a number that is drawn once for all would have `size` times the variance
        assert_mean(counts, size / 2, size / 4)
        excess = 3 * (size / 4) ** 2 - size / 8 - (size / 4) ** 2
        assert_mean((counts - size / 2) ** 2, size / 4, excess)
    assert_mean(first[11] * second[11], 0.25, 0.25 * 0.75)
    assert_mean(first[11] * first[31], 0.25, 0.25 * 0.75)
    sim.reset()
    sim.run(5.0)
    assert_mean(first[11] * potentials(groups[2])[11], 0.25, 0.25 * 0.75)
