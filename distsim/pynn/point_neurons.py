"""PyNN's composed cells: a membrane, with receptors of any names.

As in ``PointNeuron(AdExp(tau_m=10.0), AMPA=CondExpPostSynapticResponse(tau_syn=2.0))``.
"""

from copy import deepcopy
from functools import cache
from typing import Any, ClassVar

from pyNN.models import BaseModelType
from pyNN.parameters import ParameterSpace
from pyNN.standardmodels import StandardPostSynapticResponse
from pyNN.standardmodels import cells as pynn_cells
from pyNN.standardmodels import receptors as pynn_receptors

from distsim.errors import ParameterError
from distsim.models import CellModel
from distsim.models.point_neuron import MEMBRANES, Membrane, PointModel, point_model
from distsim.models.responses import (
    COND_ALPHA,
    COND_BETA,
    COND_EXP,
    CURR_ALPHA,
    CURR_EXP,
    Response,
)
from distsim.pynn.standardmodels import CheckedParameters, NeuronType, document, same_names

__all__ = [
    "LIF",
    "AdExp",
    "AlphaPSR",
    "BetaPSR",
    "CondAlpha",
    "CondAlphaPostSynapticResponse",
    "CondBeta",
    "CondBetaPostSynapticResponse",
    "CondExp",
    "CondExpPostSynapticResponse",
    "CurrAlpha",
    "CurrAlphaPostSynapticResponse",
    "CurrExp",
    "CurrExpPostSynapticResponse",
    "ExpPSR",
    "PointNeuron",
]


class _Component(CheckedParameters):
    """A part of a cell; it keeps what was given."""

    def __init__(self, **parameters: Any) -> None:
        self.given = parameters
        super().__init__(**parameters)


def _membrane(record: Membrane) -> Any:
    """Return PyNN's component of a membrane."""
    pynn_type = getattr(pynn_cells, record.name)
    return type(
        record.name,
        (_Component, pynn_type),
        {
            "__doc__": document(record),
            "__module__": __name__,
            "record": record,
            "translations": same_names(pynn_type),
            "recordable": ["spikes", *(state.name for state in record.states)],
        },
    )


def _response(record: Response) -> Any:
    """Return PyNN's component of a post-synaptic response, with `locations`, which PyNN has."""
    name = f"{record.name}PostSynapticResponse"
    value = record.states[0]
    defaults = {"locations": 0.5} | {each.name: each.default for each in record.parameters}
    # PyNN has no alpha-shaped current
    pynn_type = getattr(pynn_receptors, name, StandardPostSynapticResponse)
    kind: Any = type(
        name,
        (_Component, pynn_type),
        {
            "__doc__": document(record),
            "__module__": __name__,
            "record": record,
            "default_parameters": defaults,
            "default_initial_values": {value.name: value.initial},
            "units": {value.name: value.unit} | {p.name: p.unit for p in record.parameters},
            "recordable": [value.name],
            "conductance_based": record.is_conductance,
        },
    )
    kind.translations = same_names(kind)
    return kind


LIF = _membrane(MEMBRANES["LIF"])
AdExp = _membrane(MEMBRANES["AdExp"])
CurrExp = CurrExpPostSynapticResponse = _response(CURR_EXP)
CurrAlpha = CurrAlphaPostSynapticResponse = _response(CURR_ALPHA)
CondExp = CondExpPostSynapticResponse = ExpPSR = _response(COND_EXP)
CondAlpha = CondAlphaPostSynapticResponse = AlphaPSR = _response(COND_ALPHA)
CondBeta = CondBetaPostSynapticResponse = BetaPSR = _response(COND_BETA)


class PointNeuron(NeuronType, pynn_cells.PointNeuron):
    """Cell of a membrane and any number of receptors, by any names.

    Parameters, state variables and recordables of a receptor have its name before theirs, as in
    ``population.get("AMPA.tau_syn")`` and ``population.record("AMPA.gsyn")``. A weight is the peak
    of the response [nA] or [uS].

    Parameters
    ----------
    neuron : LIF or AdExp
        An instance.
    **post_synaptic_receptors : post-synaptic response
        Instances, such as ``AMPA=CondExpPostSynapticResponse(tau_syn=2.0)``.

    Raises
    ------
    ParameterError
        If something is no membrane, no response, or no name of a receptor.

    Notes
    -----
    Each combination has a class of its own, a subclass of this.
    """

    record: ClassVar[CellModel] = point_model(LIF.record, {})

    def __new__(cls, neuron: Any = None, **post_synaptic_receptors: Any) -> "PointNeuron":
        """Return a cell type of the class that its combination has."""
        if neuron is None:
            # copied, or without a membrane
            return super().__new__(cls)
        _check_parts(neuron, post_synaptic_receptors)
        responses = {name: each.record for name, each in post_synaptic_receptors.items()}
        record = point_model(neuron.record, responses)
        return super().__new__(_combination(cls, record))  # type: ignore[arg-type]

    def __init__(self, neuron: Any, **post_synaptic_receptors: Any) -> None:
        self.neuron = neuron
        self.post_synaptic_receptors = post_synaptic_receptors
        given = dict(neuron.given)
        for receptor, each in post_synaptic_receptors.items():
            # points have no locations
            own = {name: value for name, value in each.given.items() if name != "locations"}
            given |= {f"{receptor}.{name}": value for name, value in own.items()}
        plain = {name: self.plain(name, value) for name, value in given.items()}
        BaseModelType.__init__(self, **plain)

    def translate(self, parameters: ParameterSpace, copy: bool = True) -> ParameterSpace:
        """Return parameters, which have the same names and units in the engine."""
        return deepcopy(parameters) if copy else parameters

    @classmethod
    def is_conductance(cls, receptor: str) -> bool:
        """Return whether weights onto a receptor are conductances."""
        assert isinstance(cls.record, PointModel)
        return cls.record.responses[receptor].is_conductance


def _check_parts(neuron: Any, receptors: dict[str, Any]) -> None:
    """Raise if one of the parts is something else, or a class."""
    if not isinstance(getattr(neuron, "record", None), Membrane) or isinstance(neuron, type):
        raise ParameterError(
            f"neuron = {_shown(neuron)} of a PointNeuron must be an instance of LIF or AdExp, such "
            "as LIF(tau_m=20.0)"
        )
    for name, each in receptors.items():
        if not isinstance(getattr(each, "record", None), Response) or isinstance(each, type):
            raise ParameterError(
                f"receptor '{name}' = {_shown(each)} of a PointNeuron must be an instance of a "
                "post-synaptic response, such as CondExpPostSynapticResponse(tau_syn=5.0)",
                name=name,
            )


def _shown(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else repr(value)


@cache
def _combination(base: type[PointNeuron], record: PointModel) -> type[PointNeuron]:
    """Return the class of a combination: each time the same one."""
    shown = [state for state in record.states if state.is_recordable]
    return type(
        record.name,
        (base,),
        {
            "__doc__": document(record),
            "__module__": __name__,
            "record": record,
            "default_parameters": {each.name: each.default for each in record.parameters},
            "default_initial_values": {state.name: state.initial for state in shown},
            "units": {p.name: p.unit for p in record.parameters} | {s.name: s.unit for s in shown},
            "recordable": ["spikes", *(state.name for state in shown)],
            "receptor_types": tuple(record.responses),
            "conductance_based": bool(record.responses)
            and all(each.is_conductance for each in record.responses.values()),
        },
    )
