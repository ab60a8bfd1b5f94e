"""Names that PyNN has deprecated, and those that few scripts use."""

import numpy as np
import pytest
from neo.io import PickleIO

pytestmark = pytest.mark.filterwarnings("ignore:.* is deprecated:DeprecationWarning")


def shapes_of(path):
    segment = PickleIO(str(path)).read_block().segments[0]
    return len(segment.spiketrains), [signal.name for signal in segment.analogsignals]


def test_print_functions_write_what_was_recorded(sim, tmp_path):
    cells = sim.Population(3, sim.IF_cond_exp(i_offset=2.0))
    cells.record(["spikes", "v", "gsyn_exc", "gsyn_inh"])
    sim.run(20.0)
    for part, n in ((cells, 3), (cells[:2], 2), (cells[:1] + cells[2:], 2)):
        part.printSpikes(str(tmp_path / "spikes.pkl"))
        part.print_v(str(tmp_path / "v.pkl"))
        part.print_gsyn(str(tmp_path / "gsyn.pkl"))
        assert shapes_of(tmp_path / "spikes.pkl") == (n, [])
        assert shapes_of(tmp_path / "v.pkl") == (0, ["v"])
        assert shapes_of(tmp_path / "gsyn.pkl") == (0, ["gsyn_exc", "gsyn_inh"])


def test_old_functions_of_projections_do_what_the_new_ones_do(sim, tmp_path):
    sources = sim.Population(3, sim.SpikeSourceArray())
    cells = sim.Population(2, sim.IF_curr_exp())
    synapse = sim.TsodyksMarkramSynapse(weight=0.5, delay=1.0, U=0.25)
    projection = sim.Projection(sources, cells, sim.AllToAllConnector(), synapse)
    assert projection.getWeights() == [0.5] * 6
    assert projection.getSynapseDynamics("U") == [0.25] * 6
    projection.setWeights(0.75)
    projection.setDelays(2.0)
    np.testing.assert_array_equal(projection.getWeights(format="array"), np.full((3, 2), 0.75))
    assert projection.getDelays() == [2.0] * 6
    counts, edges = projection.weightHistogram(0.0, 1.0, 4)
    assert counts.tolist() == [0, 0, 0, 6]
    assert edges.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    projection.randomizeWeights(sim.RandomDistribution("uniform", low=0.1, high=0.2))
    projection.randomizeDelays(sim.RandomDistribution("uniform", low=1.0, high=3.0))
    weights, delays = projection.getWeights(), projection.getDelays()
    assert len(set(weights)) == 6
    assert 0.1 <= min(weights) < max(weights) < 0.2
    assert 1.0 <= min(delays) < max(delays) <= 3.0
    projection.printWeights(str(tmp_path / "weights.txt"))
    projection.printDelays(str(tmp_path / "delays.txt"))
    projection.saveConnections(str(tmp_path / "all.txt"))
    for name, values in (("weights", weights), ("delays", delays)):
        rows = np.loadtxt(tmp_path / f"{name}.txt")
        np.testing.assert_allclose(np.sort(rows[:, -1]), np.sort(values), rtol=1e-6)
    assert np.loadtxt(tmp_path / "all.txt").shape[0] == 6


def test_indices_go_from_one_group_of_cells_to_another(sim):
    cells = sim.Population(10, sim.IF_cond_exp(), label="cells")
    view = cells[2:8]
    assert view.index_from_parent_index(3) == 1
    assert view[1:4].index_from_parent_index(np.array([1, 3])).tolist() == [0, 2]
    assert cells.id_to_local_index(cells[4]) == 4
    assert view.id_to_local_index(cells[4]) == 2


def test_annotations_of_an_assembly_are_those_of_its_parts(sim):
    cells, others = (sim.Population(2, sim.IF_cond_exp()) for _ in range(2))
    cells.annotate(layer=4)
    others.annotate(layer=5)
    both = cells + others
    assert both.get_annotations("layer")["layer"].tolist() == [4, 5]
    network = sim.Network(cells, cells[:1], both)
    assert network.assemblies == {both}
    assert [view.size for view in network.views] == [1]


def test_a_space_gives_distances_one_by_one(sim):
    space = sim.Space(axes="x", periodic_boundaries=((0.0, 10.0), None, None))
    positions = np.array([[0.0, 1.0, 2.0], [9.0, 5.0, 5.0]])
    distance = space.distance_generator(positions.__getitem__, positions.__getitem__)
    assert distance(0, 1) == 1.0


def test_what_makes_models_is_pynns(sim):
    translations = sim.build_translations(("tau_m", "tau"), ("cm", "C", 1000.0))
    assert translations["cm"]["translated_name"] == "C"
    with pytest.raises(ImportError, match="pygsl"):
        sim.GSLRNG(seed=1)
