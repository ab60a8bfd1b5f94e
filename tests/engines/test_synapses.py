"""Synapses with variables on other engines: the same weights, spikes, potentials as on native."""

import numpy as np
import pytest
from networks import QUIET, signal_of, trains_of
from neuron_marks import needs_neuron

import distsim as sim
from distsim.errors import EngineError

# Brian calls other packages in ways that are to end
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DEPENDENCES = {
    "additive": lambda: sim.AdditiveWeightDependence(w_max=0.4),
    "multiplicative": lambda: sim.MultiplicativeWeightDependence(w_max=0.4),
    "mixed": lambda: sim.AdditivePotentiationMultiplicativeDepression(w_max=0.4),
    "gutig": lambda: sim.GutigWeightDependence(w_max=0.4, mu_plus=0.3, mu_minus=0.7),
}


def pair_rule(tau_minus=25.0, **values):
    given = {"tau_plus": 17.0, "A_plus": 0.05, "A_minus": 0.04, **values}
    return sim.SpikePairRule(tau_minus=tau_minus, **given)


def mechanism(timing, weights, **values):
    return sim.STDPMechanism(timing, weights(), **values)


def uniform(low, high):
    return sim.RandomDistribution("uniform", (low, high))


def sources(rate, once):
    """Return noise; Brian's code in numpy takes one spike of a source in a step."""
    if once:
        return sim.SpikeSourcePoissonRefractory(rate=rate, tau_refrac=0.5)
    return sim.SpikeSourcePoisson(rate=rate)


def recurrent(
    dependence,
    engine,
    cell="IF_curr_exp",
    durations=(40.0, 23.7, 31.2),
    fraction=1.0,
    once=False,
    **options,
):
    """Run cells with plastic synapses from noise, given spikes, themselves.

    Returns spikes, v, and all weights after each run.
    """
    sim.setup(timestep=0.1, seed=4, engine=engine, **QUIET, **options)
    scale = 0.01 if "cond" in cell else 1.0
    cells = sim.Population(12, getattr(sim, cell)(tau_refrac=2.0, i_offset=0.3))
    noise = sim.Population(12, sources(400.0, once))
    given = sim.Population(
        3, sim.SpikeSourceArray(spike_times=[3.0, *([] if once else [3.0]), 11.3, 39.0, 63.1, 70.0])
    )
    rule = DEPENDENCES[dependence]()
    rule.parameter_space.update(w_max=0.4 * scale)
    projections = [
        sim.Projection(
            pre,
            cells,
            connector,
            sim.STDPMechanism(
                pair_rule(),
                rule,
                weight=uniform(0.05 * scale, 0.35 * scale),
                delay=uniform(0.5, 3.0),
                dendritic_delay_fraction=fraction,
            ),
        )
        for pre, connector in (
            (cells, sim.FixedProbabilityConnector(0.4)),
            (noise, sim.FixedProbabilityConnector(0.6)),
            (given, sim.FixedTotalNumberConnector(40)),
        )
    ]
    static = sim.StaticSynapse(weight=0.5 * scale, delay=1.0)
    sim.Projection(noise, cells, sim.OneToOneConnector(), static)
    cells.record(["spikes", "v"])
    weights = []
    for duration in durations:
        sim.run(duration)
        weights += [weights_of(projection) for projection in projections]
    return trains_of(cells), signal_of(cells, "v"), weights


def weights_of(projection):
    return np.array(projection.get("weight", "list", with_address=False))


@pytest.mark.parametrize("dependence", DEPENDENCES)
def test_the_pair_rule_gives_the_same_weights_in_nest(dependence):
    pytest.importorskip("nest")
    spikes, v, weights = recurrent(dependence, "native")
    found = recurrent(dependence, "nest")
    assert sum(map(len, spikes)) > 50
    assert found[0] == spikes
    np.testing.assert_allclose(found[1], v, atol=1e-9)
    assert sum(each.size for each in weights) > 300
    for theirs, mine in zip(found[2], weights, strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=1e-10, atol=1e-13)


def assert_same(found, expected, atol=1e-9):
    spikes, v, weights = expected
    assert found[0] == spikes
    np.testing.assert_allclose(found[1], v, atol=atol)
    for theirs, mine in zip(found[2], weights, strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    "fraction",
    [pytest.param(0.0, marks=pytest.mark.slow), 0.4, pytest.param(1.0, marks=pytest.mark.slow)],
)
def test_the_pair_rule_gives_the_same_weights_in_brian(fraction):
    pytest.importorskip("brian2")
    assert_same(
        recurrent("gutig", "brian2", fraction=fraction, once=True),
        recurrent("gutig", "native", fraction=fraction, once=True),
    )


