"""Poisson sources: statistics, independence, windows, and one train for all targets.

Seeds are fixed; a p-value below 1e-3 is a failure.
"""

import numpy as np
import pytest
from scipy import stats

import distsim as sim
from distsim.pynn.simulator import state

DT = 0.1
SMALLEST_P = 1e-3


def poisson_trains(n=64, run_time=2000.0, seed=11, **parameters):
    """Return the spike steps of n sources."""
    sim.setup(timestep=DT, seed=seed, log=False, progress=False)
    sources = sim.Population(n, sim.SpikeSourcePoisson(**parameters))
    sources.record("spikes")
    sim.run(run_time)
    trains = sources.get_data().segments[0].spiketrains
    return [np.rint(train.magnitude / DT).astype(int) for train in trains]


@pytest.mark.parametrize("rate", [5.0, 80.0, 3000.0, 40_000.0])
def test_counts_have_the_mean_and_variance_of_a_poisson_process(rate):
    counts = np.array([train.size for train in poisson_trains(200, 500.0, rate=rate)])
    mean = rate * 0.5
    # the sum is Poisson, too; the index of dispersion is chi-squared
    total = stats.poisson(mean * counts.size)
    assert 2 * min(total.cdf(counts.sum()), total.sf(counts.sum() - 1)) > SMALLEST_P
    dispersion = ((counts - mean) ** 2).sum() / mean
    chi2 = stats.chi2(counts.size)
    assert 2 * min(chi2.cdf(dispersion), chi2.sf(dispersion)) > SMALLEST_P


def test_counts_per_step_are_poisson_distributed():
    trains = poisson_trains(20, 500.0, rate=8000.0)
    counts = np.concatenate([np.bincount(train, minlength=5001)[1:] for train in trains])
    observed = np.bincount(counts)
    expected = stats.poisson(0.8).pmf(np.arange(observed.size)) * counts.size
    is_bin = expected > 10
    observed = np.append(observed[is_bin], observed[~is_bin].sum())
    expected = np.append(expected[is_bin], counts.size - expected[is_bin].sum())
    assert stats.chisquare(observed, expected).pvalue > SMALLEST_P


@pytest.mark.parametrize("rate", [20.0, 500.0])
def test_interspike_intervals_are_exponential(rate):
    n, duration = 64, 2000.0
    trains = poisson_trains(n, duration, rate=rate)
    # a Poisson process, seen in steps, is one again when each spike moves to a random place in its
    # step; the trains one after another are one long train, without ends that censor intervals
    rng = np.random.default_rng(5)
    times = [
        k * duration + np.sort((train - rng.random(train.size)) * DT)
        for k, train in enumerate(trains)
    ]
    intervals = np.diff(np.concatenate(times))
    assert stats.kstest(intervals, stats.expon(scale=1000.0 / rate).cdf).pvalue > SMALLEST_P
    # successive intervals are independent
    correlation = stats.spearmanr(intervals[:-1], intervals[1:])
    assert correlation.pvalue > SMALLEST_P


def test_cells_are_independent():
    n, duration, n_bins = 64, 4000.0, 400
    trains = poisson_trains(n, duration, rate=200.0)
    edges = np.linspace(0, duration / DT, n_bins + 1) + 0.5
    counts = np.array([np.histogram(train, edges)[0] for train in trains])
    # correlations of counts are normal with variance 1 / n_bins; sources 4 k to 4 k + 3 share
    # their blocks of random words
    correlations = np.corrcoef(counts)
    z = correlations * np.sqrt(n_bins)
    pairs = np.triu_indices(n, 1)
    same_block = pairs[0] // 4 == pairs[1] // 4
    for chosen in (same_block, ~same_block):
        values = z[pairs][chosen]
        assert stats.kstest(values, stats.norm.cdf).pvalue > SMALLEST_P
        assert stats.chi2(values.size).sf((values**2).sum()) > SMALLEST_P
    # the sum of all sources varies as a Poisson number does
    total, mean = counts.sum(axis=0), counts.mean() * n
    dispersion = ((total - mean) ** 2).sum() / mean
    chi2 = stats.chi2(n_bins - 1)
    assert 2 * min(chi2.cdf(dispersion), chi2.sf(dispersion)) > SMALLEST_P


def test_start_and_duration_cut_a_window_out_of_the_train():
    whole = poisson_trains(8, 100.0, rate=1000.0)
    window = poisson_trains(8, 100.0, rate=1000.0, start=20.0, duration=30.0)
    for train, part in zip(whole, window, strict=True):
        # the process runs from step 200 to 500: the first step that can have a spike is 201
        np.testing.assert_array_equal(part, train[(train > 200) & (train <= 500)])


def test_windows_that_touch_share_no_spike_and_lose_none():
    whole = poisson_trains(8, 100.0, rate=1000.0, start=10.0, duration=50.0)
    first = poisson_trains(8, 100.0, rate=1000.0, start=10.0, duration=20.0)
    second = poisson_trains(8, 100.0, rate=1000.0, start=30.0, duration=30.0)
    for train, one, other in zip(whole, first, second, strict=True):
        np.testing.assert_array_equal(train, np.concatenate([one, other]))


def test_disjoint_windows_are_independent():
    trains = poisson_trains(400, 100.0, rate=500.0)
    early = [np.count_nonzero(train <= 500) for train in trains]
    late = [np.count_nonzero(train > 500) for train in trains]
    assert stats.spearmanr(early, late).pvalue > SMALLEST_P


