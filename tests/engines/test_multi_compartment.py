"""PyNN's cells of many compartments, on engine 'neuron'."""

from functools import partial
from importlib.util import find_spec
from pathlib import Path

import compartment_cells as c
import numpy as np
import pytest
from networks import QUIET, trains_of
from neuron_marks import HAS_NEURON

import distsim as sim
from distsim.errors import EngineError, NotAvailableError, ParameterError

if not (HAS_NEURON and find_spec("neuroml") and find_spec("morphio")):
    pytest.skip("needs NEURON, a C++ compiler, libNeuroML, MorphIO", allow_module_level=True)

PROGRAM = Path(c.__file__)


def signal_of(cells, name):
    return cells.get_data().segments[0].filter(name=name)[0].magnitude


def in_neuron(h, events, weight, currents):
    """Make the cell of `compartment_cells` by hand; return it, and what it does when it runs."""
    h.load_file("stdlib.hoc")
    sections = [h.Section(), h.Section()]
    for section, (length, diameter) in zip(sections, (c.SOMA, c.DENDRITE), strict=True):
        section.L, section.diam, section.cm, section.Ra = length, diameter, c.CM, c.RA
        # NEURON's manual has this rule
        constant = h.lambda_f(100.0, sec=section)
        section.nseg = int((length / (0.1 * constant) + 0.9) / 2) * 2 + 1
        section.insert("pas")
        section.g_pas, section.e_pas = c.CHANNELS["pas"], c.E_LEAK
    soma, dendrite = sections
    dendrite.connect(soma(1.0), 0.0)
    soma.insert("hh")
    soma.gnabar_hh, soma.gkbar_hh, soma.gl_hh = c.CHANNELS["na"], c.CHANNELS["kdr"], 0.0
    soma.ena, soma.ek = c.E_NA, c.E_K
    synapse, clamps = h.ExpSyn(dendrite(0.5)), [h.IClamp(section(0.5)) for section in sections]
    synapse.tau, synapse.e = c.TAU, 0.0
    for clamp in clamps:
        clamp.delay, clamp.dur, clamp.amp = 0.0, 1e9, 0.0
    entrance, exit_ = h.NetCon(None, synapse), h.NetCon(soma(0.5)._ref_v, None, sec=soma)
    entrance.weight[0] = float(np.float32(weight))
    times = h.Vector()
    exit_.record(times)
    places = soma(0.5)._ref_v, dendrite(0.5)._ref_v, soma(0.5).hh._ref_m, synapse._ref_g
    traces = [h.Vector().record(place) for place in places]

    solver = h.CVode()

    def begin():
        for section in sections:
            for segment in section:
                segment.v = -60.0
        for time in events:
            entrance.event(time)
        for clamp, current in zip(clamps, currents, strict=True):
            for time, amplitude in current:
                solver.event(time, partial(setattr, clamp, "amp", amplitude))

    handler = h.FInitializeHandler(0, begin)
    return times, traces, (sections, synapse, clamps, entrance, exit_, solver, handler)


