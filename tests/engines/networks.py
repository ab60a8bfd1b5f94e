"""Networks that every engine is to simulate as the native one does; `sim` is a PyNN back end."""

import numpy as np

QUIET = {"log": False, "progress": False}

# weights in `driven_cells` [nA, uS or mV]
STRENGTHS = {
    "IF_curr_exp": 1.0,
    "IF_curr_alpha": 1.0,
    "IF_curr_delta": 3.0,
    "IF_cond_exp": 0.02,
    "IF_cond_alpha": 0.02,
}


def trains_of(population, segment=-1):
    """Return the spike times of all cells, in their order."""
    trains = population.get_data(gather="all").segments[segment].spiketrains
    return [train.magnitude.tolist() for train in trains]


def signal_of(population, name, segment=-1):
    return population.get_data(gather="all").segments[segment].filter(name=name)[0].magnitude


def tutorial(sim, shortest_delay=0.1, durations=(20.0, 60.0, 3.3), **options):
    """Run two populations, the second with noise; return connections, spikes, v, isyn."""
    sim.setup(timestep=0.1, seed=42, **QUIET, **options)
    near = sim.RandomDistribution("normal", mu=-65.0, sigma=1.0)
    cell_type = sim.IF_curr_exp(
        v_rest=near,
        v_reset=near,
        v_thresh=sim.RandomDistribution("normal", mu=-55.0, sigma=1.0),
        tau_refrac=1.0,
        tau_m=10.0,
        i_offset=1.7,
    )
    first, second = sim.Population(30, cell_type), sim.Population(30, cell_type)
    second.set(i_offset=0.0)
    sim.Population(0, cell_type)
    noise = sim.Population(10, sim.SpikeSourcePoisson(rate=300.0))
    delay = sim.RandomDistribution("uniform", low=shortest_delay, high=2.0)
    projections = [
        sim.Projection(
            pre,
            second,
            sim.FixedProbabilityConnector(0.5),
            sim.StaticSynapse(weight=sim.RandomDistribution("uniform", (0.2, 1.0)), delay=delay),
        )
        for pre in (first, noise)
    ]
    first.record(["spikes", "v"])
    second.record(["spikes", "v", "isyn_exc"])
    noise.record("spikes")
    for duration in durations:
        sim.run(duration)
    connections = [p.get(["weight", "delay"], "list") for p in projections]
    spikes = [trains_of(p) for p in (first, second, noise)]
    signals = [signal_of(p, "v") for p in (first, second)]
    return connections, spikes, signals, signal_of(second, "isyn_exc")


def inhibition(sim):
    """Run a random projection of varied weights and delays for a step; return it."""
    sim.setup(timestep=0.1, seed=7, **QUIET)
    pre, post = (sim.Population(n, sim.IF_cond_exp()) for n in (20, 30))
    synapse = sim.StaticSynapse(
        weight=sim.RandomDistribution("uniform", low=0.01, high=0.05),
        delay=sim.RandomDistribution("uniform", low=0.1, high=3.0),
    )
    connector = sim.FixedNumberPreConnector(7)
    projection = sim.Projection(pre, post, connector, synapse, receptor_type="inhibitory")
    sim.run(0.1)
    return projection


def driven_cells(
    sim,
    model,
    strength,
    spike_times=(1.0, 1.0, 7.5, 80.0),
    shortest_delay=1.5,
    durations=(150.0,),
    variables=(),
    parameters=None,
    **options,
):
    """Run cells of a model that are excited and inhibited by noise and given spikes.

    `variables` are recorded besides the spikes and v, which are returned.
    """
    sim.setup(timestep=0.1, seed=3, **QUIET, **options)
    cells = sim.Population(20, getattr(sim, model)(tau_refrac=2.05, **(parameters or {})))
    connect_drive(sim, cells, model, strength, spike_times, shortest_delay)
    cells.record(["spikes", "v", *variables])
    for duration in durations:
        sim.run(duration)
    return trains_of(cells), signal_of(cells, "v")


