"""Projections of electrical synapses: what they take, give back, and refuse."""

import numpy as np
import pytest

from distsim.errors import DistsimError, ParameterError
from distsim.models import Parameter, State


@pytest.fixture
def cells(sim):
    """Return four cells of which v is recorded."""
    cells = sim.Population(4, sim.IF_curr_exp(v_thresh=1e9, cm=0.5))
    cells.initialize(v=[-50.0, -60.0, -65.0, -70.0])
    cells.record("v")
    return cells


def v_of(cells, segment=-1):
    return cells.get_data().segments[segment].analogsignals[0].magnitude


def test_connections_are_listed_as_described(sim, cells):
    gap = sim.ElectricalSynapse(weight=0.02)
    projection = sim.Projection(cells[:2], cells[2:], sim.AllToAllConnector(), gap)
    assert projection.size() == 4
    expected = [(0, 0, 0.02), (1, 0, 0.02), (0, 1, 0.02), (1, 1, 0.02)]
    assert projection.get("weight", "list") == expected
    assert projection.receptor_type == "source_section.gap"
    assert "ElectricalSynapse" in projection.describe()


@pytest.mark.parametrize("name", [None, "default", "source_section.gap"])
def test_pynns_name_of_where_junctions_are_is_taken(sim, name):
    pair = sim.Population(2, sim.HH_cond_exp())
    gap = sim.ElectricalSynapse(weight=0.1)
    connector = sim.OneToOneConnector()
    sim.Projection(pair[:1], pair[1:], connector, gap, source=name, receptor_type=name)


def test_current_flows_into_both_cells_or_into_the_target(sim, cells):
    one_sided = sim.ElectricalSynapse(weight=0.1, is_symmetric=False)
    sim.Projection(cells[[0]], cells[[1]], sim.OneToOneConnector(), one_sided)
    gap = sim.ElectricalSynapse(weight=0.1)
    sim.Projection(cells[[2]], cells[[3]], sim.OneToOneConnector(), gap)
    sim.run(1.0)
    alone = -65.0 + np.array([15.0, 5.0, 0.0, -5.0]) * np.exp(-1.0 / 20.0)
    v = v_of(cells)[-1]
    assert v[0] == pytest.approx(alone[0], abs=1e-12)
    assert v[1] > alone[1] + 0.5
    assert v[2] < alone[2] - 0.5
    assert v[3] > alone[3] + 0.5


def test_a_cell_with_itself_has_no_current(sim, cells):
    pairs = [(0, 0, 5.0), (1, 1, 1.0)]
    connector = sim.FromListConnector(pairs, column_names=["weight"])
    sim.Projection(cells, cells, connector, sim.ElectricalSynapse())
    sim.run(1.0)
    alone = -65.0 + np.array([15.0, 5.0, 0.0, -5.0]) * np.exp(-1.0 / 20.0)
    np.testing.assert_allclose(v_of(cells)[-1], alone, rtol=0, atol=1e-12)


def test_both_directions_are_two_junctions(sim):
    courses = []
    for pairs, weight in (([(0, 1), (1, 0)], 0.02), ([(0, 1)], 0.04)):
        sim.setup(timestep=0.1, log=False)
        pair = sim.Population(2, sim.IF_curr_exp(v_thresh=1e9, cm=0.5))
        pair.initialize(v=[-50.0, -65.0])
        gap = sim.ElectricalSynapse(weight=weight)
        sim.Projection(pair, pair, sim.FromListConnector(pairs, column_names=[]), gap)
        pair.record("v")
        sim.run(2.0)
        courses.append(v_of(pair))
    np.testing.assert_allclose(*courses, rtol=1e-13)


def test_a_run_in_pieces_is_the_same(sim):
    courses = []
    for pieces in ([3.0], [0.1, 1.2, 0.0, 1.7]):
        sim.setup(timestep=0.1, log=False)
        cells = sim.Population(3, sim.HH_cond_exp(i_offset=[1.0, 0.0, 0.0]))
        sim.Projection(
            cells[:2], cells[1:], sim.OneToOneConnector(), sim.ElectricalSynapse(weight=0.05)
        )
        cells.record("v")
        for piece in pieces:
            sim.run(piece)
        courses.append(v_of(cells))
    np.testing.assert_array_equal(*courses)


def test_a_reset_gives_the_same_course_again(sim, cells):
    sim.Projection(cells, cells, sim.AllToAllConnector(), sim.ElectricalSynapse(weight=0.01))
    cells[:2].inject(sim.NoisyCurrentSource(stdev=0.0, mean=0.3, dt=0.1))
    sim.run(2.0)
    sim.reset()
    sim.run(2.0)
    first, second = (segment.analogsignals[0].magnitude for segment in cells.get_data().segments)
    np.testing.assert_array_equal(first, second)


def test_weights_set_between_runs_hold_from_then_on(sim, cells):
    connector = sim.OneToOneConnector()
    first = sim.Projection(cells[:1], cells[1:2], connector, sim.ElectricalSynapse(weight=0.1))
    sim.run(1.0)
    first.set(weight=0.0)
    assert first.get("weight", "list", with_address=False) == [0.0]
    sim.run(1.0)
    v = v_of(cells)
    decay = np.exp(-1.0 / 20.0)
    np.testing.assert_allclose(v[-1] + 65.0, (v[10] + 65.0) * decay, rtol=1e-12)
    (connection,) = first.connections
    connection.weight = 0.2
    assert first.get("weight", "array").tolist() == [[0.2]]
    sim.run(1.0)
    before, after = v[-1], v_of(cells)[-1]
    assert after[0] - after[1] < 0.6 * (before[0] - before[1])