def test_a_source_of_rate_zero_is_silent():
    assert sum(train.size for train in poisson_trains(8, 100.0, rate=0.0)) == 0


def test_seeds_and_segments_give_other_trains():
    assert any(
        not np.array_equal(one, other)
        for one, other in zip(
            poisson_trains(4, seed=1, rate=50.0), poisson_trains(4, seed=2, rate=50.0), strict=True
        )
    )
    sim.setup(timestep=DT, seed=1, log=False, progress=False)
    source = sim.Population(1, sim.SpikeSourcePoisson(rate=500.0))
    source.record("spikes")
    for _ in range(2):
        sim.run(100.0)
        sim.reset()
    first, second = (s.spiketrains[0].magnitude for s in source.get_data().segments[:2])
    assert not np.array_equal(first, second)


def test_all_targets_and_the_recorder_see_the_same_train():
    sim.setup(timestep=DT, seed=5, log=False, progress=False)
    source = sim.Population(3, sim.SpikeSourcePoisson(rate=2000.0))
    kinds = {
        "jumps": sim.IF_curr_delta(v_thresh=1e9, v_rest=0.0, tau_m=1e300),
        "currents": sim.IF_curr_exp(v_thresh=1e9, v_rest=0.0),
    }
    populations = {
        name: sim.Population(2, kind, initial_values={"v": 0.0}) for name, kind in kinds.items()
    }
    delays = {"jumps": 0.3, "currents": 1.7}
    for name, population in populations.items():
        synapse = sim.StaticSynapse(weight=1.0, delay=delays[name])
        sim.Projection(source, population, sim.AllToAllConnector(), synapse)
    source.record("spikes")
    populations["jumps"].record("v")
    populations["currents"].record("isyn_exc")
    sim.run(300.0)
    trains = source.get_data().segments[0].spiketrains
    steps = np.rint(np.concatenate([train.magnitude for train in trains]) / DT).astype(int)
    counts = np.bincount(steps, minlength=3001)
    # what arrives is the recorded train, behind its delay
    v = populations["jumps"].get_data().segments[0].filter(name="v")[0].magnitude
    for target in range(2):
        np.testing.assert_array_equal(np.diff(v[:, target])[2:], counts[: 3000 - 2])
    current = populations["currents"].get_data().segments[0].filter(name="isyn_exc")[0].magnitude
    decay = np.exp(-DT / 5.0)
    arriving = np.rint(current[1:] - current[:-1] * decay)
    for target in range(2):
        np.testing.assert_array_equal(arriving[16:, target], counts[: 3000 - 16])


def test_a_source_gives_the_same_train_with_and_without_targets():
    alone = poisson_trains(4, 200.0, rate=300.0)
    sim.setup(timestep=DT, seed=11, log=False, progress=False)
    sources = sim.Population(4, sim.SpikeSourcePoisson(rate=300.0))
    cells = sim.Population(7, sim.IF_cond_exp())
    sim.Projection(
        sources, cells, sim.FixedProbabilityConnector(0.5), sim.StaticSynapse(weight=0.01)
    )
    sources.record("spikes")
    sim.run(200.0)
    trains = sources.get_data().segments[0].spiketrains
    for one, other in zip(alone, trains, strict=True):
        np.testing.assert_array_equal(one, np.rint(other.magnitude / DT).astype(int))


def test_spikes_on_their_way_are_those_that_were_made_when_all_changes_around_them():
    sim.setup(timestep=DT, seed=5, log=False, progress=False)
    source = sim.Population(1, sim.SpikeSourcePoisson(rate=900.0))
    model = sim.IF_curr_delta(v_rest=0.0, v_thresh=1e6, v_reset=-1.0, tau_m=1e9)
    cell = sim.Population(1, model, initial_values={"v": 0.0})
    synapse = sim.StaticSynapse(weight=1.0, delay=5.0)
    to_all = sim.AllToAllConnector()
    projection = sim.Projection(source, cell, to_all, synapse)
    source.record("spikes")
    cell.record("v")
    for rate in (0.0, 2000.0, 0.0, 500.0):
        sim.run(3.3)
        source.set(rate=rate)
        # makes distsim build all connections anew
        projection.set(weight=1.0)
    sim.run(10.0)
    train = source.get_data().segments[0].spiketrains[0].magnitude
    counts = np.bincount(np.rint(train / DT).astype(int), minlength=300)
    v = cell.get_data().segments[0].filter(name="v")[0].magnitude[:, 0]
    assert counts[:33].sum() > 0
    assert counts[34:67].sum() == 0
    np.testing.assert_allclose(np.diff(v)[50:], counts[1 : v.size - 50], atol=1e-6)


def test_only_rates_of_spikes_that_are_on_their_way_are_kept():
    sim.setup(timestep=DT, log=False, progress=False)
    source = sim.Population(2, sim.SpikeSourcePoisson(rate=900.0))
    cell = sim.Population(1, sim.IF_curr_exp())
    synapse = sim.StaticSynapse(weight=0.1, delay=5.0)
    sim.Projection(source, cell, sim.AllToAllConnector(), synapse)
    for k in range(40):
        source.set(rate=100.0 * k)
        sim.run(1.0)
    # the present one, and those that ended in the last 5 ms
    assert len(state.simulation._periods) <= 6
