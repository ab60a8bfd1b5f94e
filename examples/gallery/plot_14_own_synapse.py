"""
A synapse type of your own
==========================

A rule that PyNN has not: at each spike of the target the weight comes nearer to a value that the
trace of the source gives, and at each of the source it decays a little. Synapses from busy
sources so end at high weights, those from silent ones at low.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim
from distsim.models import Parameter, Trace


def learn(weight, pre, rate, gain):
    """Return the weight after a spike of the target has reached the synapse."""
    return weight + rate * (gain * pre - weight)


def arrive(weight, decay):
    """Return the weight after a spike of the source, and what it transmits."""
    return weight * (1.0 - decay), weight


Tracking = sim.synapse_type(
    "Tracking",
    [
        Parameter("tau", "ms", 20.0, "time constant of the source's trace"),
        Parameter("rate", "", 0.05, "of learning"),
        Parameter("gain", "nA", 0.1, "what a trace of 1 asks for"),
        Parameter("decay", "", 0.001, "share that a spike of the source takes"),
    ],
    source_traces=[Trace("pre", "tau")],
    learn=learn,
    arrive=arrive,
)

sim.setup(timestep=0.1, seed=2, log=False, progress=False)
rates = np.linspace(2.0, 60.0, 100)
sources = sim.Population(100, sim.SpikeSourcePoisson(rate=rates))
cells = sim.Population(20, sim.IF_curr_exp(tau_m=20.0, cm=1.0, i_offset=0.85, tau_refrac=2.0))
projection = sim.Projection(
    sources, cells, sim.AllToAllConnector(), Tracking(weight=0.05, delay=1.0)
)
projection.record("weight", sampling_interval=50.0)
sim.run(5000.0)
data = projection.get_data()

if sim.rank() == 0:
    (weights,) = data.segments[0].analogsignals
    source = np.asarray(weights.array_annotations["source_index"])
    mean = np.array([weights.magnitude[:, source == k].mean(axis=1) for k in range(100)])
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    for k in range(0, 100, 11):
        colour = plt.cm.viridis(k / 99)
        left.plot(weights.times.rescale("s"), mean[k], color=colour, label=f"{rates[k]:.0f} Hz")
    left.set(xlabel="time (s)", ylabel="mean weight (nA)")
    left.legend(fontsize="small", ncols=2)
    right.plot(rates, mean[:, -20:].mean(axis=1), ".", label="last second")
    right.plot(rates, 0.1 * rates * 0.02, "k", label="gain x rate x tau")
    right.set(xlabel="rate of the source (Hz)", ylabel="mean weight (nA)")
    right.legend()
    plt.show()
