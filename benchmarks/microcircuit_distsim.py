"""The cortical microcircuit through the PyNN API on distsim; prints one JSON row."""

import argparse
import json
import resource
import time

import numpy as np
from measures import mean_cv
from potjans_diesmann import (
    CM,
    DELAY_EXC,
    DELAY_INH,
    DELAY_REL_STD,
    DT,
    POPULATIONS,
    TAU_M,
    TAU_REFRAC,
    TAU_SYN,
    V_INIT_MEAN,
    V_INIT_STD,
    V_RESET,
    V_REST,
    V_THRESH,
    WEIGHT_REL_STD,
    Microcircuit,
)

import distsim as sim
from distsim.pynn.simulator import state


def build(circuit, seed):
    """Describe the network; return its populations."""
    sim.setup(timestep=DT, seed=seed, log=False, progress=False)
    populations, drives = [], []
    for k, name in enumerate(POPULATIONS):
        cell_type = sim.IF_curr_exp(
            v_rest=V_REST,
            v_reset=V_RESET,
            v_thresh=V_THRESH,
            cm=CM,
            tau_m=TAU_M,
            tau_syn_E=TAU_SYN,
            tau_syn_I=TAU_SYN,
            tau_refrac=TAU_REFRAC,
            i_offset=circuit.dc[k],
        )
        n_cells = int(circuit.sizes[k])
        populations.append(sim.Population(n_cells, cell_type, label=name))
        populations[k].initialize(
            v=sim.RandomDistribution("normal", mu=V_INIT_MEAN[k], sigma=V_INIT_STD[k])
        )
        drive = sim.SpikeSourcePoisson(rate=circuit.rates_ext[k])
        drives.append(sim.Population(n_cells, drive, label=f"drive of {name}"))
        external = sim.StaticSynapse(weight=circuit.weight_ext, delay=DELAY_EXC)
        sim.Projection(drives[k], populations[k], sim.OneToOneConnector(), external)
        populations[k].record("spikes")
    for j, source in enumerate(populations):
        for i, target in enumerate(populations):
            if circuit.n_synapses[i, j]:
                connect(source, target, circuit.weights[i, j], int(circuit.n_synapses[i, j]))
    return populations


def connect(source, target, weight, n_synapses):
    """Make a number of connections, with weights of one sign and delays of a step at least."""
    low, high = (0.0, np.inf) if weight > 0 else (-np.inf, 0.0)
    delay = DELAY_EXC if weight > 0 else DELAY_INH
    synapse = sim.StaticSynapse(
        weight=sim.RandomDistribution(
            "normal_clipped", mu=weight, sigma=abs(weight) * WEIGHT_REL_STD, low=low, high=high
        ),
        delay=sim.RandomDistribution(
            "normal_clipped", mu=delay, sigma=delay * DELAY_REL_STD, low=DT, high=np.inf
        ),
    )
    connector = sim.FixedTotalNumberConnector(n=n_synapses, with_replacement=True)
    sim.Projection(source, target, connector, synapse, "excitatory" if weight > 0 else "inhibitory")


def spikes_of(populations, warm_up):
    """Return the spike trains after a time, a list of arrays for each population."""
    result = []
    for population in populations:
        trains = population.get_data("spikes").segments[0].spiketrains
        senders, times = trains.multiplexed
        times = np.asarray(times.magnitude)
        result.append((np.asarray(senders)[times > warm_up], times[times > warm_up]))
    return result


def main():
    """Warm up the kernels, build, discard the beginning, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.2)
    parser.add_argument("--warm-up", type=float, default=100.0, help="[ms], discarded")
    parser.add_argument("--duration", type=float, default=1000.0, help="[ms], measured")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spikes", help="where to keep the measured spikes (.npz)")
    options = parser.parse_args()

    build(Microcircuit.scaled(0.005), 1)
    sim.run(5.0)

    started = time.perf_counter()
    populations = build(Microcircuit.scaled(options.scale), options.seed)
    described = time.perf_counter()
    state.build()
    built = time.perf_counter()
    sim.run(options.warm_up)
    events = state.simulation.counters["events"]
    warm = time.perf_counter()
    sim.run(options.duration)
    seconds = time.perf_counter() - warm
    events = state.simulation.counters["events"] - events

    spikes = spikes_of(populations, options.warm_up)
    rates = [
        times.size / population.size / options.duration * 1000.0
        for population, (_, times) in zip(populations, spikes, strict=True)
    ]
    memory = np.empty(sim.num_processes(), np.int64)
    mine = np.array([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss], np.int64)
    state.simulation.comm.Allgather(mine, memory)
    if sim.rank() == 0:
        if options.spikes:
            arrays = {f"senders{k}": senders for k, (senders, _) in enumerate(spikes)}
            arrays |= {f"times{k}": times for k, (_, times) in enumerate(spikes)}
            np.savez(options.spikes, **arrays)
        row = {
            "simulator": "distsim",
            "scale": options.scale,
            "ranks": sim.num_processes(),
            "real_time_factor": round(seconds / options.duration * 1000.0, 3),
            "construction_s": round(built - started, 2),
            "description_s": round(described - started, 2),
            "memory_mb": round(float(memory.sum()) / 1024),
            "memory_mb_per_rank": [round(float(m) / 1024) for m in memory],
            "events_per_s_and_rank": round(events / seconds),
            "rates_hz": [round(rate, 3) for rate in rates],
            "cv_isi": [mean_cv(*train) for train in spikes],
            "seed": options.seed,
        }
        print(json.dumps(row))


if __name__ == "__main__":
    main()
