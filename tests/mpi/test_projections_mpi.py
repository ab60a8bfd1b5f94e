"""Projections that are spread over real ranks; to be started under mpiexec."""

from pathlib import Path

import numpy as np
import pytest
from pyNN.recording import files

import distsim
from distsim.errors import ConnectivityError, DistsimError
from distsim.pynn.projection_errors import ProjectionError


@pytest.fixture
def sim():
    """Return the back end, set up anew."""
    distsim.setup(timestep=0.1, log=False)
    return distsim


def assert_equal_on_all_ranks(comm, values):
    for other in comm.allgather(np.asarray(values)):
        np.testing.assert_array_equal(other, values)


def assert_same_error(comm, caught):
    errors = comm.allgather((type(caught.value).__name__, str(caught.value)))
    assert len(set(errors)) == 1, errors


def test_connections_are_gathered_on_every_rank(sim, comm):
    pre = sim.Population(3, sim.IF_curr_exp())
    post = sim.Population(5, sim.IF_curr_exp())
    synapse = sim.StaticSynapse(weight=sim.RandomDistribution("uniform", low=0.0, high=1.0))
    connections = sim.Projection(pre, post, sim.AllToAllConnector(), synapse)
    assert connections.size() == 15
    assert sum(comm.allgather(len(connections))) == 15
    assert connections.size(gather=False) == len(connections) == len(list(connections))
    rows = connections.get(["weight", "delay"], "list", gather="all")
    array = connections.get("weight", "array", gather="all")
    assert [row[:2] for row in rows] == [(i, j) for j in range(5) for i in range(3)]
    assert_equal_on_all_ranks(comm, rows)
    assert_equal_on_all_ranks(comm, array)
    mine = connections.get(["weight", "delay"], "list", gather=False)
    local = np.nonzero(post._mask_local)[0]
    assert {row[1] for row in mine} <= set(local)
    assert sum(comm.allgather(len(mine))) == 15
    # all on rank 0; its own on each other rank, which makes no matrix of all
    is_first = comm.Get_rank() == 0
    shown = connections.get(["weight", "delay"], "list", gather=True)
    assert shown == (rows if is_first else mine)
    shown = connections.get("weight", "array", gather=True)
    np.testing.assert_array_equal(shown, array if is_first else array[:, local])
    with pytest.warns(DeprecationWarning, match="weightHistogram"):
        counts, bounds = connections.weightHistogram(nbins=4)
    expected = np.histogram(array, np.linspace(array.min(), array.max(), 5))
    np.testing.assert_array_equal(counts, expected[0])
    np.testing.assert_array_equal(bounds, expected[1])


def test_ranks_without_cells_take_part_in_everything(sim, comm, shared_tmp_path):
    few = sim.Population(2, sim.IF_curr_exp(), structure=sim.Line(dx=3.0))
    many = sim.Population(9, sim.IF_curr_exp())
    one = many[8:]
    source = sim.DCSource(amplitude=0.5)
    source.inject_into(one + few[1:])
    one.record("v")
    everything, anywhere = sim.AllToAllConnector(), sim.SmallWorldConnector(20.0, 0.5)
    made = [
        sim.Projection(pre, post, connector, sim.StaticSynapse(weight=0.5), label="made")
        for pre, post, connector in (
            (few, one, everything),
            (one, few, anywhere),
            (few[:0], many, anywhere),
            (many, few[:0], everything),
            (few, one, sim.FromListConnector(np.zeros((0, 2)))),
        )
    ]
    sizes = []
    for k, each in enumerate(made):
        each.set(weight=0.25, delay=lambda d: 0.5 + 0.1 * d)
        each.set(weight=np.full(each.shape, 0.75))
        rows = each.get(["weight", "delay"], "list", gather="all")
        assert each.get("weight", "array", gather="all").shape == each.shape
        assert {row[2] for row in rows} <= {0.75}
        assert each.size() == len(rows) == sum(comm.allgather(len(each)))
        each.save("all", str(shared_tmp_path / f"{k}"))
        again = sim.FromFileConnector(str(shared_tmp_path / f"{k}"))
        comm.Barrier()
        copied = sim.Projection(each.pre, each.post, again, sim.StaticSynapse(weight=0.1))
        assert copied.get(["weight", "delay"], "list", gather="all") == rows
        sizes.append(len(rows))
    assert sizes == [2, 2, 0, 0, 0]
    assert_equal_on_all_ranks(comm, [int(cell) for cell in few.sample(1).gids()])
    assert few.nearest((2.9, 0.0, 0.0)) == few[1]
    assert many.nearest((6.2, 0.0, 0.0)) == many[6]
    sim.run(1.0)
    data = one.get_data(gather="all").segments[0].analogsignals[0]
    assert data.shape == (11, 1)
    assert data[-1, 0].magnitude > -65.0


