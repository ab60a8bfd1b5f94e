"""Values that cannot be: refused by name, by the same error on every rank."""

from types import SimpleNamespace

import numpy as np
import pytest

import distsim
from distsim.errors import DistsimError
from distsim.pynn import simulator

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def sim():
    """Return the back end, set up anew."""
    distsim.setup(timestep=0.1, log=False)
    return distsim


def refused(comm, make, *texts):
    """Check that something raises the same error, which holds some texts, on every rank."""
    with pytest.raises(DistsimError) as caught:
        make()
    message = str(caught.value)
    assert len(set(comm.allgather(message))) == 1
    assert all(text in message for text in texts), message


def distribution(**parameters):
    return distsim.RandomDistribution("uniform", **parameters)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (NAN, "nan"),
        (INF, "inf"),
        ([1.0, NAN, 2.0, 3.0], "nan"),
        (lambda i: np.where(i == 3, -INF, 1.0), "-inf"),
        (distsim.RandomDistribution("lognormal", mu=1e3, sigma=1.0), "inf"),
        (1j, "is no real number"),
        ("abc", "'abc' is no real number"),
        (None, "None is no real number"),
        (True, "True is no real number"),
        ({"a": 1}, "is no real number"),
        ([[1.0], [1.0, 2.0]], "different lengths"),
        ([1.0, 2.0], "2 values for 4 cells"),
        ([1.0, None, 2.0, 3.0], "None is no real number"),
    ],
)
def test_initial_values_are_finite_numbers(sim, comm, value, text):
    cells = sim.Population(4, sim.IF_curr_exp())
    refused(comm, lambda: cells.initialize(v=value), "initial value of v of IF_curr_exp", text)
    refused(
        comm,
        lambda: sim.Population(4, sim.IF_curr_exp(), initial_values={"v": value}),
        "initial value of v",
        text,
    )
    cells.record("v")
    sim.run(0.1)
    v = cells.get_data(gather="all").segments[0].analogsignals[0].magnitude
    np.testing.assert_array_equal(v[0], -65.0)


@pytest.mark.parametrize(
    "value",
    [1j, "abc", None, True, np.True_, {"a": 1}, [1j] * 4, ["a"] * 4, [None] * 4, [True] * 4],
)
def test_parameters_are_real_numbers(sim, comm, value):
    cells = sim.Population(4, sim.IF_curr_exp())
    text = "tau_m of IF_curr_exp = "
    refused(comm, lambda: sim.IF_curr_exp(tau_m=value), text, "is no real number")
    refused(comm, lambda: cells.set(tau_m=value), text, "is no real number")
    refused(comm, lambda: cells.set(tau_m=lambda i: value), text, "is no real number")


@pytest.mark.parametrize("value", [[1.0, 2.0], np.ones(5), np.ones((2, 2)), [[1.0], [1.0, 2.0]]])
def test_parameters_are_one_number_or_one_per_cell(sim, comm, value):
    cells = sim.Population(3, sim.IF_curr_exp())
    for make in (
        lambda: sim.Population(3, sim.IF_curr_exp(tau_m=value)),
        lambda: cells.set(tau_m=value),
        lambda: cells[:1].set(tau_m=value),
        lambda: cells.set(tau_m=lambda i: value),
    ):
        refused(comm, make, "tau_m of IF_curr_exp")


@pytest.mark.parametrize("value", [NAN, INF, [20.0, 20.0, -INF]])
def test_parameters_are_finite(sim, comm, value):
    sim.Population(3, sim.IF_cond_exp(tau_m=value))
    refused(comm, lambda: sim.run(1.0), "tau_m", "finite")


@pytest.mark.parametrize("rate", [NAN, INF, -1.0, 1e12, [1.0, 1e12, 2.0]])
def test_rates_are_numbers_of_spikes_that_can_be_drawn(sim, comm, rate):
    def make():
        sim.Population(3, sim.SpikeSourcePoisson(rate=rate))
        sim.run(1.0)

    refused(comm, make, "rate", "SpikeSourcePoisson")


