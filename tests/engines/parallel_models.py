"""What `model_networks.changed` does on any number of ranks goes to the file that is named."""

import sys

import numpy as np
from model_networks import CASES, changed

import distsim as sim

results = {}
for model in CASES:
    trains, signals = changed(model, engine=sys.argv[2], coreneuron="coreneuron" in sys.argv)
    results[f"{model} counts"] = np.array([len(train) for train in trains])
    results[f"{model} times"] = np.concatenate(trains)
    results |= {f"{model} {name}": signal for name, signal in signals.items()}
if sim.rank() == 0:
    np.savez(sys.argv[1], **results)
sim.end()
