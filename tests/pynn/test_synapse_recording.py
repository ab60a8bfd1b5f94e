"""Values of connections over time: in memory, as Neo blocks, in files."""

import neo
import numpy as np
import pytest

import distsim as sim
from distsim.errors import FileWriteError, ParameterError
from distsim.io import read_connection_values
from distsim.pynn.projection_errors import ProjectionError


@pytest.fixture
def projection():
    """Return a projection that learns, in a network that fires."""
    sim.setup(timestep=0.1, seed=5, log=False, progress=False)
    cells = sim.Population(12, sim.IF_curr_exp(i_offset=1.2))
    cells.initialize(v=sim.RandomDistribution("uniform", low=-65.0, high=-50.0))
    synapse = sim.STDPMechanism(
        sim.SpikePairRule(A_minus=0.0105),
        sim.AdditiveWeightDependence(),
        weight=sim.RandomDistribution("uniform", low=0.1, high=0.3),
        delay=sim.RandomDistribution("uniform", low=0.5, high=3.0),
    )
    connector = sim.FixedProbabilityConnector(0.4)
    return sim.Projection(
        *(cells, cells, connector, synapse), receptor_type="excitatory", label="learning"
    )


def weights(projection):
    """Return the weights in the order of `get`."""
    return np.array(projection.get("weight", "list", with_address=False))


def test_samples_are_what_get_gives_at_these_times(projection):
    seen = []

    def look(t):
        seen.append(weights(projection))
        return t + 10.0

    projection.record("weight", sampling_interval=10.0)
    sim.run(25.0, callbacks=[look])
    sim.run(15.0, callbacks=[lambda t: 30.0 if t < 30.0 else float("inf")])
    (signal,) = projection.get_data().segments[0].analogsignals
    assert signal.name == "weight"
    assert signal.dimensionality.string == "nA"
    np.testing.assert_allclose(signal.times.magnitude, [0.0, 10.0, 20.0, 30.0, 40.0])
    for sample, expected in zip(np.asarray(signal), seen[:3], strict=False):
        np.testing.assert_array_equal(sample, expected)
    assert (seen[2] != seen[0]).any()
    addresses = np.array(projection.get([], "list"))
    for name, column in zip(("source_index", "target_index"), addresses.T, strict=True):
        np.testing.assert_array_equal(signal.array_annotations[name], column)


def test_each_reset_begins_a_segment_with_the_first_weights(projection, tmp_path):
    projection.record(["weight", "A_plus"], sampling_interval=5.0)
    sim.run(10.0)
    sim.reset()
    sim.run(5.0)
    path = tmp_path / "weights.h5"
    projection.write_data(str(path))
    (values,) = read_connection_values(path)
    assert values.label == "learning"
    assert values.units == {"weight": "nA", "A_plus": "dimensionless"}
    (times, first), (later, second) = values.segments
    np.testing.assert_allclose(times, [0.0, 5.0, 10.0])
    np.testing.assert_allclose(later, [0.0, 5.0])
    np.testing.assert_array_equal(first["weight"][0], second["weight"][0])
    assert (first["A_plus"] == 0.01).all()
    block = projection.get_data(clear=True)
    for segment, columns in zip(block.segments, (first, second), strict=True):
        np.testing.assert_array_equal(np.asarray(segment.analogsignals[0]), columns["weight"])
    assert len(projection.get_data().segments) == 0


def test_neos_own_formats_take_weights_too(projection, tmp_path):
    projection.record("weight", sampling_interval=5.0)
    sim.run(5.0)
    path = tmp_path / "weights.pkl"
    projection.write_data(str(path))
    (block,) = neo.io.PickleIO(str(path)).read()
    assert block.segments[0].analogsignals[0].shape[0] == 2


def test_what_cannot_be_recorded_is_said(projection):
    with pytest.raises(ParameterError, match=r"unknown variable 'wait'.*did you mean 'weight'"):
        projection.record("wait")
    with pytest.raises(ParameterError, match=r"sampling_interval = 0.15 ms must be a multiple"):
        projection.record("weight", sampling_interval=0.15)
    with pytest.raises(ProjectionError, match="nothing was recorded of the connections of 'learn"):
        projection.get_data()
    projection.record("weight", sampling_interval=1.0)
    sim.run(2.0)
    with pytest.raises(FileWriteError, match=r"'/proc/weights.h5' cannot be written"):
        projection.write_data("/proc/weights.h5")
    projection.record(None)
    sim.run(2.0)
    with pytest.raises(ProjectionError, match="nothing was recorded"):
        projection.get_data()


@pytest.mark.parametrize(("variables", "interval"), [(3, None), ("w", None), ("weight", "1")])
def test_a_record_that_cannot_be_leaves_the_one_before(variables, interval):
    sim.setup(log=False)
    cells = sim.Population(2, sim.IF_curr_exp())
    projection = sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=1))
    projection.record("weight", sampling_interval=0.5)
    with pytest.raises(ParameterError):
        projection.record(variables, sampling_interval=interval)
    sim.run(1.0)
    assert projection.get_data().segments[0].analogsignals[0].shape == (3, 4)
