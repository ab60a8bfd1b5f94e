"""Spiking-network models written against the PyNN API, run in parallel with MPI.

``import distsim as sim`` is a PyNN back end: the native engine.
"""

from importlib.util import find_spec

if find_spec("distsim.io") is None:  # a checkout that is not installed, found from its root
    raise ImportError(
        "distsim was found in the current folder but is not installed; "
        "run `pip install -e .` there, or start Python in another folder"
    )

from importlib.metadata import version as _version

from distsim.compiled import code_folder as _code_folder
from distsim.compiled import keep_code_in as _keep_code_in

# functions compiled by the imports below keep their machine code there, those of others do not
_folder_of_others = _keep_code_in(str(_code_folder()))

from pyNN import errors, random, space
from pyNN.parameters import Sequence
from pyNN.random import GSLRNG, NumpyRNG
from pyNN.space import Cuboid, Grid2D, Grid3D, Line, RandomStructure, Space, Sphere

from distsim.pynn.assemblies import Assembly
from distsim.pynn.connectors import (
    AllToAllConnector,
    ArrayConnector,
    DistanceDependentProbabilityConnector,
    FixedNumberPostConnector,
    FixedNumberPreConnector,
    FixedProbabilityConnector,
    FixedTotalNumberConnector,
    FromFileConnector,
    FromListConnector,
    OneToOneConnector,
)
from distsim.pynn.control import (
    end,
    get_current_time,
    get_max_delay,
    get_min_delay,
    get_time_step,
    initialize,
    num_processes,
    rank,
    reset,
    run,
    run_for,
    run_until,
    setup,
)
from distsim.pynn.electrodes import DCSource, StepCurrentSource
from distsim.pynn.native_types import NativeCellType, native_cell_type
from distsim.pynn.populations import Population, PopulationView
from distsim.pynn.procedural import (
    connect,
    create,
    list_standard_models,
    record,
    record_gsyn,
    record_v,
    set,  # noqa: A004 - PyNN's name
)
from distsim.pynn.projections import Projection
from distsim.pynn.random_numbers import NativeRNG, RandomDistribution
from distsim.pynn.standardmodels import (
    EIF_cond_alpha_isfa_ista,
    EIF_cond_exp_isfa_ista,
    HH_cond_exp,
    IF_cond_alpha,
    IF_cond_exp,
    IF_cond_exp_gsfa_grr,
    IF_curr_alpha,
    IF_curr_delta,
    IF_curr_exp,
    Izhikevich,
    SpikeSourceArray,
    SpikeSourcePoisson,
    StaticSynapse,
)
from distsim.pynn.unavailable import (
    LIF,
    ACSource,
    AdditivePotentiationMultiplicativeDepression,
    AdditiveWeightDependence,
    AdExp,
    CloneConnector,
    CondAlphaPostSynapticResponse,
    CondBetaPostSynapticResponse,
    CondExpPostSynapticResponse,
    CSAConnector,
    CurrExpPostSynapticResponse,
    DisplacementDependentProbabilityConnector,
    ElectricalSynapse,
    GIF_cond_exp,
    GutigWeightDependence,
    IF_facets_hardware1,
    IndexBasedProbabilityConnector,
    KdrChannel,
    MultiCompartmentNeuron,
    MultiplicativeWeightDependence,
    MultiQuantalSynapse,
    NaChannel,
    NoisyCurrentSource,
    PassiveLeak,
    PassiveLeakHH,
    PointNeuron,
    SimpleStochasticSynapse,
    SmallWorldConnector,
    SpikePairRule,
    SpikeSourceGamma,
    SpikeSourceInhGamma,
    SpikeSourcePoissonRefractory,
    STDPMechanism,
    StochasticTsodyksMarkramSynapse,
    TsodyksMarkramSynapse,
    Vogels2011Rule,
)

__version__ = _version("distsim")

_keep_code_in(_folder_of_others)

__all__ = [
    "GSLRNG",
    "LIF",
    "ACSource",
    "AdExp",
    "AdditivePotentiationMultiplicativeDepression",
    "AdditiveWeightDependence",
    "AllToAllConnector",
    "ArrayConnector",
    "Assembly",
    "CSAConnector",
    "CloneConnector",
    "CondAlphaPostSynapticResponse",
    "CondBetaPostSynapticResponse",
    "CondExpPostSynapticResponse",
    "Cuboid",
    "CurrExpPostSynapticResponse",
    "DCSource",
    "DisplacementDependentProbabilityConnector",
    "DistanceDependentProbabilityConnector",
    "EIF_cond_alpha_isfa_ista",
    "EIF_cond_exp_isfa_ista",
    "ElectricalSynapse",
    "FixedNumberPostConnector",
    "FixedNumberPreConnector",
    "FixedProbabilityConnector",
    "FixedTotalNumberConnector",
    "FromFileConnector",
    "FromListConnector",
    "GIF_cond_exp",
    "Grid2D",
    "Grid3D",
    "GutigWeightDependence",
    "HH_cond_exp",
    "IF_cond_alpha",
    "IF_cond_exp",
    "IF_cond_exp_gsfa_grr",
    "IF_curr_alpha",
    "IF_curr_delta",
    "IF_curr_exp",
    "IF_facets_hardware1",
    "IndexBasedProbabilityConnector",
    "Izhikevich",
    "KdrChannel",
    "Line",
    "MultiCompartmentNeuron",
    "MultiQuantalSynapse",
    "MultiplicativeWeightDependence",
    "NaChannel",
    "NativeCellType",
    "NativeRNG",
    "NoisyCurrentSource",
    "NumpyRNG",
    "OneToOneConnector",
    "PassiveLeak",
    "PassiveLeakHH",
    "PointNeuron",
    "Population",
    "PopulationView",
    "Projection",
    "RandomDistribution",
    "RandomStructure",
    "STDPMechanism",
    "Sequence",
    "SimpleStochasticSynapse",
    "SmallWorldConnector",
    "Space",
    "Sphere",
    "SpikePairRule",
    "SpikeSourceArray",
    "SpikeSourceGamma",
    "SpikeSourceInhGamma",
    "SpikeSourcePoisson",
    "SpikeSourcePoissonRefractory",
    "StaticSynapse",
    "StepCurrentSource",
    "StochasticTsodyksMarkramSynapse",
    "TsodyksMarkramSynapse",
    "Vogels2011Rule",
    "__version__",
    "connect",
    "create",
    "end",
    "errors",
    "get_current_time",
    "get_max_delay",
    "get_min_delay",
    "get_time_step",
    "initialize",
    "list_standard_models",
    "native_cell_type",
    "num_processes",
    "random",
    "rank",
    "record",
    "record_gsyn",
    "record_v",
    "reset",
    "run",
    "run_for",
    "run_until",
    "set",
    "setup",
    "space",
]
