"""Synapse types of the user's own, written in the script."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pyNN.standardmodels.base import StandardSynapseType

from distsim.models import Parameter, State
from distsim.models.synapse_model import Trace, synapse_model
from distsim.pynn.cell_types import check_unit
from distsim.pynn.standardmodels import same_names
from distsim.pynn.synapse_types import SynapseType, checked_fraction

__all__ = ["synapse_type"]


def synapse_type(
    name: str,
    parameters: Sequence[Parameter] = (),
    states: Sequence[State] = (),
    source_states: Sequence[State] = (),
    source_traces: Sequence[Trace] = (),
    target_traces: Sequence[Trace] = (),
    *,
    arrive: Callable[..., Any],
    learn: Callable[..., Any] | None = None,
    release: Callable[..., Any] | None = None,
    derive: Callable[..., Mapping[str, Any]] | None = None,
    title: str = "",
    source: str = "",
) -> type[SynapseType]:
    """Return a synapse type of your own, for the native engine.

    Each function is plain Python for one synapse. It takes by name what it needs, as numbers:
    `weight`, the other variables, parameters, what `derive` gives, traces as they are just before
    the spike that it is called for, `dt` [ms], `elapsed` (since the source's spike before [ms],
    infinite for the first); `arrive` also `uniform` and `uniform_2`, numbers between 0 and 1, drawn
    for this synapse and spike, the same on any number of ranks. Numba compiles them at the first
    run, again when they, what they call or numbers that they find outside have changed.

    Parameters
    ----------
    name : str
        Of the type; give it to a variable of this name.
    parameters : sequence of Parameter
        ``Parameter(name, unit, default, meaning="", bound=Bound.NONE, below="")``, beside weight
        and delay. They may differ from synapse to synapse.
    states : sequence of State
        ``State(name, unit, initial=0.0)``: variables of each synapse, beside the weight.
    source_states : sequence of State
        Variables that follow from the source's spikes and the parameters alone; kept once for all
        synapses that share them.
    source_traces, target_traces : sequence of Trace
        ``Trace(name, time_constant, is_nearest=False)``: sums over past spikes of the source, or of
        the target, each counting 1 at first and decaying with a time constant, which is the name of
        a parameter. `is_nearest`: only the last spike counts.
    arrive : callable
        A spike of the source arrives: returns the weight, the states, and what is added to the
        target's receptor.
    learn : callable, optional
        A spike of the target reaches the synapse: returns the weight and the states.
    release : callable, optional
        Returns the source's variables after a spike of the source; called before `arrive`.
    derive : callable, optional
        ``derive(parameters, dt)`` returns more that functions can take, by name: numbers, or arrays
        of one number per synapse where parameters are arrays. It is not compiled.
    title, source : str
        What synapses it is of, and where it was published.

    Returns
    -------
    type
        A synapse type: ``MySynapse(weight=..., delay=..., dendritic_delay_fraction=1.0, ...)``.

    Raises
    ------
    ParameterError
        If something of the model cannot be; with the line of the function that it is in. What
        Numba cannot compile is told at the first run.

    Examples
    --------
    >>> import distsim as sim
    >>> from distsim.models import Bound, Parameter, Trace
    >>> Hebbian = sim.synapse_type(
    ...     "Hebbian",
    ...     [Parameter("tau", "ms", 20.0, "", Bound.POSITIVE), Parameter("rate", "", 0.01)],
    ...     source_traces=[Trace("before", "tau")],
    ...     learn=lambda weight, before, rate: weight * (1.0 + rate * before),
    ...     arrive=lambda weight: (weight, weight),
    ... )
    >>> Hebbian(weight=0.1, tau=10.0).parameter_space["tau"].base_value
    10.0
    """
    model = synapse_model(
        name,
        tuple(parameters),
        tuple(states),
        tuple(source_states),
        tuple(source_traces),
        tuple(target_traces),
        arrive=arrive,
        learn=learn,
        release=release,
        derive=derive or _nothing,
        title=title or f"Synapse type {name}.",
        source=source,
    )
    items: list[Any] = [*model.parameters, *model.initial_variables]
    for item in items:
        check_unit(item.unit, f"{item.name} of {name}")
    defaults = {"weight": 0.0, "delay": None, **{p.name: p.default for p in model.parameters}}
    units = {parameter.name: parameter.unit for parameter in model.parameters}
    parts = {"default_parameters": defaults, "units": units, "record": model, "__doc__": title}
    # as for classes, where pickles look for them
    parts["__module__"] = sys._getframe(1).f_globals.get("__name__", "__main__")
    kind = type(name, (_OwnSynapse, StandardSynapseType), parts)
    kind.translations = same_names(kind)  # type: ignore[attr-defined]
    return kind


class _OwnSynapse(SynapseType):
    """What all such types have in common."""

    def __init__(self, *, dendritic_delay_fraction: float = 1.0, **parameters: Any) -> None:
        self.dendritic_delay_fraction = checked_fraction(dendritic_delay_fraction, self)
        super().__init__(**parameters)


def _nothing(parameters: Any, dt: float) -> dict[str, Any]:
    return {}
