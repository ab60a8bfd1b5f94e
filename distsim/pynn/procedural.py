"""PyNN's procedural functions, and the list of cell types."""

from pyNN import common
from pyNN.common.procedural_api import set  # noqa: A004 - PyNN's name

from distsim.engines.registry import engine_entry
from distsim.pynn import simulator, spike_sources, standardmodels
from distsim.pynn.connectors import FixedProbabilityConnector
from distsim.pynn.populations import Population
from distsim.pynn.projections import Projection
from distsim.pynn.standardmodels import NeuronType, StandardCell
from distsim.pynn.synapse_types import StaticSynapse

__all__ = [
    "connect",
    "create",
    "list_standard_models",
    "record",
    "record_gsyn",
    "record_v",
    "set",
]

create = common.build_create(Population)
connect = common.build_connect(Projection, FixedProbabilityConnector, StaticSynapse)
record = common.build_record(simulator)


def record_v(source: object, filename: str) -> None:
    """Record the membrane potential of cells to a file."""
    record(["v"], source, filename)


def record_gsyn(source: object, filename: str) -> None:
    """Record the synaptic conductances of cells to a file."""
    record(["gsyn_exc", "gsyn_inh"], source, filename)


def list_standard_models() -> list[str]:
    """Return the names of the cell types that the chosen engine has.

    Examples
    --------
    >>> "IF_curr_exp" in list_standard_models()
    True
    """
    engine = engine_entry(simulator.state.setup.engine).load()
    models = {
        name: getattr(module, name)
        for module in (standardmodels, spike_sources)
        for name in module.__all__
    }
    types = {name: model for name, model in models.items() if isinstance(model, type)}
    return [
        name
        for name, model in types.items()
        if issubclass(model, StandardCell) and model not in (StandardCell, NeuronType)
        if not issubclass(model, NeuronType) or engine.has(model.record)
    ]
