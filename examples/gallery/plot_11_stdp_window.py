"""
The window of STDP
==================

One pair of spikes changes a weight by an exponential of their distance in time. Sixty sources
spike once each, at as many times before and after their targets; the change of each weight lies
on the curve of the rule.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim

A_PLUS, A_MINUS, TAU_PLUS, TAU_MINUS = 0.01, 0.012, 17.0, 34.0  # ms
DELAY = 1.0

sim.setup(timestep=0.1, log=False, progress=False)
# when a source's spike reaches the synapse, before (-) or after (+) the target's at 100 ms
distances = np.linspace(-59.0, 59.0, 60)
sources = sim.Population(
    60, sim.SpikeSourceArray(spike_times=[[100.0 + d] for d in distances.round(1)])
)
teacher = sim.Population(1, sim.SpikeSourceArray(spike_times=[100.0 - DELAY]))
targets = sim.Population(60, sim.IF_curr_exp(tau_refrac=5.0, tau_syn_E=0.5))
# a strong synapse makes each target spike once
strong = sim.StaticSynapse(weight=200.0, delay=DELAY)
sim.Projection(teacher, targets, sim.AllToAllConnector(), strong)
stdp = sim.STDPMechanism(
    sim.SpikePairRule(tau_plus=TAU_PLUS, tau_minus=TAU_MINUS, A_plus=A_PLUS, A_minus=A_MINUS),
    sim.AdditiveWeightDependence(w_min=0.0, w_max=1.0),
    weight=0.5, delay=DELAY,
)  # fmt: skip
projection = sim.Projection(sources, targets, sim.OneToOneConnector(), stdp)
targets.record("spikes")
sim.run(250.0)
weights = dict(zip(*np.transpose(projection.get("weight", format="list"))[[0, 2]], strict=True))
trains = targets.get_data(gather="all").segments[0].spiketrains

if sim.rank() == 0:
    change = np.array([weights[k] for k in range(60)]) - 0.5
    # all of the delay is dendritic: the target's spike is at the synapse a delay later
    lag = np.array([t[0].magnitude for t in trains]) + DELAY - (100.0 + distances.round(1))
    curve = np.linspace(-60.0, 60.0, 601)
    rule = np.where(
        curve > 0, A_PLUS * np.exp(-curve / TAU_PLUS), -A_MINUS * np.exp(curve / TAU_MINUS)
    )
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    axes.plot(curve, rule, color="0.6", label="the rule")
    axes.plot(lag, change, ".", label="one synapse each")
    axes.axhline(0.0, color="k", linewidth=0.5)
    axes.set(xlabel="target's spike after source's, at the synapse (ms)", ylabel="change of weight")
    axes.legend()
    plt.show()
