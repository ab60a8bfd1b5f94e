"""Scripts that are not the same on all ranks are refused; those that need not be are not.

What differs is what the last rank says, or does not say; on one rank nothing can.
"""

import logging
import time

import numpy as np
import pytest

import distsim
from distsim import lockstep
from distsim.errors import CollectiveError


@pytest.fixture
def sim():
    """Return the back end, set up anew."""
    distsim.setup(timestep=0.1, log=False)
    return distsim


@pytest.fixture
def is_last(comm):
    """Return whether this is the last of several ranks."""
    return comm.Get_rank() == comm.Get_size() - 1 > 0


@pytest.fixture
def refused(comm):
    """Return a function that asserts that a call is refused on every rank, with some words."""

    def check(call, *words):
        if comm.Get_size() == 1:
            call()
            return
        with pytest.raises(CollectiveError) as caught:
            call()
        texts = comm.allgather(str(caught.value))
        assert set(texts) == {texts[0]}
        for word in words:
            assert word in texts[0]

    return check


def cells_of(sim, size=5, **parameters):
    return sim.Population(size, sim.IF_curr_exp(**parameters), label="p")


def test_other_size_is_refused(sim, is_last, refused):
    refused(
        lambda: sim.Population(41 if is_last else 40, sim.IF_curr_exp(), label="exc"),
        *("Population() of 'exc'", "test_lockstep_mpi.py, line", "size = 40", "size = 41"),
    )


def test_other_parameter_is_refused(sim, is_last, refused):
    refused(lambda: cells_of(sim, tau_m=15.0 if is_last else 10.0), "tau_m=15.0", "tau_m=10.0")


def test_other_model_is_refused(sim, is_last, refused):
    model = sim.IF_cond_exp if is_last else sim.IF_curr_exp
    refused(lambda: sim.Population(3, model()), "IF_cond_exp", "IF_curr_exp")


def test_other_label_is_refused(sim, is_last, refused):
    label = "b" if is_last else "a"
    refused(lambda: sim.Population(3, sim.IF_curr_exp(), label=label), "of 'a'", "of 'b'")


def test_other_structure_is_refused(sim, is_last, refused):
    line = sim.Line(dx=2.0 if is_last else 1.0)
    refused(lambda: sim.Population(3, sim.IF_curr_exp(), structure=line), "dx=2.0", "dx=1.0")


def test_other_values_of_a_long_array_are_refused(sim, is_last, refused):
    values = np.linspace(10.0, 20.0, 1000)
    values[-1] += is_last
    refused(lambda: cells_of(sim, 1000, tau_m=values), "array of 1000 float64", "checksum")


def test_other_seed_of_setup_is_refused(sim, is_last, refused):
    refused(lambda: sim.setup(seed=2 if is_last else 1, log=False), "setup()", "seed = 2")


def test_other_seed_of_an_rng_is_refused(sim, is_last, refused):
    rng = sim.NumpyRNG(seed=8 if is_last else 7)
    v = sim.RandomDistribution("uniform", low=0.0, high=1.0, rng=rng)
    refused(lambda: cells_of(sim, tau_m=v), "NumpyRNG(7", "NumpyRNG(8")


def test_an_rng_that_was_used_on_one_rank_is_refused(sim, is_last, refused):
    rng = sim.NumpyRNG(seed=7)
    if is_last:
        rng.next(3)
    v = sim.RandomDistribution("uniform", low=0.0, high=1.0, rng=rng)
    refused(lambda: cells_of(sim, tau_m=v), "NumpyRNG(7, state")


def test_partition_function_that_depends_on_the_rank_is_refused(comm, refused):
    distsim.setup(
        log=False, partition=lambda first, n, n_ranks: (np.arange(n) + comm.Get_rank()) % n_ranks
    )
    refused(lambda: [distsim.Population(5, distsim.IF_curr_exp()) for _ in range(2)], "partition()")


