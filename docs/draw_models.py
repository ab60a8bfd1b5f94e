"""Draw what each model does: its answer to a current and to a spike; a synapse over many spikes.

The site's build calls this. Which models there are, and what receptors they have, is what their
records say; so a new model has its picture without a change here.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).parent))
from make_models import picture_name

import distsim as sim
from distsim import models
from distsim.models import CELL_MODELS, SYNAPSE_MODELS, CellModel, SynapseModel

FOLDER = Path(__file__).parent / "pictures" / "models"
STYLE = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
SIZE = (6.4, 2.5)
ABOVE = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 2, "frameon": False}
ABOVE |= {"fontsize": 8, "columnspacing": 1.0, "handlelength": 1.2}
# currents [nA] and weights (nA, uS or mV) that are tried, of which the picture takes what fits
CURRENTS = np.geomspace(0.0003, 30.0, 76)
WEIGHTS = np.geomspace(0.0003, 30.0, 61)
ONSET, DURATION = 100.0, 200.0
# a current is shown that gives so many spikes, and a weight that moves v by as much [mV] at most
N_SPIKES, DEFLECTION = 4, 10.0
# spikes of a train to a synapse, and one when it has recovered [ms]
TRAIN = [*np.arange(10.0, 400.0, 40.0), 800.0]
PAIRING = 100.0


def write_pictures(folder: Path = FOLDER) -> None:
    """Write a picture of each model of the registry, if one is missing or older than its record."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = [Path(__file__), *Path(models.__file__).parent.glob("*.py")]
    newest = max(file.stat().st_mtime for file in sources)
    drawn = {**CELL_MODELS, **SYNAPSE_MODELS}
    files = {name: folder / picture_name(name) for name in drawn}
    if all(file.is_file() and file.stat().st_mtime > newest for file in files.values()):
        return
    with plt.rc_context(STYLE):
        for name, model in drawn.items():
            draw = draw_cell if isinstance(model, CellModel) else draw_synapse
            figure = draw(model)
            figure.savefig(files[name])
            plt.close(figure)


def draw_cell(model: CellModel) -> Figure:
    """Return a figure of a cell's answers to currents, and to one spike for each receptor type."""
    sim.setup(timestep=0.1, seed=1, log=False, progress=False)
    kind = getattr(sim, model.name)
    driven = sim.Population(len(CURRENTS), kind())
    for k, current in enumerate(CURRENTS):
        driven[k : k + 1].inject(sim.DCSource(amplitude=current, start=ONSET))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[ONSET]))
    struck = {receptor.name: sim.Population(len(WEIGHTS), kind()) for receptor in model.receptors}
    for receptor, cells in struck.items():
        # an inhibitory current has a negative weight
        sign = -1.0 if receptor == "inhibitory" and not kind.conductance_based else 1.0
        synapse = sim.StaticSynapse(weight=sign * WEIGHTS, delay=0.1)
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    for cells in (driven, *struck.values()):
        cells.record(["spikes", "v"])
    sim.run(ONSET + DURATION)

    figure, (left, right) = plt.subplots(1, 2, figsize=SIZE, layout="constrained")
    of_state = {state.name: state.unit for state in model.states}
    units = {receptor.name: of_state[receptor.state] for receptor in model.receptors}
    v, counts = recorded(driven)
    # the weakest current with some spikes, and the strongest without any
    spiking = int(np.argmax(counts >= N_SPIKES))
    for k in (spiking, max(int(np.argmax(counts > 0)) - 1, 0)):
        left.plot(*after_onset(v[:, k]), label=f"{CURRENTS[k]:.2g} nA", linewidth=1)
    left.set(xlabel="time since the current is on (ms)", ylabel="v (mV)")
    for receptor, cells in struck.items():
        v, counts = recorded(cells)
        times, after = after_onset(v)
        moved = np.where(counts == 0, np.ptp(after, axis=0), np.inf)
        # of those that move v as much, the smallest
        k = int(np.argmax(moved >= 0.95 * moved[moved <= DEFLECTION].max()))
        label = f"{receptor}, {WEIGHTS[k]:.2g} {units[receptor]}"
        right.plot(times, after[:, k], label=label, linewidth=1)
    right.set(xlabel="time since the spike (ms)", xlim=(-10.0, 80.0))
    for each in (left, right):
        each.legend(**ABOVE)
    return figure


def recorded(cells: sim.Population) -> tuple[np.ndarray, np.ndarray]:
    """Return v of cells, a column each, and how often each has spiked since the onset."""
    (segment,) = cells.get_data().segments
    counts = [int((train.magnitude > ONSET).sum()) for train in segment.spiketrains]
    return segment.filter(name="v")[0].magnitude, np.array(counts)