@pytest.mark.parametrize(
    ("times", "text"),
    [
        ([NAN], "nan"),
        ([1.0, INF], "inf"),
        ([-1.0, 2.0], "-1 ms"),
        ([1e300], "1e+300 ms"),
        ([429496734.6], "at most"),
        ([3.0, 2.0], "3 ms before 2 ms"),
        ([[1.0], [2.0, 5.0, 4.0], [3.0]], "5 ms before 4 ms"),
        ([[1.0], [2.0]], "2 values for 3 cells"),
        (np.ones((3, 2)), "give one Sequence per cell"),
        ([1.0, [2.0], 3.0], "both single times and lists"),
        (["a"], "is no real number"),
        ([True], "is no real number"),
        (None, "is no real number"),
        (lambda i: [distsim.Sequence([2.0, 1.0]) for _ in i], "2 ms before 1 ms"),
    ],
)
def test_spike_times_are_ascending_and_within_reach(sim, comm, times, text):
    sources = sim.Population(3, sim.SpikeSourceArray(spike_times=[1.0]))
    refused(comm, lambda: sources.set(spike_times=times), "spike_times", text)
    refused(
        comm,
        lambda: sim.Population(3, sim.SpikeSourceArray(spike_times=times)),
        "spike_times",
        text,
    )
    assert [each.value.tolist() for each in sources.get("spike_times", gather=True)] == [[1.0]] * 3


def test_spike_times_up_to_the_last_step_have_no_effect_before_it(sim):
    sources = sim.Population(2, sim.SpikeSourceArray(spike_times=[3.0, 214748364.6]))
    sources.record("spikes")
    sim.run(10.0)
    assert [
        train.magnitude.tolist() for train in sources.get_data(gather="all").segments[0].spiketrains
    ] == [
        [3.0],
        [3.0],
    ]


def test_spike_times_with_units_are_converted(sim):
    neo = pytest.importorskip("neo")
    train = neo.SpikeTrain([0.001, 0.0025], units="s", t_stop=1.0)
    for times in (train, [train, train], sim.Sequence(train)):
        sources = sim.Population(2, sim.SpikeSourceArray(spike_times=times))
        given = sources.get("spike_times", gather=True)
        assert [each.value.tolist() for each in given] == [[1.0, 2.5]] * 2


BAD_WEIGHTS = [
    (lambda: NAN, "nan"),
    (lambda: INF, "inf"),
    (lambda: 1e39, "1e+39"),
    (lambda: np.array([[0.1, 0.1], [0.1, NAN], [0.1, 0.1]]), "nan"),
    (lambda: np.full((3, 2), 1e39), "1e+39"),
    (lambda: distribution(low=1e39, high=2e39), "weight"),
    (lambda: lambda d: np.full(d.shape, INF), "weight"),
    (lambda: "1e39 + d", "weight"),
    (lambda: 1j, "is no real number"),
    (lambda: True, "is no real number"),
    (lambda: np.full((3, 2), 1j), "is no real number"),
]


@pytest.mark.parametrize(("weight", "text"), BAD_WEIGHTS)
@pytest.mark.parametrize("is_safe", [True, False])
def test_weights_are_finite_numbers_of_32_bits(sim, comm, weight, text, is_safe):
    pre, post = (sim.Population(n, sim.IF_curr_exp()) for n in (3, 2))

    def make():
        connector = sim.AllToAllConnector(safe=is_safe)
        synapse = sim.StaticSynapse(weight=weight())
        sim.Projection(pre, post, connector, synapse, receptor_type="excitatory")
        sim.run(1.0)

    refused(comm, make, "weight", text)
    distsim.setup(timestep=0.1, log=False)
    pre, post = (sim.Population(n, sim.IF_curr_exp()) for n in (3, 2))
    projection = sim.Projection(pre, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1))

    def change():
        projection.set(weight=weight())
        sim.run(1.0)

    refused(comm, change, "weight", text)


