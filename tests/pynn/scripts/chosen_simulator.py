"""A random network of excitatory and inhibitory cells; the back end comes from the command line."""

import numpy as np
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.utility import Timer, get_simulator

sim, options = get_simulator(
    ("--n", "number of cells", {"type": int, "default": 40}),
    ("--quiet", "say nothing", {"action": "store_true"}),
)
timer = Timer()
timer.start()
rng = NumpyRNG(seed=764, parallel_safe=True)
sim.setup(timestep=0.1, min_delay=0.2, max_delay=2.0)
n_exc = int(0.8 * options.n)
cell_type = sim.IF_curr_exp(tau_m=20.0, tau_syn_E=5.0, tau_syn_I=10.0, v_thresh=-50.0, i_offset=0.8)
everyone = sim.Population(options.n, cell_type, structure=sim.space.Line(dx=10.0), label="all")
exc, inh = everyone[:n_exc], everyone[n_exc:]
everyone.initialize(v=RandomDistribution("uniform", low=-65.0, high=-50.0, rng=rng))
connections = {
    label: sim.Projection(
        pre,
        everyone,
        sim.FixedProbabilityConnector(0.2, rng=NumpyRNG(seed=seed, parallel_safe=True)),
        sim.StaticSynapse(weight=weight, delay=0.2),
        receptor_type=receptor_type,
        label=label,
    )
    for label, pre, seed, weight, receptor_type in (
        ("exc", exc, 1, 0.08, "excitatory"),
        ("inh", inh, 2, -0.5, "inhibitory"),
    )
}
everyone.record("spikes")
steps = []
sim.run(200.0, callbacks=[lambda t: steps.append(t) or t + 50.0])
data = everyone.get_data()
results = {
    "spikes": [np.round(t.magnitude, 6).tolist() for t in data.segments[0].spiketrains],
    "connections": {label: projection.size() for label, projection in connections.items()},
    "weights": sorted(connections["inh"].get("weight", format="list", with_address=False))[:3],
    "steps": np.round(steps, 6).tolist(),
    "counts": sum(exc.get_spike_counts().values()),
    "took": timer.diff() > 0,
}
sim.end()
