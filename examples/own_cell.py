"""Cell types of your own: IF_curr_exp written by hand, and a quadratic cell that adapts slowly.

The first is there to compare: a network of it gives the spikes and voltages of the built-in type
to the bit. The second, a quadratic integrate-and-fire cell with a slow adaptation current, PyNN
does not have; its answer to a step of current goes to a picture. Run it with `python`, or on any
number of ranks with `distsim run -n 2 own_cell.py`. The first run compiles the types, later ones
find them compiled.
"""

import argparse
import time
from pathlib import Path

import numpy as np

import distsim as sim
from distsim.models import Bound, Parameter, Receptor, State
from distsim.models.propagators import constant_to_v, current_to_v, decay

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--output", type=Path, default=Path("results"), help="folder for the picture")
parser.add_argument("--cells", type=int, default=400, help="of the network that compares")
parser.add_argument("--duration", type=float, default=200.0, help="of its run [ms]")
parser.add_argument("--repeats", type=int, default=1, help="how often each network is run")
options = parser.parse_args()

# --- IF_curr_exp -------------------------------------------------------------------------------


def coefficients(p, dt):
    """Return what a step needs, for each cell: the propagators of exact integration."""
    gain = constant_to_v(dt, p["tau_m"], p["cm"])
    return {
        "keep": decay(dt, p["tau_m"]),
        "from_exc": current_to_v(dt, p["tau_m"], p["cm"], p["tau_syn_E"]),
        "from_inh": current_to_v(dt, p["tau_m"], p["cm"], p["tau_syn_I"]),
        "keep_exc": decay(dt, p["tau_syn_E"]),
        "keep_inh": decay(dt, p["tau_syn_I"]),
        "rest": -np.expm1(-dt / p["tau_m"]) * p["v_rest"] + gain * p["i_offset"],
        "gain": gain,
    }


def leaky_step(
    v, isyn_exc, isyn_inh, i_injected, is_refractory,
    keep, from_exc, from_inh, keep_exc, keep_inh, rest, gain,
):  # fmt: skip
    """Return v and both currents of a cell, a step later."""
    free = v * keep + isyn_exc * from_exc
    free += isyn_inh * from_inh
    free += rest + gain * i_injected
    return (v if is_refractory else free), isyn_exc * keep_exc, isyn_inh * keep_inh


LeakyCell = sim.cell_type(
    "LeakyCell",
    parameters=(
        Parameter("v_rest", "mV", -65.0, "resting potential"),
        Parameter("cm", "nF", 1.0, "capacitance", Bound.POSITIVE),
        Parameter("tau_m", "ms", 20.0, "time constant of the membrane", Bound.POSITIVE),
        Parameter("tau_refrac", "ms", 0.1, "refractory period", Bound.NOT_NEGATIVE),
        Parameter("i_offset", "nA", 0.0, "constant current"),
        Parameter("v_reset", "mV", -65.0, "reset potential", below="v_thresh"),
        Parameter("v_thresh", "mV", -50.0, "threshold"),
        Parameter("tau_syn_E", "ms", 5.0, "time constant of excitation", Bound.POSITIVE),
        Parameter("tau_syn_I", "ms", 5.0, "time constant of inhibition", Bound.POSITIVE),
    ),
    states=(State("v", "mV", -65.0), State("isyn_exc", "nA"), State("isyn_inh", "nA")),
    receptors=(Receptor("excitatory", "isyn_exc"), Receptor("inhibitory", "isyn_inh")),
    derive=coefficients,
    step=leaky_step,
    is_spiking=lambda v, v_thresh: v >= v_thresh,
    spike=lambda v_reset, isyn_exc, isyn_inh: (v_reset, isyn_exc, isyn_inh),
    title="IF_curr_exp, written by hand.",
)

# --- a quadratic cell with slow adaptation -----------------------------------------------------


def slopes(v, w, current, cm, k, v_rest, v_crit, tau_w):
    """Return dv/dt [mV/ms] and dw/dt [nA/ms]."""
    return (k * (v - v_rest) * (v - v_crit) - w + current) / cm, -w / tau_w


def quadratic_step(v, w, i_syn, dt, i_injected, cm, k, v_rest, v_crit, tau_w, i_offset, half_decay):
    """Return the state a step later, by Runge and Kutta's method of order 4."""
    constant, half = i_offset + i_injected, 0.5 * dt
    i_middle = i_syn * half_decay
    i_end = i_middle * half_decay
    cell = cm, k, v_rest, v_crit, tau_w
    dv_1, dw_1 = slopes(v, w, constant + i_syn, *cell)
    dv_2, dw_2 = slopes(v + half * dv_1, w + half * dw_1, constant + i_middle, *cell)
    dv_3, dw_3 = slopes(v + half * dv_2, w + half * dw_2, constant + i_middle, *cell)
    dv_4, dw_4 = slopes(v + dt * dv_3, w + dt * dw_3, constant + i_end, *cell)
    v += dt / 6.0 * (dv_1 + 2.0 * dv_2 + 2.0 * dv_3 + dv_4)
    w += dt / 6.0 * (dw_1 + 2.0 * dw_2 + 2.0 * dw_3 + dw_4)
    return v, w, i_end


