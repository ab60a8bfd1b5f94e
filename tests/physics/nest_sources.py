"""Let NEST's renewal generators spike: ``python nest_sources.py answers.json``.

Writes the first 40 intervals [ms] of 100 processes of each.
"""

import json
import sys

import nest
import numpy as np

GENERATORS = {
    "ppd_sup_generator": {"rate": 50.0, "dead_time": 5.0, "n_proc": 1},
    "gamma_sup_generator": {"rate": 50.0, "gamma_shape": 3, "n_proc": 1},
}


def intervals(model, parameters):
    """Return intervals of one kind of generator, which draws a process for each target."""
    nest.ResetKernel()
    nest.resolution, nest.rng_seed = 0.1, 17
    generator = nest.Create(model, params=parameters)
    parrots, recorder = nest.Create("parrot_neuron", 100), nest.Create("spike_recorder")
    nest.Connect(generator, parrots)
    nest.Connect(parrots, recorder)
    nest.Simulate(2000.0)
    events = recorder.events
    trains = [np.sort(events["times"][events["senders"] == p]) for p in parrots.tolist()]
    return np.concatenate([np.diff(train[:41]) for train in trains]).tolist()


if __name__ == "__main__":
    nest.verbosity = nest.VerbosityLevel.ERROR
    with open(sys.argv[1], "w") as file:  # noqa: PTH123
        json.dump({name: intervals(name, values) for name, values in GENERATORS.items()}, file)
