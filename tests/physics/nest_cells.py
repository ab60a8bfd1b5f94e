"""Run single driven cells in NEST: ``python nest_cells.py cases.json answers.json``.

A program of its own, as NEST prints, takes over signals and keeps its state for the whole process.
"""

import json
import sys
from pathlib import Path

import nest


def simulate(case):
    """Return the times, potentials and spike times of one cell."""
    nest.ResetKernel()
    nest.resolution = case["dt"]
    cell = nest.Create(case["model"], params=case["parameters"])
    cell.V_m = case["v_init"]
    for source in case["inputs"]:
        generator = nest.Create("spike_generator", params={"spike_times": source["times"]})
        synapse = {"weight": source["weight"], "delay": source["delay"]}
        nest.Connect(generator, cell, syn_spec=synapse)
    for current in case["currents"]:
        generator = nest.Create(current.get("model", "dc_generator"), params=current["parameters"])
        nest.Connect(generator, cell, syn_spec={"weight": 1.0, "delay": current["delay"]})
    meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": case["dt"]})
    recorder = nest.Create("spike_recorder")
    nest.Connect(meter, cell)
    nest.Connect(cell, recorder)
    nest.Simulate(case["duration"])
    events = meter.events
    return {
        "times": list(map(float, events["times"])),
        "v": list(map(float, events["V_m"])),
        "spikes": list(map(float, recorder.events["times"])),
    }


if __name__ == "__main__":
    nest.verbosity = nest.VerbosityLevel.ERROR
    cases = json.loads(Path(sys.argv[1]).read_text())
    answers = {name: simulate(case) for name, case in cases.items()}
    Path(sys.argv[2]).write_text(json.dumps(answers))
