"""Names and signatures that scripts for PyNN's back ends rely on."""

import importlib
import inspect
import pkgutil
import subprocess
import sys

import numpy as np
import pyNN.connectors
import pyNN.network
import pyNN.standardmodels
import pytest

import distsim
from distsim.errors import ParameterError
from distsim.pynn.unavailable import WHO_HAS_IT

# of pyNN.nest and pyNN.neuron, beyond cells, synapses, connectors and functions
NAMES = {
    *("simulator", "state", "errors", "random", "space", "recording", "morphology", "np"),
    *("standardmodels", "connectors", "populations", "projections", "procedural_api", "control"),
    *("Network", "Connector", "LazyArray", "ParameterSpace", "build_translations", "electrodes"),
    *("StandardCellType", "StandardCurrentSource", "ExpPSR", "AlphaPSR", "BetaPSR"),
    *("native_cell_type", "native_synapse_type", "native_electrode_type"),
    *("core", "IntFire1", "IntFire2", "IntFire4", "ArrayParameter", "IndexBasedExpression"),
}


def test_what_the_back_ends_of_pynn_export_is_there():
    assert set(distsim.__all__) >= NAMES
    assert distsim.state is distsim.simulator.state
    assert distsim.Connector is pyNN.connectors.Connector
    assert distsim.connectors.OneToOneConnector is distsim.OneToOneConnector


def test_no_submodule_hides_an_exported_name():
    for package in (distsim, distsim.pynn):
        for module in pkgutil.iter_modules(package.__path__):
            if module.name in distsim.__all__:
                loaded = importlib.import_module(f"{package.__name__}.{module.name}")
                assert getattr(distsim, module.name) is loaded


@pytest.mark.parametrize(
    "name",
    [
        *("TsodyksMarkramSynapse", "SimpleStochasticSynapse", "ElectricalSynapse", "NaChannel"),
        *("StochasticTsodyksMarkramSynapse", "MultiQuantalSynapse"),
        *("SpikePairRule", "AdditiveWeightDependence", "GutigWeightDependence"),
        "Vogels2011Rule",
    ],
)
def test_stand_ins_have_pynns_class_attributes(name):
    modules = [
        getattr(pyNN.standardmodels, module)
        for module in ("cells", "synapses", "electrodes", "receptors", "ion_channels")
    ]
    stand_in = getattr(distsim, name)
    kind = next(getattr(m, stand_in.__name__) for m in modules if hasattr(m, stand_in.__name__))
    assert stand_in.default_parameters == kind.default_parameters
    assert len(stand_in.default_parameters) > 0
    for attribute in ("default_initial_values", "recordable", "units", "conductance_based"):
        if hasattr(kind, attribute):
            assert getattr(stand_in, attribute) == getattr(kind, attribute)


def test_projections_take_both_names_of_their_ends(sim):
    a, b = sim.Population(2, sim.IF_cond_exp()), sim.Population(3, sim.IF_cond_exp())
    first = sim.Projection(
        presynaptic_population=a, postsynaptic_population=b, connector=sim.AllToAllConnector()
    )
    second = sim.Projection(
        presynaptic_neurons=a, postsynaptic_neurons=b, connector=sim.AllToAllConnector()
    )
    assert first.size() == second.size() == 6
    with pytest.raises(sim.errors.ParameterError, match="'presynaptic_neurons' is 'presynaptic_p"):
        sim.Projection(a, b, None, presynaptic_neurons=a, presynaptic_population=a)


def test_signatures_are_those_of_the_back_ends():
    parameters = {
        name: list(inspect.signature(getattr(distsim, name)).parameters)
        for name in ("Projection", "native_cell_type", "NativeRNG", "native_synapse_type")
    }
    assert parameters["Projection"][:3] == [
        *("presynaptic_population", "postsynaptic_population", "connector")
    ]
    assert parameters["native_cell_type"] == ["model_name"]
    assert parameters["NativeRNG"] == ["seed", "parallel_safe"]
    assert parameters["native_synapse_type"] == ["model_name"]


