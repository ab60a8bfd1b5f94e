"""PyNN's PointNeuron: a membrane, and receptors of any names, each with a post-synaptic response.

A model is made once for each combination, and is then the same object, so that all populations of
that combination make up one group. Currents alone are integrated exactly with a leaky membrane;
with conductances it makes the Gauss steps of `distsim.kernels.conductance`, and an adaptive
exponential membrane makes an `adaptive_step`.
"""

import keyword
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from distsim.errors import ParameterError
from distsim.kernels.conductance import NODE_1, NODE_2
from distsim.kernels.point_neuron import (
    AdaptivePoint,
    ConductancePoint,
    CurrentPoint,
    Currents,
    Responses,
)
from distsim.models import propagators
from distsim.models.adaptive import ADAPTIVE_EXPONENTIAL, BRETTE_GERSTNER, membrane_of
from distsim.models.cell_model import (
    NativeModel,
    Parameter,
    Parameters,
    Receptor,
    State,
)
from distsim.models.if_cond import largest_conductance
from distsim.models.if_curr import constant_drive, threshold
from distsim.models.parts import membrane, potential
from distsim.models.responses import Response

__all__ = ["ADEXP", "LIF", "MEMBRANES", "Membrane", "PointModel", "point_model"]


# connectomes number them in 8 bits
MAX_RECEPTORS = 256


@dataclass(frozen=True)
class Membrane:
    """What is left of a cell without receptors.

    Attributes
    ----------
    name : str
        PyNN's.
    title : str
    parameters : tuple of Parameter
    states : tuple of State
        The first is v.
    source : str
        Where it was published.
    """

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    states: tuple[State, ...]
    source: str = ""


LIF = Membrane("LIF", "Leaky integrate-and-fire membrane.", membrane(), potential())
ADEXP = Membrane(
    "AdExp",
    "Adaptive exponential integrate-and-fire membrane.",
    ADAPTIVE_EXPONENTIAL,
    (*potential(-70.6), State("w", "nA")),
    BRETTE_GERSTNER,
)
# by PyNN's name
MEMBRANES = {each.name: each for each in (LIF, ADEXP)}


@dataclass(frozen=True, eq=False)
class PointModel(NativeModel):
    """A model of cells with one membrane and any receptors.

    Attributes
    ----------
    membrane : Membrane
    responses : dict of str to Response
        By the name of the receptor, in their order.
    """

    membrane: Membrane = field(kw_only=True)
    responses: Mapping[str, Response] = field(kw_only=True)

    @property
    def has_conductances(self) -> bool:
        """Whether some synapse opens a conductance."""
        return any(response.is_conductance for response in self.responses.values())


def point_model(membrane: Membrane, responses: Mapping[str, Response]) -> PointModel:
    """Return the model of a combination: each time the same object.

    Parameters
    ----------
    membrane : Membrane
    responses : mapping of str to Response
        By the name of the receptor, in any order; receptors are sorted by name, as PyNN has it.

    Raises
    ------
    ParameterError
        If a receptor's name is none, or that of something else.
    """
    own: list[Parameter | State] = [*membrane.parameters, *membrane.states]
    taken = {each.name for each in own} | {"spikes"}
    for name in responses:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise ParameterError(
                f"'{name}' cannot name a receptor; take letters, digits and '_', such as 'GABA_A'",
                name=name,
            )
        if name in taken:
            raise ParameterError(
                f"'{name}' cannot name a receptor, as it names a parameter or variable of "
                f"{membrane.name}; choose another, such as '{name}_syn'",
                name=name,
            )
    if len(responses) > MAX_RECEPTORS:
        raise ParameterError(f"{len(responses)} receptors; a cell has at most {MAX_RECEPTORS}")
    return _model(membrane, tuple(sorted(responses.items())))


@cache
def _model(membrane: Membrane, responses: tuple[tuple[str, Response], ...]) -> PointModel:
    parts = [membrane.name, *(f"{name}={each.name}" for name, each in responses)]
    drives: list[State] = []
    states = list(membrane.states)
    receptors = []
    for name, response in responses:
        value, *rest = _renamed(name, response.states)
        states.append(value)
        drives += rest
        receptors.append(Receptor(name, (rest or [value])[0].name))
    own = {name: _renamed(name, response.parameters) for name, response in responses}
    parameters = (*membrane.parameters, *(p for each in own.values() for p in each))

    def coefficients(p: Parameters, dt: float) -> NamedTuple:
        return _coefficients(model, p, dt)

    model = PointModel(
        f"PointNeuron({', '.join(parts)})",
        parameters,
        (*states, *drives),
        tuple(receptors),
        f"{membrane.title[:-1]} with the receptors {', '.join(dict(responses)) or 'of none'}.",
        membrane.source,
        coefficients=coefficients,
        membrane=membrane,
        responses=dict(responses),
    )
    return model


def _renamed(receptor: str, things: Iterable[Any]) -> list[Any]:
    """Return parameters or states with the receptor's name before theirs."""
    return [thing._replace(name=f"{receptor}.{thing.name}") for thing in things]


# --- coefficients ------------------------------------------------------------------------------


