"""What `distsim estimate` tells, beside what runs really take."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

import distsim as sim
from distsim.cli import main
from distsim.estimate.calibration import calibrate
from distsim.estimate.held import array_bytes
from distsim.estimate.pieces import Piece
from distsim.estimate.script import describe
from distsim.estimate.shares import Network
from distsim.pynn.simulator import state

N_EXC, N_INH, P_CONNECT, INDEGREE, DURATION = 3000, 800, 0.1, 200, 200.0

# the network is large enough for its synapses to show beside Python
SCRIPT = f"""
import json, resource, sys
import distsim as sim
sim.setup(timestep=0.1, log=False)
kind = sim.IF_curr_exp(tau_syn_E=2.0, tau_syn_I=4.0, i_offset=0.35)
exc, inh = (sim.Population(n, kind, label=str(n)) for n in ({N_EXC}, {N_INH}))
cells = exc + inh
cells.initialize(v=sim.RandomDistribution("uniform", low=-65.0, high=-50.0))
drive = sim.Population(cells.size, sim.SpikeSourcePoisson(rate=2000.0))
strong = sim.StaticSynapse(weight=0.2, delay=1.0)
sim.Projection(drive, cells, sim.OneToOneConnector(), strong, receptor_type="excitatory")
weak = sim.StaticSynapse(
    weight=sim.RandomDistribution("uniform", low=0.0, high=0.02),
    delay=sim.RandomDistribution("uniform", low=1.0, high=3.0),
)
sim.Projection(exc, inh, sim.FixedProbabilityConnector({P_CONNECT}), weak,
               receptor_type="excitatory")
learning = sim.STDPMechanism(
    sim.SpikePairRule(), sim.AdditiveWeightDependence(w_max=0.02), weight=0.01, delay=1.0
)
sim.Projection(exc, exc, sim.FixedNumberPreConnector({INDEGREE}), learning,
               receptor_type="excitatory")
sim.Projection(inh, cells, sim.FixedNumberPreConnector({INDEGREE}),
               sim.StaticSynapse(weight=-0.05, delay=1.0), receptor_type="inhibitory")
