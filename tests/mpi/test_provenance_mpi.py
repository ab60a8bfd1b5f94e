"""What a file says of how it came about; to be started under mpiexec."""

import logging
import re
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

import distsim as sim
from distsim import io


@pytest.fixture
def written(comm, shared_tmp_path):
    """Run a small network, write it after the next one was begun, and return what is read."""
    sim.setup(timestep=0.1, partition="round_robin", log=False)
    offsets = np.linspace(1.0, 2.0, 7)
    exc = sim.Population(7, sim.IF_curr_exp(tau_m=12.5, i_offset=offsets), label="exc")
    drive = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0, 2.0]), label="drive")
    sim.Projection(drive, exc, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1, delay=0.1))
    exc.record(["v", "spikes"])
    drive.record("spikes")
    sim.run(20.0)
    exc.get_data()
    both = exc + drive
    sim.setup(timestep=0.2, partition="block", log=False)
    both.write_data(str(shared_tmp_path / "run.h5"))
    comm.Barrier()
    with io.open(shared_tmp_path / "run.h5") as recording:
        return recording.run, [segment.load() for segment in recording.segments], offsets


def test_a_file_says_how_it_came_about(written, comm):
    run, (segment,), offsets = written
    provenance = run.provenance
    assert run.attributes["dt"] == 0.1
    assert provenance.facts["partition"] == "round_robin"
    assert provenance.facts["n_ranks"] == comm.Get_size()
    script = Path(sys.modules["__main__"].__file__)
    assert provenance.facts["script"] == str(script.absolute())
    assert provenance.facts["script_sha256"] == sha256(script.read_bytes()).hexdigest()
    assert provenance.facts["numpy_version"] == np.__version__
    assert provenance.facts["mpi_library"]
    assert provenance.facts["write_seconds"] > 0

    ranks = provenance.ranks
    assert {column.shape for column in ranks.values()} == {(comm.Get_size(),)}
    dealt = [len(range(rank, 9, comm.Get_size())) for rank in range(comm.Get_size())]
    assert sorted(ranks["cells"]) == sorted(dealt)
    assert ranks["synapses"].sum() == 14
    # each of two spikes of two sources arrives at each cell
    assert ranks["events"].sum() == 28
    n_spikes = segment.population("exc").spikes.times.size
    assert ranks["spikes"].sum() == n_spikes + 4
    for phase in ("build", "run", "gather"):
        assert (ranks[f"{phase} [s]"] > 0).all()
    assert (ranks["compile [s]"] <= ranks["build [s]"]).all()
    assert (ranks["exchange [s]"] >= 0).all()
    assert (ranks["exchange [s]"] <= ranks["run [s]"]).all()
    assert (ranks["write [s]"] == 0).all()
    assert ((ranks["sent [MiB]"] > 0) == (comm.Get_size() > 1)).all()

    parameters = segment.population("exc").info.parameters
    assert parameters["tau_m"] == 12.5
    assert isinstance(parameters["tau_m"], float)
    np.testing.assert_array_equal(parameters["i_offset"], offsets)
    assert set(parameters) == set(sim.IF_curr_exp.default_parameters)
    assert segment.population("drive").info.parameters == {}


def test_the_end_tells_what_each_rank_did(comm, caplog, shared_tmp_path):
    n_ranks = comm.Get_size()
    sim.setup(timestep=0.1, log=False, summary=True)
    cells = sim.Population(9, sim.IF_curr_exp(i_offset=2.0))
    cells.record("spikes")
    sim.run(20.0)
    cells.write_data(shared_tmp_path / "run.h5")
    with caplog.at_level(logging.INFO, "distsim"):
        sim.end()
    if comm.Get_rank() > 0:
        assert not caplog.records
        return
    (record,) = caplog.records
    first, titles, *lines = record.getMessage().splitlines()
    assert "9 cells" in first
    assert titles.split()[3 : 3 + n_ranks] == [str(rank) for rank in range(n_ranks)]
    # a name and its columns are two spaces apart at least
    rows = {name: columns for name, *columns in (re.split(" {2,}", line) for line in lines)}
    each = [float(text) for text in rows["cells"][:n_ranks]]
    assert sum(each) == 9
    if n_ranks > 1:
        mean = 9 / n_ranks
        assert rows["cells"][n_ranks:] == [
            f"{min(each):.4g}",
            f"{mean:.4g}",
            f"{max(each):.4g}",
            f"{max(each) / mean:.3f}",
        ]
    assert float(rows["writing [s]"][0]) > 0
    assert float(rows["peak memory [MiB]"][0].replace(",", "")) > 0
