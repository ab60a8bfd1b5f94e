"""What is changed between two runs, on every engine: weights, delays, projections, currents."""

import shutil
from importlib.util import find_spec

import numpy as np
import pytest
from networks import QUIET, trains_of

import distsim as sim

# Brian calls other packages in ways that are to end
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def connect(pre, post, connector):
    uniform = sim.RandomDistribution
    synapse = sim.StaticSynapse(
        weight=uniform("uniform", (0.3, 0.9)), delay=uniform("uniform", (0.3, 3.0))
    )
    return sim.Projection(pre, post, connector, synapse)


def changed_again_and_again(**options):
    """Change a network four times, when no spikes are on their way; return all that it did.

    For engines differ in what becomes of spikes on their way.
    """
    sim.setup(timestep=0.1, seed=3, **QUIET, **options)
    cell = sim.IF_curr_exp(tau_refrac=1.0)
    first, second = sim.Population(20, cell), sim.Population(20, cell)
    noise = sim.Population(20, sim.SpikeSourcePoisson(rate=800.0))
    late = sim.Population(10, sim.SpikeSourcePoisson(rate=800.0))
    given = sim.Population(2, sim.SpikeSourceArray(spike_times=np.arange(161.0, 220.0, 7.0)))
    connect(noise, first, sim.FixedProbabilityConnector(0.5))
    projections = [
        # several connections may have the same ends
        connect(first, second, sim.FixedTotalNumberConnector(200)),
        connect(first, second, sim.FixedNumberPreConnector(4)),
        connect(noise, second, sim.FixedProbabilityConnector(0.3)),
    ]
    for population in (first, second):
        population.record(["spikes", "v"])

    def burst():
        noise.set(rate=800.0)
        sim.run(40.0)
        for source in (noise, late):
            source.set(rate=0.0)
        sim.run(40.0)

    burst()
    projections[0].set(weight=sim.RandomDistribution("uniform", (0.0, 1.2)))
    projections[2].set(weight=0.5)
    burst()
    inhibition = sim.Projection(
        second,
        first,
        sim.FixedProbabilityConnector(0.5),
        sim.StaticSynapse(weight=-0.1, delay=1.0),
        receptor_type="inhibitory",
    )
    projections += [
        connect(late, second, sim.FixedProbabilityConnector(0.3)),
        connect(given, first, sim.AllToAllConnector()),
        inhibition,
    ]
    first[:5].inject(sim.DCSource(amplitude=0.5, start=165.0, stop=200.0))
    late.set(rate=500.0)
    burst()
    projections[1].set(delay=1.0)
    inhibition.set(weight=-0.5)
    burst()
    connections = [projection.get(["weight", "delay"], "list") for projection in projections]
    v = second.get_data().segments[-1].analogsignals[0].magnitude
    return connections, [trains_of(first), trains_of(second)], v


@pytest.fixture(scope="module")
def on_native():
    return changed_again_and_again()


@pytest.mark.parametrize(
    "options", [{"engine": "nest"}, {"engine": "nest", "threads": 2}, {"engine": "brian2"}], ids=str
)
def test_changes_have_the_same_effect(on_native, options):
    pytest.importorskip(options["engine"])
    connections, trains, v = on_native
    found = changed_again_and_again(**options)
    assert found[0] == connections
    assert min(sum(map(len, each)) for each in trains) > 1000
    assert found[1] == trains
    np.testing.assert_allclose(found[2], v, atol=1e-9)


def test_changes_have_nearly_the_same_effect_in_neuron(on_native):
    if find_spec("neuron") is None or not (shutil.which("make") and shutil.which("c++")):
        pytest.skip("needs NEURON, make and a C++ compiler")
    connections, trains, _ = on_native
    found = changed_again_and_again(engine="neuron")
    assert found[0] == connections
    ends = np.arange(0.0, 321.0, 80.0)
    for mine, theirs in zip(trains, found[1], strict=True):
        counts = [np.histogram(np.concatenate(each), ends)[0] for each in (mine, theirs)]
        assert counts[0].min() > 200
        np.testing.assert_allclose(counts[1], counts[0], rtol=0.05)
