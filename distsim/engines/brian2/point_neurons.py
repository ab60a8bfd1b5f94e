"""Cells of a membrane and any receptors, as equations that Brian integrates."""

from distsim.engines.brian2.models import (
    ADEXP,
    ADEXP_SPIKE,
    COND,
    MEMBRANE,
    TWO_CONDUCTANCES,
    Brian2Model,
    brian_name,
)
from distsim.models import CellModel
from distsim.models.cell_model import Parameters
from distsim.models.point_neuron import ADEXP as ADEXP_MEMBRANE
from distsim.models.point_neuron import PointModel

__all__ = ["point_neuron_model"]


def point_neuron_model(model: CellModel) -> Brian2Model | None:
    """Return a model of any receptors in Brian's words; None if it is another model."""
    if not isinstance(model, PointModel):
        return None
    currents, equations, pulls = [], "", []
    for name, response in model.responses.items():
        value, *drive = (brian_name(f"{name}.{state.name}") for state in response.states)
        tau = brian_name(f"{name}.{response.tau}")
        names = {brian_name(f"{name}.{parameter.name}") for parameter in response.parameters}
        slope = brian_name(f"{name}.slope")
        if drive:
            tau_rise = brian_name(f"{name}.{response.tau_rise}")
            equations += f"d{value}/dt = ({slope} * {drive[0]} - {value} / {tau}) / ms : 1\n"
            equations += f"d{drive[0]}/dt = -{drive[0]} / {tau_rise} / ms : 1\n"
            names.add(slope)
        else:
            equations += f"d{value}/dt = -{value} / {tau} / ms : 1\n"
        equations += "".join(f"{each} : 1\n" for each in sorted(names))
        if response.is_conductance:
            currents.append(f"{value} * ({brian_name(f'{name}.e_syn')} - v)")
            pulls.append((value, 1.0))
        else:
            currents.append(value)

    def translate(p: Parameters) -> Parameters:
        return {**p, **_slopes(model, p)}

    is_adaptive = model.membrane is ADEXP_MEMBRANE
    membrane = (ADEXP if is_adaptive else COND).replace(TWO_CONDUCTANCES, _sum(currents))
    return Brian2Model(
        membrane + MEMBRANE + equations,
        tuple(brian_name(receptor.state) for receptor in model.receptors),
        conductances=tuple(pulls),
        translate=translate,
        **(ADEXP_SPIKE if is_adaptive else {}),
    )


def _sum(terms: list[str]) -> str:
    return " + ".join(terms) or "0"


def _slopes(model: PointModel, p: Parameters) -> Parameters:
    """Return what a drive of 1 makes of each response that is driven, at first [1/ms]."""
    return {
        f"{name}.slope": each.slope({q.name: p[f"{name}.{q.name}"] for q in each.parameters})
        for name, each in model.responses.items()
        if each.is_driven
    }