def test_threads_of_nest_change_no_weight():
    pytest.importorskip("nest")
    assert_same(
        recurrent("mixed", "nest", threads=2, min_delay=0.5, max_delay=3.0),
        recurrent("mixed", "native"),
    )


def balanced(engine):
    """Run cells with conductances, inhibited by plastic synapses of Vogels' rule."""
    sim.setup(timestep=0.1, seed=5, engine=engine, **QUIET)
    cells = sim.Population(6, sim.IF_cond_exp(tau_refrac=2.0, i_offset=0.8))
    noise = sim.Population(20, sources(150.0, once=True))
    # far from the largest weight, where NEST bounds it twice
    synapse = sim.STDPMechanism(
        sim.Vogels2011Rule(tau=20.0, eta=1e-4, rho=0.015),
        sim.AdditiveWeightDependence(w_max=0.1),
        weight=uniform(0.0002, 0.002),
        delay=uniform(0.5, 2.0),
    )
    connector = sim.FixedProbabilityConnector(0.7)
    projection = sim.Projection(noise, cells, connector, synapse, receptor_type="inhibitory")
    cells.record(["spikes", "v"])
    weights = []
    for _ in range(2):
        sim.run(100.0)
        weights.append(weights_of(projection))
    return trains_of(cells), signal_of(cells, "v"), weights


@pytest.mark.parametrize("engine", ["nest", "brian2"])
def test_vogels_rule_gives_the_same_weights(engine):
    pytest.importorskip(engine)
    expected = balanced("native")
    assert np.ptp(expected[2][-1]) > 5e-4
    assert (expected[2][-1] == 0.0).any()
    assert_same(balanced(engine), expected, atol=2e-4)


def short_term(engine, cell="IF_curr_exp", once=False, **options):
    """Run cells onto which synapses facilitate and depress; return spikes, v, weights."""
    sim.setup(timestep=0.1, seed=6, engine=engine, **QUIET, **options)
    cells = sim.Population(5, getattr(sim, cell)(tau_syn_E=uniform(2.0, 6.0)))
    times = [1.0, 6.0, *([] if once else [6.0]), 9.3, 30.0, 31.5, 60.0]
    givers = sim.Population(4, sim.SpikeSourceArray(spike_times=times))
    noise = sim.Population(4, sources(200.0, once))
    scale = 0.01 if "cond" in cell else 1.0
    projections = [
        sim.Projection(pre, cells, sim.FixedProbabilityConnector(0.8), synapse)
        for pre, synapse in (
            (
                givers,
                sim.TsodyksMarkramSynapse(
                    U=uniform(0.1, 0.9),
                    tau_rec=uniform(50.0, 200.0),
                    tau_facil=uniform(10.0, 90.0),
                    weight=uniform(1.0 * scale, 3.0 * scale),
                    delay=uniform(0.5, 3.0),
                ),
            ),
            (noise, sim.TsodyksMarkramSynapse(U=0.3, tau_rec=80.0, weight=2.0 * scale, delay=1.0)),
        )
    ]
    cells.record(["spikes", "v"])
    sim.run(50.0)
    projections[0].set(U=0.5, weight=2.0 * scale)
    sim.run(30.0)
    weights = [np.array(p.get("weight", "list", with_address=False)) for p in projections]
    return trains_of(cells), signal_of(cells, "v"), weights


@pytest.mark.parametrize("engine", ["nest", "brian2"])
def test_facilitation_and_depression_act_alike(engine):
    pytest.importorskip(engine)
    once = engine == "brian2"
    expected = short_term("native", once=once)
    assert sum(map(len, expected[0])) > 5
    assert_same(short_term(engine, once=once), expected)


def test_brian_without_compiler_says_that_it_takes_one_spike_in_a_step():
    pytest.importorskip("brian2")
    with pytest.raises(EngineError, match="several spikes in the step at 6 ms"):
        short_term("brian2")


