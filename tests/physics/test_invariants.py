"""What holds for any network: conservation of spikes, shifts in time, runs in parts, order."""

import numpy as np
import pytest

import distsim as sim
from distsim.pynn.simulator import state

DT = 0.1
N_EXC, N_INH, N_SOURCES = 30, 10, 8
MODELS = ["IF_curr_exp", "IF_curr_alpha", "IF_curr_delta", "IF_cond_exp", "IF_cond_alpha"]
# strengths that make the network fire [nA], [mV] or [uS]
STRENGTH = {
    "IF_curr_exp": 4.0,
    "IF_curr_alpha": 4.0,
    "IF_curr_delta": 4.0,
    "IF_cond_exp": 0.125,
    "IF_cond_alpha": 0.0625,
}


def random_list(rng, n_pre, n_post, probability, scale):
    """Return connections whose weights are multiples of scale / 8: sums of them are exact."""
    pre, post = np.nonzero(rng.random((n_pre, n_post)) < probability)
    weights = scale * rng.integers(1, 9, pre.size) / 8
    delays = np.round(DT * rng.integers(4, 60, pre.size), 1)
    return np.column_stack([pre, post, weights, delays])


class Network:
    """An excitatory and an inhibitory population with sources, all numbers fixed."""

    def __init__(self, model="IF_curr_exp", order="EIS", with_poisson=False, min_delay="auto"):
        sim.setup(timestep=DT, min_delay=min_delay, seed=4, log=False, progress=False)
        rng = np.random.default_rng(7)
        times = [np.sort(rng.choice(800, 20, replace=False)) * DT + 1 for _ in range(N_SOURCES)]
        makers = {
            "E": lambda: self.cells(model, N_EXC, "excitatory"),
            "I": lambda: self.cells(model, N_INH, "inhibitory"),
            "S": lambda: sim.Population(
                N_SOURCES,
                sim.SpikeSourceArray(spike_times=[sim.Sequence(t) for t in times]),
                label="sources",
            ),
        }
        populations = {key: makers[key]() for key in order}
        self.exc, self.inh, self.sources = (populations[key] for key in "EIS")
        strength = STRENGTH[model]
        self.lists = {}
        self.connect("SE", rng, 0.4, strength)
        self.connect("SI", rng, 0.3, strength)
        self.connect("EE", rng, 0.1, strength / 4)
        self.connect("EI", rng, 0.3, strength / 4)
        self.connect("IE", rng, 0.4, strength / 4)
        if with_poisson:
            noise = sim.Population(20, sim.SpikeSourcePoisson(rate=200.0))
            sim.Projection(
                noise,
                self.exc,
                sim.FixedProbabilityConnector(0.3),
                sim.StaticSynapse(weight=strength / 8, delay=2.5),
            )
        for population in (self.exc, self.inh):
            population.record(["v", "spikes"])

    def cells(self, model, n, label):
        """Return cells that are driven below threshold, each another way."""
        drive = np.linspace(0.1, 0.5, n)
        parameters = {"i_offset": drive, "cm": 1.0, "tau_m": 15.0}
        return sim.Population(n, getattr(sim, model)(**parameters), label=label)

    def connect(self, name, rng, probability, weight):
        """Connect two populations at random, with the numbers of `rng`."""
        pre, post = ({"E": self.exc, "I": self.inh, "S": self.sources}[key] for key in name)
        is_current = "curr" in type(self.exc.celltype).__name__
        sign = -1.0 if name[0] == "I" and is_current else 1.0
        rows = random_list(rng, pre.size, post.size, probability, sign * weight)
        self.lists[name] = rows
        sim.Projection(
            pre,
            post,
            sim.FromListConnector(rows),
            sim.StaticSynapse(),
            receptor_type="inhibitory" if name[0] == "I" else "excitatory",
        )

    def data(self):
        """Return v of both populations, and spikes as pairs of step and index."""
        segments = [population.get_data().segments[0] for population in (self.exc, self.inh)]
        v = np.concatenate([s.filter(name="v")[0].magnitude for s in segments], axis=1)
        trains = [train for segment in segments for train in segment.spiketrains]
        steps = [np.rint(train.magnitude / DT).astype(int) for train in trains]
        spikes = sorted((step, k) for k, train in enumerate(steps) for step in train.tolist())
        return v, spikes


def assert_same(one, other):
    np.testing.assert_array_equal(one[0], other[0])
    assert one[1] == other[1]


@pytest.mark.parametrize("model", MODELS)
def test_deliveries_are_spikes_times_outdegree(model):
    network = Network(model)
    sim.run(100.0)
    _, spikes = network.data()
    assert len(spikes) > 50
    arrived = 0
    steps = {
        "E": [(step, k) for step, k in spikes if k < N_EXC],
        "I": [(step, k - N_EXC) for step, k in spikes if k >= N_EXC],
        "S": [
            (round(t / DT), k)
            for k, times in enumerate(network.sources.get("spike_times"))
            for t in times.value
        ],
    }
    for name, rows in network.lists.items():
        for step, k in steps[name[0]]:
            delays = np.rint(rows[rows[:, 0] == k, 3] / DT)
            arrived += np.count_nonzero(step + delays <= 1000)
    assert state.simulation.counters["events"] == arrived
    assert state.simulation.counters["spikes"] == sum(
        sum(step <= 1000 for step, _ in spiking) for spiking in steps.values()
    )