def connect_drive(
    sim, cells, model, strength, spike_times=(1.0, 1.0, 7.5, 80.0), shortest_delay=1.5
):
    """Let 20 cells of a model hear noise, given spikes, and each other."""
    noise = sim.Population(
        20, sim.SpikeSourcePoisson(rate=sim.RandomDistribution("uniform", (500, 900)))
    )
    given = sim.Population(3, sim.SpikeSourceArray(spike_times=spike_times))
    inhibition = strength if "cond" in model else -strength
    for pre, connector, weight, receptor, delay in (
        (noise, sim.OneToOneConnector(), strength, "excitatory", 1.5),
        (given, sim.AllToAllConnector(), inhibition, "inhibitory", shortest_delay),
        (cells, sim.FixedNumberPreConnector(4), inhibition, "inhibitory", shortest_delay),
    ):
        synapse = sim.StaticSynapse(weight=weight, delay=delay)
        sim.Projection(pre, cells, connector, synapse, receptor_type=receptor)


def assert_same_within_a_step(found, expected):
    """Check spikes and v where both engines integrate numerically, each in a way of its own."""
    (spikes_found, v_found), (spikes, v) = found, expected
    assert [len(train) for train in spikes_found] == [len(train) for train in spikes]
    for theirs, mine in zip(spikes_found, spikes, strict=True):
        np.testing.assert_allclose(theirs, mine, atol=0.1001)
    first = int(min(train[0] for train in spikes if train) / 0.1) - 1
    np.testing.assert_allclose(v_found[:first], v[:first], atol=1e-3)


def injected(sim):
    """Inject currents into cells, and change them between two runs; return spikes, v."""
    sim.setup(timestep=0.1, **QUIET)
    cells = sim.Population(3, sim.IF_curr_exp(i_offset=0.1, tau_refrac=2.0))
    sim.DCSource(amplitude=0.5, start=10.0, stop=30.0).inject_into(cells[:2])
    steps = sim.StepCurrentSource(times=[5.0, 12.3, 20.0], amplitudes=[0.7, -0.2, 0.9])
    steps.inject_into(cells[1:])
    cells.record(["spikes", "v"])
    sim.run(40.0)
    cells.set(tau_m=10.0, i_offset=1.0)
    cells.initialize(v=-60.0)
    sim.run(20.0)
    return trains_of(cells), signal_of(cells, "v")


def in_segments(sim):
    """Run cells with noise, whose rate changes, in three segments; return what each recorded.

    Spikes of the cells, spikes of the noise, v.
    """
    sim.setup(timestep=0.1, seed=8, **QUIET)
    cells = sim.Population(5, sim.IF_curr_exp(), initial_values={"v": -60.0})
    noise = sim.Population(5, sim.SpikeSourcePoisson(rate=1000.0))
    sim.Projection(noise, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=1.0, delay=0.5))
    cells.record(["spikes", "v"])
    noise.record("spikes")
    for _ in range(2):
        sim.run(50.0)
        noise.set(rate=2000.0)
        sim.run(50.0)
        sim.reset()
    sim.run(10.0)
    assert len(cells.get_data(gather="all").segments) == 3
    return [(trains_of(cells, k), trains_of(noise, k), signal_of(cells, "v", k)) for k in range(3)]


def recorded_late(sim):
    """Begin to record when the cells already run, some at intervals; return spikes, v."""
    sim.setup(timestep=0.1, **QUIET)
    cells = sim.Population(4, sim.IF_curr_exp(i_offset=np.linspace(0.9, 1.2, 4)))
    synapse = sim.StaticSynapse(weight=0.1, delay=1.5)
    sim.Projection(cells, cells, sim.AllToAllConnector(), synapse)
    sim.run(7.0)
    cells[:2].record("v", sampling_interval=0.7)
    sim.run(9.9)
    cells[2:].record("v")
    cells.record("spikes")
    sim.run(20.0)
    return trains_of(cells), signal_of(cells, "v")


def _connect(sim, pre, post, connector):
    uniform = sim.RandomDistribution
    synapse = sim.StaticSynapse(
        weight=uniform("uniform", (0.3, 0.9)), delay=uniform("uniform", (0.3, 3.0))
    )
    return sim.Projection(pre, post, connector, synapse)