def test_a_cell_does_what_it_does_in_neuron_alone():
    sim.setup(timestep=0.025, engine="neuron", **QUIET)
    cells = sim.Population(2, c.two_compartments(), initial_values={"v": -60.0})
    events = [25.0, 27.0, 40.0]
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[t - 1.0 for t in events]))
    synapse = sim.StaticSynapse(weight=0.01, delay=1.0)
    sim.Projection(source, cells[:1], sim.AllToAllConnector(), synapse, receptor_type="AMPA")
    step = sim.DCSource(amplitude=0.2, start=5.0, stop=45.0)
    step.inject_into(cells[0:1], location="soma")
    for pulse in (sim.DCSource(amplitude=0.02, start=t, stop=t + 2.0) for t in (30.0, 31.0)):
        cells[0].inject(pulse, location="dendrite")
    cells.record("spikes")
    cells.record("v", locations=("soma", "dendrite"))
    cells.record("na.m", locations="soma")
    cells.record("AMPA.gsyn", locations=sim.morphology.LabelledLocations("dendrite"))
    from neuron import h

    pulses = [(30.0, 0.02), (31.0, 0.04), (32.0, 0.02), (33.0, 0.0)]
    currents = [(5.0, 0.2), (45.0, 0.0)], pulses
    times, traces, kept = in_neuron(h, events, 0.01, currents)
    sim.run(50.0)
    first, second = trains_of(cells)
    assert len(first) == times.size() >= 3
    # at the nearest step
    np.testing.assert_allclose(first, times.as_numpy(), atol=0.0125 + 1e-6)
    assert second == []
    names = "soma.v", "dendrite.v", "soma.na.m", "dendrite.AMPA.gsyn"
    for name, trace in zip(names, traces, strict=True):
        assert np.ptp(trace.as_numpy()) > 0.005
        found = signal_of(cells, name)
        assert found.shape == (2001, 2)
        np.testing.assert_allclose(found[:, 0], trace.as_numpy(), atol=1e-9, err_msg=name)
    del kept


@pytest.mark.parametrize("leak", [sim.PassiveLeak, sim.PassiveLeakHH])
def test_a_passive_cell_has_the_input_conductance_of_a_soma_with_a_cable(leak):
    sim.setup(timestep=0.1, engine="neuron", **QUIET)
    none = {"conductance_density": 0.0}
    kind = c.two_compartments(leak, na=none, kdr=none)
    cells = sim.Population(1, kind, initial_values={"v": c.E_LEAK})
    cells.inject(sim.DCSource(amplitude=0.01))
    cells.record("v", locations=["soma", "dendrite"])
    sim.run(100.0)  # 30 time constants of the membrane
    (length, diameter), (cable, thickness) = np.array([c.SOMA, c.DENDRITE]) * 1e-4  # cm
    density = c.CHANNELS["pas"]
    constant = np.sqrt(thickness / (4.0 * c.RA * density))
    infinite = np.pi / 2.0 * thickness**1.5 * np.sqrt(density / c.RA)
    # Rall: S; the soma is one potential
    conductance = np.pi * length * diameter * density + infinite * np.tanh(cable / constant)
    rise = 0.01e-6 / conductance  # mV of nA: 1e-9 A / S = V
    found = signal_of(cells, "soma.v")[-1, 0] - c.E_LEAK
    # the error of segments of a tenth of the constant at 100 Hz is of order 2
    assert found == pytest.approx(rise, rel=2e-3)
    middle = np.cosh(cable / 2.0 / constant) / np.cosh(cable / constant)
    assert signal_of(cells, "dendrite.v")[-1, 0] - c.E_LEAK == pytest.approx(
        rise * middle, rel=2e-3
    )


def test_cells_that_hear_each_other_do_the_same_on_two_ranks(neuron_job, tmp_path):
    expected = c.network()
    assert expected["times"].size >= 5
    assert np.ptp(expected["dendrite.v"]) > 10.0
    job = neuron_job(2, PROGRAM, tmp_path / "found.npz")
    assert job.returncode == 0, job.stdout
    with np.load(tmp_path / "found.npz") as found:
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_synapses_at_several_places_are_receptor_types_each():
    sim.setup(timestep=0.1, engine="neuron", **QUIET)
    both = sim.morphology.LabelledLocations("soma", "dendrite")
    kind = c.two_compartments(AMPA={"locations": both})
    assert kind.receptor_types == ["AMPA.soma", "AMPA.dendrite"]
    assert kind.can_record("v", "dendrite")
    assert not kind.can_record("na.m", "dendrite")
    cells = sim.Population(1, kind, initial_values={"v": c.E_LEAK})
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    synapse = sim.StaticSynapse(weight=0.001, delay=1.0)
    connector = sim.AllToAllConnector()
    sim.Projection(source, cells, connector, synapse, receptor_type="AMPA.dendrite")
    cells.record("AMPA.gsyn", locations=["soma", "dendrite"])
    sim.run(5.0)
    assert signal_of(cells, "soma.AMPA.gsyn").max() == 0.0
    assert signal_of(cells, "dendrite.AMPA.gsyn").max() > 0.0009
    (signal,) = cells.get_data("AMPA.gsyn", locations="dendrite").segments[0].analogsignals
    assert signal.name == "dendrite.AMPA.gsyn"


