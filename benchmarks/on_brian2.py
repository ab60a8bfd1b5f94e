"""Build and run a network in Brian 2, as a C++ program with OpenMP threads, and measure it.

Generating and compiling the program is not counted. Its memory is what the program itself holds.
"""

import tempfile
from pathlib import Path

import brian2 as b2
import numpy as np
from measures import by_population, print_row

# what the program writes of itself: seconds until a run begins, and its peak memory at the end
TELL_TIME = 'std::cout << "began " << omp_get_wtime() - program_started << std::endl;'
TELL_MEMORY = 'std::system("grep VmHWM /proc/$PPID/status");'


def measure(build, options, network):
    """Build, discard the beginning, measure, print.

    Parameters
    ----------
    build : callable
        ``build(network)`` returns the spike monitor of all cells, the recurrent synapses, and
        what stops before the measured time, each but the first a list.
    options : argparse.Namespace
        Of `measures.parser`.
    network
        With `dt`, `sizes` and `outdegrees`.
    """
    b2.prefs.devices.cpp_standalone.openmp_threads = options.threads
    b2.prefs.codegen.cpp.headers += ["<cstdlib>", "<iostream>"]
    b2.set_device("cpp_standalone", build_on_run=False)
    b2.defaultclock.dt = network.dt * b2.ms
    b2.seed(options.seed)
    device = b2.get_device()
    device.insert_code("before_start", "const double program_started = omp_get_wtime();")
    device.insert_code("before_network_run", TELL_TIME)
    device.insert_code("before_end", TELL_MEMORY)
    monitor, synapses, transient, objects = build(network)
    simulation = b2.Network(monitor, *synapses, *transient, *objects)
    simulation.run(options.warm_up * b2.ms)
    for thing in transient:
        thing.active = False
    simulation.run(options.duration * b2.ms)
    with tempfile.TemporaryDirectory() as folder:
        device.build(folder, with_output=False)
        began, memory = _told(Path(folder) / "results" / "stdout.txt")
        spikes = by_population(
            np.asarray(monitor.i), np.asarray(monitor.t / b2.ms), network.sizes, options.warm_up
        )
        print_row(
            "Brian 2",
            options,
            network,
            spikes,
            threads=options.threads,
            synapses=sum(len(group) for group in synapses),
            run_s=device._last_run_time,
            construction_s=began,
            compile_s=device.timers["compile"]["make"],
            memory_mb=memory,
        )


def _told(path):
    """Return what the program wrote: seconds until its first run, and peak memory [MB]."""
    words = [line.split() for line in path.read_text().splitlines()]
    began = [float(line[1]) for line in words if line[0] == "began"]
    memory = [float(line[1]) / 1024 for line in words if line[0] == "VmHWM:"]
    return began[0], memory[0]