def test_function_that_depends_on_the_rank_is_refused(sim, is_last, refused):
    def describe():
        cells_of(sim, tau_m=lambda i: 10.0 + i + is_last)
        sim.run(1.0)

    refused(describe, "of 'p'")


@pytest.mark.parametrize("what", ["p_connect", "weight", "weights", "delay", "list", "receptor"])
def test_other_projection_is_refused(sim, is_last, refused, what):
    cells, shift = cells_of(sim), 0.1 * is_last
    connector = sim.FixedProbabilityConnector(0.5 + (shift if what == "p_connect" else 0.0))
    synapse = sim.StaticSynapse(weight=0.1, delay=1.0)
    if what == "weight":
        synapse = sim.StaticSynapse(weight=0.1 + shift)
    if what == "weights":
        synapse = sim.StaticSynapse(weight=np.full((5, 5), 0.1 + shift))
    if what == "delay":
        synapse = sim.StaticSynapse(weight=0.1, delay=1.0 + shift)
    if what == "list":
        connector = sim.FromListConnector([(0, 1, 0.1 + shift, 1.0)] * 20)
    side = "inhibitory" if what == "receptor" and is_last else "excitatory"
    refused(
        lambda: sim.Projection(cells, cells, connector, synapse, receptor_type=side),
        "Projection()",
    )


def test_projection_of_another_view_is_refused(sim, is_last, refused):
    cells = cells_of(sim)
    view = cells[[0, 1, 3 if is_last else 2]]
    refused(lambda: sim.Projection(view, cells, sim.AllToAllConnector()), "Projection()")


def test_another_number_of_populations_is_refused(sim, is_last, refused):
    def describe():
        for _ in range(3 if is_last else 2):
            cells_of(sim)
        sim.run(1.0)

    refused(describe, "run()", "Population() of 'p'")


@pytest.mark.parametrize("method", ["set", "initialize", "record", "sample", "inject", "positions"])
def test_what_is_done_to_a_whole_population_on_one_rank_alone_is_refused(
    sim, comm, refused, method
):
    cells = cells_of(sim)
    if comm.Get_rank() == 0:
        if method == "set":
            cells.set(tau_m=12.0)
        elif method == "initialize":
            cells.initialize(v=-60.0)
        elif method == "record":
            cells.record("v")
        elif method == "sample":
            cells.sample(2)
        elif method == "inject":
            cells.inject(sim.DCSource(amplitude=0.1))
        else:
            cells.positions = np.zeros((3, 5))
    refused(lambda: sim.run(1.0), f"{method}()", "of 'p'" if method != "inject" else "", "run()")


def test_view_recorded_by_owners_alone_is_named(sim, refused):
    cells = cells_of(sim)
    if cells.is_local(cells[0]):
        cells[0:1].record("v")
    refused(lambda: sim.run(1.0), "record()", "run()", "Every rank must make the same calls")


def test_calls_out_of_step_say_who_is_where(sim, comm, refused):
    cells = cells_of(sim)
    cells.record("v")
    sim.run(1.0)
    call = sim.end if comm.Get_rank() else cells.get_data
    refused(call, "rank 0: get_data() of 'p' (", "end() (", "test_lockstep_mpi.py, line")


def test_runs_of_different_length_are_refused(sim, is_last, refused):
    cells_of(sim)
    refused(lambda: sim.run(2.0 if is_last else 1.0), "run()", "last_step = 10", "last_step = 20")


def test_data_of_different_variables_are_refused(sim, is_last, refused):
    cells = cells_of(sim)
    cells.record(["v", "spikes"])
    sim.run(1.0)
    refused(lambda: cells.get_data("spikes" if is_last else "v"), "variables = 'v'")