def test_one_target_cell_can_be_connected(sim, comm):
    pre = sim.Population(4, sim.SpikeSourceArray(spike_times=[1.0]))
    post = sim.Population(1, sim.IF_curr_exp())
    connections = sim.Projection(
        pre, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0, delay=0.5)
    )
    assert connections.get("weight", "array", gather="all").tolist() == [[1.0]] * 4
    assert connections.get(["weight"], "list", gather="all", with_address=False) == [(1.0,)] * 4
    post.record("isyn_exc")
    sim.run(3.0)
    assert_equal_on_all_ranks(
        comm, post.get_data(gather="all").segments[0].analogsignals[0].magnitude
    )
    assert post.get_data(gather="all").segments[0].analogsignals[0].magnitude.max() > 3.0


def test_only_one_rank_may_have_connections(sim, comm):
    """PyNN with NEST hangs where a rank has exactly one connected cell."""
    pre = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0]))
    post = sim.Population(8, sim.IF_curr_exp(tau_refrac=0.1))
    rows = [(0, 7, 100.0, 0.3)]
    connections = sim.Projection(pre, post, sim.FromListConnector(rows))
    assert connections.get(["weight", "delay"], "list", gather="all") == rows
    assert sorted(comm.allgather(len(connections))) == [0] * (comm.Get_size() - 1) + [1]
    post.record("spikes")
    sim.run(5.0)
    counts = list(post.get_spike_counts().values())
    assert counts[7] > 0
    assert sum(counts) == counts[7]
    assert_equal_on_all_ranks(comm, counts)


def test_delays_found_from_the_connections_are_equal_on_all_ranks(sim, comm):
    pre = sim.Population(2, sim.IF_curr_exp())
    post = sim.Population(8, sim.IF_curr_exp())
    rows = [(0, 0, 0.1, 0.7), (1, 7, 0.1, 4.2)]
    sim.Projection(pre, post, sim.FromListConnector(rows))
    sim.run(1.0)
    assert_equal_on_all_ranks(comm, [sim.get_min_delay(), sim.get_max_delay()])
    assert (sim.get_min_delay(), sim.get_max_delay()) == (0.7, 4.2)


def test_a_weight_can_be_set_on_one_rank_alone(sim, comm):
    pre = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0, 11.0]))
    post = sim.Population(4, sim.IF_curr_exp())
    connections = sim.Projection(
        pre, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.0, delay=0.5)
    )
    post.record("isyn_exc")
    sim.run(8.0)
    for connection in connections:
        if (connection.presynaptic_index, connection.postsynaptic_index) == (1, 3):
            connection.weight = 0.75
            connection.delay = 2.0
    sim.run(8.0)
    current = post.get_data(gather="all").segments[0].analogsignals[0].magnitude
    np.testing.assert_array_equal(current.max(axis=0), [0.0, 0.0, 0.0, 0.75])
    assert current[:, 3].argmax() == 130
    expected = np.zeros((2, 4))
    expected[1, 3] = 0.75
    np.testing.assert_array_equal(connections.get("weight", "array", gather="all"), expected)
    assert_equal_on_all_ranks(comm, connections.get(["weight", "delay"], "list", gather="all"))
    assert sim.get_max_delay() == 2.0


