"""Run one of three networks, and print what each rank has needed: for `benchmarks/estimate.py`.

    distsim run -n 2 benchmarks/estimated_network.py --network brunel --file out.h5
    distsim estimate benchmarks/estimated_network.py --ranks 1,2 --network brunel --file out.h5

Kernels are those that were compiled before; each rank prints one JSON row.
"""

import argparse
import itertools
import json
import resource
import sys
import time

import brunel_distsim
import microcircuit_distsim
import vogels_abbott_pynn
from brunel import Brunel
from potjans_diesmann import Microcircuit
from vogels_abbott import VogelsAbbott

import distsim as sim

DT = 0.1  # ms


def describe(options):
    """Describe a network; spikes of all cells are recorded, and v of some of Brunel's."""
    if options.network == "microcircuit":
        circuit = Microcircuit.scaled(options.scale)
        populations, _ = microcircuit_distsim.build(circuit, options.seed)
    elif options.network == "brunel":
        network = Brunel.scaled(options.scale)
        populations, _ = brunel_distsim.build(network, options.seed, is_plastic=True)
        populations[0][: options.traces].record("v", to_file=options.file)
    else:
        network = VogelsAbbott.scaled(options.network, options.scale)
        populations, _ = vogels_abbott_pynn.build(sim, network, options.seed)
    for population in populations:
        population.record("spikes", to_file=options.file)
    return populations


def main():
    """Describe, run, write, and print what that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    networks = ("microcircuit", "coba", "cuba", "brunel")
    parser.add_argument("--network", choices=networks, required=True)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--traces", type=int, default=500, help="cells of which v is recorded")
    parser.add_argument("--duration", type=float, default=1000.0, help="[ms]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--file", required=True, help="of what is recorded")
    options = parser.parse_args()
    describe(options)
    times = [time.process_time()]
    for act in (lambda: sim.run(0.0), lambda: sim.run(options.duration), sim.end):
        act()
        times.append(time.process_time())
    building, running, writing = (end - begin for begin, end in itertools.pairwise(times))
    simulation = sim.simulator.state.simulation
    unit = 1 if sys.platform == "darwin" else 1024
    row = {
        "rank": sim.rank(),
        "peak": unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "n_synapses": simulation.n_synapses,
        "n_spikes": simulation.counters["spikes"],
        "construction_s": simulation.seconds["build"],
        "run_s": simulation.seconds["run"],
        "exchange_s": simulation.seconds["exchange"],
        "construction_cpu_s": building,
        "run_cpu_s": running,
        "write_cpu_s": writing,
    }
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
