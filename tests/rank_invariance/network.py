"""A recurrent network with every connector, model and source; its recordings and connections.

Usage: network.py PARTITION EXCHANGE OUTPUT.h5 LISTS.npz [PART SNAPSHOT.h5], where PARTITION is
block, round_robin or user, and EXCHANGE as in `setup()`. PART is first, up to where a snapshot is
made; or second, from there on.
"""

import random
import sys
from functools import partial
from pathlib import Path

import csa
import numpy as np
from pyNN.core import IndexBasedExpression

import distsim as sim
from distsim import RandomDistribution

sys.path.append(str(Path(__file__).parent))

from own_types import Quadratic, Shunted


def backwards_in_threes(first_gid, n_cells, n_ranks):
    """Return the rank of each cell of a population: a partition of the user's own."""
    return (n_ranks - 1 - (first_gid + np.arange(n_cells)) // 3 % n_ranks) % n_ranks


class ByIndex(IndexBasedExpression):
    """A weight that depends on the indices of both cells."""

    def __call__(self, i, j):
        return 0.01 + 0.001 * ((3 * i + j) % 5)


def numpy_rng(seed):
    """Return a seeded random-number generator, of which every rank draws all numbers."""
    return sim.NumpyRNG(seed=seed)


def synapse(weight, delay=1.0):
    """Return a synapse type."""
    return sim.StaticSynapse(weight=weight, delay=delay)


def learning(fraction):
    """Return a synapse type whose weights change with the times of spikes."""
    return sim.STDPMechanism(
        sim.SpikePairRule(A_plus=0.1, A_minus=0.12),
        sim.AdditiveWeightDependence(w_max=0.5),
        dendritic_delay_fraction=fraction,
        weight=uniform(0.1, 0.4),
        delay=uniform(0.2, 3.0),
    )


def short_term():
    """Return a synapse type with facilitation and depression."""
    return sim.TsodyksMarkramSynapse(
        weight=uniform(0.0, 0.02),
        delay=uniform(0.2, 3.0),
        **{"U": uniform(0.1, 0.9), "tau_rec": 30.0, "tau_facil": uniform(0.0, 40.0)},
    )


def by_chance():
    """Return a synapse type that transmits by chance."""
    return sim.MultiQuantalSynapse(
        weight=uniform(0.0, 1.0), delay=uniform(0.2, 3.0), U=0.4, n=3, tau_rec=20.0
    )


def uniform(low, high, rng=None):
    """Return a uniform distribution."""
    return RandomDistribution("uniform", low=low, high=high, rng=rng)


def noisy_times(indices):
    """Return spike times of sources, with numbers of numpy's own generator."""
    shifts = np.random.rand(len(indices))  # noqa: NPY002 - what scripts do
    return [sim.Sequence(np.arange(k + s, 60.0, 5.3)) for k, s in zip(indices, shifts, strict=True)]


def make_populations():
    """Return cells of all models and both kinds of source, by label."""
    np.random.seed(3)  # noqa: NPY002
    offset = uniform(0.8, 1.2)
    seeded = RandomDistribution("normal", mu=-65.0, sigma=2.0, rng=numpy_rng(11))
    cells = {
        "curr_exp": (
            (5, 8),
            sim.IF_curr_exp(cm=1.0, tau_m=uniform(15.0, 20.0), i_offset=offset, v_rest=seeded),
        ),
        "curr_alpha": (23, sim.IF_curr_alpha(tau_refrac=uniform(0.3, 3.0), i_offset=offset)),
        "curr_delta": (17, sim.IF_curr_delta(i_offset=lambda i: 0.9 + 0.02 * i)),
        "cond_exp": (29, sim.IF_cond_exp(i_offset=uniform(0.9, 1.1, numpy_rng(12)))),
        "cond_alpha": (3, sim.IF_cond_alpha(i_offset=[0.8, 1.0, 1.1])),
        "adexp": (11, sim.EIF_cond_exp_isfa_ista(i_offset=offset, a=uniform(0.0, 6.0))),
        "adexp_alpha": (
            7,
            sim.EIF_cond_alpha_isfa_ista(i_offset=offset, delta_T=[0.0, 1.0] * 3 + [2.0]),
        ),
        "gsfa": (13, sim.IF_cond_exp_gsfa_grr(i_offset=offset)),
        "channels": (5, sim.HH_cond_exp(i_offset=uniform(0.2, 0.6))),
        "quadratic": (9, sim.Izhikevich(i_offset=uniform(0.004, 0.01))),
        "own": (11, Quadratic(i_offset=uniform(0.05, 0.3), tau_w=uniform(50.0, 300.0))),
        "own_shunted": (8, Shunted(i_offset=uniform(2.0, 3.0), cm=[1.0, 0.5] * 4)),
        "hardware": (6, sim.IF_facets_hardware1(g_leak=uniform(30.0, 50.0))),
        "escaping": (
            8,
            sim.GIF_cond_exp(
                i_offset=offset,
                lambda0=uniform(10.0, 100.0),
                a_eta=lambda indices: [[0.1, 0.02 * i, 0.01] for i in indices],
            ),
        ),
        "composed": (
            9,
            sim.PointNeuron(
                sim.AdExp(i_offset=offset),
                AMPA=sim.ExpPSR(tau_syn=uniform(1.0, 3.0)),
                GABA=sim.AlphaPSR(e_syn=-75.0),
                NMDA=sim.BetaPSR(tau_rise=2.0, tau_decay=[20.0, 30.0, 2.0] * 3),
                drift=sim.CurrAlpha(),
            ),
        ),
        "single": (1, sim.IF_curr_exp(i_offset=3.0)),
        "empty": (0, sim.IF_cond_exp()),
        "arrays": (
            13,
            sim.SpikeSourceArray(spike_times=noisy_times),
        ),
        "poisson": (19, sim.SpikeSourcePoisson(rate=uniform(50.0, 400.0), start=2.0)),
        "dead_time": (
            11,
            sim.SpikeSourcePoissonRefractory(rate=uniform(50.0, 150.0), tau_refrac=5.0),
        ),
        "gamma": (
            7,
            sim.SpikeSourceGamma(alpha=uniform(0.5, 4.0), beta=uniform(200.0, 800.0), start=1.0),
        ),
        "changing": (
            5,
            sim.SpikeSourceInhGamma(a=[2.0, 5.0], b=[0.005, 0.002], tbins=[0.0, 12.0]),
        ),
    }
    populations = {
        label: sim.Population(size, cell, label=label) for label, (size, cell) in cells.items()
    }
    cube = sim.RandomStructure(sim.Cuboid(100.0, 50.0, 20.0))
    populations["placed"] = sim.Population(31, sim.IF_curr_exp(), structure=cube, label="placed")
    return populations


def initialize(p):
    """Set initial values in every way."""
    p["curr_exp"].initialize(v=uniform(-65.0, -52.0))
    p["own"].initialize(v=uniform(-60.0, -45.0), w=lambda i: 0.001 * i)
    p["curr_exp"][::3].initialize(v=uniform(-60.0, -50.5), isyn_exc=0.1)
    p["curr_alpha"].initialize(v=uniform(-65.0, -52.0, numpy_rng(13)))
    p["curr_delta"].initialize(v=lambda i: -60.0 + 0.5 * i)
    p["composed"].initialize(**{"v": uniform(-70.0, -55.0), "NMDA.gsyn": uniform(0.0, 0.01)})
    p["cond_exp"][5:20].initialize(v=uniform(-60.0, -51.0), gsyn_exc=0.001)
    p["placed"].initialize(v=np.linspace(-65.0, -51.0, 31))
    # what one rank asks for, or sets in its own cells, does not matter to the others
    if sim.rank() == 0:
        print(p["placed"].positions[:, 0])
    for cell in p["cond_alpha"]:
        cell.tau_m = 15.0
        cell.set_initial_value("v", -60.0)
    for cell in p["curr_delta"]:
        cell.tau_m = uniform(15.0, 20.0)
    p["cond_alpha"].set(tau_m=uniform(15.0, 20.0))
    p["curr_delta"].set(tau_m=uniform(15.0, 20.0))


def connect(p):
    """Return projections of every connector, between populations, views and assemblies."""
    random.seed(5)
    everything = sim.Assembly(p["curr_exp"], p["curr_alpha"][3:], p["curr_delta"], label="all")
    conductances = p["cond_exp"] + p["cond_alpha"]
    labels = "adexp", "adexp_alpha", "gsfa", "channels", "hardware", "escaping"
    nonlinear = sim.Assembly(*(p[label] for label in labels), label="more")
    shunted = p["own_shunted"] + p["cond_exp"]
    sources = sim.Assembly(p["arrays"], p["poisson"], p["curr_exp"], label="sources")
    renewal = sim.Assembly(p["dead_time"], p["gamma"], p["changing"], label="renewal")
    space = sim.Space(axes="xy", periodic_boundaries=((0.0, 100.0), (0.0, 50.0), None))
    near = "0.7 * exp(-d / 30)"
    rows = [(0, 4, 0.3, 0.5), (2, 0, 0.5, 1.7), (2, 0, 0.4, 0.9), (12, 11, 0.7, 3.0)]
    mask = np.random.default_rng(2).random((19, 29)) < 0.3
    described = [
        (sources, everything, sim.FixedProbabilityConnector(0.1), synapse(uniform(0.0, 0.4))),
        (
            everything,
            everything,
            sim.FixedProbabilityConnector(0.1, rng=numpy_rng(1)),
            synapse(0.1, uniform(0.5, 3.0)),
        ),
        (
            p["curr_exp"],
            p["curr_exp"],
            sim.FixedProbabilityConnector(0.2, allow_self_connections="NoMutual"),
            synapse(-0.1, uniform(0.3, 2.0, numpy_rng(2))),
        ),
        (
            p["arrays"],
            p["curr_alpha"],
            sim.AllToAllConnector(),
            synapse(uniform(0.0, 0.3, numpy_rng(3)), 0.7),
        ),
        (
            p["placed"],
            p["placed"],
            sim.AllToAllConnector(allow_self_connections=False),
            synapse("0.02 * exp(-d / 50)", "0.2 + d / 40"),
        ),
        (p["poisson"], p["placed"], sim.OneToOneConnector(), synapse(1.5, 0.1)),
        (p["curr_exp"][10:30], conductances, sim.FixedNumberPreConnector(4), synapse(0.01)),
        (
            p["poisson"],
            conductances,
            sim.FixedNumberPreConnector(
                RandomDistribution("uniform_int", low=1, high=6), with_replacement=True
            ),
            synapse(uniform(0.0, 0.02), uniform(0.2, 4.0)),
        ),
        (
            p["cond_exp"],
            conductances,
            sim.FixedNumberPreConnector(3, rng=numpy_rng(4)),
            synapse(0.005, 1.1),
        ),
        (
            everything,
            p["curr_exp"][[1, 5, 39, 20]],
            sim.FixedNumberPostConnector(2),
            synapse(-0.2, 0.8),
        ),
        (
            p["placed"],
            p["placed"],
            sim.FixedNumberPostConnector(3, with_replacement=True, allow_self_connections=False),
            synapse(0.1, 2.0),
        ),
        (
            p["placed"],
            p["curr_delta"],
            sim.FixedNumberPostConnector(2, rng=numpy_rng(5)),
            synapse(0.5),
        ),
        (sources, p["placed"], sim.FixedTotalNumberConnector(80), synapse(uniform(0.1, 0.9), 0.4)),
        (
            p["curr_exp"],
            p["curr_exp"],
            sim.FixedTotalNumberConnector(60, with_replacement=False, allow_self_connections=False),
            synapse(0.1, 0.6),
        ),
        (
            p["curr_alpha"],
            p["placed"],
            sim.FixedTotalNumberConnector(50, rng=numpy_rng(6)),
            synapse(-0.1),
        ),
        (p["arrays"], p["curr_delta"], sim.FromListConnector(rows), None),
        (p["poisson"], p["cond_exp"], sim.ArrayConnector(mask), synapse(ByIndex())),
        (
            p["placed"],
            p["placed"],
            sim.DistanceDependentProbabilityConnector(near, allow_self_connections=False),
            synapse("d / 500", 1.3),
        ),
        (
            p["curr_exp"],
            p["placed"],
            sim.DistanceDependentProbabilityConnector("d < 20", rng=numpy_rng(7)),
            synapse(0.05),
        ),
        (p["single"], p["curr_exp"], sim.AllToAllConnector(), synapse(0.3, 0.9)),
        (p["curr_exp"], p["single"], sim.FixedProbabilityConnector(0.3), synapse(0.1, 0.2)),
        *(
            (pre, post, kind(n, rng=numpy_rng(8), **flags), synapse(0.05, uniform(0.3, 2.0)))
            for (pre, post), n, flags in (
                ((p["curr_exp"], p["curr_exp"][3:17]), 3, {"with_replacement": False}),
                ((everything, everything), 4, {"with_replacement": True}),
            )
            for kind in (
                partial(sim.FixedNumberPreConnector, allow_self_connections=False),
                partial(sim.FixedNumberPostConnector, allow_self_connections=False),
                partial(sim.FixedTotalNumberConnector, allow_self_connections=False),
            )
        ),
        (everything, p["placed"], sim.IndexBasedProbabilityConnector(ByIndex()), synapse(0.4)),
        (
            p["placed"],
            p["placed"],
            sim.DisplacementDependentProbabilityConnector(
                lambda d: np.exp(-np.abs(d[0]) / 20), allow_self_connections=False
            ),
            synapse(uniform(0.0, 0.1), 1.7),
        ),
        (p["arrays"], p["curr_exp"], sim.CSAConnector(csa.random(0.1)), synapse(0.2)),
        (sources, nonlinear, sim.FixedProbabilityConnector(0.3), synapse(uniform(0.0, 0.01))),
        (nonlinear, nonlinear, sim.FixedNumberPreConnector(3), synapse(0.005, uniform(0.2, 3.0))),
        (p["channels"] + p["quadratic"], p["quadratic"], sim.AllToAllConnector(), synapse(0.5)),
        (sources, p["own"], sim.FixedProbabilityConnector(0.3), synapse(uniform(0.0, 0.1))),
        (
            p["own"] + p["gsfa"],
            shunted,
            sim.FixedNumberPreConnector(4),
            synapse(uniform(0.0, 0.02)),
        ),
        (shunted, p["own"], sim.FixedNumberPostConnector(3), synapse(-0.02, 1.2)),
        (renewal, p["placed"], sim.FixedProbabilityConnector(0.2), synapse(1.0, uniform(0.2, 5.0))),
        (p["changing"], p["cond_exp"], sim.FixedNumberPreConnector(2), synapse(0.01, 0.3)),
        *(
            (pre, p["composed"], sim.FixedProbabilityConnector(0.4), synapse(weight, 0.8), receptor)
            for pre, receptor, weight in (
                (sources, "AMPA", 0.005),
                (sources, "NMDA", uniform(0.0, 0.002)),
                (p["composed"], "GABA", 0.004),
                (p["composed"], "drift", -0.01),
            )
        ),
        (p["empty"], p["cond_exp"], sim.AllToAllConnector(), synapse(0.1)),
        (p["cond_exp"], p["empty"], sim.FixedNumberPreConnector(2), synapse(0.1)),
        (sources, conductances, sim.FixedProbabilityConnector(0.3), short_term()),
        (sources, p["placed"], sim.FixedNumberPreConnector(5), by_chance()),
        (everything, p["curr_exp"], sim.FixedProbabilityConnector(0.2), learning(0.5)),
        (
            everything,
            p["placed"],
            sim.SmallWorldConnector(15.0, 0.3, n_connections=2),
            synapse(uniform(0.0, 0.2), 1.1),
        ),
    ]
    return [
        sim.Projection(
            pre,
            post,
            connector,
            synapse_type,
            receptor_type=(*receptor, None)[0],
            space=space,
            label=f"{k}",
        )
        for k, (pre, post, connector, synapse_type, *receptor) in enumerate(described)
    ]


def inject(p):
    """Inject currents of every kind; return those that are to change between two runs."""
    sim.DCSource(amplitude=0.3, start=3.0, stop=47.0).inject_into(p["placed"])
    steps = sim.StepCurrentSource(times=[1.0, 9.0, 25.0, 47.5], amplitudes=[0.5, -0.2, 0.4, 0.1])
    steps.inject_into(p["curr_delta"][::2] + p["single"])
    p["cond_alpha"][1].inject(steps)
    steps.inject_into(p["own"][:4])
    sine = sim.ACSource(amplitude=0.2, frequency=40.0, start=2.0)
    sine.inject_into(p["curr_alpha"] + p["adexp"][2:7] + p["curr_delta"])
    noise = sim.NoisyCurrentSource(stdev=0.4, dt=0.3)
    noise.inject_into(p["curr_exp"] + p["curr_delta"][1:9])
    # the owner of a cell may make a source for it
    for cell in p["cond_exp"]:
        cell.inject(sim.NoisyCurrentSource(stdev=0.2, start=1.0))
    noise.record()
    return sine, noise


def record(p, path):
    """Record subsets, with sampling intervals of their own."""
    for label, population in p.items():
        population.record("spikes", to_file=path)
        if "v" in population.celltype.recordable and label != "empty":
            interval = {"curr_exp": 0.3, "placed": 1.0}.get(label)
            population[::2].record("v", to_file=path, sampling_interval=interval)
            others = [v for v in population.celltype.recordable if v not in ("spikes", "v")]
            population[-3:].record(others, to_file=path)
    p["cond_exp"].record("v", to_file=path)


def grow(p, path):
    """Add cells, connections and recordings to the network that already ran."""
    late = sim.Population(12, sim.IF_curr_exp(i_offset=uniform(0.9, 1.5)), label="late")
    late.record(["spikes", "v"], to_file=path)
    p["placed"][1:6].record("v", to_file=path)
    p["curr_exp"][[1, 38]].record(["v", "isyn_exc"], to_file=path)
    ring = sim.SmallWorldConnector(3, 0.3, allow_self_connections="NoMutual")
    small_world = sim.Projection(late, late, ring, synapse(uniform(0.1, 0.9), 1.9))
    return (
        [
            small_world,
            sim.Projection(late, late, sim.CloneConnector(small_world), synapse(uniform(0.0, 0.5))),
        ]
        + [
            sim.Projection(
                pre, post, sim.FixedProbabilityConnector(0.3), synapse(uniform(0.0, 1.0), 0.7)
            )
            for pre, post in (
                (late, p["placed"] + late),
                (p["poisson"] + p["gamma"] + p["changing"], late),
                (p["curr_exp"], late),
                (p["dead_time"], p["curr_alpha"]),
            )
        ]
        + [
            sim.Projection(
                p["curr_exp"], p["curr_exp"], sim.FixedNumberPreConnector(5), learning(1.0)
            )
        ]
    )


def list_of(projections):
    """Return the connections of each projection, with all that changes, as arrays."""
    lists = []
    for each in projections:
        names = ["delay", *each.synapse_type.record.variable_names]
        lists.append(np.array(each.get(names, "list")).reshape(-1, 2 + len(names)))
    return lists


def run_and_change(p, projections, sine, noise, path):
    """Run, change and set what can be, run; return the connections as they were now and then."""
    lists = list_of(projections)
    sim.run(20.0)
    p["curr_exp"].set(i_offset=uniform(0.9, 1.3))
    p["poisson"].set(rate=uniform(100.0, 300.0))
    p["cond_exp"].set(tau_syn_E=uniform(2.0, 8.0))
    sine.set_parameters(frequency=90.0, stop=48.2)
    noise.mean = 0.1
    noise.inject_into(p["placed"][3:])
    p["dead_time"][2:9].set(rate=uniform(100.0, 180.0))
    p["gamma"].set(alpha=uniform(0.5, 2.0))
    for cell in p["changing"]:
        cell.b = [0.004, 0.001 * (1 + p["changing"].id_to_index(cell))]
    projections[0].set(weight=uniform(0.0, 0.5))
    projections[2].set(delay=uniform(0.2, 1.0))
    projections[-1].set(weight=uniform(0.0, 0.5))
    projections[-3].set(U=uniform(0.0, 1.0))
    projections[-3].initialize(u=uniform(0.0, 1.0))
    lists += list_of(projections + grow(p, path))
    sim.run_until(45.0)
    sim.run(0.0)
    for connection in projections[15]:
        connection.weight = 0.1 * connection.weight + 0.2
    for connection in [*projections[0], *projections[7], *projections[4]]:
        if connection.postsynaptic_index % 7 == 2:
            connection.weight = 0.015
    # which only the rank of these connections hears of, while spikes are on their way
    for each in projections:
        if each.synapse_type.record.is_learning:
            for connection in each:
                if connection.postsynaptic_index == 3 and connection.presynaptic_index < 2:
                    connection.weight = 0.5 * connection.weight
    for each in (0, 4, 7):
        projections[each].set(delay=uniform(0.2, 3.0))
    p["poisson"][3:].set(rate=uniform(100.0, 300.0))
    p["gamma"].set(beta=uniform(300.0, 500.0))
    lists += list_of(projections)
    # what these were before is still on its way, and noise is in the middle of its period
    sim.run(1.1)
    return lists


def main(partition, exchange, path, lists_path, part="", snapshot=""):
    """Build, run, change, run, reset, run, write."""
    partition = backwards_in_threes if partition == "user" else partition
    sim.setup(timestep=0.1, seed=42, partition=partition, exchange=exchange, log=False)
    p = make_populations()
    initialize(p)
    projections = connect(p)
    sine, noise = inject(p)
    record(p, path)
    projections[-2].record("weight", sampling_interval=5.0)
    lists = []
    if part == "second":
        grow(p, path)
        noise.inject_into(p["placed"][3:])
        sim.restore(snapshot)
    else:
        lists = run_and_change(p, projections, sine, noise, path)
    if part == "first":
        sim.checkpoint(snapshot)
        return
    sim.run(3.3)
    sim.reset(annotations={"part": "first"})
    for cell in p["cond_exp"]:
        cell.i_offset = 1.0 + 0.001 * p["cond_exp"].id_to_index(cell)
    sim.run(15.0)
    counts = p["curr_exp"].get_spike_counts()
    lists += list_of(projections)
    lists.append(np.array(sorted((int(k), int(n)) for k, n in counts.items())))
    lists.append(p["placed"].positions)
    lists.append(noise.get_data().magnitude)
    for segment in projections[-2].get_data().segments:
        lists += [signal.magnitude for signal in segment.analogsignals]
    sim.end()
    if sim.rank() == 0:
        np.savez(lists_path, *lists)


if __name__ == "__main__":
    main(*sys.argv[1:])