@pytest.mark.parametrize("name", [n for n in distsim.__all__ if n.endswith("Connector")])
def test_connectors_show_their_arguments(name):
    ours, pynns = getattr(distsim, name), getattr(pyNN.connectors, name)
    names = list(inspect.signature(pynns).parameters)
    assert list(inspect.signature(ours).parameters) == names
    if name != "Connector":
        assert list(inspect.signature(ours.__init__).parameters) == ["self", *names]


@pytest.mark.parametrize(
    "name",
    [
        *("SpikePairRule", "AdditiveWeightDependence", "GutigWeightDependence", "Vogels2011Rule"),
        *("MultiplicativeWeightDependence", "AdditivePotentiationMultiplicativeDepression"),
    ],
)
def test_parts_of_plasticity_take_values_in_pynns_order(name):
    ours, pynns = getattr(distsim, name), getattr(pyNN.standardmodels.synapses, name)
    assert inspect.signature(ours) == inspect.signature(pynns)
    parameters = dict.fromkeys(inspect.signature(pynns).parameters, 0.25)
    parameters.pop("parameters", None)
    positional = [] if name == "Vogels2011Rule" else [0.25] * (len(parameters) - 1)
    part = ours(*positional, **dict([*parameters.items()][len(positional) :]))
    assert part.parameter_space == ours(**parameters).parameter_space
    if positional:
        with pytest.raises(ParameterError, match=f"of {name} is given twice"):
            ours(0.25, **parameters)


@pytest.mark.parametrize("name", [*WHO_HAS_IT])
def test_what_distsim_has_not_says_who_has_it(name):
    with pytest.raises(NotImplementedError, match=f"^'{name}' is not available: .*") as refused:
        getattr(distsim, name)("x") if name.islower() else getattr(distsim, name)()
    assert isinstance(refused.value, distsim.errors.DistsimError)
    assert "{" not in str(refused.value)


def test_calls_of_spinnakers_scripts_warn_once(sim):
    assert sim.name() == "distsim"
    calls = {
        "neurons_per_core": lambda: sim.set_number_of_neurons_per_core(sim.IF_curr_exp, 64),
        "synapse_cores": lambda: sim.set_number_of_synapse_cores(sim.IF_curr_exp, 2),
        "delay_extensions": lambda: sim.set_allow_delay_extensions(sim.IF_curr_exp, False),
    }
    for name, call in calls.items():
        with pytest.warns(sim.errors.PortabilityWarning, match=name) as caught:
            call()
        call()  # an error, if it warned again
        assert len(caught) == 1
        assert caught[0].filename == __file__


def test_networks_of_pynn_find_the_back_end(sim):
    cells = sim.Population(3, sim.IF_cond_exp(), label="cells")
    noise = sim.Population(2, sim.SpikeSourcePoisson(), label="noise")
    projection = sim.Projection(noise, cells, sim.AllToAllConnector())
    network = pyNN.network.Network(noise, cells, cells[0:2], projection, cells + noise)
    assert network.filter("all").size == 3
    assert network.filter([sim.SpikeSourcePoisson]).size == 2
    assert network.count_neurons() == 5
    assert network.count_connections() == 6
    assert network.get_component("cells") is cells
    network.record("spikes")
    sim.run(10.0)
    assert len(network.get_data()) == 1