def changed_between_runs(sim, **options):
    """Change a network four times, when no spikes are on their way; return all that it did.

    For engines differ in what becomes of spikes on their way.
    """
    sim.setup(timestep=0.1, seed=3, **QUIET, **options)
    cell = sim.IF_curr_exp(tau_refrac=1.0)
    first, second = sim.Population(20, cell), sim.Population(20, cell)
    noise = sim.Population(20, sim.SpikeSourcePoisson(rate=800.0))
    late = sim.Population(10, sim.SpikeSourcePoisson(rate=800.0))
    given = sim.Population(2, sim.SpikeSourceArray(spike_times=np.arange(161.0, 220.0, 7.0)))
    _connect(sim, noise, first, sim.FixedProbabilityConnector(0.5))
    projections = [
        # several connections may have the same ends
        _connect(sim, first, second, sim.FixedTotalNumberConnector(200)),
        _connect(sim, first, second, sim.FixedNumberPreConnector(4)),
        _connect(sim, noise, second, sim.FixedProbabilityConnector(0.3)),
    ]
    for population in (first, second):
        population.record(["spikes", "v"])

    def burst():
        noise.set(rate=800.0)
        sim.run(40.0)
        for source in (noise, late):
            source.set(rate=0.0)
        sim.run(40.0)

    burst()
    projections[0].set(weight=sim.RandomDistribution("uniform", (0.0, 1.2)))
    projections[2].set(weight=0.5)
    burst()
    inhibition = sim.Projection(
        second,
        first,
        sim.FixedProbabilityConnector(0.5),
        sim.StaticSynapse(weight=-0.1, delay=1.0),
        receptor_type="inhibitory",
    )
    projections += [
        _connect(sim, late, second, sim.FixedProbabilityConnector(0.3)),
        _connect(sim, given, first, sim.AllToAllConnector()),
        inhibition,
    ]
    first[:5].inject(sim.DCSource(amplitude=0.5, start=165.0, stop=200.0))
    first[3:8].inject(sim.ACSource(amplitude=0.3, frequency=100.0, start=165.0, stop=171.0))
    first[6:].inject(sim.NoisyCurrentSource(stdev=0.5, dt=0.5, start=163.0, stop=180.0))
    late.set(rate=500.0)
    burst()
    projections[1].set(delay=1.0)
    inhibition.set(weight=-0.5)
    burst()
    connections = [projection.get(["weight", "delay"], "list") for projection in projections]
    return connections, [trains_of(first), trains_of(second)], signal_of(second, "v")


def own_noise(sim):
    """Run 200 of the simulator's own Poisson sources at 100 Hz for 1 s, from 100 ms on."""
    sim.setup(timestep=0.1, seed=5, share_input=False, **QUIET)
    noise = sim.Population(200, sim.SpikeSourcePoisson(rate=100.0, start=100.0))
    cells = sim.Population(1, sim.IF_curr_exp(v_thresh=1e9))
    synapse = sim.StaticSynapse(weight=0.1, delay=1.0)
    sim.Projection(noise, cells, sim.AllToAllConnector(), synapse)
    noise.record("spikes")
    sim.run(1100.0)
    return noise


def renewal_sources(sim, **options):
    """Run cells driven by all kinds of renewal sources, change these, run; return trains, v."""
    sim.setup(timestep=0.1, seed=9, **QUIET, **options)
    cells = sim.Population(12, sim.IF_curr_exp(tau_refrac=2.0))
    sources = [
        sim.Population(9, sim.SpikeSourcePoissonRefractory(rate=120.0, tau_refrac=3.0)),
        sim.Population(
            5,
            sim.SpikeSourceGamma(
                alpha=sim.RandomDistribution("uniform", (0.3, 5.0)), beta=300.0, start=10.0
            ),
        ),
        sim.Population(
            4, sim.SpikeSourceInhGamma(a=[2.0, 6.0], b=[0.01, 0.001], tbins=[5.0, 40.0])
        ),
        # several spikes in a step
        sim.Population(2, sim.SpikeSourceGamma(alpha=0.5, beta=4000.0, duration=50.0)),
    ]
    for source in sources:
        sim.Projection(
            source,
            cells,
            sim.FixedProbabilityConnector(0.6),
            sim.StaticSynapse(weight=0.6, delay=1.5),
        )
        source.record("spikes")
    cells.record(["spikes", "v"])
    sim.run(60.0)
    sources[0].set(rate=200.0)
    sources[1].set(alpha=0.8)
    sources[2].set(b=[0.01, 0.003])
    sim.run(40.0)
    return [trains_of(each) for each in (*sources, cells)], signal_of(cells, "v")