@pytest.mark.parametrize("n_at_once", [2, 2**20])
def test_a_list_of_weights_goes_to_the_connections_of_all_ranks(sim, comm, monkeypatch, n_at_once):
    monkeypatch.setattr("distsim.pynn.value_lists.N_AT_ONCE", n_at_once)
    pre = sim.Population(3, sim.IF_curr_exp())
    post = sim.Population(4, sim.IF_curr_exp())
    connections = sim.Projection(pre, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.0))
    connections.set(weight=[0.5 * k for k in range(12)], delay=1.5)
    weights, delays = connections.get(["weight", "delay"], "array", gather="all")
    np.testing.assert_array_equal(weights, 0.5 * np.arange(12).reshape(3, 4))
    assert (delays == 1.5).all()
    assert_equal_on_all_ranks(comm, weights)


def bad_on_one_cell(sim, **values):
    """Return a projection in which a value of one connection onto the last cell cannot be."""
    pre = sim.Population(2, sim.IF_curr_exp())
    post = sim.Population(5, sim.IF_curr_exp())
    matrices = {name: np.full((2, 5), 1.0) for name in ("weight", "delay")}
    for name, value in values.items():
        matrices[name][1, 4] = value
    return sim.Projection(
        pre,
        post,
        sim.AllToAllConnector(),
        sim.StaticSynapse(**matrices),
        receptor_type="excitatory",
    )


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"weight": -0.5}, "weight = -0.5"),
        ({"weight": np.nan}, "not a finite"),
        ({"delay": 0.01}, "delay = 0.01 ms"),
        ({"delay": np.nan}, "delay = nan"),
    ],
)
def test_a_wrong_value_on_one_rank_is_the_same_error_on_every_rank(
    sim, comm, shared_tmp_path, values, text
):
    uses = [
        lambda connections: sim.run(1.0),
        lambda connections: connections.get("weight", "list", gather="all"),
        lambda connections: connections.get(["weight", "delay"], "array", gather="all"),
        lambda connections: connections.size(),
        lambda connections: connections.set(weight=[1.0] * 10),
        lambda connections: connections.save("weight", shared_tmp_path / "never.txt"),
    ]
    for use in uses:
        sim.setup(timestep=0.1, log=False)
        connections = bad_on_one_cell(sim, **values)
        with pytest.raises(ProjectionError, match=text) as caught:
            use(connections)
        assert_same_error(comm, caught)


def test_random_weights_of_the_wrong_sign_are_the_same_error_on_every_rank(sim, comm):
    cells = sim.Population(40, sim.IF_cond_exp())
    synapse = sim.StaticSynapse(weight=sim.RandomDistribution("normal", mu=1.0, sigma=0.5))
    sim.Projection(cells, cells, sim.AllToAllConnector(), synapse)
    with pytest.raises(ProjectionError, match="must be 0 or above") as caught:
        sim.run(1.0)
    assert_same_error(comm, caught)


@pytest.mark.parametrize(
    ("bounds", "text"),
    [({"min_delay": 1.5}, "shorter than min_delay"), ({"max_delay": 0.5}, "longer than max_delay")],
)
def test_a_delay_out_of_bounds_on_one_rank_is_the_same_error_on_every_rank(comm, bounds, text):
    distsim.setup(timestep=0.1, log=False, **bounds)
    cells = distsim.Population(6, distsim.IF_curr_exp())
    distsim.Projection(cells, cells, distsim.FromListConnector([(0, 5, 0.1, 1.0)]))
    with pytest.raises(ConnectivityError, match=text) as caught:
        distsim.run(1.0)
    assert_same_error(comm, caught)