def _coefficients(model: PointModel, p: Parameters, dt: float) -> NamedTuple:
    if model.membrane is ADEXP:
        return _of_adaptive(model, p, dt)
    return (_of_conductances if model.has_conductances else _of_currents)(model, p, dt)


def _of_currents(model: PointModel, p: Parameters, dt: float) -> CurrentPoint:
    membrane = p["tau_m"], p["cm"]

    def to_v(each: Response, q: Parameters) -> Any:
        return propagators.current_to_v(dt, *membrane, q[each.tau])

    def drive_to_v(each: Response, q: Parameters) -> Any:
        return each.slope(q) * propagators.current_drive_to_v(dt, *membrane, q[each.tau])

    return CurrentPoint(
        **constant_drive(p, dt),
        keep=propagators.decay(dt, p["tau_m"]),
        **threshold(p, dt),
        responses=Currents(
            **_rows(model),
            to_v=_columns(model, p, to_v),
            drive_to_v=_columns(model, p, drive_to_v),
            **_at_end(model, p, dt),
        ),
    )


def _of_conductances(model: PointModel, p: Parameters, dt: float) -> ConductancePoint:
    drive = p["v_rest"] / p["tau_m"] + p["i_offset"] / p["cm"]
    shortest = _columns(model, p, lambda each, q: np.minimum(*each.times(q))).min(axis=0)
    return ConductancePoint(
        dt=dt,
        drive=drive.copy(),
        drive_rest=drive,
        drive_gain=1.0 / p["cm"],
        leak=1.0 / p["tau_m"],
        elastance=1.0 / p["cm"],
        g_max=largest_conductance(p, dt, shortest),
        **threshold(p, dt),
        responses=_responses(model, p, dt, (NODE_1, NODE_2)),
    )


def _of_adaptive(model: PointModel, p: Parameters, dt: float) -> AdaptivePoint:
    derived = membrane_of(p)
    return AdaptivePoint(
        dt=dt,
        drive=p["i_offset"].copy(),
        drive_rest=p["i_offset"].copy(),
        drive_gain=np.ones_like(p["cm"]),
        cm=p["cm"].copy(),
        g_leak=derived["g_leak"],
        v_rest=p["v_rest"].copy(),
        v_exponential=p["v_thresh"].copy(),
        delta=p["delta_T"].copy(),
        a=derived["a_uS"],
        b=p["b"].copy(),
        tau_w=p["tau_w"].copy(),
        **(threshold(p, dt) | {"v_thresh": derived["peak"]}),
        responses=_responses(model, p, dt, (0.5, 1.0)),
    )


def _responses(
    model: PointModel, p: Parameters, dt: float, fractions: tuple[float, float]
) -> Responses:
    """Return the coefficients of all receptors, with values at two fractions of a step."""

    def e_syn(each: Response, q: Parameters) -> Any:
        return q["e_syn"] if each.is_conductance else np.ones_like(q[each.tau])

    (keep_1, rise_1), (keep_2, rise_2) = (_after(model, p, part * dt) for part in fractions)
    return Responses(
        **_rows(model),
        pull=np.array([float(each.is_conductance) for each in model.responses.values()]),
        e_syn=_columns(model, p, e_syn),
        tau=_columns(model, p, lambda each, q: each.times(q)[0]),
        tau_rise=_columns(model, p, lambda each, q: each.times(q)[1]),
        slope=_columns(model, p, Response.slope),
        keep_1=keep_1,
        rise_1=rise_1,
        keep_2=keep_2,
        rise_2=rise_2,
        **_at_end(model, p, dt),
        synapses=np.zeros((len(model.responses), 6)),
    )


def _rows(model: PointModel) -> dict[str, np.ndarray]:
    """Return the rows of the state that hold each receptor's response, and what drives it."""
    states = [[f"{name}.{s.name}" for s in r.states] for name, r in model.responses.items()]
    rows = [[model.state_row(name) for name in names] for names in states]
    return {
        "value_row": np.array([each[0] for each in rows], np.int64),
        "drive_row": np.array([each[1] if len(each) > 1 else -1 for each in rows], np.int64),
    }


def _at_end(model: PointModel, p: Parameters, dt: float) -> dict[str, np.ndarray]:
    keep, rise = _after(model, p, dt)

    def drive_keep(each: Response, q: Parameters) -> Any:
        return propagators.decay(dt, each.times(q)[1])

    return {"keep": keep, "rise": rise, "drive_keep": _columns(model, p, drive_keep)}


def _after(model: PointModel, p: Parameters, h: float) -> tuple[np.ndarray, np.ndarray]:
    return (
        _columns(model, p, lambda each, q: each.after(h, q)[0]),
        _columns(model, p, lambda each, q: each.after(h, q)[1]),
    )


def _columns(
    model: PointModel, p: Parameters, value: Callable[[Response, Parameters], Any]
) -> np.ndarray:
    """Return a value of each receptor in each cell, shape (n_receptors, n_local)."""
    columns = [
        value(each, {own.name: p[f"{name}.{own.name}"] for own in each.parameters})
        for name, each in model.responses.items()
    ]
    return np.array(columns, np.float64).reshape(len(columns), p["cm"].size)