BEFORE_SETUP = """
import pickle
import sys
import numpy as np
import distsim as sim

rng = sim.NumpyRNG(seed=1)
cells = sim.IF_curr_exp(tau_m=sim.RandomDistribution("normal", mu=15.0, sigma=2.0))
sources = sim.SpikeSourceArray(spike_times=[5.0])
smallest = sim.StaticSynapse(weight=1.0)
given = sim.StaticSynapse(weight=sim.RandomDistribution("uniform", (0, 1)), delay="1.0 + d")
print(smallest, smallest.describe())
connectors = [
    sim.AllToAllConnector(),
    sim.FixedProbabilityConnector(0.5),
    sim.FixedProbabilityConnector(0.5, rng=rng),
    sim.DistanceDependentProbabilityConnector("exp(-d)"),
    sim.FixedNumberPreConnector(sim.RandomDistribution("poisson", lambda_=3)),
    sim.FixedNumberPostConnector(2),
    sim.FixedTotalNumberConnector(2),
    sim.FromListConnector([(0, 0, 1.0, 2.0)]),
    sim.ArrayConnector(np.ones((2, 2), bool)),
    sim.OneToOneConnector(),
]
early = sim.DCSource(amplitude=0.5, start=2.0)
step = sim.StepCurrentSource(times=[1.0], amplitudes=[0.1])
structure = sim.RandomStructure(sim.Sphere(10.0))
space = sim.Space()
print(sim.rank(), sim.num_processes(), sim.list_standard_models())

sim.setup(timestep=0.5)
late = sim.DCSource(amplitude=0.25, start=2.0)
p = sim.Population(2, cells, structure=structure)
p.inject(late)
p.inject(early)
q = sim.Population(1, sources)
delays = sim.Projection(q, p, sim.AllToAllConnector(), smallest).get("delay", "list")
assert [delay for *_, delay in delays] == [0.5, 0.5], delays
for connector in connectors:
    sim.Projection(p, p, connector, given, space=space).size()
p[0:1].record("v")
sim.run(3.0)
loaded = {"csa", "matplotlib", "neo", "networkx", "neuroml", "quantities", "scipy.sparse",
          "tables", "tqdm"} & set(sys.modules)
assert not loaded, f"{loaded} took long to load, and nothing of them was used"
v = p.get_data().segments[0].analogsignals[0].magnitude[:, 0]
sim.setup(timestep=1.0)
delays = sim.Projection(
    sim.Population(1, sources), sim.Population(2, cells), sim.AllToAllConnector(), smallest
).get("delay", "list")
assert [delay for *_, delay in delays] == [1.0, 1.0], delays

# what was not loaded is when it is used, by PyNN first or by others
import neo
import pyNN.connectors, pyNN.morphology, pyNN.network, pyNN.recording

assert pyNN.connectors.csa.arity is sys.modules["csa"].arity
assert pyNN.recording.neo.Block is neo.Block
assert pyNN.recording.files.tables.open_file is sys.modules["tables"].open_file
neuroml = pyNN.morphology.neuroml
assert issubclass(neuroml.arraymorph.ArrayMorphology, sys.modules["neuroml"].Morphology)
assert pyNN.network.get_io is not neo.io.get_io
import lazyarray, numpy as np
from scipy.sparse import csr_array
assert lazyarray.sparse.csr_array is csr_array
sparse = lazyarray.larray(csr_array(np.eye(3)))
assert sparse.shape == (3, 3) and sparse[1, 1] == 1.0 and sparse[0, 1] == 0.0
assert isinstance(pyNN.network.get_io("recordings.pkl"), neo.io.PickleIO)
print("done", v[-1] - v[4])
"""


def test_types_connectors_and_sources_can_be_made_before_setup():
    job = subprocess.run(
        [sys.executable, "-P", "-c", BEFORE_SETUP], capture_output=True, text=True, timeout=120
    )
    assert job.returncode == 0, job.stderr
    assert "done" in job.stdout


def test_sources_made_before_and_after_setup_flow_both(sim):
    early = sim.DCSource(amplitude=0.5, start=2.0)
    sim.setup(timestep=0.1, log=False)
    late = sim.DCSource(amplitude=0.25, start=2.0)
    both, one = (sim.Population(1, sim.IF_curr_exp(v_thresh=0.0)) for _ in range(2))
    both.inject(early)
    both.inject(late)
    one.inject(sim.DCSource(amplitude=0.75, start=2.0))
    for cells in (both, one):
        cells.record("v")
    sim.run(10.0)
    v, expected = (
        np.asarray(cells.get_data().segments[0].analogsignals[0].magnitude) for cells in (both, one)
    )
    # the sum of currents is rounded otherwise
    np.testing.assert_allclose(v, expected, rtol=1e-13)
    assert v[-1] > -61.0


def test_models_are_found_by_kind():
    assert distsim.standardmodels.cells.IF_curr_exp is distsim.IF_curr_exp
    assert distsim.standardmodels.synapses.STDPMechanism is distsim.STDPMechanism
    assert distsim.standardmodels.electrodes.DCSource is distsim.DCSource
    receptors = distsim.standardmodels.receptors
    assert receptors.CondExpPostSynapticResponse is distsim.ExpPSR
    with pytest.raises(AttributeError, match=r"'distsim.pynn.standardmodels' has no .* 'cell'"):
        distsim.standardmodels.cell  # noqa: B018