def transmitted(engine, synapse):
    """Return what 400 cells without memory were given by each of 50 spikes, shape (50, 400)."""
    sim.setup(timestep=0.1, seed=7, engine=engine, **QUIET)
    cells = sim.Population(401, sim.IF_curr_exp(tau_m=1.0, tau_syn_E=0.5, v_thresh=1e9))
    times = np.arange(10.0, 1010.0, 20.0)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    projection = sim.Projection(source, cells[:400], sim.AllToAllConnector(), synapse)
    whole = sim.StaticSynapse(weight=1.0, delay=1.0)
    sim.Projection(source, cells[400:], sim.AllToAllConnector(), whole)
    # a millisecond after the arrival, relative to all of the weight
    cells.record("v", sampling_interval=2.0)
    sim.run(1020.0)
    v = signal_of(cells, "v") + 65.0
    response = v[np.rint((times + 2.0) / 2.0).astype(int)]
    assert projection.get("weight", "array").mean() == pytest.approx(1.0)
    return np.asarray(response[:, :400] / response[:, 400:])


# NEURON must not be imported before mpi4py is
NEURON = pytest.param("neuron", marks=needs_neuron)


def skip_without(engine):
    if engine in ("nest", "brian2"):
        pytest.importorskip(engine)


@pytest.mark.parametrize("engine", ["nest", "brian2", NEURON])
def test_synapses_that_transmit_by_chance_do_so_as_often(engine):
    skip_without(engine)
    found = transmitted(engine, sim.SimpleStochasticSynapse(p=0.3, weight=1.0, delay=1.0))
    assert set(np.round(found.ravel(), 6).tolist()) == {0.0, 1.0}
    n = found.size
    assert found.mean() == pytest.approx(0.3, abs=5 * np.sqrt(0.3 * 0.7 / n))
    # spikes and cells by themselves
    deviation = np.sqrt(0.3 * 0.7 / 400)
    assert found.mean(axis=1).std() == pytest.approx(deviation, rel=5 / np.sqrt(2 * 50))


@pytest.mark.parametrize("engine", ["native", "nest", NEURON])
def test_release_sites_release_what_is_expected(engine):
    skip_without(engine)
    n, use, tau_rec = 4, 0.4, 30.0
    synapse = sim.MultiQuantalSynapse(
        U=use, n=n, tau_rec=tau_rec, tau_facil=0.0, weight=1.0, delay=1.0
    )
    found = transmitted(engine, synapse)
    assert np.abs(n * found - np.rint(n * found)).max() < 1e-6
    # part of the sites that are ready at each spike, 20 ms apart
    left, ready = np.exp(-20.0 / tau_rec), [1.0]
    for _ in range(49):
        ready.append(1.0 - (1.0 - ready[-1] * (1.0 - use)) * left)
    expected = use * np.array(ready)
    error = np.sqrt(expected * (1.0 - expected) / (n * 400))
    assert (np.abs(found.mean(axis=1) - expected) < 5 * error).all()
    variance = expected[0] * (1.0 - use) / n
    assert found[0].var() == pytest.approx(variance, rel=5 * np.sqrt(2 / 400))


def changed(engine):
    """Change weights, parameters, delays, connections when no spikes are on their way."""
    sim.setup(timestep=0.1, seed=9, engine=engine, min_delay=0.5, max_delay=4.0, **QUIET)
    cells = sim.Population(5, sim.IF_curr_exp(tau_refrac=2.0, i_offset=1.1))
    bursts = np.arange(2.0, 25.0, 3.7)
    times = np.concatenate([bursts, bursts + 60.0, bursts + 120.0])
    givers = sim.Population(5, sim.SpikeSourceArray(spike_times=times))

    def connect(pre, **values):
        timing = pair_rule(**values)
        synapse = sim.STDPMechanism(
            timing, DEPENDENCES["mixed"](), weight=uniform(0.1, 0.3), delay=uniform(1.0, 3.0)
        )
        return sim.Projection(pre, cells, sim.FixedProbabilityConnector(0.7), synapse)

    projections = [connect(givers), connect(cells)]
    cells.record(["spikes", "v"])
    seen = []

    def burst():
        for current in (1.1, 0.0):
            cells.set(i_offset=current)
            sim.run(30.0)
            seen.extend(weights_of(projection) for projection in projections)

    burst()
    before = np.array(projections[0].get("weight", "list"))
    projections[0][2].weight = 0.123
    after = np.array(projections[0].get("weight", "list"))
    row = projections[0][2]
    ends = row.presynaptic_index, row.postsynaptic_index
    is_set = (before[:, :2] == ends).all(axis=1)
    assert is_set.sum() == 1
    np.testing.assert_array_equal(after[~is_set], before[~is_set])
    assert after[is_set, 2] == 0.123
    projections[1].set(weight=uniform(0.2, 0.3), A_plus=0.02)
    assert set(projections[1].get("A_plus", "list", with_address=False)) == {0.02}
    burst()
    # a projection is added, and what the others have learned stays; it only potentiates, since in
    # NEST it finds the trace of what its targets did before
    projections.append(connect(cells, A_minus=0.0))
    burst()
    return trains_of(cells), signal_of(cells, "v"), seen


