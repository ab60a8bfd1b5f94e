"""Cells of two compartments, in NEURON alone or by distsim."""

# ruff: noqa: RUF012 - attributes of classes as in PyNN

import numpy as np

DT = 0.025
PARAMETERS = {"gnabar": [0.12, 0.11, 0.14], "g_leak": [2e-4, 3e-4, 2e-4]}
NEW_LEAK = 1e-4
V_INIT = [-65.0, -63.0, -70.0]
ARRIVALS = [5.0, 12.0, 13.5, 30.0]
WEIGHT = 0.02
# an amplitude [nA], from when till when [ms]
CURRENT = (0.3, 15.0, 35.0)


class TwoCompartments:
    """A soma with channels and a dendrite with a synapse."""

    def __init__(self, gnabar, g_leak, nseg):
        from neuron import h

        self.soma, self.apical = h.Section(), h.Section()
        self.soma.L = self.soma.diam = 30.0
        self.apical.L, self.apical.diam, self.apical.nseg = 400.0, 2.0, nseg
        self.apical.connect(self.soma(1.0))
        self.soma.insert("hh")
        self.apical.insert("pas")
        self.ampa = h.ExpSyn(self.apical(0.7))
        self.ampa.tau, self.ampa.e = 3.0, 0.0
        self.gnabar, self.g_leak = gnabar, g_leak
        self.source_section = self.soma
        self.source = self.soma(0.5)._ref_v

    @property
    def gnabar(self):
        return self.soma(0.5).hh.gnabar

    @gnabar.setter
    def gnabar(self, value):
        self.soma(0.5).hh.gnabar = value

    @property
    def g_leak(self):
        return self.apical(0.5).pas.g

    @g_leak.setter
    def g_leak(self, value):
        for segment in self.apical:
            segment.pas.g, segment.pas.e = value, -65.0

    def get_threshold(self):
        return -10.0

    def memb_init(self):
        for section in (self.soma, self.apical):
            for segment in section:
                segment.v = self.initial_values["v"]


def in_neuron():
    """Simulate three cells that do not hear each other, in NEURON without distsim."""
    from neuron import h

    h.dt = DT
    cells = [TwoCompartments(*values, nseg=3) for values in zip(*PARAMETERS.values(), strict=True)]
    entrances, exits, traces, clamps, times = [], [], [], [], []
    for cell, v in zip(cells, V_INIT, strict=True):
        entrances.append(h.NetCon(None, cell.ampa))
        entrances[-1].weight[0] = float(np.float32(WEIGHT))
        exits.append(h.NetCon(cell.source, None, sec=cell.soma))
        exits[-1].threshold = cell.get_threshold()
        times.append(h.Vector())
        exits[-1].record(times[-1])
        clamps.append(h.IClamp(cell.soma(0.5)))
        places = cell.soma(0.5)._ref_v, cell.apical(1.0)._ref_v, cell.soma(0.5).hh._ref_m
        traces.append([h.Vector().record(place) for place in places])
        clamps[-1].delay, clamps[-1].dur, clamps[-1].amp = 0.0, 1e9, 0.0
        cell.initial_values = {"v": v}
        cell.memb_init()
    h.finitialize()
    for entrance in entrances:
        for arrival in ARRIVALS:
            entrance.event(arrival)

    def run_until(t):
        while h.t < t - DT / 2:
            h.fadvance()

    amplitude, start, stop = CURRENT
    for end, value in ((start, 0.0), (stop, amplitude), (40.0, 0.0), (60.0, 0.0)):
        for clamp in clamps:
            clamp.amp = value
        if end == 60.0:
            for cell in cells:
                cell.g_leak = NEW_LEAK
        run_until(end)
    names = "soma", "apical", "m"
    signals = {
        name: np.array([trace[k].as_numpy() for trace in traces]).T for k, name in enumerate(names)
    }
    return {"times": np.concatenate([t.as_numpy() for t in times]), **signals}


def by_distsim(size, weight):
    """Simulate cells by distsim; `weight` is that of synapses between them [uS]."""
    import distsim as sim

    class Neuron(sim.NativeCellType):
        model = TwoCompartments
        default_parameters = {"gnabar": 0.12, "g_leak": 2e-4}
        extra_parameters = {"nseg": 3}
        recordable = ["soma(0.5).v", "apical(1.0).v", "soma(0.5).hh.m"]
        receptor_types = ["ampa"]

    sim.setup(timestep=DT, engine="neuron", log=False, progress=False)
    values = {name: np.resize(x, size) for name, x in PARAMETERS.items()}
    cells = sim.Population(size, Neuron(**values), initial_values={"v": np.resize(V_INIT, size)})
    # so few that some rank may have none
    reader = sim.Population(1, sim.IF_cond_exp(tau_refrac=2.0))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[t - 1.0 for t in ARRIVALS]))
    synapse = sim.StaticSynapse(weight=WEIGHT, delay=1.0)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type="ampa")
    if weight:
        synapse = sim.StaticSynapse(weight=weight, delay=0.5)
        connector = sim.AllToAllConnector(allow_self_connections=False)
        sim.Projection(cells, cells, connector, synapse, receptor_type="ampa")
        sim.Projection(cells, reader, sim.AllToAllConnector(), synapse)
    amplitude, start, stop = CURRENT
    cells.inject(sim.DCSource(amplitude=amplitude, start=start, stop=stop))
    cells.record("all")
    reader.record(["spikes", "v"])
    sim.run(40.0)
    cells.set(g_leak=NEW_LEAK)
    sim.run(20.0)
    segment, of_reader = (each.get_data(gather="all").segments[0] for each in (cells, reader))
    paths = {"soma": "soma(0.5).v", "apical": "apical(1.0).v", "m": "soma(0.5).hh.m"}
    return {
        "times": np.concatenate([train.magnitude for train in segment.spiketrains]),
        **{name: segment.filter(name=path)[0].magnitude for name, path in paths.items()},
        "reader": of_reader.analogsignals[0].magnitude,
        "units": np.array([str(s.units.dimensionality) for s in segment.analogsignals]),
    }


def run(where):
    """Return what cells did, in NEURON alone, by distsim, or where they hear each other."""
    if where == "neuron":
        return in_neuron()
    return by_distsim(3, 0.0) if where == "alone" else by_distsim(7, 0.005)