cells.record("spikes", to_file=sys.argv[1])
exc[:150].record("v", to_file=sys.argv[1])
sim.run({DURATION})
sim.checkpoint(sys.argv[1] + ".checkpoint")
sim.end()
print("not of a script that is only described")
print(json.dumps({{
    "rank": sim.rank(),
    "peak": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    "n_synapses": sim.simulator.state.simulation.n_synapses,
    "n_spikes": sim.simulator.state.simulation.counters["spikes"],
}}))
"""


def distsim(*args, folder):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "distsim", *map(str, args)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def ran(n_ranks, folder):
    """Return what each rank has found of a real run, and the sizes of the files."""
    file = folder / f"{n_ranks}.h5"
    told = distsim("run", "-n", n_ranks, folder / "model.py", file, folder=folder)
    rows = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert len(rows) == n_ranks
    checkpoint = file.with_name(f"{file.name}.checkpoint")
    return rows, file.stat().st_size, checkpoint.stat().st_size


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("estimate")
    (folder / "model.py").write_text(SCRIPT)
    return folder


@pytest.fixture(scope="module")
def found(folder):
    """Return what is estimated."""
    command = ["estimate", "model.py", "--ranks", "1,2,1024", "--json", "nowhere/out.h5"]
    return json.loads(distsim(*command, folder=folder))


@pytest.fixture(scope="module")
def runs(folder, found):
    return {n_ranks: ran(n_ranks, folder) for n_ranks in (1, 2)}


def test_describing_writes_nothing_and_makes_no_folder(folder, found):
    assert not (folder / "nowhere").exists()


def test_synapses_are_counted_without_being_made(found, runs):
    exact = (N_EXC + N_INH) * (1 + INDEGREE) + N_EXC * INDEGREE
    n_pairs = N_EXC * N_INH
    deviation = np.sqrt(n_pairs * P_CONNECT * (1 - P_CONNECT))
    assert found["n_synapses"] == exact + n_pairs * P_CONNECT
    for rows, _, _ in runs.values():
        made = sum(row["n_synapses"] for row in rows)
        assert abs(made - found["n_synapses"]) < 5 * deviation


@pytest.mark.parametrize("n_ranks", [1, 2])
def test_memory_is_within_a_fifth_of_what_ranks_take(found, runs, n_ranks):
    (job,) = [job for job in found["jobs"] if job["n_ranks"] == n_ranks]
    measured = max(row["peak"] for row in runs[n_ranks][0])
    assert job["memory_peak"] == pytest.approx(measured, rel=0.2)


def test_more_ranks_need_less_memory_each_down_to_python_s(found):
    one, two, many = (job["memory"] for job in found["jobs"])
    for part in ("cells", "static", "plastic"):
        assert one[part] > 1.2 * two[part] > 1.2 * many[part] > 0
    assert one["base"] == two["base"] == many["base"]


def test_the_file_has_the_size_that_was_told(found, runs):
    for _, size, _ in runs.values():
        assert found["file"] == pytest.approx(size, rel=0.03)
    n_spikes = sum(row["n_spikes"] for row in runs[1][0])
    # the whole network was the piece, and ran as long as the job
    assert found["n_spikes"] == pytest.approx(n_spikes, rel=1e-3)
    assert found["n_samples"] == 150 * 2001


def test_a_checkpoint_has_the_size_that_was_told(found, runs):
    recorded = 8 * (found["n_spikes"] + found["n_samples"])
    told = found["checkpoint_cells"] + found["checkpoint_synapses"] + recorded
    assert told == pytest.approx(runs[1][2], rel=0.1)


def test_times_are_there_for_each_number_of_ranks(found):
    assert [job["n_ranks"] for job in found["jobs"]] == [1, 2, 1024]
    for job in found["jobs"]:
        assert 0 < job["run_low_s"] <= job["run_s"] <= job["run_high_s"]
        assert job["construction_s"] > 0
    assert found["jobs"][0]["exchange"] == "none"
    assert not found["jobs"][2]["exchange_is_measured"]


# --- pieces ------------------------------------------------------------------------------------


@pytest.fixture
def network():
    """Return a network that is described and not built, of two models and shared rows."""
    sim.setup(timestep=0.1, log=False, progress=False)
    first = sim.Population(900, sim.IF_curr_exp(i_offset=1.0))
    second = sim.Population(500, sim.IF_curr_alpha())
    late = sim.RandomDistribution("uniform", low=1.0, high=2.0)
    for weight, n in ((0.005, 30), (0.01, 50)):
        synapse = sim.StaticSynapse(weight=weight, delay=late)
        sim.Projection(
            first,
            first + second,
            sim.FixedNumberPreConnector(n),
            synapse,
            receptor_type="excitatory",
        )
    alike = sim.StaticSynapse(weight=0.0, delay=1.0)
    few = sim.FixedProbabilityConnector(0.002)
    sim.Projection(second, first, few, alike, receptor_type="inhibitory")
    return Network.of(state)


@pytest.mark.parametrize("n_ranks", [1, 7, 200])
def test_rows_runs_and_bytes_are_those_of_a_piece_that_is_built(network, n_ranks):
    share = network.share(n_ranks)
    piece = Piece(share, state.simulation, 64.0)
    for expected, model in zip(share.footprints(), share.models, strict=True):
        rows = piece.simulation.networks[model].arrivals.rows
        n_rows, n_runs = rows.row_source.size, rows.run_delay.size
        assert abs(n_rows - expected.n_rows) < 5 * np.sqrt(n_rows) + 1
        assert abs(n_runs - expected.n_runs) < 5 * np.sqrt(n_runs) + 1
        assert expected.static == pytest.approx(array_bytes([rows]), rel=0.12)
    assert abs(piece.simulation.n_synapses - share.n_synapses) < 5 * np.sqrt(share.n_synapses)
    piece.close()


def test_where_connections_are_local_a_piece_tells_how_many_rows_there_are(network):
    near = sim.DistanceDependentProbabilityConnector("d < 40")
    cells = network.populations[1]
    sim.Projection(cells, cells, near, sim.StaticSynapse(weight=0.1), receptor_type="excitatory")
    local = Network.of(state)
    added = local.n_synapses - network.n_synapses
    # 79 cells are nearer than 40, but for those at the ends
    assert abs(added - (500 * 79 - 40 * 39)) <= 3 * local.error_of_synapses
    share = local.share(20)
    piece = Piece(share, state.simulation, 64.0)
    model = share.models[1]
    counted = share.footprints(piece.counted)[1]
    assert counted.static < 0.9 * share.footprints()[1].static
    held = array_bytes([piece.simulation.networks[model].arrivals.rows])
    assert counted.static == pytest.approx(held, rel=0.12)
    piece.close()


def test_all_ranks_together_have_every_synapse_once(network):
    n_synapses = 0
    for rank in range(3):
        share = network.share(3)
        piece = Piece(type(share)(network, 3, rank, share.placements), state.simulation, 64.0)
        n_synapses += piece.simulation.n_synapses
        piece.close()
    sim.run(0.1)
    assert n_synapses == state.simulation.n_synapses


def test_a_piece_that_hears_made_up_spikes_finds_the_rate_of_the_whole(network):
    whole = calibrate(network, state, 3000, [1], None).rates
    piece = Piece(network.share(5), state.simulation, 64.0)
    assert piece.n_heard > 0
    rates = whole.mean
    found = np.mean([piece.advance(50.0, rates).rates for _ in range(6)], axis=0)
    piece.close()
    assert found[0] == pytest.approx(whole.mean[0], rel=0.1)
    assert found[0] > 5.0


# --- scripts -----------------------------------------------------------------------------------


def written(folder, text):
    script = folder / "model.py"
    script.write_text(f"import distsim as sim\n{text}")
    return script


DESCRIBED = "sim.setup(log=False)\ncells = sim.Population(5, sim.IF_curr_exp())\n"


@pytest.mark.parametrize(
    ("text", "n_runs", "n_steps", "ended_by"),
    [
        ("sim.run(10.0)\n", 1, 100, "its end"),
        ("sim.run(10.0)\nsim.run(5.0)\nsim.end()\nsim.run(9.0)\n", 2, 150, "end()"),
        ("sim.run(10.0)\nsim.reset()\nsim.run(5.0)\n", 2, 150, "its end"),
        ("while sim.get_current_time() < 20.0:\n    sim.run(4.0)\n", 5, 200, "its end"),
        ("sim.run(10.0)\ncells.get_data()\nsim.run(5.0)\n", 1, 100, "get_data() of 'population0'"),
        ("sim.run(10.0)\nsim.setup()\nsim.run(5.0)\n", 1, 100, "its second setup()"),
    ],
)
def test_a_script_is_followed_to_where_it_asks_for_what_was_not_simulated(
    tmp_path, text, n_runs, n_steps, ended_by
):
    found = describe(written(tmp_path, DESCRIBED + text), [])
    assert (found.n_runs, found.n_steps, found.ended_by) == (n_runs, n_steps, ended_by)


def test_the_number_of_connections_is_told_without_making_them(tmp_path, capfd):
    text = (
        "cells = sim.Population(1_000_000, sim.IF_curr_exp())\n"
        "dense = sim.FixedNumberPreConnector(10_000)\n"
        "projection = sim.Projection(cells, cells, dense, sim.StaticSynapse(weight=0.1))\n"
        "print(projection.size(), len(projection))\n"
        "sim.run(1.0)\n"
    )
    describe(written(tmp_path, DESCRIBED + text), [])
    assert capfd.readouterr().err == "10000000000 10000000000\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has set up no simulation of distsim"),
        (DESCRIBED, r"has described 5 cells and called no run\(\) until its end"),
        ("sim.setup(engine='nest')\n", "is for engine 'nest'"),
        (DESCRIBED + "raise ValueError('oh')\n", r"failed while it was described \(ValueError: oh"),
        (DESCRIBED + "import sys\nsys.exit(3)\n", r"ended itself \(3\)"),
    ],
)
def test_a_script_that_cannot_be_described_is_refused(tmp_path, capsys, text, message):
    assert main(["estimate", str(written(tmp_path, text))]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert re.search(message, error), error


@pytest.mark.parametrize("ranks", ["0", "two", "1,,2", "-1"])
def test_numbers_of_ranks_that_cannot_be_are_refused(tmp_path, capsys, ranks):
    script = written(tmp_path, DESCRIBED)
    assert main(["estimate", str(script), f"--ranks={ranks}"]) == 2
    assert f"--ranks {ranks}" in capsys.readouterr().err


def test_a_script_that_is_not_there_is_refused(capsys):
    assert main(["estimate", "nowhere.py", "--ranks", "1"]) == 2
    assert "'nowhere.py' is not a file" in capsys.readouterr().err
