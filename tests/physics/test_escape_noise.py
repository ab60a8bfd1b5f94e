"""GIF_cond_exp: random spikes at a known rate, and what a spike does to currents and threshold."""

from math import exp

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.stats import chi2

import distsim as sim

DT = 0.1
QUIET = {"log": False, "progress": False}
# a cell that spikes, and is the same as before at once
MEMORYLESS = {"a_eta": [0.0] * 3, "a_gamma": [0.0] * 3, "v_rest": -65.0, "v_reset": -65.0}
# that are five standard errors off, or of which one in 10^6 would be so improbable
N_ERRORS, IMPROBABLE = 5.0, 1e-6
# a threshold that is sharp: 0.01 mV below it a spike is seldom, 0.01 mV above it is certain
SHARP = {"delta_v": 1e-3, "lambda0": 1e6}


def spikes_of(cells, segment=-1):
    """Return the steps of each cell's spikes."""
    trains = cells.get_data().segments[segment].spiketrains
    return [np.rint(train.magnitude / DT).astype(int) for train in trains]


def probability(v, v_t, delta_v, lambda0):
    """Return the probability of a spike in a step."""
    return -np.expm1(-1e-3 * DT * lambda0 * np.exp((v - v_t) / delta_v))


@pytest.mark.parametrize("tau_refrac", [0.0, 2.0])
def test_intervals_are_geometric_where_the_rate_is_constant(tau_refrac):
    sim.setup(timestep=DT, seed=12, **QUIET)
    noise = {"v_t_star": -64.0, "delta_v": 2.0, "lambda0": 200.0}
    cells = sim.Population(200, sim.GIF_cond_exp(**MEMORYLESS, **noise, tau_refrac=tau_refrac))
    cells.record("spikes")
    sim.run(1000.0)
    trains, n_first = spikes_of(cells), 50
    assert min(map(len, trains)) > n_first
    # the first ones, since long intervals would lack among all in a given time
    intervals = np.concatenate([np.diff(train[: n_first + 1]) for train in trains])
    intervals -= round(tau_refrac / DT)
    assert intervals.min() == 1
    p, n_bins = probability(-65.0, -64.0, 2.0, 200.0), 20
    # P(interval <= k) = 1 - (1 - p)**k
    ends = np.ceil(np.log1p(-np.arange(1, n_bins) / n_bins) / np.log1p(-p))
    shares = np.diff(np.concatenate([[0.0], 1.0 - (1.0 - p) ** ends, [1.0]]))
    counts = np.bincount(np.searchsorted(ends, intervals), minlength=n_bins)
    statistic = ((counts - shares * intervals.size) ** 2 / (shares * intervals.size)).sum()
    assert IMPROBABLE < chi2.sf(statistic, n_bins - 1) < 1.0 - IMPROBABLE


def test_the_rate_grows_exponentially_with_the_distance_from_threshold():
    sim.setup(timestep=DT, seed=5, **QUIET)
    v, n_cells, n_steps = np.repeat([-67.0, -65.0, -63.0, -61.0, -50.0], 40), 200, 5000
    rest = {**MEMORYLESS, "v_rest": v, "v_reset": v}
    noise = {"v_t_star": -62.0, "delta_v": 1.5, "lambda0": 300.0}
    cells = sim.Population(n_cells, sim.GIF_cond_exp(**rest, **noise, tau_refrac=0.0))
    cells.initialize(v=v)
    cells.record("spikes")
    sim.run(n_steps * DT)
    counts = np.array(list(map(len, spikes_of(cells)))).reshape(5, 40).sum(axis=1)
    p = probability(v[::40], -62.0, 1.5, 300.0)
    # a binomial number; where the probability is 1 there are no others
    n = 40 * n_steps
    assert np.all(np.abs(counts - n * p) <= N_ERRORS * np.sqrt(n * p * (1.0 - p)))
    assert counts[0] > 100


def escaping(n_after=0, seed=1):
    """Run cells among others; return their spikes in two segments."""
    sim.setup(timestep=DT, seed=seed, **QUIET)
    model = sim.GIF_cond_exp(i_offset=0.8, lambda0=500.0, delta_v=3.0, a_eta=[0.1, 0.0, 0.0])
    cells = sim.Population(40, model)
    if n_after:
        others = sim.Population(n_after, model)
        more = sim.Population(n_after, sim.IF_cond_exp(i_offset=1.0))
        others.record("spikes")
        sim.Projection(more, others, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.01))
    cells.record("spikes")
    sim.run(60.0)
    sim.run(40.0)
    sim.reset()
    sim.run(100.0)
    return [[train.tolist() for train in spikes_of(cells, segment)] for segment in (0, 1)]


def test_spikes_depend_on_the_seed_the_segment_and_the_cell_alone():
    first, second = escaping()
    assert sum(map(len, first)) > 100
    assert len({tuple(train) for train in first}) == 40
    assert first != second
    assert escaping(n_after=7) == [first, second]
    assert escaping(seed=2)[0] != first


