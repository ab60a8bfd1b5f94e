"""What the page "What others ask for" was measured by, with peers that can be asked the same.

Usage::

    python benchmarks/wishes.py weights [--ranks 2] [--cells 1000] [--repeats 3]
    python benchmarks/wishes.py delays [--cells 1000] [--repeats 3]
    python benchmarks/wishes.py text [--cells 10000]
    python benchmarks/wishes.py lazy [--cells 500]
    python benchmarks/wishes.py ranks [--cells 1000]
    python benchmarks/wishes.py mistake [--ranks 2]

weights: STDP, with all weights each 100 ms of 2 s, and without; NEST, on one thread, reads them
between pieces of the run. delays: STDP with dendritic and with axonal delays. text: spikes to HDF5,
to NEST's text files, and back. lazy: five cells' last 100 ms of a file, against the pickle and the
NIX file that Neo writes, this lazily, too. ranks: spikes of the same network on 1 to 4 ranks, of
NEST on 1 to 4 threads. mistake: rank 0 alone asks for data; for how long the job lives on, by the
clock. All other seconds are the processor's, of rank 0, since other work on the machine changes
these less.
"""

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

import numpy as np


def job(options, part, ranks=1):
    """Run a part as a job of ranks; return the row that it prints."""
    return _row(["-m", "distsim", "run", "-n", str(ranks)], options, part, ranks)


def alone(options, part, threads=1):
    """Run a part as a process of its own; return the row that it prints."""
    return _row([], options, part, threads)