def test_several_poisson_spikes_in_a_step_are_delivered_each():
    sim.setup(timestep=0.1, seed=3, log=False, progress=False)
    noise = sim.Population(3, sim.SpikeSourcePoisson(rate=20_000.0))
    cells = sim.Population(4, sim.IF_curr_delta(v_thresh=1e9))
    sim.Projection(noise, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0, delay=0.1))
    noise.record("spikes")
    sim.run(20.0)
    trains = noise.get_data().segments[0].spiketrains
    arrived = sum(int((train.magnitude < 19.95).sum()) for train in trains)
    assert len(np.unique(trains[0].magnitude)) < len(trains[0])
    assert state.simulation.counters["events"] == 4 * arrived


def test_charge_is_conserved():
    sim.setup(timestep=0.1, log=False, progress=False)
    # cells that never fire and do not leak keep all charge that the synapses bring
    cells = sim.Population(
        5,
        sim.IF_curr_exp(v_thresh=1e9, v_rest=0.0, tau_m=1e300, cm=2.0, tau_syn_E=1.5),
        initial_values={"v": 0.0},
    )
    rng = np.random.default_rng(1)
    times = [np.sort(rng.choice(500, 12, replace=False)) * DT for _ in range(6)]
    sources = sim.Population(6, sim.SpikeSourceArray(spike_times=list(map(sim.Sequence, times))))
    rows = random_list(rng, 6, 5, 0.5, 1.0)
    sim.Projection(sources, cells, sim.FromListConnector(rows), sim.StaticSynapse())
    cells.record("v")
    sim.run(200.0)
    charge = np.bincount(rows[:, 1].astype(int), 12 * 1.5 * rows[:, 2], 5)
    v = cells.get_data().segments[0].filter(name="v")[0].magnitude[-1]
    # each of 2000 steps rounds v
    np.testing.assert_allclose(2.0 * v, charge, rtol=2000 * np.finfo(float).eps)


@pytest.mark.parametrize("model", MODELS)
def test_shift_in_time_shifts_spikes(model):
    shift = 13.0
    v_init = -65.0

    def run(by):
        sim.setup(timestep=DT, log=False, progress=False)
        rng = np.random.default_rng(2)
        times = [np.sort(rng.choice(600, 40, replace=False)) * DT + by for _ in range(10)]
        sources = sim.Population(
            10, sim.SpikeSourceArray(spike_times=list(map(sim.Sequence, times)))
        )
        cells = sim.Population(20, getattr(sim, model)(v_rest=v_init), initial_values={"v": v_init})
        scale = STRENGTH[model]
        for pre, probability in ((sources, 0.4), (cells, 0.1)):
            rows = random_list(rng, pre.size, 20, probability, scale)
            sim.Projection(pre, cells, sim.FromListConnector(rows), sim.StaticSynapse())
        cells.inject(sim.DCSource(amplitude=0.2, start=5.0 + by, stop=40.0 + by))
        cells.record("spikes")
        sim.run(80.0 + by)
        trains = cells.get_data().segments[0].spiketrains
        return [np.rint(train.magnitude / DT).astype(int) for train in trains]

    early, late = run(0.0), run(shift)
    assert sum(train.size for train in early) > 20
    for one, other in zip(early, late, strict=True):
        np.testing.assert_array_equal(one + round(shift / DT), other)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("parts", [[0.1, 99.9], [33.3, 66.7], [0.0, 50.0, 0.0, 0.3, 49.7]])
def test_a_run_in_parts_is_the_same_run(model, parts):
    network = Network(model, with_poisson=True)
    sim.run(100.0)
    whole = network.data()
    network = Network(model, with_poisson=True)
    for duration in parts:
        sim.run(duration)
    assert len(whole[1]) > 50
    assert_same(whole, network.data())


@pytest.mark.parametrize("at", [0.0, 0.1, 7.7, 50.0, 51.3])
def test_a_rebuild_between_runs_changes_nothing(at):
    network = Network(with_poisson=True)
    sim.run(100.0)
    whole = network.data()
    network = Network(with_poisson=True)
    sim.run(at)
    state.simulation.touch_connections()
    sim.run(100.0 - at)
    assert_same(whole, network.data())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("order", ["ISE", "SEI", "IES"])
def test_order_of_creation_does_not_matter(model, order):
    network = Network(model)
    sim.run(100.0)
    first = network.data()
    network = Network(model, order=order)
    sim.run(100.0)
    assert_same(first, network.data())


@pytest.mark.parametrize("model", MODELS)
def test_a_second_segment_repeats_the_first(model):
    network = Network(model)
    sim.run(60.0)
    sim.reset()
    sim.run(60.0)
    first, second = network.exc.get_data().segments
    np.testing.assert_array_equal(
        first.filter(name="v")[0].magnitude, second.filter(name="v")[0].magnitude
    )
    assert sum(map(len, first.spiketrains)) > 10
    for one, other in zip(first.spiketrains, second.spiketrains, strict=True):
        np.testing.assert_array_equal(one.magnitude, other.magnitude)


def test_epochs_shorter_than_the_smallest_delay_change_nothing():
    network = Network()
    sim.run(100.0)
    expected = network.data()
    network = Network(min_delay=DT)
    sim.run(100.0)
    assert state.simulation.epoch_steps == 1
    assert_same(expected, network.data())
