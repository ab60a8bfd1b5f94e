"""Projections that do not fit are refused on every rank, before they are built."""

import pytest

import distsim
from distsim.engines.native import memory
from distsim.errors import ConnectivityError


def described(n_cells, connector):
    """Return a projection of a new network, between cells of one population."""
    distsim.setup(timestep=0.1, log=False, progress=False)
    cells = distsim.Population(n_cells, distsim.IF_curr_exp(), label="many")
    synapse = distsim.StaticSynapse(weight=0.1)
    return distsim.Projection(cells, cells, connector, synapse, label="dense")


def check_refused(comm, projection):
    """Check that all ranks get the same error, which names the projection."""
    assert projection.label == "dense"
    with pytest.raises(ConnectivityError, match=r"'dense' would have .* synapses, .* GiB") as error:
        distsim.run(1.0)
    assert "available" in str(error.value)
    assert len(set(comm.allgather(str(error.value)))) == 1


def test_a_projection_that_does_not_fit_is_named_on_every_rank(comm):
    # more than any memory has room for the pairs of
    check_refused(comm, described(1_000_000, distsim.AllToAllConnector()))


@pytest.mark.parametrize(
    "connector",
    [
        lambda sim: sim.AllToAllConnector(),
        lambda sim: sim.FixedProbabilityConnector(0.5),
        lambda sim: sim.FixedNumberPreConnector(50_000),
        lambda sim: sim.FixedNumberPostConnector(50_000),
        lambda sim: sim.FixedTotalNumberConnector(5_000_000_000),
    ],
)
def test_what_each_rule_would_take_is_compared_with_what_there_is(comm, connector, monkeypatch):
    there_is = memory.available_bytes()
    # at least 2 bytes for each of half of the pairs
    monkeypatch.setattr(memory, "available_bytes", lambda: min(there_is, 0.9 * 2**33))
    check_refused(comm, described(100_000, connector(distsim)))


def test_projections_whose_number_of_synapses_is_not_known_are_not_refused(monkeypatch):
    monkeypatch.setattr(memory, "SMALL", 0)
    monkeypatch.setattr(memory, "available_bytes", lambda: 3000.0)
    distsim.setup(timestep=0.1, log=False, progress=False)
    cells = distsim.Population(40, distsim.IF_curr_exp())
    near = distsim.DistanceDependentProbabilityConnector("d < 3")
    distsim.Projection(cells, cells, near, distsim.StaticSynapse(weight=0.1))
    # 1600 synapses of 2 bytes are 3200 bytes, within the margin
    distsim.Projection(cells, cells, distsim.AllToAllConnector(), distsim.StaticSynapse(weight=0.1))
    distsim.run(1.0)