def _row(launcher, options, part, threads):
    command = [sys.executable, *launcher, __file__, options.what, "--part", part]
    command += ["--cells", str(options.cells), "--folder", str(options.folder)]
    command += ["--threads", str(threads)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def clock(action):
    """Return what an action returns, and the processor's seconds."""
    started = time.process_time()
    result = action()
    return result, round(time.process_time() - started, 3)


def learning(sim, n_cells, fraction=1.0, delay=1.5):
    """Describe cells that are driven at random by a tenth of as many sources, with STDP."""
    sim.setup(timestep=0.1, seed=1, log=False, progress=False)
    sources = sim.Population(n_cells, sim.SpikeSourcePoisson(rate=20.0))
    cells = sim.Population(n_cells, sim.IF_curr_exp(i_offset=0.8))
    stdp = sim.STDPMechanism(
        sim.SpikePairRule(A_plus=0.01, A_minus=0.012),
        sim.AdditiveWeightDependence(w_max=0.1),
        dendritic_delay_fraction=fraction,
        weight=0.05,
        delay=delay,
    )
    projection = sim.Projection(sources, cells, sim.FixedNumberPreConnector(n_cells // 10), stdp)
    return cells, projection


def weights_distsim(options):
    """Return the seconds of a run, and of one with weights recorded, and written."""
    import distsim as sim

    row = {}
    for n_cells, is_recorded in ((20, True), (options.cells, False), (options.cells, True)):
        _, projection = learning(sim, n_cells)
        if is_recorded:
            projection.record("weight", sampling_interval=100.0)
        sim.run(100.0)
        _, row["recorded_s" if is_recorded else "plain_s"] = clock(lambda: sim.run(2000.0))
        if is_recorded:
            path = options.folder / "weights.h5"
            _, row["write_s"] = clock(lambda p=projection, path=path: p.write_data(str(path)))
    return {"n_synapses": projection.size(), "recorded": 22, **row}


def weights_nest(options):
    """Return the seconds of NEST's run, and of one that reads the weights each 100 ms."""
    import nest

    nest.set_verbosity("M_ERROR")
    row = {}
    for is_recorded in (False, True):
        nest.ResetKernel()
        nest.set(resolution=0.1, local_num_threads=options.threads)
        generator = nest.Create("poisson_generator", params={"rate": 20.0})
        sources = nest.Create("parrot_neuron", options.cells)
        cell = {"tau_m": 20.0, "C_m": 1000.0, "E_L": -65.0, "V_reset": -65.0, "V_th": -50.0}
        cell |= {"tau_syn_ex": 5.0, "t_ref": 0.1, "I_e": 800.0}
        cells = nest.Create("iaf_psc_exp", options.cells, cell)
        nest.Connect(generator, sources)
        stdp = {"synapse_model": "stdp_synapse", "weight": 50.0, "delay": 1.5, "Wmax": 100.0}
        stdp |= {"lambda": 0.01, "alpha": 1.2, "mu_plus": 0.0, "mu_minus": 0.0}
        rule = {"rule": "fixed_indegree", "indegree": options.cells // 10}
        nest.Connect(sources, cells, rule, stdp)
        nest.Simulate(100.0)
        synapses = nest.GetConnections(sources, cells)
        read = []

        def run(is_recorded=is_recorded, synapses=synapses, read=read):
            for _ in range(20):
                nest.Simulate(100.0)
                if is_recorded:
                    read.append(np.array(synapses.get("weight")))

        _, row["recorded_s" if is_recorded else "plain_s"] = clock(run)
    return {"n_synapses": len(synapses), "recorded": len(read), **row}


def delays_distsim(options):
    """Return the seconds of runs with all of the delay in the dendrite, half of it, and none."""
    import distsim as sim

    row = {}
    for n_cells in (20, options.cells):
        for fraction in (1.0, 0.5, 0.0):
            _, projection = learning(sim, n_cells, fraction, delay=4.0)
            sim.run(100.0)
            _, row[f"{fraction}_s"] = clock(lambda: sim.run(2000.0))
            weights = projection.get("weight", format="list", with_address=False)
            row[f"{fraction}_weight"] = round(float(np.mean(weights)), 5)
    return row


def text_distsim(options):
    """Return the size of a file of spikes, and the seconds to write and to read it."""
    import distsim as sim
    import distsim.io

    for n_cells in (20, options.cells):
        sim.setup(timestep=0.1, seed=1, log=False, progress=False)
        cells = sim.Population(n_cells, sim.SpikeSourcePoisson(rate=100.0), label="cells")
        cells.record("spikes")
        path = options.folder / "spikes.h5"
        _, run_s = clock(lambda: sim.run(1000.0))
        _, write_s = clock(lambda cells=cells, path=path: cells.write_data(str(path)))

    def read():
        with distsim.io.open(path) as recording:
            return recording.segments[0].population("cells").spikes.times

    times, read_s = clock(read)
    size = round(path.stat().st_size / len(times), 1)
    return {"n_spikes": len(times), "bytes_per_spike": size} | {
        "run_and_write_s": round(run_s + write_s, 3),
        "read_s": read_s,
    }


def text_nest(options):
    """Return the same of NEST's text files, read by pandas."""
    import nest
    import pandas

    nest.set_verbosity("M_ERROR")
    nest.set(resolution=0.1, data_path=str(options.folder), overwrite_files=True)
    generator = nest.Create("poisson_generator", params={"rate": 100.0})
    sources = nest.Create("parrot_neuron", options.cells)
    nest.Connect(generator, sources)
    recorder = nest.Create("spike_recorder", params={"record_to": "ascii", "label": "spikes"})
    nest.Connect(sources, recorder)
    _, run_s = clock(lambda: nest.Simulate(1000.0))
    (path,) = options.folder.glob("spikes*.dat")
    table, read_s = clock(lambda: pandas.read_csv(path, sep="\t", comment="#"))
    size = round(path.stat().st_size / len(table), 1)
    return {"n_spikes": len(table), "bytes_per_spike": size} | {
        "run_and_write_s": run_s,
        "read_s": read_s,
    }


def lazy_write(options):
    """Write v of cells for 5 s to a file of distsim's, and by Neo to a pickle and a NIX file."""
    import distsim as sim

    sim.setup(timestep=0.1, log=False, progress=False)
    cells = sim.Population(options.cells, sim.IF_curr_exp(i_offset=0.9), label="cells")
    cells.record("v")
    sim.run(5000.0)
    row = {}
    for ending in ("h5", "pkl", "nix"):
        path = options.folder / f"v.{ending}"
        cells.write_data(str(path))
        row[f"{ending}_mb"] = round(path.stat().st_size / 1e6, 1)
    return row


def lazy_h5(options):
    """Open the file and read a piece of it."""
    import distsim.io

    def piece():
        with distsim.io.open(options.folder / "v.h5") as recording:
            return recording.segments[0].population("cells").signal("v").data[-1000:, :5]

    return read_piece(piece)


def lazy_pkl(options):
    """Read the pickle, which is all of it."""
    from neo.io import PickleIO

    path = str(options.folder / "v.pkl")
    return read_piece(
        lambda: PickleIO(path).read_block().segments[0].analogsignals[0].magnitude[-1000:, :5]
    )


def lazy_nix(options):
    """Read the NIX file by Neo."""
    from neo.io import NixIO

    path = str(options.folder / "v.nix")

    def piece():
        with NixIO(path, "ro") as file:
            return file.read_block().segments[0].analogsignals[0].magnitude[-1000:, :5]

    return read_piece(piece)


def lazy_nix_lazy(options):
    """Read a piece of the NIX file by Neo's lazy reader."""
    from neo.io import NixIOFr

    path = str(options.folder / "v.nix")

    def piece():
        proxy = NixIOFr(path).read_block(lazy=True).segments[0].analogsignals[0]
        # it takes the sampling rate, which is per ms, for one per second
        last = (proxy.t_stop - 1000.0 / proxy.sampling_rate, proxy.t_stop)
        return proxy.load(time_slice=last, channel_indexes=range(5)).magnitude

    return read_piece(piece)


def read_piece(action):
    """Return seconds and memory of an action, of the second of two calls."""
    action()
    Path("/proc/self/clear_refs").write_text("5")
    before = memory_mb("VmRSS")
    values, seconds = clock(action)
    return {"mean_mv": round(float(np.mean(values)), 6), "seconds": seconds} | {
        "mb": round(memory_mb("VmHWM") - before, 1)
    }


def memory_mb(name):
    """Return what the system says of this process's memory [MB]."""
    return int(Path("/proc/self/status").read_text().split(f"{name}:")[1].split()[0]) / 1024


def ranks_distsim(options):
    """Return a digest of all spikes of a random network."""
    import distsim as sim

    cells, projection = learning(sim, options.cells)
    cells.record("spikes")
    sim.run(1000.0)
    senders, times = cells.get_data("spikes").segments[0].spiketrains.multiplexed
    weights = np.array(projection.get("weight", format="list"))
    parts = (np.asarray(senders), np.asarray(times), weights)
    digest = hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()
    return {"n_spikes": len(senders), "n_synapses": len(weights), "digest": digest[:12]}


def ranks_nest(options):
    """Return the numbers of spikes and synapses of NEST's network, and a digest of the spikes."""
    import nest

    nest.set_verbosity("M_ERROR")
    nest.set(resolution=0.1, local_num_threads=options.threads, rng_seed=1)
    generator = nest.Create("poisson_generator", params={"rate": 20.0})
    sources = nest.Create("parrot_neuron", options.cells)
    cells = nest.Create("iaf_psc_exp", options.cells, {"I_e": 300.0})
    nest.Connect(generator, sources)
    rule = {"rule": "pairwise_bernoulli", "p": 0.1}
    nest.Connect(sources, cells, rule, {"weight": 50.0, "delay": 1.5})
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    nest.Simulate(1000.0)
    events = recorder.get("events")
    order = np.lexsort((events["senders"], events["times"]))
    parts = (events["senders"][order], events["times"][order])
    digest = hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()
    synapses = nest.GetConnections(sources, cells)
    return {"n_spikes": len(order), "n_synapses": len(synapses), "digest": digest[:12]}


def mistake():
    """Ask for data on rank 0 alone, and go on."""
    import distsim as sim

    sim.setup(timestep=0.1)
    cells = sim.Population(10, sim.IF_curr_exp(i_offset=1.0))
    cells.record("spikes")
    sim.run(10.0)
    if sim.rank() == 0:
        print("mistake", time.time(), flush=True)
        cells.get_data()
    sim.run(10.0)


def lead_mistake(options):
    """Print how long the job lived after its mistake."""
    command = [sys.executable, "-m", "distsim", "run", "-n", str(options.ranks), __file__]
    done = subprocess.run(
        [*command, "mistake", "--part", "distsim"], capture_output=True, text=True
    )
    ended = time.time()
    (made,) = (float(line.split()[1]) for line in done.stdout.splitlines() if "mistake" in line)
    print(json.dumps({"seconds": round(ended - made, 1), "status": done.returncode}))


def lead_weights(options):
    """Print the times of both, in turn, and the medians."""
    rows = {}
    for _ in range(options.repeats):
        for name, run in (
            ("distsim, 1 rank", lambda: job(options, "distsim")),
            ("distsim", lambda: job(options, "distsim", options.ranks)),
            ("nest", lambda: alone(options, "nest")),
        ):
            row = run()
            rows.setdefault(name, []).append(row)
            print(json.dumps({"simulator": name, **row}), flush=True)
    for name, of_one in rows.items():
        times = {
            key: statistics.median(row[key] for row in of_one) for key in ("plain_s", "recorded_s")
        }
        print(f"{name}: {times}")


def lead(options):
    """Run the jobs of what is asked for, and print their rows."""
    if options.what == "mistake":
        lead_mistake(options)
    elif options.what == "weights":
        lead_weights(options)
    elif options.what == "delays":
        for _ in range(options.repeats):
            print(json.dumps(job(options, "distsim")), flush=True)
    elif options.what == "ranks":
        for n in (1, 2, 3, 4):
            print(json.dumps({"ranks": n, **job(options, "distsim", n)}), flush=True)
            print(json.dumps({"threads": n, **alone(options, "nest", n)}), flush=True)
    else:
        parts = {"text": ("distsim", "nest"), "lazy": ("write", "h5", "pkl", "nix", "nix_lazy")}
        for part in parts[options.what]:
            print(json.dumps({"part": part, **alone(options, part)}), flush=True)


def main():
    """Measure, or do one measurement's work."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cells = {"weights": 1000, "delays": 1000, "text": 10_000, "lazy": 500, "ranks": 1000}
    parser.add_argument("what", choices=[*cells, "mistake"])
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--cells", type=int)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.cells = options.cells or cells.get(options.what, 0)
    if options.part and options.what == "mistake":
        mistake()
    elif options.part:
        row = globals()[f"{options.what}_{options.part}"](options)
        is_first = "distsim" not in sys.modules or import_module("distsim").rank() == 0
        if is_first:
            print(json.dumps(row), flush=True)
    else:
        with tempfile.TemporaryDirectory() as folder:
            options.folder = Path(folder)
            lead(options)


if __name__ == "__main__":
    main()
