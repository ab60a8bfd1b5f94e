"""PyNN's PointNeuron: parts, names with dots, values, recordings, and what is refused."""

import copy

import numpy as np
import pytest
from pyNN.standardmodels import cells, receptors

import distsim
from distsim.errors import DistsimError, ParameterError
from distsim.io import read_block
from distsim.pynn.standardmodels import UnknownParameterError


def celltype(sim, **parts):
    """Return a cell with three receptors."""
    given = {
        "AMPA": sim.CondExpPostSynapticResponse(tau_syn=2.0),
        "GABA": sim.CondAlphaPostSynapticResponse(e_syn=-70.0, tau_syn=6.0),
        "NMDA": sim.CondBetaPostSynapticResponse(tau_rise=5.0, tau_decay=20.0),
    }
    return sim.PointNeuron(sim.AdExp(tau_m=10.0, v_rest=-60.0), **(given | parts))


@pytest.mark.parametrize("name", ["LIF", "AdExp"])
def test_membranes_have_the_parameters_of_pynn(name):
    ours, theirs = getattr(distsim, name), getattr(cells, name)
    assert ours.default_parameters == theirs.default_parameters
    assert ours.default_initial_values == theirs.default_initial_values
    assert ours.recordable == theirs.recordable
    defaults = {each.name: each.default for each in ours.record.parameters}
    assert defaults == theirs.default_parameters
    assert {each.name: each.unit for each in ours.record.parameters}.items() <= theirs.units.items()


@pytest.mark.parametrize(
    "name",
    [
        f"{each}PostSynapticResponse"
        for each in ("CurrExp", "CurrAlpha", "CondExp", "CondAlpha", "CondBeta")
    ],
)
def test_responses_have_the_parameters_of_pynn(name):
    # of which PyNN has no alpha-shaped current
    theirs = getattr(receptors, name.replace("CurrAlpha", "CurrExp"))
    ours = getattr(distsim, name)
    assert ours.__name__ == name
    assert ours.default_parameters == theirs.default_parameters
    assert ours.default_initial_values == theirs.default_initial_values
    assert theirs.units.items() <= ours.units.items()
    assert ours.conductance_based == theirs.conductance_based
    assert ours().parameter_space.keys() == theirs().parameter_space.keys()


def test_short_names_are_the_same_classes(sim):
    assert sim.ExpPSR is sim.CondExp is sim.CondExpPostSynapticResponse
    assert sim.AlphaPSR is sim.CondAlpha is sim.CondAlphaPostSynapticResponse
    assert sim.BetaPSR is sim.CondBeta is sim.CondBetaPostSynapticResponse
    assert sim.CurrExp is sim.CurrExpPostSynapticResponse
    assert sim.CurrAlpha is sim.CurrAlphaPostSynapticResponse
    assert sim.standardmodels.cells.PointNeuron is sim.PointNeuron
    assert sim.standardmodels.receptors.CondExpPostSynapticResponse is sim.CondExp


def test_the_type_tells_what_its_parts_have(sim):
    cell = celltype(sim)
    assert isinstance(cell, sim.PointNeuron)
    assert cell.receptor_types == ("AMPA", "GABA", "NMDA")
    assert cell.recordable == ["spikes", "v", "w", "AMPA.gsyn", "GABA.gsyn", "NMDA.gsyn"]
    assert cell.units["GABA.gsyn"] == "uS"
    assert cell.units["NMDA.tau_rise"] == "ms"
    assert cell.default_initial_values["NMDA.gsyn"] == 0.0
    assert cell.can_record("AMPA.gsyn")
    assert cell.has_parameter("AMPA.tau_syn")
    assert not cell.has_parameter("AMPA.locations")
    assert cell.conductance_based
    assert "AMPA=CondExp" in cell.describe()
    assert type(celltype(sim, AMPA=sim.ExpPSR(tau_syn=[1.0, 2.0]))) is type(cell)
    assert type(celltype(sim, AMPA=sim.CurrExp())) is not type(cell)
    twin = copy.deepcopy(cell)
    assert type(twin) is type(cell)
    assert twin.parameter_space["NMDA.tau_rise"].base_value == 5.0