@pytest.mark.parametrize(
    "ask",
    [
        lambda cells: cells.get_data(),
        lambda cells: cells.write_data("never.h5"),
        lambda cells: cells.get("tau_m", gather=True),
        lambda cells: cells.get_spike_counts(),
        lambda cells: (cells + cells.root[4:]).get_data(),
    ],
)
def test_data_of_other_cells_under_one_label_are_refused(sim, comm, refused, ask):
    # as a loop over a rank's own cells asks for them, where all have as many
    cells = cells_of(sim)
    cells.record(["v", "spikes"])
    sim.run(1.0)
    view = cells[[1 if comm.Get_rank() else 0]]
    refused(lambda: ask(view), "cells = ", "[0] of population 0", "[1] of population 0")


def test_data_of_another_population_of_the_same_label_are_refused(sim, is_last, refused):
    several = [cells_of(sim) for _ in range(2)]
    sim.run(1.0)
    refused(lambda: several[is_last].get_data(), "population 0", "population 1")


def test_another_projection_of_the_same_label_is_refused(sim, is_last, refused):
    cells = cells_of(sim)
    several = [sim.Projection(cells, cells, sim.AllToAllConnector()) for _ in range(2)]
    refused(lambda: several[is_last].get("weight", "list"), "projection = 0", "projection = 1")


def test_another_grouping_of_files_is_refused(sim, is_last, refused, shared_tmp_path):
    for number in range(2):
        name = f"{0 if is_last else number}.h5"
        cells_of(sim).record("v", to_file=str(shared_tmp_path / name))
    refused(sim.end, "number of the file")


def test_ranks_go_on_together_after_an_error(sim, is_last, refused):
    refused(lambda: cells_of(sim, 6 if is_last else 5))
    cells = cells_of(sim)
    cells.record("v")
    sim.run(1.0)
    assert cells.get_data(gather="all").segments[0].analogsignals[0].shape == (11, 5)


def test_what_may_differ_from_rank_to_rank_is_not_refused(sim, comm, shared_tmp_path):
    rank = comm.Get_rank()
    cells = cells_of(sim)
    for cell in cells:
        cell.tau_m = 15.0 + rank
        cell.set_initial_value("v", -60.0)
    cells[cells.local_positions].set(cm=2.0 + rank)
    if rank == 0:
        cells.positions.sum()
        source = sim.DCSource(amplitude=0.1)
    for cell in cells:
        cell.inject(sim.DCSource(amplitude=0.2))
    if cells.is_local(cells[0]) and rank == 0:
        cells[0].inject(source)
    shared_tmp_path.joinpath(f"list.{rank}").write_text(f"0 {rank} 0.1 1.0\n")
    listed = sim.FromFileConnector(str(shared_tmp_path / "list"), distributed=True)
    for _ in range(2):
        sim.Projection(cells, cells, listed)
    unsafe = sim.NumpyRNG(seed=3, parallel_safe=False)
    cells.initialize(v=sim.RandomDistribution("uniform", low=-70.0, high=-60.0, rng=unsafe))
    cells.set(i_offset={"b": 1, "a": 2}.__len__() * 0.1)
    cells.record("v")
    sim.run(1.0, callbacks=[lambda t: t + 0.2 + rank * 0.0])
    mine = cells.get_data(gather=False)
    if rank == 0:
        mine = cells.get_data(gather=False)
        cells.get("tau_m")
    assert len(mine.segments) == 1
    cells.write_data(str(shared_tmp_path / f"{rank}.h5"))
    sim.end()


def test_waiting_rank_says_where(sim, comm, monkeypatch, caplog):
    monkeypatch.setattr(lockstep, "FIRST_WARNING", 0.2)
    cells = cells_of(sim)
    comm.Barrier()
    with caplog.at_level(logging.WARNING, "distsim"):
        if comm.Get_rank() == 0:
            time.sleep(1.0)
        cells.get_data()
    expected = "in get_data() of 'p' (test_lockstep_mpi.py, line"
    assert (expected in caplog.text) == (comm.Get_rank() > 0)
