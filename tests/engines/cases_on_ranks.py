"""Run cases one after another on any number of ranks; each writes what it did to a file.

The arguments are a folder and the cases: each is a module of this folder whose `run` is called,
and the words that it is given, joined by commas.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np

import distsim as sim
from distsim.pynn.simulator import state


def done(case):
    """Run a case on the ranks that there are; return its arrays by name."""
    name, *words = case.split(",")
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        return {**module.run(*words), "n_ranks": sim.num_processes()}
    except Exception as error:
        error.add_note(f"in case {case}, on rank {sim.rank()}")
        raise


if __name__ == "__main__":
    folder, *cases = sys.argv[1:]
    for case in cases:
        results = done(case)
        if sim.rank() == 0:
            np.savez(Path(folder) / f"{case}.npz", **results)
    # there is none where a case used NEURON alone
    if state._simulation is not None:
        sim.end()
