"""NEST's models of cells with several receptors, which it numbers from 1: those of PyNN."""

from distsim.engines.nest.models import ADAPTATION, MEMBRANE, TAU_M, NestModel, V, W
from distsim.models import CellModel
from distsim.models.point_neuron import ADEXP, PointModel

__all__ = ["point_neuron"]

# kinds of responses that all receptors of a leaky membrane have
LEAKY = {"CurrExp": "iaf_psc_exp_multisynapse", "CurrAlpha": "iaf_psc_alpha_multisynapse"}
# an alpha function is a beta function, too
BETA = {"CondAlpha", "CondBeta"}


def point_neuron(model: CellModel) -> NestModel | None:
    """Return what NEST calls a model of any receptors; None if it has none such."""
    if not isinstance(model, PointModel):
        return None
    kinds = {each.name for each in model.responses.values()}
    if model.membrane is ADEXP:
        return _adaptive(model, kinds) if kinds <= BETA else None
    if len(kinds) > 1 or not kinds <= set(LEAKY):
        return None
    names = tuple(f"{name}.tau_syn" for name in model.responses)
    variables = _variables(model, "isyn", "I_syn")
    return NestModel(
        LEAKY[kinds.pop()] if kinds else "iaf_psc_exp",
        MEMBRANE | TAU_M,
        V | variables,
        "current",
        unseen=tuple(nest_name for nest_name, _ in variables.values()),
        receptors=_ports(model),
        arrays={"tau_syn": names} if names else {},
    )


def _adaptive(model: PointModel, kinds: set[str]) -> NestModel:
    """Return NEST's adaptive exponential cell."""
    variables = _variables(model, "gsyn", "g")
    is_beta = "CondBeta" in kinds
    arrays = {"E_rev": tuple(f"{name}.e_syn" for name in model.responses)}
    for nest_name, attribute in (
        (("tau_rise", "tau_rise"), ("tau_decay", "tau")) if is_beta else (("tau_syn", "tau"),)
    ):
        arrays[nest_name] = tuple(
            f"{name}.{getattr(each, attribute)}" for name, each in model.responses.items()
        )
    return NestModel(
        f"aeif_cond_{'beta' if is_beta else 'alpha'}_multisynapse",
        MEMBRANE | ADAPTATION,
        V | W | variables,
        unseen=tuple(nest_name for nest_name, _ in variables.values()),
        receptors=_ports(model),
        arrays=arrays if kinds else {},
    )


def _ports(model: PointModel) -> tuple[int, ...]:
    return tuple(range(1, len(model.responses) + 1))


def _variables(model: PointModel, name: str, nest_name: str) -> dict[str, tuple[str, float]]:
    names = zip(model.responses, _ports(model), strict=True)
    return {f"{receptor}.{name}": (f"{nest_name}_{port}", 0.001) for receptor, port in names}