def test_weights_of_lists_and_single_connections_are_checked_too(sim, comm):
    cells = sim.Population(3, sim.IF_curr_exp())

    def make():
        connector = sim.FromListConnector([(0, 0, 0.1, 1.0), (1, 2, NAN, 1.0)])
        sim.Projection(cells, cells, connector)
        sim.run(1.0)

    refused(comm, make, "weight = nan")
    distsim.setup(timestep=0.1, log=False)
    cells = sim.Population(3, sim.IF_curr_exp())
    projection = sim.Projection(
        cells, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=1.0)
    )
    for connection in projection:
        for bad in (NAN, 1e39, 1j, None):
            with pytest.raises(DistsimError, match="weight"):
                connection.weight = bad
        for bad in (NAN, INF, 1e300, 0.0, None):
            with pytest.raises(DistsimError, match="delay"):
                connection.delay = bad
    assert projection.get("weight", "list", gather="all", with_address=False) == [1.0] * 3


@pytest.mark.parametrize("delay", [NAN, INF, -INF, 0.0, 1e300, "0 * d + 1e12", "d - d", True])
def test_delays_are_numbers_of_steps(sim, comm, delay):
    cells = sim.Population(3, sim.IF_curr_exp())

    def make():
        synapse = sim.StaticSynapse(weight=0.1, delay=delay)
        sim.Projection(cells, cells, sim.AllToAllConnector(), synapse)
        sim.run(1.0)

    refused(comm, make, "delay")


def test_delays_within_bounds_that_are_no_multiples_of_a_step(comm):
    sim = distsim

    def run_with(delay):
        sim.setup(timestep=0.1, min_delay=0.25, max_delay=0.57, log=False)
        cells = sim.Population(3, sim.IF_curr_exp())
        synapse = sim.StaticSynapse(weight=0.1, **({"delay": delay} if delay else {}))
        projection = sim.Projection(cells, cells, sim.AllToAllConnector(), synapse)
        sim.run(1.0)
        return projection.get("delay", "list", gather="all", with_address=False)[0]

    refused(comm, lambda: run_with(0.2), "delay = 0.2 ms is shorter than min_delay = 0.25 ms")
    refused(comm, lambda: run_with(0.6), "delay = 0.6 ms is longer than max_delay = 0.57 ms")
    assert run_with(0.3) == 0.3
    assert run_with(0.5) == 0.5
    assert run_with(None) == 0.3
    assert sim.get_min_delay() == 0.3


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("DCSource", {"amplitude": NAN}),
        ("DCSource", {"amplitude": INF}),
        ("DCSource", {"start": NAN}),
        ("DCSource", {"stop": INF}),
        ("DCSource", {"amplitude": 1j}),
        ("DCSource", {"amplitude": None}),
        ("DCSource", {"amplitude": [0.1, 0.2]}),
        ("DCSource", {"start": 2.0, "stop": 1.0}),
        ("ACSource", {"phase": NAN}),
        ("ACSource", {"offset": [0.1, 0.2]}),
        ("ACSource", {"frequency": -1.0}),
        ("ACSource", {"start": 2.0, "stop": 1.0}),
        ("NoisyCurrentSource", {"mean": INF}),
        ("NoisyCurrentSource", {"stdev": -0.1}),
        ("NoisyCurrentSource", {"stdev": np.array([0.1, 0.1])}),
        ("NoisyCurrentSource", {"dt": 0.25}),
        ("NoisyCurrentSource", {"dt": 0.05}),
        ("NoisyCurrentSource", {"dt": 0.0}),
        ("NoisyCurrentSource", {"start": 2.0, "stop": 1.0}),
        ("StepCurrentSource", {"times": [1.0, NAN], "amplitudes": [1.0, 2.0]}),
        ("StepCurrentSource", {"times": [1.0, 2.0], "amplitudes": [1.0, INF]}),
        ("StepCurrentSource", {"times": [1.0, 2.0], "amplitudes": [1.0, "a"]}),
    ],
)
def test_parameters_that_currents_cannot_have_are_refused_and_not_kept(sim, comm, name, parameters):
    cells = sim.Population(3, sim.IF_curr_exp())
    refused(comm, lambda: getattr(sim, name)(**parameters), f"of {name}")
    source = getattr(sim, name)()
    cells.inject(source)
    before = str(source.get_parameters())
    refused(comm, lambda: source.set_parameters(**parameters), f"of {name}")
    assert str(source.get_parameters()) == before
    sim.run(1.0)