def test_chemical_synapses_go_on_beside_them(sim, cells):
    """Delays of more than a step, with an epoch of one."""
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    synapse = sim.StaticSynapse(weight=1.0, delay=2.5)
    sim.Projection(source, cells[:1], sim.AllToAllConnector(), synapse)
    sim.Projection(
        cells[[0]], cells[[1]], sim.OneToOneConnector(), sim.ElectricalSynapse(weight=0.0)
    )
    sim.run(6.0)
    deviation = v_of(cells)[:, 0] + 65.0 - 15.0 * np.exp(-0.1 * np.arange(61) / 20.0)
    assert np.abs(deviation[:36]).max() < 1e-11
    assert deviation[36] > 0.01


def refused(sim, pre, post, synapse, connector=None, **options):
    with pytest.raises(DistsimError) as caught:
        sim.Projection(pre, post, connector or sim.AllToAllConnector(), synapse, **options)
    return str(caught.value)


def test_cells_without_a_membrane_are_refused_by_name(sim, cells):
    sources = sim.Population(2, sim.SpikeSourcePoisson(), label="noise")
    gap = sim.ElectricalSynapse(weight=0.1)
    for ends in ((sources, cells), (cells, sources), (cells + sources, cells)):
        text = refused(sim, *ends, gap)
        assert "'noise'" in text
        assert "SpikeSourcePoisson has no membrane potential 'v'" in text


def test_cells_that_take_no_current_are_refused_by_name(sim, cells):
    counter = sim.cell_type(
        "Counter",
        parameters=(Parameter("rate", "mV/ms", 1.0),),
        states=(State("v", "mV"),),
        step=lambda v, rate, dt: v + rate * dt,
        is_spiking=lambda v: v > 5.0,
        spike=lambda v: 0.0,
    )
    text = refused(sim, cells, sim.Population(2, counter()), sim.ElectricalSynapse(weight=0.1))
    assert "Counter has no use for an injected current" in text


@pytest.mark.parametrize("weight", [-0.1, np.nan, "-0.1 - d"])
def test_a_conductance_below_0_is_refused(sim, cells, weight):
    def connect_and_run():
        gap = sim.ElectricalSynapse(weight=weight)
        sim.Projection(cells, cells, sim.AllToAllConnector(safe=False), gap)
        sim.run(0.1)

    with pytest.raises(DistsimError, match=r"weight = (nan|-0.1|-3.1) of projection") as caught:
        connect_and_run()
    if weight is not np.nan:
        assert "weights of electrical synapses must be 0 or above" in str(caught.value)


def test_there_is_no_delay(sim, cells):
    with pytest.raises(ParameterError, match="electrical synapses have no delay"):
        sim.ElectricalSynapse(weight=0.1, delay=1.0)
    projection = sim.Projection(
        cells, cells, sim.AllToAllConnector(), sim.ElectricalSynapse(weight=0.1)
    )
    for call in (
        lambda: projection.get(["weight", "delay"], "list"),
        lambda: projection.set(delay=1.0),
        lambda: projection[0].delay,
        lambda: setattr(projection[0], "delay", 1.0),
    ):
        with pytest.raises(ParameterError, match="electrical synapses have no delay"):
            call()
    connector = sim.FromListConnector([(0, 1, 0.1, 1.0)])
    text = refused(sim, cells, cells, sim.ElectricalSynapse(), connector)
    assert "unknown column 'delay'" in text


def test_a_receptor_type_is_refused(sim, cells):
    text = refused(sim, cells, cells, sim.ElectricalSynapse(weight=0.1), receptor_type="excitatory")
    assert "receptor_type = 'excitatory' of an ElectricalSynapse" in text


def test_is_symmetric_is_true_or_false(sim):
    with pytest.raises(ParameterError, match="is_symmetric = 'no' of ElectricalSynapse"):
        sim.ElectricalSynapse(weight=0.1, is_symmetric="no")


def test_other_engines_say_who_has_them(sim):
    sim.setup(timestep=0.1, engine="nest", log=False)
    cells = sim.Population(2, sim.IF_cond_exp())
    text = refused(sim, cells, cells, sim.ElectricalSynapse(weight=0.1))
    assert "not available on engine 'nest'" in text
    assert "engine='native'" in text


def test_drawn_by_pynns_own_code_without_a_warning(sim, cells, recwarn):
    rng = sim.NumpyRNG(seed=3)
    weight = sim.RandomDistribution("uniform", low=0.0, high=0.1, rng=rng)
    connector = sim.FixedProbabilityConnector(0.7, rng=rng)
    projection = sim.Projection(cells, cells, connector, sim.ElectricalSynapse(weight=weight))
    sim.run(1.0)
    weights = projection.get("weight", "list", with_address=False)
    assert len(set(weights)) == len(weights) > 3
    assert not recwarn.list
