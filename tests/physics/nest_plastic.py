"""Run networks whose synapses change in NEST: ``python nest_plastic.py cases.json answers.json``.

A program of its own; see `nest_cells.py`.
"""

import json
import sys
from pathlib import Path

import nest
import numpy as np


def simulate(case):
    """Return the spikes of all cells, the weights of the synapses that learn, and v."""
    nest.ResetKernel()
    nest.resolution = case["dt"]
    cells = nest.Create("iaf_psc_exp", case["n"], params=case["cell"])
    nest.CopyModel(case["synapse"], "changing", case["synapse_parameters"])
    for k, times in enumerate(case["drives"]):
        generator = nest.Create("spike_generator", params={"spike_times": times})
        drive = {"weight": case["drive_weight"], "delay": case["drive_delay"]}
        nest.Connect(generator, cells[k], syn_spec=drive)
    for model in ("static_synapse", "changing"):
        for pre, post, weight, delay in case[model]:
            synapse = {"synapse_model": model, "weight": weight, "delay": delay}
            nest.Connect(cells[pre], cells[post], syn_spec=synapse)
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": case["dt"]})
    nest.Connect(meter, cells[case["n"] - 1])
    nest.Simulate(case["duration"])
    found = nest.GetConnections(synapse_model="changing")
    # of one connection these are numbers
    columns = (np.atleast_1d(each) for each in (found.source, found.target, found.weight))
    rows = zip(*(column.tolist() for column in columns), strict=True)
    senders = recorder.events["senders"].tolist()
    return {
        "spikes": sorted(zip(recorder.events["times"].tolist(), senders, strict=True)),
        "weights": sorted((pre - 1, post - 1, weight) for pre, post, weight in rows),
        "v": meter.events["V_m"].tolist(),
    }


if __name__ == "__main__":
    nest.verbosity = nest.VerbosityLevel.ERROR
    cases = json.loads(Path(sys.argv[1]).read_text())
    answers = {name: simulate(case) for name, case in cases.items()}
    Path(sys.argv[2]).write_text(json.dumps(answers))
