"""PyNN's networks, and their files, on real ranks; to be started under mpiexec."""

import warnings

import numpy as np
import pyNN.network
import pytest
from neo.io import PickleIO
from pyNN.serialization import export_to_sonata, import_from_sonata

import distsim
from distsim.errors import ParameterError
from distsim.io import read_block


@pytest.fixture
def sim():
    """Return the back end, set up anew."""
    distsim.setup(timestep=0.1, log=False)
    return distsim


def cells_and_sources(sim):
    cells = sim.Population(
        5, sim.IF_cond_exp(i_offset=lambda k: 2.0 + 0.05 * k, tau_m=12.5), label="cells"
    )
    sources = sim.Population(
        3, sim.SpikeSourceArray(spike_times=[[5.0, 9.0], [7.0], [8.0]]), label="sources"
    )
    synapse = sim.StaticSynapse(weight=lambda d: 0.01 + 0.001 * d, delay=1.5)
    projection = sim.Projection(sources, cells, sim.AllToAllConnector(), synapse, label="input")
    return cells, sources, projection


def trains_of(block):
    return [train.magnitude.tolist() for train in block.segments[0].spiketrains]


def test_all_ranks_write_one_file_of_a_network(sim, comm, shared_tmp_path):
    cells, sources, projection = cells_and_sources(sim)
    network = sim.Network(cells, sources, projection)
    with pytest.raises(ParameterError, match=r"assemblies.*has none; add one"):
        network.write_data(str(shared_tmp_path / "none.pkl"))
    network.add(sim.Assembly(cells[1:4], cells[4:], label="some"))
    network.record("spikes")
    sim.run(30.0)
    expected = trains_of(cells[1:].get_data(gather="all"))
    assert sum(map(len, expected)) > 4

    network.write_data(str(shared_tmp_path / "one.pkl"))
    comm.Barrier()
    block = PickleIO(str(shared_tmp_path / "one.pkl")).read_block()
    assert trains_of(block) == expected

    network.add(sim.Assembly(cells, sources, label="all"))
    with pytest.raises(ParameterError, match=r"PickleIO holds one block, and .* 2 assemblies"):
        network.write_data(str(shared_tmp_path / "two.pkl"))
    network.write_data(str(shared_tmp_path / "two.h5"))
    comm.Barrier()
    trains = read_block(shared_tmp_path / "two.h5").segments[0].spiketrains
    assert len(trains) == 5 + 3


# PyNN says that it does not write spike times
@pytest.mark.filterwarnings("ignore:spike times should be added manually")
def test_a_network_goes_to_sonata_and_back_on_any_ranks(sim, comm, shared_tmp_path):
    cells, sources, projection = cells_and_sources(sim)
    cells.record("spikes")
    weights = projection.get(["weight", "delay"], "list", gather="all")
    sim.run(30.0)
    expected = trains_of(cells.get_data(gather="all"))
    assert sum(map(len, expected)) > 4
    network = pyNN.network.Network(cells, sources, projection)
    # every rank has all of the network, and writes it to a folder of its own
    export_to_sonata(network, str(shared_tmp_path / str(comm.Get_rank())))
    comm.Barrier()

    sim.setup(timestep=0.1, log=False)
    imported = import_from_sonata(str(shared_tmp_path / "0" / "circuit_config.json"), sim)
    again, inputs = (imported.get_component(label) for label in ("cells", "sources"))
    assert imported.count_neurons() == 8
    assert again.get("tau_m", gather=True) == 12.5
    np.testing.assert_allclose(again.get("i_offset", gather=True), 2.0 + 0.05 * np.arange(5))
    (copied,) = imported.projections
    assert sorted(copied.get(["weight", "delay"], "list", gather="all")) == sorted(weights)
    inputs.set(spike_times=[sim.Sequence([5.0, 9.0]), sim.Sequence([7.0]), sim.Sequence([8.0])])
    again.record("spikes")
    sim.run(30.0)
    assert trains_of(again.get_data(gather="all")) == expected


def test_pynns_old_names_do_what_the_new_ones_do(sim):
    cells, sources, _ = cells_and_sources(sim)
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        cells.tset("cm", [1.0, 2.0, 3.0, 4.0, 5.0])
    assert cells.get("cm", gather=True).tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    both = cells[:2] + cells[3:]
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        both.rset("cm", sim.RandomDistribution("uniform", low=0.5, high=0.6))
    values = cells.get("cm", gather=True)
    assert values[2] == 3.0
    assert np.all((values[[0, 1, 3, 4]] >= 0.5) & (values[[0, 1, 3, 4]] <= 0.6))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cells.record_v()
        cells.record_gsyn()
        sources.record("spikes")
        sim.run(10.0)
        blocks = cells.get_v(gather="all"), cells.get_gsyn(gather="all")
        count, spikes = sources.meanSpikeCount(), sources.getSpikes(gather="all")
    assert [s.name for b in blocks for s in b.segments[0].analogsignals] == [
        *("v", "gsyn_exc", "gsyn_inh")
    ]
    assert trains_of(spikes) == [[5.0, 9.0], [7.0], [8.0]]
    assert count == sources.mean_spike_count() == 4 / 3
    assert {w.category for w in caught} == {DeprecationWarning}
    assert len(caught) == 6
