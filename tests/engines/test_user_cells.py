"""Cell types of the user's own, on engine 'neuron'."""

# ruff: noqa: RUF012 - attributes of classes as in PyNN

import numpy as np
import pytest
from networks import QUIET, signal_of, trains_of
from neuron_marks import HAS_NEURON, needs_coreneuron

import distsim as sim
from distsim.errors import EngineError, ParameterError

if not HAS_NEURON:
    pytest.skip("needs NEURON, make and a C++ compiler", allow_module_level=True)


def test_a_cell_of_two_compartments_does_what_it_does_in_neuron_alone(
    cases_on_ranks, neuron_job, on_one_rank
):
    # where distsim has set up nothing
    (expected,) = cases_on_ranks(neuron_job, 1, "user_cells,neuron").values()
    found = on_one_rank("user_cells,alone")
    assert expected["times"].size >= 6
    np.testing.assert_allclose(found["times"], expected["times"], atol=1e-6)
    for name in ("soma", "apical", "m"):
        assert np.ptp(expected[name]) > 0.9
        np.testing.assert_allclose(found[name], expected[name], atol=1e-9, err_msg=name)
    assert found["units"].tolist() == ["mV", "mV", "dimensionless"]


class Artificial:
    """A cell without sections."""

    def __init__(self, tau):
        from neuron import h

        self.source = h.IntFire1()
        self.tau = tau

    tau = property(lambda self: self.source.tau, lambda self, tau: setattr(self.source, "tau", tau))


class IntFire(sim.NativeCellType):
    """NEURON's integrate-and-fire cell."""

    model = Artificial
    default_parameters = {"tau": 10}
    default_initial_values = {"m": 0.0}
    recordable = ["m"]
    receptor_types = ["source"]
    injectable = False
    conductance_based = False


def test_an_artificial_cell():
    sim.setup(timestep=0.1, engine="neuron", **QUIET)
    cells = sim.Population(3, IntFire(tau=[1e9, 1e9, 1.0]))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0, 2.0, 3.0, 11.0, 12.0]))
    synapse = sim.StaticSynapse(weight=0.6, delay=1.0)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type="source")
    cells[1:2].initialize(m=0.5)
    cells.record(["spikes", "m"])
    sim.run(10.0)
    # 0.6 more each 1 ms, of 1 that are needed, and in 5 ms after a spike nothing is heard
    assert trains_of(cells) == [[3.0], [2.0], []]
    assert signal_of(cells, "m")[0].tolist() == [0.0, 0.5, 0.0]
    cells.set(tau=1e9)
    assert cells.get("tau") == 1e9
    # a spike at the very end of a run
    sim.run(2.0)
    sim.run(5.0)
    assert [len(train) for train in trains_of(cells)] == [2, 2, 1]
    with pytest.raises(TypeError, match="cannot inject"):
        cells.inject(sim.DCSource(amplitude=1.0))
    cells.initialize(m=0.1)
    with pytest.raises(EngineError, match=r"'m' of IntFire.*only before the first run"):
        sim.run(1.0)
    sim.reset()
    sim.run(5.0)
    assert signal_of(cells, "m")[0].tolist() == [0.1, 0.1, 0.1]
    assert trains_of(cells) == [[3.0], [3.0], [3.0]]


def test_integrate_and_fire_cells_of_neurons_do_what_they_do_there():
    times = [1.0, 2.0, 3.0, 11.0, 12.0, 14.0, 15.0, 16.0, 17.0, 30.0, 31.0, 32.0]
    weights = {sim.IntFire1: 0.4, sim.IntFire2: 0.7, sim.IntFire4: 0.9}
    sim.setup(timestep=0.1, engine="neuron", **QUIET)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    populations, alone = [], []
    for kind, weight in weights.items():
        cells = sim.Population(2, kind())
        synapse = sim.StaticSynapse(weight=weight, delay=1.0)
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type="default")
        cells.record(["spikes", *kind.default_initial_values])
        populations.append(cells)
    from neuron import h

    for kind, weight in weights.items():
        cell, spikes = getattr(h, kind.__name__)(), h.Vector()
        for name, value in kind.default_parameters.items():
            setattr(cell, name, value)
        entry, exit_ = h.NetCon(None, cell), h.NetCon(cell, None)
        entry.weight[0], entry.delay = weight, 0.0
        exit_.record(spikes)
        alone.append((spikes, entry, cell, exit_))

    def feed():
        for _, entry, *_ in alone:
            for time in times:
                entry.event(time + 1.0)

    handler = h.FInitializeHandler(feed)
    sim.run(50.0)
    for cells, (spikes, *_) in zip(populations, alone, strict=True):
        expected = spikes.as_numpy()
        assert len(expected) > 2
        for train in trains_of(cells):
            # the nearest step
            np.testing.assert_allclose(train, expected, rtol=0.0, atol=0.05 + 1e-6)
    del handler
    populations[0].set(refrac=1e9)
    assert populations[0].get("refrac") == 1e9
    sim.setup(timestep=0.1, engine="native", **QUIET)
    with pytest.raises(EngineError, match=r"IntFire1, .* engine 'native'.*engine='neuron'"):
        sim.Population(2, sim.IntFire1())


def test_what_cannot_be_is_told():
    for engine in ("native", "brian2"):
        if engine == "brian2":
            pytest.importorskip(engine)
        sim.setup(timestep=0.1, engine=engine, **QUIET)
        with pytest.raises(EngineError, match=f"IntFire, .* engine '{engine}'.*engine='neuron'"):
            sim.Population(2, IntFire())
    sim.setup(timestep=0.1, engine="neuron", **QUIET)
    with pytest.raises(ParameterError, match="unknown parameter 'tua' of IntFire; did you mean"):
        sim.Population(2, IntFire(tua=1.0))
    with pytest.raises(ParameterError, match="'Izhikevich' is the name of a standard cell type"):
        type("Izhikevich", (sim.NativeCellType,), {})
    with pytest.raises(ParameterError, match=r"name = 'x' is not a number; .* extra_parameters"):
        type("Wrong", (sim.NativeCellType,), {"default_parameters": {"name": "x"}})
    with pytest.raises(EngineError, match="Empty has no 'model'"):
        sim.Population(2, type("Empty", (sim.NativeCellType,), {})())
    for changes, message in (
        ({"recordable": ["soma(0.5).v"]}, r"a cell of Wrong has no 'soma\(0.5\)'"),
        ({"receptor_types": ["apical.ampa"]}, "a cell of Wrong has no 'apical.ampa'"),
        ({"injectable": True}, "a cell of Wrong has no 'source_section', which NEURON needs"),
    ):
        sim.setup(timestep=0.1, engine="neuron", **QUIET)
        sim.Population(2, type("Wrong", (IntFire,), changes)())
        with pytest.raises(EngineError, match=message):
            sim.run(1.0)


@needs_coreneuron
def test_coreneuron_cannot_have_them():
    sim.setup(timestep=0.1, engine="neuron", coreneuron=True, **QUIET)
    with pytest.raises(EngineError, match=r"IntFire is a cell type of your own.*CoreNEURON"):
        sim.Population(2, IntFire())
