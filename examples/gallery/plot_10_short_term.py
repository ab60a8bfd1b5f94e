"""
Depression and facilitation: Tsodyks and Markram
================================================

A synapse has resources of which a spike takes a share u. Where they come back slowly, each spike
of a train finds fewer, and the synapse is depressed; where u grows with each spike and resources
come back fast, it is facilitated. Half a second after the train the first has recovered in part,
and the second is facilitated still (Tsodyks, Uziel and Markram, J. Neurosci. 20, 2000).
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim

sim.setup(timestep=0.1, log=False, progress=False)
times = [*np.arange(50.0, 500.0, 50.0), 1000.0]
source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
cells = sim.Population(2, sim.IF_curr_exp(tau_syn_E=3.0, v_thresh=0.0, tau_m=10.0))
kinds = {
    "depressing": sim.TsodyksMarkramSynapse(
        U=0.5, tau_rec=800.0, tau_facil=0.0, weight=1.0, delay=1.0
    ),
    "facilitating": sim.TsodyksMarkramSynapse(
        U=0.05, tau_rec=50.0, tau_facil=1000.0, weight=1.0, delay=1.0
    ),
}
for k, synapse in enumerate(kinds.values()):
    sim.Projection(source, cells[k : k + 1], sim.AllToAllConnector(), synapse)
cells.record("isyn_exc")
sim.run(1100.0)
(current,) = cells.get_data().segments[0].analogsignals

if sim.rank() == 0:
    figure, axes = plt.subplots(2, figsize=(7, 4.5), sharex=True, layout="constrained")
    for k, (name, each) in enumerate(zip(kinds, axes, strict=True)):
        each.plot(current.times, current.magnitude[:, k], linewidth=1.0, color=f"C{k}")
        each.set(title=name, ylabel="current (nA)", ylim=(0, None))
        each.eventplot([times], lineoffsets=0.0, linelengths=0.01, color="k")
    axes[-1].set_xlabel("time (ms)")
    plt.show()
