"""Cell types of the user's own, written in the script."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from distsim.errors import ParameterError
from distsim.models import Parameter, Receptor, State
from distsim.models.one_cell import Derive, one_cell_model
from distsim.pynn.standardmodels import NeuronType, type_of

__all__ = ["cell_type", "check_unit"]


def cell_type(
    name: str,
    parameters: Sequence[Parameter],
    states: Sequence[State],
    receptors: Sequence[Receptor] = (),
    *,
    step: Callable[..., Any],
    is_spiking: Callable[..., Any],
    spike: Callable[..., Any],
    derive: Derive | None = None,
    title: str = "",
    source: str = "",
) -> type[NeuronType]:
    """Return a cell type of your own, for the native engine.

    Each function is plain Python for one cell. It takes by name what it needs, as numbers: state
    variables, parameters, what `derive` gives, `dt` [ms], `i_injected` [nA] (the current of current
    sources, which cannot be injected where no function takes it), `is_refractory` and `uniform` (a
    number between 0 and 1, drawn for this cell and step, the same on any number of ranks). It may
    call other such functions, and use numbers defined outside of it, as they were when the type was
    made. Numba compiles them at the first run, again when they, what they call or these numbers
    have changed, and not otherwise.

    Parameters
    ----------
    name : str
        Of the type; give it to a variable of this name.
    parameters : sequence of Parameter
        ``Parameter(name, unit, default, meaning="", bound=Bound.NONE, below="")``. One called
        `tau_refrac` is the refractory period [ms].
    states : sequence of State
        ``State(name, unit, initial=0.0, is_recordable=True)``.
    receptors : sequence of Receptor
        ``Receptor(name, state)``: a spike adds its weight to that state variable, in its unit.
        The cells are conductance-based if all these units are uS or nS.
    step : callable
        Returns all state variables, in their order, a time step later, before input is added; of
        one variable, its number. It may assign to state variables that it takes, but to nothing
        else that it takes.
    is_spiking : callable
        Returns whether the cell spikes, after input was added.
    spike : callable
        Returns all state variables of a cell that spikes, as they go on.
    derive : callable, optional
        ``derive(parameters, dt)`` returns more that functions can take, by name: arrays of one
        number per cell, or one number for all. Called where parameters change, not in each step;
        it is not compiled. A cell's numbers may depend on the parameters of that cell alone.
    title, source : str
        What cells it is of, and where it was published; for the documentation of the type.

    Returns
    -------
    type
        A PyNN cell type. A subclass can have other `default_parameters`.

    Raises
    ------
    ParameterError
        If something of the model cannot be; with the line of the function that it is in. What
        Numba cannot compile is told at the first run.

    Examples
    --------
    >>> import distsim as sim
    >>> from distsim.models import Bound, Parameter, Receptor, State
    >>> Integrator = sim.cell_type(
    ...     "Integrator",
    ...     [Parameter("tau", "ms", 10.0, "time constant", Bound.POSITIVE)],
    ...     [State("v", "mV")],
    ...     [Receptor("excitatory", "v")],
    ...     step=lambda v, tau, dt: v - v * dt / tau,
    ...     is_spiking=lambda v: v >= 1.0,
    ...     spike=lambda: 0.0,
    ... )
    >>> Integrator(tau=5.0).parameter_space["tau"].base_value
    5.0
    """
    model = one_cell_model(
        name,
        tuple(parameters),
        tuple(states),
        tuple(receptors),
        step=step,
        is_spiking=is_spiking,
        spike=spike,
        derive=derive or _nothing,
        title=title or f"Cell type {name}.",
        source=source,
    )
    for parameter in model.parameters:
        check_unit(parameter.unit, f"{parameter.name} of {name}")
    for state in model.states:
        check_unit(state.unit, f"{state.name} of {name}")
    # as for classes, where pickles look for them
    return type_of(model, sys._getframe(1).f_globals.get("__name__", "__main__"))


def _nothing(parameters: Any, dt: float) -> dict[str, Any]:
    return {}


def check_unit(unit: Any, what: str) -> None:
    """Raise if a text is no unit."""
    # it takes long to be loaded
    import quantities

    try:
        quantities.Quantity(1.0, unit)
    except Exception as error:  # of any kind, whatever the text is
        raise ParameterError(
            f"{unit!r} is no unit of {what}; give one such as 'mV', 'nA', 'uS', '1/ms' or 'mV/ms', "
            "or '' for plain numbers",
            value=unit,
        ) from error
