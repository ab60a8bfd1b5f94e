"""The cortical microcircuit by PyNEST, not through PyNN; prints one JSON row."""

import argparse
import json
import resource
import time

import nest
import numpy as np
from measures import mean_cv
from potjans_diesmann import (
    CM,
    DELAY_EXC,
    DELAY_INH,
    DELAY_REL_STD,
    DT,
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

PA, PF = 1000.0, 1000.0  # per nA, per nF


def create(circuit):
    """Create cells with their drive; return populations and spike recorder."""
    recorder = nest.Create("spike_recorder")
    populations = []
    for k in range(8):
        cells = nest.Create(
            "iaf_psc_exp",
            int(circuit.sizes[k]),
            params={
                "C_m": CM * PF,
                "tau_m": TAU_M,
                "tau_syn_ex": TAU_SYN,
                "tau_syn_in": TAU_SYN,
                "t_ref": TAU_REFRAC,
                "E_L": V_REST,
                "V_reset": V_RESET,
                "V_th": V_THRESH,
                "I_e": circuit.dc[k] * PA,
            },
        )
        cells.V_m = nest.random.normal(mean=V_INIT_MEAN[k], std=V_INIT_STD[k])
        drive = nest.Create("poisson_generator", params={"rate": circuit.rates_ext[k]})
        external = {"weight": circuit.weight_ext * PA, "delay": DELAY_EXC}
        nest.Connect(drive, cells, "all_to_all", external)
        nest.Connect(cells, recorder)
        populations.append(cells)
    return populations, recorder


def connect(populations, circuit):
    """Make the recurrent connections."""
    for j, source in enumerate(populations):
        for i, target in enumerate(populations):
            n_synapses, weight = int(circuit.n_synapses[i, j]), circuit.weights[i, j] * PA
            if not n_synapses:
                continue
            low, high = (0.0, np.inf) if weight > 0 else (-np.inf, 0.0)
            delay = DELAY_EXC if weight > 0 else DELAY_INH
            normal_weight = nest.random.normal(mean=weight, std=abs(weight) * WEIGHT_REL_STD)
            normal_delay = nest.random.normal(mean=delay, std=delay * DELAY_REL_STD)
            nest.Connect(
                source,
                target,
                {"rule": "fixed_total_number", "N": n_synapses},
                {
                    "synapse_model": "static_synapse",
                    "weight": nest.math.redraw(normal_weight, min=low, max=high),
                    "delay": nest.math.redraw(normal_delay, min=DT, max=np.inf),
                },
            )


def main():
    """Build, discard the beginning, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.2)
    parser.add_argument("--warm-up", type=float, default=100.0, help="[ms], discarded")
    parser.add_argument("--duration", type=float, default=1000.0, help="[ms], measured")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spikes", help="where to keep the measured spikes (.npz)")
    options = parser.parse_args()

    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.SetKernelStatus(
        {
            "resolution": DT,
            "local_num_threads": options.threads,
            "rng_seed": options.seed,
            "print_time": False,
        }
    )
    circuit = Microcircuit.scaled(options.scale)
    started = time.perf_counter()
    populations, recorder = create(circuit)
    created = time.perf_counter()
    connect(populations, circuit)
    connected = time.perf_counter()
    nest.Prepare()
    prepared = time.perf_counter()
    nest.Run(options.warm_up)
    warm = time.perf_counter()
    nest.Run(options.duration)
    seconds = time.perf_counter() - warm
    nest.Cleanup()

    events = recorder.get("events")
    measured = events["times"] > options.warm_up
    senders, times = events["senders"][measured], events["times"][measured]
    rates, kept = [], {}
    for k, cells in enumerate(populations):
        first, last = int(cells[0].global_id), int(cells[-1].global_id)
        mine = (senders >= first) & (senders <= last)
        rates.append(int(mine.sum()) / len(cells) / options.duration * 1000.0)
        kept[f"senders{k}"], kept[f"times{k}"] = senders[mine] - first, times[mine]
    if options.spikes:
        np.savez(options.spikes, **kept)
    row = {
        "simulator": f"NEST {nest.__version__}",
        "scale": options.scale,
        "threads": options.threads,
        "real_time_factor": round(seconds / options.duration * 1000.0, 3),
        "construction_s": round(prepared - started, 2),
        "create_s": round(created - started, 2),
        "connect_s": round(connected - created, 2),
        "prepare_s": round(prepared - connected, 2),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "rates_hz": [round(rate, 3) for rate in rates],
        "cv_isi": [mean_cv(kept[f"senders{k}"], kept[f"times{k}"]) for k in range(8)],
        "seed": options.seed,
    }
    print(json.dumps(row))


if __name__ == "__main__":
    main()
