"""Cell and synapse types, and what is not available yet."""

import pyNN.standardmodels.cells
import pyNN.standardmodels.electrodes
import pyNN.standardmodels.synapses
import pytest
from pyNN import connectors, errors

import distsim
from distsim.errors import ParameterError


@pytest.mark.parametrize("name", distsim.list_standard_models())
def test_models_have_the_parameters_of_pynn(name):
    ours, theirs = getattr(distsim, name), getattr(pyNN.standardmodels.cells, name)
    assert ours.default_parameters == theirs.default_parameters
    assert ours.default_initial_values == theirs.default_initial_values
    assert ours.conductance_based == theirs.conductance_based
    assert ours.injectable == theirs.injectable
    assert set(theirs.recordable) <= {*ours.recordable, "isyn_exc", "isyn_inh"}
    assert ours.get_parameter_names() == theirs.get_parameter_names()
    assert ours.__name__ == name


def test_the_list_of_models_is_complete():
    distsim.setup(log=False)
    assert distsim.list_standard_models() == [
        "EIF_cond_alpha_isfa_ista",
        "EIF_cond_exp_isfa_ista",
        "GIF_cond_exp",
        "HH_cond_exp",
        "IF_cond_alpha",
        "IF_cond_exp",
        "IF_cond_exp_gsfa_grr",
        "IF_curr_alpha",
        "IF_curr_delta",
        "IF_curr_exp",
        "IF_facets_hardware1",
        "Izhikevich",
        "SpikeSourceArray",
        "SpikeSourcePoisson",
        "SpikeSourceGamma",
        "SpikeSourceInhGamma",
        "SpikeSourcePoissonRefractory",
    ]


@pytest.mark.parametrize("name", distsim.list_standard_models())
def test_models_describe_themselves(name):
    assert name in getattr(distsim, name)().describe()


def test_every_name_of_pynn_is_there():
    """A script that asks for any of PyNN's models, connectors or functions gets an answer."""
    modules = [
        pyNN.standardmodels.cells,
        pyNN.standardmodels.synapses,
        pyNN.standardmodels.electrodes,
        connectors,
    ]
    internal = {
        *("Connector", "MapConnector", "FixedNumberConnector", "DefaultProbabilityConnector"),
        *("IndexBasedExpression", "DefaultConnectionBuilder", "ConnectionAttributes"),
        *("StandardCellType", "StandardCellTypeComponent", "StandardCurrentSource"),
        *("StandardSynapseType", "StandardPostSynapticResponse", "StandardIonChannelModel"),
        *("STDPWeightDependence", "STDPTimingDependence", "LazyArray", "RandomDistribution"),
        *("AbstractRNG", "NumpyRNG", "ParameterSpace", "Sequence", "Space", "ArrayParameter"),
        *("Section", "HasSections"),
    }
    wanted = {
        name
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
    } - internal
    functions = {
        *("setup", "run", "run_for", "run_until", "reset", "end", "initialize", "rank"),
        *("num_processes", "get_time_step", "get_current_time", "get_min_delay", "set"),
        *("get_max_delay", "create", "connect", "record", "record_v", "record_gsyn"),
        *("list_standard_models", "Population", "PopulationView", "Assembly", "Projection"),
    }
    missing = sorted(name for name in wanted | functions if not hasattr(distsim, name))
    assert missing == []


def test_a_synapse_has_weight_and_delay(sim):
    synapse = sim.StaticSynapse(weight=0.5, delay=1.0)
    assert synapse.get_parameter_names() == ["weight", "delay"]
    assert sim.StaticSynapse().parameter_space["weight"].base_value == 0.0
    with pytest.raises(errors.NonExistentParameterError, match="did you mean 'weight'"):
        sim.StaticSynapse(weigth=0.5)
    with pytest.raises(errors.NonExistentParameterError, match="unknown parameter 'U'"):
        sim.StaticSynapse(U=0.5)


@pytest.mark.parametrize(
    ("name", "parameters", "text"),
    [
        ("IF_curr_exp", {"tau_m": 0.0}, "tau_m"),
        ("IF_curr_exp", {"tau_m": -1.0}, "tau_m"),
        ("IF_curr_alpha", {"cm": 0.0}, "cm"),
        ("IF_cond_exp", {"tau_syn_E": 0.0}, "tau_syn_E"),
        ("IF_cond_exp", {"tau_refrac": -1.0}, "tau_refrac"),
        ("IF_curr_delta", {"v_rest": float("nan")}, "v_rest"),
        ("IF_cond_alpha", {"i_offset": float("inf")}, "i_offset"),
        ("IF_curr_exp", {"v_reset": -40.0}, "v_reset"),
        ("SpikeSourcePoisson", {"rate": -1.0}, "rate"),
        ("SpikeSourcePoisson", {"duration": -1.0}, "duration"),
    ],
)
def test_values_that_a_model_cannot_take_are_refused(sim, name, parameters, text):
    cells = sim.Population(2, getattr(sim, name)(**parameters))
    with pytest.raises(ParameterError, match=text):
        sim.run(1.0)
    default = getattr(sim, name).default_parameters
    cells.set(**{key: default[key] for key in parameters})
    sim.run(1.0)


def test_one_instance_can_make_several_populations(sim):
    kind = sim.IF_curr_exp(tau_m=sim.RandomDistribution("uniform", low=10.0, high=20.0))
    a, b = sim.Population(3, kind), sim.Population(4, kind)
    assert a.get("tau_m").shape == (3,)
    assert b.get("tau_m").shape == (4,)
    assert set(a.get("tau_m")).isdisjoint(b.get("tau_m"))
    a.set(cm=3.0)
    assert b.get("cm") == 1.0