AdaptingCell = sim.cell_type(
    "AdaptingCell",
    parameters=(
        Parameter("cm", "nF", 0.1, "capacitance", Bound.POSITIVE),
        Parameter("k", "uS/mV", 0.0007, "curvature", Bound.POSITIVE),
        Parameter("v_rest", "mV", -60.0, "resting potential", below="v_crit"),
        Parameter("v_crit", "mV", -40.0, "potential above which v runs off"),
        Parameter("v_peak", "mV", 35.0, "potential at which a spike is seen"),
        Parameter("v_reset", "mV", -50.0, "reset potential", below="v_peak"),
        Parameter("b", "nA", 0.01, "adaptation current that a spike adds"),
        Parameter("tau_w", "ms", 300.0, "time constant of adaptation", Bound.POSITIVE),
        Parameter("tau_syn", "ms", 3.0, "time constant of the synapses", Bound.POSITIVE),
        Parameter("i_offset", "nA", 0.0, "constant current"),
    ),
    states=(State("v", "mV", -60.0), State("w", "nA"), State("i_syn", "nA")),
    receptors=(Receptor("synapse", "i_syn"),),
    derive=lambda p, dt: {"half_decay": decay(0.5 * dt, p["tau_syn"])},
    step=quadratic_step,
    is_spiking=lambda v, v_peak: v >= v_peak,
    spike=lambda w, i_syn, v_reset, b: (v_reset, w + b, i_syn),
    title="Quadratic integrate-and-fire cell with slow adaptation.",
)


def run_network(cell_type):
    """Return spikes and v of a network of one of the leaky types, and how long it ran [s]."""
    sim.setup(timestep=0.1, seed=7, log=False, progress=False)
    n = options.cells
    v = sim.RandomDistribution("uniform", low=-65.0, high=-50.0)
    tau_m = sim.RandomDistribution("uniform", low=15.0, high=25.0)
    cells = sim.Population(n, cell_type(tau_m=tau_m, i_offset=0.6), initial_values={"v": v})
    noise = sim.Population(n, sim.SpikeSourcePoisson(rate=1000.0))
    drive = sim.StaticSynapse(weight=0.2, delay=1.0)
    sim.Projection(noise, cells, sim.OneToOneConnector(), drive)
    inhibition = sim.StaticSynapse(weight=-0.1, delay=1.5)
    sim.Projection(cells, cells, sim.FixedNumberPreConnector(min(50, n)), inhibition)
    sim.DCSource(amplitude=0.2, start=0.3 * options.duration).inject_into(cells[: n // 2])
    cells.record("spikes")
    cells[:10].record("v")
    # the first step builds, and compiles
    sim.run(0.1)
    started = time.perf_counter()
    sim.run(options.duration)
    seconds = time.perf_counter() - started
    segment = cells.get_data().segments[0]
    trains = [train.magnitude.tolist() for train in segment.spiketrains]
    return trains, [signal.magnitude.tolist() for signal in segment.analogsignals], seconds


seconds = {"IF_curr_exp": [], "LeakyCell": []}
for _ in range(options.repeats):
    *built_in, took = run_network(sim.IF_curr_exp)
    seconds["IF_curr_exp"].append(took)
    *own, took = run_network(LeakyCell)
    seconds["LeakyCell"].append(took)
    if sim.rank() == 0:
        for name, a, b in zip(("spikes", "v"), built_in, own, strict=True):
            print(f"{name}: {'equal to the bit' if a == b else 'NOT equal'}")
if sim.rank() == 0:
    print(f"{sum(map(len, built_in[0]))} spikes of {options.cells} cells")
    for name, times in seconds.items():
        print(f"{name}: {min(times):.3f} s, median {np.median(times):.3f} s")

# one cell that adapts to a step of current, and ten that are driven by as many currents
sim.setup(timestep=0.1, seed=7, log=False, progress=False)
one = sim.Population(1, AdaptingCell(), label="one cell")
sim.StepCurrentSource(times=[100.0, 700.0], amplitudes=[0.15, 0.0]).inject_into(one)
ten = sim.Population(10, AdaptingCell(i_offset=np.linspace(0.05, 0.3, 10)), label="ten cells")
one.record(["v", "w", "spikes"])
ten.record("spikes")
sim.run(1000.0)
segment, trains = one.get_data().segments[0], ten.get_data().segments[0].spiketrains

if sim.rank() == 0:
    from pyNN.utility.plotting import Figure, Panel

    intervals = np.diff(segment.spiketrains[0].magnitude)
    print(f"AdaptingCell: intervals from {intervals[0]:.1f} to {intervals[-1]:.1f} ms")
    style = {"xlim": (0, 1000), "yticks": True}
    figure = Figure(
        Panel(segment.filter(name="v")[0], ylabel="v (mV)", legend=False, **style),
        Panel(segment.filter(name="w")[0], ylabel="w (nA)", legend=False, **style),
        Panel(trains, xticks=True, xlabel="Time (ms)", markersize=4, **style),
        title="A quadratic cell that adapts slowly, and ten at 0.05 to 0.3 nA",
    )
    options.output.mkdir(parents=True, exist_ok=True)
    picture = options.output / "own_cell.png"
    figure.save(str(picture))
    print(f"wrote {picture}")

sim.end()