def test_currents_of_times_beyond_all_steps_do_not_flow(sim):
    cells = sim.Population(3, sim.IF_curr_exp())
    cells.inject(sim.DCSource(amplitude=1.0, start=1e300, stop=1e301))
    cells.record("v")
    sim.run(2.0)
    assert (cells.get_data(gather="all").segments[0].analogsignals[0].magnitude == -65.0).all()


@pytest.mark.parametrize("expression", ["exp(-d", "0.1 * x", "", 3.0, None, "1 +"])
def test_expressions_of_distance_are_refused_by_name(sim, comm, expression):
    name = "d_expression" if not isinstance(expression, str) else "is not a function of distance"
    refused(comm, lambda: sim.DistanceDependentProbabilityConnector(expression), name)
    if isinstance(expression, str):
        refused(comm, lambda: sim.StaticSynapse(weight=expression), name)


def test_there_are_at_most_as_many_cells_as_numbers_of_32_bits(sim, comm, monkeypatch):
    refused(comm, lambda: sim.Population(2**32 + 1, sim.IF_curr_exp()), "4294967297", "4294967296")
    sim.Population(3, sim.IF_curr_exp())
    partition = SimpleNamespace(n_cells=2**32 - 2)
    monkeypatch.setattr(simulator.state.simulation, "partition", partition)
    refused(comm, lambda: sim.Population(3, sim.IF_curr_exp()), "after 4294967294 others")


# --- functions that are not pure --------------------------------------------------------------


def impure():
    """Return functions of distance that answer differently each time."""
    rng = np.random.RandomState(3)
    calls = []

    def counting(d):
        calls.append(d)
        return len(calls) + 0.0 * d

    return [lambda d: rng.uniform(size=d.shape), counting, "np.random.rand(np.size(d))"]


@pytest.mark.parametrize("kind", range(3))
def test_functions_of_distance_must_be_pure(sim, comm, kind):
    pre, post = (sim.Population(n, sim.IF_curr_exp()) for n in (3, 2))
    function = impure()[kind]
    hint = "give a RandomDistribution"

    def project(connector, **values):
        return sim.Projection(pre, post, connector, sim.StaticSynapse(**values), label="p")

    one = sim.AllToAllConnector()
    refused(comm, lambda: project(one, weight=function), "weight of projection 'p'", hint)
    refused(comm, lambda: project(one, weight=1.0, delay=function), "delay of projection", hint)
    projection = project(one, weight=1.0)
    refused(comm, lambda: projection.set(weight=function), "weight of projection 'p'", hint)
    connector = sim.DistanceDependentProbabilityConnector(function)
    refused(comm, lambda: project(connector, weight=1.0), "d_expression of projection 'p'", hint)


def test_functions_of_indices_must_be_pure(sim, comm):
    from pyNN.core import IndexBasedExpression

    class Noise(IndexBasedExpression):
        def __call__(self, i, j):
            return np.random.rand(i.size)  # noqa: NPY002

    cells = sim.Population(3, sim.IF_curr_exp())
    refused(
        comm,
        lambda: sim.Projection(
            cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=Noise())
        ),
        "Noise",
        "give a RandomDistribution",
    )


@pytest.mark.parametrize("name", ["reset", "setup"])
def test_a_run_that_would_never_end_is_refused_on_all_ranks(sim, comm, name):
    sim.Population(4, sim.IF_curr_exp())

    def back(t):
        getattr(sim, name)()
        return t + 1.0

    refused(comm, lambda: sim.run(5.0, callbacks=[back]), f"{name}() within a callback of a run")
    assert sim.run(1.0) == 1.0


@pytest.mark.parametrize("partition", ["blocks", lambda gid: 0])
def test_a_partition_that_cannot_be_is_refused_at_setup(sim, comm, partition):
    refused(comm, lambda: sim.setup(partition=partition, log=False), "partition")
    assert sim.run(1.0) == 1.0


def test_a_solution_that_is_lost_on_one_rank_is_told_by_the_first(sim, comm, caplog):
    sim.setup(timestep=0.1, log=False)
    cells = sim.Population(8, sim.EIF_cond_exp_isfa_ista())
    cells[7:8].set(a=1e300)
    sim.run(5.0)
    assert ("are nan" in caplog.text) == (comm.Get_rank() == 0)