def test_a_place_can_be_injected_into_between_two_runs():
    sim.setup(timestep=0.1, engine="neuron", **QUIET)
    cells = sim.Population(2, c.two_compartments(), initial_values={"v": c.E_LEAK})
    cells.record("v", locations=["soma", "dendrite"])
    sim.run(5.0)
    cells[1].inject(sim.DCSource(amplitude=0.05, start=6.0), location="dendrite")
    sim.run(3.0)
    dendrite, soma = (signal_of(cells, f"{name}.v") for name in ("dendrite", "soma"))
    np.testing.assert_array_equal(dendrite[:61, 1], dendrite[:61, 0])
    # it flows from 6 ms on, from the dendrite to the soma
    assert dendrite[61, 1] > dendrite[61, 0] + 0.1
    assert np.all(dendrite[61:, 1] - dendrite[61:, 0] > soma[61:, 1] - soma[61:, 0])


def test_what_a_cell_of_many_compartments_cannot_be_is_told():
    uniform = sim.morphology.uniform
    for changes, error, message in (
        ({"morphology": 3}, ParameterError, "morphology = 3 .* NeuroMLMorphology"),
        ({"na": {"density": 1.0}}, ParameterError, "'density' of 'na'; .*'conductance_density'"),
        ({"pas": {"conductance_density": "x"}}, ParameterError, "'x'; give a number"),
        ({"cm": uniform("axon", 1.0, absence=None)}, ParameterError, "no section 'axon'"),
        ({"cm": uniform("soma", 1.0, absence=None)}, ParameterError, "not given for all"),
        ({"Ra": uniform("all", 100.0)}, ParameterError, "Ra = .*; give a number"),
        ({"AMPA": {"tau_syn": "long"}}, ParameterError, "tau_syn of 'AMPA' = 'long'; give a num"),
        ({"kdx": {}}, ParameterError, "'kdx' is no ion channel .* did you mean 'kdr'"),
        ({"AMPA": {"tau": 1.0}}, ParameterError, "'AMPA' has no 'tau'"),
        (
            {"AMPA": {"locations": sim.morphology.random_placement(uniform("all", 0.1))}},
            NotAvailableError,
            "'AMPA' at random_placement is not available",
        ),
    ):
        with pytest.raises(error, match=message):
            c.two_compartments(**changes)
    kind = c.two_compartments()
    sim.setup(timestep=0.1, engine="native", **QUIET)
    with pytest.raises(EngineError, match=r"SomaAndDendrite.*'native'.*engine='neuron'"):
        sim.Population(1, kind)
    points = sim.Population(1, sim.IF_cond_exp())
    with pytest.raises(NotAvailableError, match="cells of IF_cond_exp are points"):
        points.record("v", locations="soma")
    with pytest.raises(NotAvailableError, match="cells of IF_cond_exp are points"):
        points.inject(sim.DCSource(), location="soma")
    sim.setup(timestep=0.1, engine="neuron", **QUIET)
    cells = sim.Population(1, kind)
    with pytest.raises(ParameterError, match=r"no section 'dendrit'; did you mean 'dendrite'"):
        cells.inject(sim.DCSource(), location="dendrit")
    with pytest.raises(Exception, match=r"cannot record 'axon.v'.*'soma.v'"):
        cells.record("v", locations="axon")
    with pytest.raises(ParameterError, match="unknown parameter 'cm'"):
        cells.set(cm=2.0)