def test_currents_and_threshold_of_a_spike_decay_each_by_itself():
    sim.setup(timestep=DT, seed=1, **QUIET)
    tau, a_eta, a_gamma = np.array([0.7, 9.0, 80.0]), [0.3, -0.1, 0.02], [5.0, 3.0, -1.0]
    cell = sim.Population(
        1,
        sim.GIF_cond_exp(
            i_offset=1.0, tau_eta=tau, tau_gamma=2.0 * tau, a_eta=a_eta, a_gamma=a_gamma, **SHARP
        ),
    )
    cell.record(["spikes", "i_eta", "v_t"])
    sim.run(200.0)
    segment = cell.get_data().segments[0]
    (spikes,) = spikes_of(cell)
    assert spikes.size > 3
    since = DT * (np.arange(2001)[:, None, None] - spikes[None, :, None])
    for name, rest, taus, a in (("i_eta", 0.0, tau, a_eta), ("v_t", -48.0, 2.0 * tau, a_gamma)):
        shapes = np.where(since >= 0.0, np.exp(-since.clip(0.0) / taus), 0.0)
        expected = rest + (shapes * a).sum(axis=(1, 2))
        found = segment.filter(name=name)[0].magnitude[:, 0]
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("dt", [0.1, 0.05])
def test_v_after_a_spike_is_that_of_the_equation(dt):
    sim.setup(timestep=dt, seed=1, **QUIET)
    tau, a = np.array([2.0, 9.0, 80.0]), np.array([0.5, 0.2, -0.1])
    parameters = {"i_offset": 1.2, "tau_eta": tau, "a_eta": a, "v_reset": -70.0, **SHARP}
    cell = sim.Population(1, sim.GIF_cond_exp(**parameters))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    synapse = sim.StaticSynapse(weight=0.05, delay=1.0)
    sim.Projection(source, cell, sim.AllToAllConnector(), synapse)
    cell.record(["spikes", "v"])
    sim.run(80.0)
    segment = cell.get_data().segments[0]
    v = segment.filter(name="v")[0].magnitude[:, 0]
    first, second = segment.spiketrains[0].magnitude[:2]
    begin, end = round((first + 4.0) / dt), round(second / dt)
    assert end - begin > 50
    np.testing.assert_array_equal(v[round(first / dt) : begin + 1], -70.0)
    weight = float(np.float32(0.05))

    def slope(t, v):
        g = weight * exp(-(t - 2.0) / 5.0)
        i_eta = (a * np.exp(-(t - first) / tau)).sum()
        return (-65.0 - v) / 20.0 + 1.2 - i_eta - g * v

    times = dt * np.arange(begin, end)
    span = (first + 4.0, times[-1])
    exact = solve_ivp(slope, span, [-70.0], "DOP853", times.clip(*span), rtol=1e-12, atol=1e-12)
    # of order 4: the fifth derivative of v is at most that of the currents, 0.5 nA/nF / (2 ms)**4,
    # and of the conductance's; a step is off by less than dt**5 times that, over 4320
    n_steps = end - begin
    assert np.abs(v[begin:end] - exact.y[0]).max() < n_steps * dt**5 * (0.5 / 2.0**4 + 1.0) / 4320


def test_v_is_that_of_if_cond_exp_where_no_spike_comes():
    sim.setup(timestep=DT, **QUIET)
    shared = {"i_offset": 0.4, "tau_syn_E": 3.0, "e_rev_I": -80.0}
    quiet = sim.Population(1, sim.GIF_cond_exp(lambda0=0.0, **shared))
    other = sim.Population(1, sim.IF_cond_exp(v_thresh=1e3, **shared))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[2.0, 11.0, 30.0]))
    for weight, receptor in ((0.03, "excitatory"), (0.02, "inhibitory"), (30.0, "excitatory")):
        synapse = sim.StaticSynapse(weight=weight, delay=1.0)
        sim.Projection(
            source, quiet + other, sim.AllToAllConnector(), synapse, receptor_type=receptor
        )
    for cells in (quiet, other):
        cells.record(["v", "gsyn_exc", "gsyn_inh"])
    sim.run(60.0)
    signals = [cells.get_data().segments[0].analogsignals for cells in (quiet, other)]
    for found, expected in zip(*signals, strict=True):
        # sums are rounded otherwise
        np.testing.assert_allclose(found.magnitude, expected.magnitude, rtol=1e-13, atol=1e-12)


def noisy_network(engine, seed):
    """Return the spikes of adapting cells that hear noise and each other."""
    sim.setup(timestep=DT, seed=seed, engine=engine, **QUIET)
    model = sim.GIF_cond_exp(
        i_offset=0.7, delta_v=2.0, lambda0=10.0, a_eta=[0.1, 0.05, 0.01], a_gamma=[3.0, 2.0, 1.0]
    )
    cells = sim.Population(300, model)
    noise = sim.Population(300, sim.SpikeSourcePoisson(rate=200.0))
    synapse = sim.StaticSynapse(weight=0.005, delay=1.0)
    sim.Projection(noise, cells, sim.OneToOneConnector(), synapse)
    sim.Projection(cells, cells, sim.FixedProbabilityConnector(0.05), synapse)
    cells.record("spikes")
    sim.run(1000.0)
    return spikes_of(cells)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("engine", ["nest", pytest.param("brian2", marks=pytest.mark.slow)])
def test_other_engines_spike_as_often_and_as_regularly(engine):
    pytest.importorskip(engine)
    counts, cvs = [], []
    for each in ("native", engine):
        trains = noisy_network(each, seed=3)
        counts.append(np.array(list(map(len, trains))))
        intervals = [np.diff(train) for train in trains if len(train) > 4]
        cvs.append(np.array([x.std() / x.mean() for x in intervals]))
        assert np.concatenate(intervals).min() * DT > 4.0
    for found, expected in (counts, cvs):
        errors = [x.std() / np.sqrt(x.size) for x in (found, expected)]
        assert abs(found.mean() - expected.mean()) < N_ERRORS * np.hypot(*errors)
    assert counts[0].mean() > 5.0