def test_parameters_of_receptors_are_got_and_set_by_their_names(sim):
    cell = celltype(sim, AMPA=sim.ExpPSR(tau_syn=sim.RandomDistribution("uniform", (1.0, 2.0))))
    population = sim.Population(20, cell)
    drawn = population.get("AMPA.tau_syn")
    assert np.unique(drawn).size == 20
    assert 1.0 <= drawn.min() <= drawn.max() <= 2.0
    assert population.get(["tau_m", "GABA.e_syn", "NMDA.tau_decay"]) == [10.0, -70.0, 20.0]
    population.set(**{"GABA.tau_syn": 3.0, "tau_m": 12.0})
    population[5:].set(**{"NMDA.tau_rise": lambda i: 1.0 + i})
    assert population.get(["GABA.tau_syn", "tau_m"]) == [3.0, 12.0]
    assert population.get("NMDA.tau_rise").tolist() == [5.0] * 5 + [1.0 + i for i in range(15)]
    setattr(population[2], "AMPA.e_syn", -1.0)
    assert getattr(population[2], "AMPA.e_syn") == -1.0
    assert population[1:4].get("AMPA.e_syn").tolist() == [0.0, -1.0, 0.0]
    assert population[0].get_parameters()["GABA.tau_syn"] == 3.0
    assembly = population[:2] + sim.Population(1, celltype(sim))
    assert assembly.get("GABA.tau_syn").tolist() == [3.0, 3.0, 6.0]
    assert assembly.receptor_types == ["AMPA", "GABA", "NMDA"]


def test_initial_values_hold_again_after_a_reset(sim):
    population = sim.Population(4, celltype(sim), initial_values={"v": -61.0, "AMPA.gsyn": 0.01})
    population[2:].initialize(**{"NMDA.gsyn": [0.02, 0.03], "w": 0.1})
    population.record(["v", "w", "AMPA.gsyn", "NMDA.gsyn"])
    for _ in range(2):
        sim.run(1.0)
        sim.reset()
    first, second = population.get_data().segments[:2]
    begin = {signal.name: signal.magnitude[0].tolist() for signal in first.analogsignals}
    assert begin == {
        "v": [-61.0] * 4,
        "w": [0.0, 0.0, 0.1, 0.1],
        "AMPA.gsyn": [0.01] * 4,
        "NMDA.gsyn": [0.0, 0.0, 0.02, 0.03],
    }
    for one, other in zip(first.analogsignals, second.analogsignals, strict=True):
        np.testing.assert_array_equal(one.magnitude, other.magnitude)
    assert first.filter(name="AMPA.gsyn")[0][-1, 0].item() == pytest.approx(
        0.01 * np.exp(-1.0 / 2.0), rel=1e-13
    )


def test_populations_of_a_combination_share_a_group_and_others_have_their_own(sim):
    sim.Population(3, celltype(sim))
    sim.Population(2, celltype(sim, AMPA=sim.ExpPSR(tau_syn=4.0)))
    sim.Population(2, celltype(sim, AMPA=sim.BetaPSR()))
    assert [group.n_local for group in sim.state.simulation.cell_groups] == [5, 2]