def test_each_rank_reads_its_own_file(sim, comm, shared_tmp_path):
    pre = sim.Population(3, sim.IF_curr_exp())
    post = sim.Population(7, sim.IF_curr_exp())
    name = shared_tmp_path / "connections.txt"
    lines = ["# columns = ['i', 'j', 'weight', 'delay']"]
    lines += [f"{j % 3} {j} {0.1 * j:g} 1.5" for j in np.nonzero(post._mask_local)[0]]
    own = name.with_name(f"{name.name}.{comm.Get_rank()}")
    own.write_text("\n".join(lines) + "\n")
    comm.Barrier()
    connections = sim.Projection(pre, post, sim.FromFileConnector(str(name), distributed=True))
    rows = connections.get(["weight", "delay"], "list", gather="all")
    np.testing.assert_allclose(rows, [(j % 3, j, 0.1 * j, 1.5) for j in range(7)])
    assert_equal_on_all_ranks(comm, rows)
    sim.run(1.0)


def test_the_sign_of_weights_in_files_tells_the_receptor_type(sim, comm, shared_tmp_path):
    cells = sim.Population(7, sim.IF_curr_exp())
    lines = [f"0 {j} -0.5 1.0\n" for j in np.nonzero(cells._mask_local)[0]]
    (shared_tmp_path / f"signed.{comm.Get_rank()}").write_text("".join(lines) or "# none\n")
    comm.Barrier()
    connector = sim.FromFileConnector(str(shared_tmp_path / "signed"), distributed=True)
    connections = sim.Projection(cells, cells, connector)
    assert connections.receptor_type == "inhibitory"
    assert connections.size() == 7


def test_all_ranks_read_one_file(sim, comm, shared_tmp_path):
    cells = sim.Population(5, sim.IF_curr_exp())
    name = str(shared_tmp_path / "saved.txt")
    synapse = sim.StaticSynapse(weight=sim.RandomDistribution("uniform", low=0.0, high=1.0))
    first = sim.Projection(cells, cells, sim.FixedProbabilityConnector(0.5), synapse)
    first.save(["weight", "delay"], name)
    comm.Barrier()
    second = sim.Projection(cells, cells, sim.FromFileConnector(name))
    np.testing.assert_allclose(
        second.get(["weight", "delay"], "list", gather="all"),
        first.get(["weight", "delay"], "list", gather="all"),
        rtol=1e-5,
    )


def test_a_missing_file_of_one_rank_is_the_same_error_on_every_rank(sim, comm, shared_tmp_path):
    cells = sim.Population(5, sim.IF_curr_exp())
    name = shared_tmp_path / "some.txt"
    if comm.Get_rank() > 0:
        name.with_name(f"some.txt.{comm.Get_rank()}").write_text("0 0 1.0 1.0\n")
    comm.Barrier()
    with pytest.raises(DistsimError, match="cannot read") as caught:
        sim.Projection(cells, cells, sim.FromFileConnector(str(name), distributed=True))
    assert_same_error(comm, caught)


def test_numbers_of_a_seeded_rng_are_equal_on_all_ranks(sim, comm):
    cells = sim.Population(12, sim.IF_curr_exp())
    rng = sim.NumpyRNG(seed=5)
    weight = sim.RandomDistribution("uniform", low=0.0, high=1.0, rng=rng)
    connections = sim.Projection(
        cells, cells, sim.FixedProbabilityConnector(0.3, rng=rng), sim.StaticSynapse(weight=weight)
    )
    rows = connections.get("weight", "list", gather="all")
    assert_equal_on_all_ranks(comm, rows)
    assert_equal_on_all_ranks(comm, rng.next(3))