def after_onset(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return times since the onset, from shortly before, and the values then."""
    times = np.arange(len(v)) * sim.get_time_step() - ONSET
    is_shown = times >= -10.0
    return times[is_shown], v[is_shown]


def draw_synapse(model: SynapseModel) -> Figure:
    """Return a figure of what spikes make of a synapse."""
    sim.setup(timestep=0.1, seed=1, log=False, progress=False)
    if model.is_electrical:
        return draw_junction(model)
    return draw_learning(model) if model.is_learning else draw_train(model)


def synapse_type(model: SynapseModel, **values: float) -> sim.STDPMechanism:
    """Return a synapse type of a model: a class of PyNN's, or what joins two of them."""
    name, *dependence = model.name.split(" with ")
    if dependence:
        parts = getattr(sim, name)(), getattr(sim, dependence[0])()
        return sim.STDPMechanism(*parts, **values)
    return getattr(sim, name)(**values)


def draw_junction(model: SynapseModel) -> Figure:
    """Return a figure of two cells with a junction, and a current into one of them."""
    cells = sim.Population(2, sim.IF_curr_exp(v_thresh=0.0))
    junction = sim.ElectricalSynapse(weight=0.05, is_symmetric=model.n_sides == 2)
    sim.Projection(cells[:1], cells[1:], sim.OneToOneConnector(), junction)
    cells[:1].inject(sim.DCSource(amplitude=0.5, start=20.0, stop=120.0))
    cells.record("v")
    sim.run(200.0)
    v = cells.get_data().segments[0].analogsignals[0]
    figure, axes = plt.subplots(figsize=SIZE, layout="constrained")
    axes.plot(v.times.magnitude, v.magnitude, label=["source, with a current", "target"])
    axes.set(xlabel="time (ms)", ylabel="v (mV)")
    axes.legend(**ABOVE)
    return figure


def draw_train(model: SynapseModel) -> Figure:
    """Return a figure of the current that a train of spikes makes by a synapse, or by three."""
    n_cells = 3 if model.draws else 1
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=TRAIN))
    cells = sim.Population(n_cells, sim.IF_curr_exp(v_thresh=0.0))
    sim.Projection(
        source, cells, sim.AllToAllConnector(), synapse_type(model, weight=1.0, delay=0.1)
    )
    cells.record("isyn_exc")
    sim.run(TRAIN[-1] + 100.0)
    current = cells.get_data().segments[0].analogsignals[0]
    figure, axes = plt.subplots(
        n_cells, figsize=SIZE, layout="constrained", sharex=True, squeeze=False
    )
    for k, each in enumerate(axes[:, 0]):
        each.plot(current.times.magnitude, current.magnitude[:, k], linewidth=1)
        each.vlines(TRAIN, -0.2, -0.1, color="black", linewidth=1)
    axes[n_cells // 2, 0].set(ylabel="isyn_exc (nA), weight 1 nA")
    axes[-1, 0].set(xlabel="time (ms)")
    return figure


def draw_learning(model: SynapseModel) -> Figure:
    """Return a figure of what one pair of spikes makes of a weight, and what many make of it."""
    lags = np.arange(-79.0, 80.0, 2.0)
    kicks = np.arange(1, 31) * PAIRING
    middle = kicks[-1] + 10 * PAIRING
    cell = sim.Population(1, sim.IF_curr_exp(tau_syn_E=0.2, tau_refrac=5.0, v_thresh=-50.0))
    cell.record("spikes")
    kick = sim.Population(1, sim.SpikeSourceArray(spike_times=[*kicks, middle]))
    strong = sim.StaticSynapse(weight=100.0, delay=0.1)
    sim.Projection(kick, cell, sim.OneToOneConnector(), strong)
    learning = {"weight": 0.5, "delay": 0.1}
    paired, many = {}, {"before": kicks - 10.0, "after": kicks + 10.0}
    for side, times in many.items():
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
        connector = sim.OneToOneConnector()
        paired[side] = sim.Projection(source, cell, connector, synapse_type(model, **learning))
        paired[side].record("weight", sampling_interval=PAIRING)
    singles = sim.Population(
        len(lags), sim.SpikeSourceArray(spike_times=[sim.Sequence([middle - lag]) for lag in lags])
    )
    once = sim.Projection(singles, cell, sim.AllToAllConnector(), synapse_type(model, **learning))
    sim.run(middle + 5 * PAIRING)

    figure, (left, right) = plt.subplots(1, 2, figsize=SIZE, layout="constrained")
    change = np.array(once.get("weight", format="list", with_address=False)) - 0.5
    left.plot(lags, change, ".-", markersize=3, linewidth=0.8)
    left.axvline(0.0, color="grey", linewidth=0.5)
    left.set(xlabel="one pair: target - source (ms)", ylabel="change of weight")
    for side, projection in paired.items():
        signal = projection.get_data().segments[0].analogsignals[0]
        label = f"source 10 ms {side}"
        right.plot(signal.times.magnitude / PAIRING, signal.magnitude[:, 0] - 0.5, label=label)
    right.set(xlabel="number of pairs", xlim=(0.0, len(kicks) + 1))
    # a power of ten stands beside the legend
    right.yaxis.get_offset_text().set_x(-0.25)
    right.legend(**ABOVE)
    return figure


if __name__ == "__main__":
    write_pictures()
