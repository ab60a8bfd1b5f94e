"""Renewal sources: intervals, counts, equilibrium, changes in time, independence; against NEST.

Seeds are fixed; a p-value below 1e-4 is a failure. The distributions tested against are exact, but
for the grid, of 1/20,000 or 1/2,000 of a mean interval: of all seeds one in 10,000 fails a test.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats

import distsim as sim

SMALLEST_P = 1e-4
DT = 0.001


def spike_times(cell, n=100, run_time=2000.0, seed=3, dt=DT, changes=()):
    """Return the spike times of n sources [ms]; after each time of `changes` values are set."""
    sim.setup(timestep=dt, seed=seed, log=False, progress=False)
    sources = sim.Population(n, cell)
    sources.record("spikes")
    for time, values in changes:
        sim.run_until(time)
        sources.set(**values)
    sim.run_until(run_time)
    return [train.magnitude for train in sources.get_data().segments[0].spiketrains]


def first_intervals(trains, n_each):
    """Return the first intervals of each train: whole ones, whose length no end cuts short."""
    assert min(train.size for train in trains) > n_each
    return np.array([np.diff(train[: n_each + 1]) for train in trains])


SOURCES = {
    "dead time": (
        sim.SpikeSourcePoissonRefractory(rate=50.0, tau_refrac=5.0),
        stats.expon(loc=5.0, scale=15.0),
    ),
    "no dead time": (sim.SpikeSourcePoissonRefractory(rate=50.0), stats.expon(scale=20.0)),
    **{
        f"alpha = {alpha}": (
            sim.SpikeSourceGamma(alpha=alpha, beta=50.0 * alpha),
            stats.gamma(alpha, scale=20.0 / alpha),
        )
        for alpha in (0.5, 1.0, 3.0, 20.0)
    },
    "constant courses": (
        sim.SpikeSourceInhGamma(a=[3.0, 3.0], b=[0.02 / 3, 0.02 / 3], tbins=[0.0, 333.0]),
        stats.gamma(3.0, scale=20.0 / 3.0),
    ),
}


@pytest.mark.parametrize("name", list(SOURCES))
def test_intervals_are_distributed_as_they_should_be(name):
    cell, expected = SOURCES[name]
    trains = spike_times(cell)
    intervals = first_intervals(trains, 40)
    assert stats.kstest(intervals.ravel(), expected.cdf).pvalue > SMALLEST_P
    mean, variance = expected.mean(), expected.var()
    error = (intervals.mean() - mean) / np.sqrt(variance / intervals.size)
    assert 2 * stats.norm.sf(abs(error)) > SMALLEST_P
    # a renewal process: the next interval does not depend on the last
    pairs = intervals[:, :-1].ravel(), intervals[:, 1:].ravel()
    assert stats.spearmanr(*pairs).pvalue > SMALLEST_P
    if name == "dead time":
        # the times are multiples of dt, and so is the dead time
        assert min(np.diff(train).min() for train in trains) > 5.0 - 1e-6


@pytest.mark.parametrize("name", list(SOURCES))
def test_a_source_is_in_equilibrium_from_the_beginning(name):
    cell, expected = SOURCES[name]
    trains = spike_times(cell, n=1000, run_time=300.0, dt=0.01)
    first = np.array([train[0] if train.size else 300.0 for train in trains])
    # the time to the first spike has the density S / mean, with the survivor function S
    grid = np.linspace(0.0, 300.0, 60_001)
    density = expected.sf(grid) / expected.mean()
    below = np.concatenate([[0.0], np.cumsum(0.5 * np.diff(grid) * (density[1:] + density[:-1]))])
    # spikes are seen at the end of their step
    assert stats.kstest(first - 0.005, lambda t: np.interp(t, grid, below)).pvalue > SMALLEST_P


@pytest.mark.parametrize(
    ("cell", "shape", "scale", "dead"),
    [
        (sim.SpikeSourceGamma(alpha=3.0, beta=150.0), 3.0, 20.0 / 3.0, 0.0),
        (sim.SpikeSourceGamma(alpha=0.5, beta=25.0), 0.5, 40.0, 0.0),
        (sim.SpikeSourcePoissonRefractory(rate=50.0, tau_refrac=10.0), 1.0, 10.0, 10.0),
    ],
)
def test_counts_have_the_mean_and_variance_of_a_renewal_process(cell, shape, scale, dead):
    n, run_time = 400, 2000.0
    trains = spike_times(cell, n, run_time, dt=0.01)
    counts = np.array([train.size for train in trains])
    # of a process in equilibrium (D. R. Cox, Renewal Theory, section 4.5), up to what vanishes
    # exponentially in time
    mean, variance, third = dead + shape * scale, shape * scale**2, 2.0 * shape * scale**3
    expected = run_time / mean
    spread = (
        variance / mean**3 * run_time
        + 1.0 / 6.0
        + variance**2 / (2.0 * mean**4)
        - third / (3.0 * mean**3)
    )
    error = (counts.mean() - expected) / np.sqrt(spread / n)
    assert 2 * stats.norm.sf(abs(error)) > SMALLEST_P
    # counts of a hundred spikes are about normal: the spread's own error is sqrt(2 / n)
    chi2 = stats.chi2(n)
    sum_of_squares = ((counts - expected) ** 2).sum() / spread
    assert 2 * min(chi2.cdf(sum_of_squares), chi2.sf(sum_of_squares)) > SMALLEST_P


def test_sources_are_independent():
    n, n_bins = 64, 400
    trains = spike_times(SOURCES["alpha = 3.0"][0], n, 8000.0, dt=0.01)
    edges = np.linspace(0.0, 8000.0, n_bins + 1)
    counts = np.array([np.histogram(train, edges)[0] for train in trains])
    # counts in turn are anticorrelated within a source, so correlations have less variance than
    # 1 / n_bins times that of white noise: rho, the same for all pairs, is estimated from lags
    z = np.corrcoef(counts)[np.triu_indices(n, 1)] * np.sqrt(n_bins)
    centred = counts - counts.mean(axis=1, keepdims=True)
    lags = [
        (centred[:, lag:] * centred[:, : n_bins - lag]).mean() / centred.var() for lag in range(4)
    ]
    factor = 1.0 + 2.0 * sum(rho**2 for rho in lags[1:])
    assert stats.kstest(z / np.sqrt(factor), stats.norm.cdf).pvalue > SMALLEST_P


# --- changes -----------------------------------------------------------------------------------


def gamma_hazards(trains, pieces):
    """Return the hazards, integrated from spike to spike, of gamma processes that change.

    By the time-rescaling theorem they are exponentially distributed, of mean 1. Of each train the
    first n are taken, as many as each has.
    """
    bounds = [*(time for time, *_ in pieces), np.inf]
    every = []
    for train in trains:
        last, now = train[:-1], train[1:]
        total = np.zeros(last.size)
        for k, (_, shape, scale, dead) in enumerate(pieces):
            low = np.clip(last, bounds[k], bounds[k + 1])
            high = np.clip(now, bounds[k], bounds[k + 1])
            ages = [np.maximum(t - last - dead, 0.0) / scale for t in (low, high)]
            below, above = (-np.log(special.gammaincc(shape, age)) for age in ages)
            total += above - below
        every.append(total)
    n_each = min(hazards.size for hazards in every)
    assert n_each > 20
    return np.array([hazards[:n_each] for hazards in every])


def assert_exponential(hazards):
    """Check that integrated hazards are independent and exponential."""
    assert stats.kstest(hazards.ravel(), stats.expon.cdf).pvalue > SMALLEST_P
    pairs = hazards[:, :-1].ravel(), hazards[:, 1:].ravel()
    assert stats.spearmanr(*pairs).pvalue > SMALLEST_P


def test_courses_are_followed_at_each_age():
    # bins shorter than, as long as, and longer than an interval
    tbins = np.concatenate([np.arange(0.0, 300.0, 3.0), np.arange(300.0, 900.0, 20.0)])
    k = np.arange(tbins.size)
    shapes, scales = np.choose(k % 3, [1.0, 4.0, 0.7]), np.choose(k % 2, [2.0, 9.0])
    cell = sim.SpikeSourceInhGamma(
        a=sim.Sequence(shapes), b=sim.Sequence(scales / 1000.0), tbins=sim.Sequence(tbins)
    )
    trains = spike_times(cell, 100, 1000.0)
    pieces = list(zip(tbins, shapes, scales, np.zeros(tbins.size), strict=True))
    assert_exponential(gamma_hazards(trains, pieces))


def test_rates_follow_courses_at_once_where_the_process_is_poisson():
    cell = sim.SpikeSourceInhGamma(
        a=[1.0] * 4, b=[0.01, 0.002, 0.05, 0.005], tbins=[0.0, 100.0, 200.0, 300.0]
    )
    trains = spike_times(cell, 200, 400.0, dt=0.01)
    counts, _ = np.histogram(np.concatenate(trains) - 0.005, np.arange(0.0, 401.0, 10.0))
    expected = 200 * np.repeat([0.1, 0.5, 0.02, 0.2], 10) * 10.0
    chi2 = stats.chi2(counts.size).sf(((counts - expected) ** 2 / expected).sum())
    assert chi2 > SMALLEST_P


def test_parameters_that_are_set_hold_from_then_on_at_the_age_that_there_is():
    changes = [(200.0, {"alpha": 0.6}), (303.0, {"beta": 500.0, "alpha": 8.0})]
    trains = spike_times(sim.SpikeSourceGamma(alpha=3.0, beta=150.0), 100, 1500.0, changes=changes)
    pieces = [(0.0, 3.0, 1000 / 150, 0.0), (200.0, 0.6, 1000 / 150, 0.0), (303.0, 8.0, 2.0, 0.0)]
    assert_exponential(gamma_hazards(trains, pieces))


def test_a_dead_time_that_is_set_holds_since_the_last_spike():
    changes = [(200.0, {"tau_refrac": 12.0, "rate": 70.0}), (210.0, {"rate": 20.0})]
    cell = sim.SpikeSourcePoissonRefractory(rate=100.0, tau_refrac=2.0)
    trains = spike_times(cell, 100, 1500.0, changes=changes)
    pieces = [
        (0.0, 1.0, 8.0, 2.0),
        (200.0, 1.0, 1000 / 70 - 12.0, 12.0),
        (210.0, 1.0, 50.0 - 12.0, 12.0),
    ]
    assert_exponential(gamma_hazards(trains, pieces))
    for train in trains:
        late = np.flatnonzero(train > 212.0)
        assert np.diff(train)[late[late > 0] - 1].min() > 12.0 - 1e-6


# --- spikes on their way, and where they are drawn ---------------------------------------------


def test_spikes_on_their_way_are_those_that_were_made_when_all_changes_around_them():
    sim.setup(timestep=0.1, seed=5, log=False, progress=False)
    kinds = [
        sim.SpikeSourcePoissonRefractory(rate=180.0, tau_refrac=5.0),
        sim.SpikeSourceGamma(alpha=0.5, beta=2000.0),
        sim.SpikeSourceInhGamma(a=[3.0, 3.0], b=[1 / 1500, 1 / 3000], tbins=[0.0, 10.0]),
    ]
    model = sim.IF_curr_delta(v_rest=0.0, v_thresh=1e6, v_reset=-1.0, tau_m=1e9)
    sources = [sim.Population(2, kind) for kind in kinds]
    cells = [sim.Population(1, model, initial_values={"v": 0.0}) for _ in kinds]
    synapse, to_all = sim.StaticSynapse(weight=1.0, delay=5.0), sim.AllToAllConnector()
    projections = [
        sim.Projection(*pair, to_all, synapse) for pair in zip(sources, cells, strict=True)
    ]
    for source, cell in zip(sources, cells, strict=True):
        source.record("spikes")
        cell.record("v")
    for k in range(6):
        sim.run(3.3)
        sources[0].set(rate=150.0 + 5.0 * k)
        sources[1].set(beta=1000.0 * k)
        sources[2].set(b=[0.001, 0.002 * (k + 1)])
        if k % 2:
            # makes distsim build all connections anew
            projections[0].set(weight=1.0)
    sim.run(10.0)
    for source, cell in zip(sources, cells, strict=True):
        trains = source.get_data().segments[0].spiketrains
        steps = np.rint(np.concatenate([t.magnitude for t in trains]) / 0.1).astype(int)
        counts = np.bincount(steps, minlength=400)
        v = cell.get_data().segments[0].filter(name="v")[0].magnitude[:, 0]
        np.testing.assert_allclose(np.diff(v)[50:], counts[1 : v.size - 50], atol=1e-6)
        assert counts.sum() > 5


def test_a_source_gives_the_same_train_with_and_without_targets():
    alone = spike_times(sim.SpikeSourceGamma(alpha=2.0, beta=400.0), 4, 200.0, dt=0.1)
    sim.setup(timestep=0.1, seed=3, log=False, progress=False)
    sources = sim.Population(4, sim.SpikeSourceGamma(alpha=2.0, beta=400.0))
    cells = sim.Population(7, sim.IF_curr_delta())
    sim.Projection(
        sources, cells, sim.FixedProbabilityConnector(0.5), sim.StaticSynapse(weight=0.01)
    )
    sources.record("spikes")
    sim.run(200.0)
    trains = sources.get_data().segments[0].spiketrains
    for one, other in zip(alone, trains, strict=True):
        np.testing.assert_array_equal(one, other.magnitude)


def test_segments_give_other_trains():
    sim.setup(timestep=0.1, seed=1, log=False, progress=False)
    source = sim.Population(1, sim.SpikeSourceGamma(alpha=2.0, beta=1000.0))
    source.record("spikes")
    for _ in range(2):
        sim.run(100.0)
        sim.reset()
    first, second = (s.spiketrains[0].magnitude for s in source.get_data().segments[:2])
    assert first.size > 20
    assert not np.array_equal(first, second)


def test_recording_that_begins_later_has_the_spikes_from_then_on():
    whole = spike_times(sim.SpikeSourceGamma(alpha=2.0, beta=400.0), 4, 300.0, dt=0.1)
    sim.setup(timestep=0.1, seed=3, log=False, progress=False)
    sources = sim.Population(4, sim.SpikeSourceGamma(alpha=2.0, beta=400.0))
    sim.run(100.0)
    sources.record("spikes")
    sim.run(200.0)
    trains = sources.get_data().segments[0].spiketrains
    for one, other in zip(whole, trains, strict=True):
        np.testing.assert_array_equal(one[one > 100.05], other.magnitude)


# --- NEST --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nest_intervals(tmp_path_factory):
    """Return first intervals of NEST's generators of single processes, with dt = 0.1 ms."""
    pytest.importorskip("nest")
    answer = tmp_path_factory.mktemp("nest") / "intervals.json"
    script = Path(__file__).parent / "nest_sources.py"
    job = subprocess.run(
        [sys.executable, "-P", str(script), str(answer)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert job.returncode == 0, job.stderr
    return json.loads(answer.read_text())


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("ppd_sup_generator", sim.SpikeSourcePoissonRefractory(rate=50.0, tau_refrac=5.0)),
        ("gamma_sup_generator", sim.SpikeSourceGamma(alpha=3.0, beta=150.0)),
    ],
)
def test_intervals_are_those_of_nests_generators(nest_intervals, name, cell):
    ours = first_intervals(spike_times(cell, dt=0.1), 40).ravel()
    # NEST draws whether there is a spike in a step: the grid moves intervals by parts of a step
    theirs = np.array(nest_intervals[name])
    assert theirs.size == ours.size
    assert stats.ks_2samp(ours, theirs).pvalue > SMALLEST_P
    assert abs(ours.mean() - theirs.mean()) < 4 * np.sqrt(2 * ours.var() / ours.size)