def test_self_connections_are_left_out_on_every_rank(sim, comm):
    cells = sim.Population(9, sim.IF_curr_exp())
    view = cells[3:]
    for connector in (
        sim.AllToAllConnector(allow_self_connections=False),
        sim.FixedProbabilityConnector(0.9, allow_self_connections=False),
        sim.FixedNumberPreConnector(5, allow_self_connections=False),
        sim.FixedNumberPostConnector(5, allow_self_connections=False),
        sim.FixedTotalNumberConnector(40, allow_self_connections=False),
    ):
        rows = sim.Projection(cells, view, connector).get("weight", "list", gather="all")
        assert rows
        assert not [row for row in rows if row[0] == row[1] + 3]
        assert_equal_on_all_ranks(comm, rows)


def test_networks_of_pynn_list_their_parts_in_one_order(sim, comm):
    populations = [sim.Population(k + 1, sim.IF_curr_exp()) for k in range(6)]
    projections = [sim.Projection(p, populations[0], sim.AllToAllConnector()) for p in populations]
    network = sim.Network(*populations, *projections, populations[2][0:2])
    assert network.count_connections() == 21
    assert_equal_on_all_ranks(comm, [p.number for p in network.populations])
    assert_equal_on_all_ranks(comm, [p.number for p in network.projections])
    assert_equal_on_all_ranks(comm, network.filter("all").gids())
    network.record("spikes")
    sim.run(1.0)


@pytest.mark.parametrize("kind", [str, Path, files.PickleFile, files.NumpyBinaryFile])
def test_each_rank_saves_its_connections_and_reads_them(sim, comm, shared_tmp_path, kind):
    pre, post = sim.Population(4, sim.IF_curr_exp()), sim.Population(7, sim.IF_curr_exp())
    weight = sim.RandomDistribution("uniform", low=0.1, high=1.0)
    saved = sim.Projection(
        pre, post, sim.FixedProbabilityConnector(0.6), sim.StaticSynapse(weight=weight, delay=1.5)
    )
    name = shared_tmp_path / "connections"

    def opened(mode):
        return kind(name) if kind in (str, Path) else kind(str(name), mode=mode)

    saved.save("all", opened("wb"), gather=False)
    comm.Barrier()
    n_ranks = comm.Get_size()
    assert sorted(f.name for f in shared_tmp_path.glob("connections.*")) == [
        f"connections.{rank}" for rank in range(n_ranks)
    ]
    read = sim.Projection(pre, post, sim.FromFileConnector(opened("rb"), distributed=True))
    assert read.get(["weight", "delay"], "list", gather="all") == saved.get(
        ["weight", "delay"], "list", gather="all"
    )
    comm.Barrier()


def test_arrays_of_each_rank_add_up(sim, comm, shared_tmp_path):
    cells = sim.Population(5, sim.IF_curr_exp())
    weight = sim.RandomDistribution("uniform", low=0.1, high=1.0)
    saved = sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=weight))
    saved.save("weight", str(shared_tmp_path / "array"), format="array", gather=False)
    comm.Barrier()
    each = [np.loadtxt(shared_tmp_path / f"array.{rank}") for rank in range(comm.Get_size())]
    np.testing.assert_array_equal(sum(each), saved.get("weight", "array", gather="all"))


def test_files_of_other_ranks_are_refused(sim, comm, shared_tmp_path):
    cells = sim.Population(8, sim.IF_curr_exp())
    saved = sim.Projection(cells, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=1.0))
    name = shared_tmp_path / "connections"
    saved.save("all", str(name), gather=False)
    own = name.with_name(f"{name.name}.{comm.Get_rank()}")
    n = comm.Get_size()
    comm.Barrier()
    with pytest.raises(ConnectivityError, match=rf"rank 0 of {n} only; .*distributed=True") as one:
        sim.Projection(cells, cells, sim.FromFileConnector(f"{name}.0"))
    assert_same_error(comm, one)
    text = own.read_text()
    own.write_text(text.replace(f", {n}]", f", {n + 1}]"))
    comm.Barrier()
    with pytest.raises(ConnectivityError, match=f"rank 0 of {n + 1} and is read by") as more:
        sim.Projection(cells, cells, sim.FromFileConnector(str(name), distributed=True))
    assert_same_error(comm, more)
    own.write_text(text)
    sim.setup(partition="round_robin", log=False)
    cells = sim.Population(8, sim.IF_curr_exp(), label="cells")
    connector = sim.FromFileConnector(str(name), distributed=True)
    if n == 1:
        assert sim.Projection(cells, cells, connector).size() == 8
        return
    with pytest.raises(ConnectivityError, match="of 'cells', which another rank has") as other:
        sim.Projection(cells, cells, connector)
    assert_same_error(comm, other)