def test_signals_and_files_have_names_with_dots(sim, tmp_path):
    cell = sim.PointNeuron(sim.LIF(), fast=sim.CurrExp(tau_syn=2.0), slow=sim.CurrAlpha())
    population = sim.Population(3, cell, label="mixed")
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[2.0]))
    for receptor, weight in (("fast", 0.25), ("slow", -0.5)):
        synapse = sim.StaticSynapse(weight=weight, delay=1.0)
        sim.Projection(source, population, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    population.record("all")
    sim.run(12.0)
    signals = {s.name: s for s in population.get_data().segments[0].analogsignals}
    assert {name: s.dimensionality.string for name, s in signals.items()} == {
        "v": "mV",
        "fast.isyn": "nA",
        "slow.isyn": "nA",
    }
    assert signals["fast.isyn"].magnitude[30].tolist() == [0.25] * 3
    # a drive of the 32-bit weight peaks at it, a time constant later
    assert signals["slow.isyn"].magnitude.min() == pytest.approx(-0.5, rel=1e-13)
    assert np.argmin(signals["slow.isyn"].magnitude[:, 0]) == 80
    population.write_data(str(tmp_path / "mixed.h5"))
    read = read_block(tmp_path / "mixed.h5").segments[0].analogsignals
    assert [signal.name for signal in read] == list(signals)
    for signal in read:
        assert signal.dimensionality == signals[signal.name].dimensionality
        np.testing.assert_array_equal(signal.magnitude, signals[signal.name].magnitude)


def test_weights_have_the_sign_of_the_receptor(sim):
    cell = celltype(sim, inhibitory=sim.CurrExp(), tonic=sim.CurrExp())
    population = sim.Population(2, cell)
    source = sim.Population(2, sim.SpikeSourceArray())

    def connect(receptor, weight):
        synapse = sim.StaticSynapse(weight=weight, delay=1.0)
        return sim.Projection(
            source, population, sim.AllToAllConnector(), synapse, receptor_type=receptor
        )

    connect("GABA", 0.1)
    connect("inhibitory", -0.1)
    connect("tonic", -0.1)
    connect("tonic", 0.1)
    for receptor, weight in (("GABA", -0.1), ("AMPA", -0.1), ("inhibitory", 0.1)):
        with pytest.raises(DistsimError, match="weight"):
            connect(receptor, weight)


def test_the_only_receptor_takes_weights_of_either_sign(sim):
    population = sim.Population(2, sim.PointNeuron(sim.LIF(), any=sim.CurrExp()))
    source = sim.Population(2, sim.SpikeSourceArray())
    weight = sim.RandomDistribution("uniform", (-0.2, -0.1))
    for each in (-0.1, weight, lambda d: -0.1):
        projection = sim.Projection(
            source, population, sim.AllToAllConnector(), sim.StaticSynapse(weight=each, delay=1.0)
        )
        assert projection.receptor_type == "any"


def test_cells_without_receptors_have_no_synapses(sim):
    population = sim.Population(1, sim.PointNeuron(sim.LIF(i_offset=1.0)))
    source = sim.Population(1, sim.SpikeSourceArray())
    with pytest.raises(DistsimError, match="no synapses"):
        sim.Projection(source, population, sim.AllToAllConnector())
    population.record("spikes")
    sim.run(50.0)
    assert population.mean_spike_count() > 0


REFUSED = {
    "a class as receptor": (
        lambda sim: sim.PointNeuron(sim.LIF(), AMPA=sim.CondExp),
        "receptor 'AMPA' = the class CondExpPostSynapticResponse of a PointNeuron must be an "
        "instance of a post-synaptic response, such as",
    ),
    "no receptor": (
        lambda sim: sim.PointNeuron(sim.LIF(), AMPA=5.0),
        "receptor 'AMPA' = 5.0 of a PointNeuron must be",
    ),
    "a class as neuron": (
        lambda sim: sim.PointNeuron(sim.LIF, AMPA=sim.CondExp()),
        "neuron = the class LIF of a PointNeuron must be an instance of LIF or AdExp",
    ),
    "a cell as neuron": (
        lambda sim: sim.PointNeuron(sim.IF_cond_exp(), AMPA=sim.CondExp()),
        "neuron = IF_cond_exp.* of a PointNeuron must be an instance of LIF or AdExp",
    ),
    "another's name": (
        lambda sim: sim.PointNeuron(sim.LIF(), tau_m=sim.CondExp()),
        "'tau_m' cannot name a receptor",
    ),
    "an unknown parameter of a response": (
        lambda sim: sim.CondExp(tau=5.0),
        "unknown parameter 'tau' of CondExpPostSynapticResponse; did you mean 'tau_syn'",
    ),
    "an unknown parameter of a membrane": (
        lambda sim: sim.AdExp(tau_syn_E=5.0),
        "unknown parameter 'tau_syn_E' of AdExp",
    ),
    "no number": (
        lambda sim: sim.CondBeta(tau_rise="fast"),
        "tau_rise of CondBetaPostSynapticResponse",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_parts_that_cannot_be_are_refused(sim, case):
    make, text = REFUSED[case]
    with pytest.raises(ParameterError, match=text):
        make(sim)


def test_unknown_names_are_told_those_there_are(sim):
    population = sim.Population(2, celltype(sim))
    source = sim.Population(2, sim.SpikeSourceArray())
    with pytest.raises(UnknownParameterError, match=r"'AMPA.tau' .*; did you mean 'AMPA.tau_syn'"):
        population.set(**{"AMPA.tau": 1.0})
    with pytest.raises(UnknownParameterError, match=r"unknown parameter 'GABAB.tau_syn' of Point"):
        population.get("GABAB.tau_syn")
    with pytest.raises(ParameterError, match=r"unknown state variable 'AMPA.isyn'.*'AMPA.gsyn'"):
        population.initialize(**{"AMPA.isyn": 0.0})
    with pytest.raises(DistsimError, match=r"GABA.isyn"):
        population.record("GABA.isyn")
    with pytest.raises(DistsimError, match=r"receptor_type = 'NDMA' .*; did you mean 'NMDA'"):
        sim.Projection(source, population, sim.AllToAllConnector(), receptor_type="NDMA")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"AMPA.tau_syn": -1.0}, r"AMPA.tau_syn = -1 of PointNeuron\(.*\) must be above 0"),
        ({"NMDA.tau_rise": [1.0, 0.0]}, r"NMDA.tau_rise = 0 of PointNeuron\(.*\) must be above 0"),
        ({"GABA.e_syn": np.inf}, r"GABA.e_syn"),
        ({"v_reset": 0.0}, r"v_reset = 0 of PointNeuron\(.*\) must be below 'v_spike'"),
    ],
)
def test_values_that_cannot_be_are_named(sim, values, text):
    population = sim.Population(2, celltype(sim))

    def set_and_run():
        population.set(**values)
        sim.run(1.0)

    with pytest.raises(ParameterError, match=text):
        set_and_run()
