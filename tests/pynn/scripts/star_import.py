"""The procedural functions, and plasticity, by their bare names."""

import numpy as np
from pyNN.nest import *  # noqa: F403

setup(timestep=0.1, min_delay=1.0, max_delay=5.0)  # noqa: F405
times = [float(t) for t in range(5, 100, 10)]
sources = create(SpikeSourceArray, {"spike_times": times}, n=3)  # noqa: F405
teacher = create(SpikeSourceArray(spike_times=[t + 4.0 for t in times]))  # noqa: F405
target = create(IF_curr_exp(tau_refrac=5.0), n=1)  # noqa: F405
connect(teacher, target, weight=10.0, delay=1.0)  # noqa: F405
rule = STDPMechanism(  # noqa: F405
    timing_dependence=SpikePairRule(20.0, 20.0, A_plus=0.02, A_minus=0.01),  # noqa: F405
    weight_dependence=AdditiveWeightDependence(w_min=0.0, w_max=0.02),  # noqa: F405
    weight=0.005,
    delay=1.0,
)
learned = Projection(sources, target, AllToAllConnector(), rule)  # noqa: F405
target.record("spikes")
run(100.0)  # noqa: F405
results = {
    "spikes": [
        np.round(t.magnitude, 6).tolist() for t in target.get_data().segments[0].spiketrains
    ],
    "weights": np.round(learned.get("weight", format="array"), 6).ravel().tolist(),
    "t": get_current_time(),  # noqa: F405
    "dt": get_time_step(),  # noqa: F405
}
end()  # noqa: F405
