"""What `model_networks.changed` does, on any engine and number of ranks."""

import numpy as np
from model_networks import CASES, changed


def run(engine, *options):
    """Return spikes and signals of all models, on every rank."""
    results = {}
    for model in CASES:
        trains, signals = changed(model, engine=engine, coreneuron="coreneuron" in options)
        results[f"{model} counts"] = np.array([len(train) for train in trains])
        results[f"{model} times"] = np.concatenate(trains)
        results |= {f"{model} {name}": signal for name, signal in signals.items()}
    return results