@pytest.mark.parametrize("engine", ["nest", "brian2"])
def test_what_is_set_between_runs_acts_alike(engine):
    pytest.importorskip(engine)
    expected = changed("native")
    assert sum(map(len, expected[0])) > 20
    assert_same(changed(engine), expected)


@pytest.mark.parametrize("engine", ["native", "nest", NEURON])
def test_reset_brings_back_what_was_set_last(engine):
    skip_without(engine)
    sim.setup(timestep=0.1, engine=engine, **QUIET)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0, 15.0]))
    cells = sim.Population(2, sim.IF_curr_exp(i_offset=2.0))
    synapse = mechanism(pair_rule(), DEPENDENCES["additive"], weight=0.1, delay=1.0)
    projection = sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
    results = []
    for _ in range(3):
        assert projection.get("weight", "list", with_address=False) == [0.1, 0.1]
        sim.run(30.0)
        results.append(projection.get("weight", "list", with_address=False))
        sim.reset()
    assert results[0] == results[1] == results[2]
    assert results[0][0] != 0.1
    projection[1].weight = 0.2
    sim.run(10.0)
    sim.reset()
    assert projection.get("weight", "list", with_address=False) == [0.1, 0.2]


def refused(match, synapse, other=None, receptor="excitatory"):
    sim.setup(timestep=0.1, engine="nest", **QUIET)
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[5.0]), label="givers")
    cells = sim.Population(2, sim.IF_cond_exp(), label="takers")

    def simulate():
        for k, each in enumerate([synapse, *([other] if other else [])]):
            sim.Projection(
                *(source, cells, sim.AllToAllConnector(), each),
                receptor_type=receptor,
                label=f"number {k}",
            )
        sim.run(1.0)

    with pytest.raises(EngineError, match=match):
        simulate()


def test_nest_says_what_it_has_not():
    pytest.importorskip("nest")

    def additive(w_min=0.0):
        return sim.AdditiveWeightDependence(w_min=w_min, w_max=1.0)

    refused(
        "dendritic_delay_fraction = 0.5 is not available on engine 'nest'.*'native'",
        sim.STDPMechanism(pair_rule(), additive(), dendritic_delay_fraction=0.5, weight=0.1),
    )
    refused(
        "StochasticTsodyksMarkramSynapse is not available on engine 'nest'.*'native'",
        sim.StochasticTsodyksMarkramSynapse(weight=0.1),
    )
    refused(
        "w_min = 0.1 of the synapses of 'number 0': in NEST it must be 0",
        sim.STDPMechanism(pair_rule(), additive(w_min=0.1), weight=0.2),
    )
    refused(
        "A_plus = -0.1 of the synapses of 'number 0': in NEST it must be 0 or more",
        sim.STDPMechanism(pair_rule(A_plus=-0.1), additive(), weight=0.2),
    )
    refused(
        "'number 0' wants 25 ms .*, 'number 1' wants 30 ms",
        sim.STDPMechanism(pair_rule(tau_minus=25.0), additive(), weight=0.2),
        sim.STDPMechanism(pair_rule(tau_minus=30.0), additive(), weight=0.2),
    )
    refused(
        "n = 2.5 of the synapses of 'number 0': in NEST it must be a whole number",
        sim.MultiQuantalSynapse(n=2.5, weight=0.2),
    )


def test_nest_says_that_devices_stay_devices():
    pytest.importorskip("nest")
    sim.setup(timestep=0.1, engine="nest", **QUIET)
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[5.0]))
    cells = sim.Population(2, sim.IF_cond_exp())
    sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.01))
    sim.run(1.0)
    synapse = sim.TsodyksMarkramSynapse(weight=0.01)
    with pytest.raises(EngineError, match="devices in NEST since the first run"):
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
    sim.run(1.0)
    sim.reset()
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
    cells.record("v")
    sim.run(10.0)
    assert signal_of(cells, "v").max() > -64.9