def test_a_file_that_cannot_be_written_is_an_error_on_every_rank(sim, comm, shared_tmp_path):
    cells = sim.Population(3, sim.IF_curr_exp())
    saved = sim.Projection(cells, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=1.0))
    (shared_tmp_path / "folder").mkdir(exist_ok=True)
    (shared_tmp_path / f"folder.{comm.Get_rank()}").mkdir()
    for gather in (True, False):
        with pytest.raises(sim.errors.FileWriteError, match="cannot write connections"):
            saved.save("all", str(shared_tmp_path / "folder"), gather=gather)


def test_positions_of_an_assembly_are_written_once(sim, comm, shared_tmp_path):
    both = sim.Population(3, sim.IF_curr_exp()) + sim.Population(2, sim.IF_curr_exp())
    both.save_positions(str(shared_tmp_path / "positions"))
    comm.Barrier()
    rows = np.loadtxt(shared_tmp_path / "positions")
    np.testing.assert_array_equal(rows[:, 0], range(5))
    np.testing.assert_array_equal(rows[:, 1], [0, 1, 2, 0, 1])


@pytest.mark.parametrize("n_at_once", [3, 2**20])
def test_lists_of_values_are_spread_over_the_ranks(sim, comm, monkeypatch, n_at_once):
    monkeypatch.setattr("distsim.pynn.value_lists.N_AT_ONCE", n_at_once)
    pre, post = sim.Population(3, sim.IF_curr_exp()), sim.Population(5, sim.IF_curr_exp())
    pairs = [(2, 4), (0, 1), (0, 1), (1, 0), (2, 2), (0, 1), (0, 3)]
    synapse = sim.StaticSynapse(weight=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
    made = sim.Projection(pre, post, sim.FromListConnector(pairs), synapse)
    expected = [
        *((1, 0, 0.5), (0, 1, 0.1), (0, 1, 0.2), (0, 1, 0.3)),
        *((2, 2, 0.6), (0, 3, 0.4), (2, 4, 0.7)),
    ]
    assert made.get("weight", "list", gather="all") == expected
    made.set(weight=1.0)
    made.set(weight=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], delay=np.arange(1.0, 8.0))
    assert made.get("weight", "list", gather="all") == expected
    assert [row[2] for row in made.get("delay", "list", gather="all")] == [
        5.0,
        1.0,
        2.0,
        3.0,
        6.0,
        4.0,
        7.0,
    ]
    with pytest.raises(ConnectivityError, match="has 3 values; give one for each of 7") as caught:
        made.set(weight=[1.0, 2.0, 3.0])
    assert_same_error(comm, caught)
    synapse = sim.StaticSynapse(weight=[1.0, 2.0])
    with pytest.raises(ConnectivityError, match="has 2 values; give one for each of 15") as caught:
        sim.Projection(pre, post, sim.AllToAllConnector(), synapse)
    assert_same_error(comm, caught)


def test_cells_and_spike_counts_can_be_sent(sim, comm):
    cells = sim.Population(5, sim.IF_curr_exp(i_offset=2.0))
    cells.record("spikes")
    sim.run(20.0)
    counts = cells.get_spike_counts()
    assert comm.bcast(counts, root=0) == counts
    assert comm.allgather(cells[4]) == [cells[4]] * comm.Get_size()
