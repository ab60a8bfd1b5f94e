"""Queues of a model group: growth, and spikes on their way when the connectome is built anew."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import distsim as sim
from distsim.engines.native import arrivals as module
from distsim.kernels.delivery import empty_queue
from distsim.models import IF_CURR_DELTA
from distsim.pynn.simulator import state

DT = 0.1


def run_jumps(synapses, spikes, parts, rebuild=False, rate=0.0):
    """Return v of cells that add up what arrives, run in parts; connections in steps."""
    sim.setup(timestep=DT, seed=2, log=False, progress=False)
    sources = sim.Population(
        4,
        sim.SpikeSourceArray(
            spike_times=[sim.Sequence(DT * np.sort(np.array(s, float))) for s in spikes]
        ),
    )
    noise = sim.Population(4, sim.SpikeSourcePoisson(rate=rate))
    cells = sim.Population(
        3,
        sim.IF_curr_delta(v_rest=0.0, v_thresh=1e9, tau_m=7.0),
        initial_values={"v": 0.0},
    )
    rows = [(pre, post, weight, round(DT * delay, 1)) for pre, post, weight, delay in synapses]
    for pre in (sources, noise):
        sim.Projection(pre, cells, sim.FromListConnector(rows), sim.StaticSynapse())
    cells.record("v")
    for part in parts:
        sim.run(part * DT)
        if rebuild:
            state.simulation.touch_connections()
    return cells.get_data(gather="all").segments[0].filter(name="v")[0].magnitude


SYNAPSES = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(0, 2), st.floats(0.125, 3, width=32), st.integers(1, 30)
    ),
    min_size=1,
    max_size=20,
)
SPIKES = st.lists(st.lists(st.integers(0, 60), max_size=15, unique=True), min_size=4, max_size=4)


@settings(deadline=None, max_examples=60)
@given(SYNAPSES, SPIKES, st.lists(st.integers(0, 25), min_size=1, max_size=5))
def test_rebuilds_in_mid_simulation_change_nothing(synapses, spikes, parts):
    parts = [*parts, 60]
    expected = run_jumps(synapses, spikes, [sum(parts)], rate=300.0)
    np.testing.assert_array_equal(
        run_jumps(synapses, spikes, parts, rebuild=True, rate=300.0), expected
    )


@pytest.mark.parametrize("rate", [0.0, 5000.0])
def test_small_queues_grow_and_lose_nothing(monkeypatch, rate):
    rng = np.random.default_rng(1)
    synapses = [(k % 4, int(rng.integers(3)), 1.5, int(rng.integers(1, 80))) for k in range(40)]
    spikes = [np.sort(rng.choice(200, 100, replace=False)) for _ in range(4)]
    expected = run_jumps(synapses, spikes, [300], rate=rate)
    # room for two rows at first, a multiple of that later
    monkeypatch.setattr(module, "empty_queue", lambda n: empty_queue(2 if n == 256 else n + 1))
    np.testing.assert_array_equal(run_jumps(synapses, spikes, [300], rate=rate), expected)
    sizes = [
        queue.arrival.size for queue in state.simulation.networks[IF_CURR_DELTA].arrivals.queues
    ]
    assert sizes[0] > 2
    assert (sizes[1] > 2) == (rate > 0)


def test_spikes_that_have_arrived_everywhere_are_forgotten():
    run_jumps([(0, 0, 1.0, 5), (0, 0, 1.0, 20)], [[k] for k in (10, 20, 30, 900)], [1000])
    epochs = state.simulation.history._epochs
    assert [int(key) >> 32 for _, keys in epochs for key in keys] == [900]


# a spike reaches the first cell long before the second; cells are on different ranks, if they can
CHANGED_DELAYS = """
import sys
import numpy as np
import distsim as sim

sim.setup(timestep=0.1, log=False, progress=False)
sources = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0, 4.0]))
noise = sim.Population(2, sim.SpikeSourcePoisson(rate=300.0))
cells = sim.Population(
    2, sim.IF_curr_delta(v_rest=0.0, v_thresh=1e9, tau_m=1e300), initial_values={"v": 0.0}
)
rows = [(0, 0, 1.0, 0.5), (1, 1, 1.0, 5.0)]
projections = [
    sim.Projection(pre, cells, sim.FromListConnector(rows), sim.StaticSynapse())
    for pre in (sources, noise)
]
cells.record("v")
for delay in (9.0, 2.0, 12.0):
    sim.run(4.2)
    for projection in projections:
        projection.set(delay=delay)
sim.run(30.0)
v = cells.get_data(gather="all").segments[0].filter(name="v")[0].magnitude
if sim.rank() == 0:
    np.save(sys.argv[1], v)
"""


def test_delays_changed_in_mid_simulation_act_alike_on_any_number_of_ranks(mpi_job, tmp_path):
    program = tmp_path / "changed_delays.py"
    program.write_text(CHANGED_DELAYS)
    found = []
    for n_ranks in (1, 2):
        job = mpi_job(n_ranks, program, tmp_path / f"{n_ranks}.npy")
        assert job.returncode == 0, job.stdout
        found.append(np.load(tmp_path / f"{n_ranks}.npy"))
    assert found[0][-1].min() > 2.0
    np.testing.assert_array_equal(found[0], found[1])
