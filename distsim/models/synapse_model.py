"""What is said of a synapse model, once: its parameters, variables, traces, and what spikes do.

A synapse is looked at when a spike arrives by it, as Morrison et al. [1]_ have it: first at the
spikes that its target has made meanwhile, one after another, then at the one that arrives. What
happens is given by plain functions for one synapse, which take by name what they need:

- ``weight`` and the synapse's other variables; parameters; what `derive` has derived from them,
- traces of the source's spikes, as they are just before the spike that the function is called for,
- traces of the target's spikes that have reached the synapse before,
- ``dt`` [ms]; ``elapsed`` [ms], the time since the source's spike before, infinite for its first,
- ``uniform`` and ``uniform_2``, two numbers between 0 and 1, drawn at random for this spike of the
  source and this synapse.

Where a delay d has a dendritic part, spikes of the target reach the synapse that much later, and
those of the source so much earlier than they reach the target. Spikes of both sides that meet at
the synapse in the same step do not see each other in traces.

References
----------
.. [1] A. Morrison, A. Aertsen and M. Diesmann, "Spike-timing-dependent plasticity in balanced
   random networks", Neural Computation 19, 1437-1467 (2007).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from distsim.errors import ParameterError, did_you_mean
from distsim.models.cell_model import Parameter, State
from distsim.models.functions import Given, argument_names, checksum
from distsim.models.one_cell_checks import (
    check_function,
    check_items,
    check_number,
    check_once,
    check_parameter,
    explain,
)

__all__ = ["STATIC", "SynapseModel", "Trace", "synapse_model"]

# what a function may take besides variables, traces, parameters and what is derived
GIVEN = ("dt", "elapsed", "uniform", "uniform_2")


class Trace(NamedTuple):
    """A sum over past spikes of one cell, each counting 1 at first and decaying exponentially.

    Attributes
    ----------
    name : str
    time_constant : str
        The parameter that is its time constant [ms]; the same for all synapses of a projection.
    is_nearest : bool
        Whether only the last spike counts.
    """

    name: str
    time_constant: str
    is_nearest: bool = False


@dataclass(frozen=True, eq=False)
class SynapseModel:
    """A model of synapses whose variables change as spikes come.

    Attributes
    ----------
    name : str
    parameters : tuple of Parameter
        Beside weight and delay.
    states : tuple of State
        Variables of each synapse, beside the weight.
    source_states : tuple of State
        Variables that follow from the source's spikes and the parameters alone.
    source_traces, target_traces : tuple of Trace
    functions : mapping of str to Given
        Of these: 'release', 'arrive', 'learn'.
    derive : callable
        ``derive(parameters, dt)`` returns more that functions can take, by name.
    target_parameters : mapping of str to str
        Parameters that are taken from the target, by their names: for a receptor type.
    title, source : str
        What synapses it is of, in a line; where it was published.
    equations : tuple of str
    checksum : str
        Of all that its functions are.
    n_sides : int
        Into how many of the two cells a current flows that follows from the potentials of both: 2
        of a gap junction; 1: into the target; 0: there is none. Such synapses carry no spikes.
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    states: tuple[State, ...] = ()
    source_states: tuple[State, ...] = ()
    source_traces: tuple[Trace, ...] = ()
    target_traces: tuple[Trace, ...] = ()
    functions: Mapping[str, Given] = field(default_factory=dict)
    derive: Callable[..., Mapping[str, Any]] = lambda parameters, dt: {}
    title: str = ""
    source: str = ""
    equations: tuple[str, ...] = ()
    checksum: str = ""
    n_sides: int = 0

    @property
    def is_electrical(self) -> bool:
        """Whether its synapses carry currents that follow from potentials."""
        return self.n_sides > 0

    @property
    def is_static(self) -> bool:
        """Whether its synapses add the same to the target at every spike."""
        return not self.functions and not self.is_electrical

    @property
    def is_learning(self) -> bool:
        """Whether it looks at spikes of the target."""
        return "learn" in self.functions or bool(self.target_traces)

    @property
    def draws(self) -> bool:
        """Whether it takes random numbers."""
        taken = {n for f in self.functions.values() for n in argument_names(f.function)}
        return bool(taken & {"uniform", "uniform_2"})

    @property
    def state_names(self) -> list[str]:
        """What functions may assign to: variables."""
        return self.variable_names

    @property
    def returned(self) -> dict[str, list[str]]:
        """What each function returns."""
        own = self.column_names(is_shared=True)
        of_source = [s.name for s in self.source_states]
        return {"release": of_source, "arrive": [*own, "transmitted"], "learn": own}

    def check_code(self) -> None:
        """Raise if a function cannot be compiled, or returns what it should not."""
        for key, given in self.functions.items():
            explain(given, self.returned[key])

    @property
    def initial_variables(self) -> tuple[State, ...]:
        """The variables beside the weight."""
        return (*self.states, *self.source_states)

    @property
    def variable_names(self) -> list[str]:
        """What can be read of a synapse that changes: the weight first."""
        return self.column_names(is_shared=False)

    def column_names(self, is_shared: bool) -> list[str]:
        """Return the variables that each synapse has, in their order.

        Parameters
        ----------
        is_shared : bool
            Whether those of the source are the same for all synapses of a run.
        """
        own = ["weight", *(s.name for s in self.states)]
        return own if is_shared else [*own, *(s.name for s in self.source_states)]

    @property
    def parameter_names(self) -> list[str]:
        """Names of the parameters."""
        return [parameter.name for parameter in self.parameters]

    def check(self, values: Mapping[str, Any], label: str) -> None:
        """Raise if a parameter of some synapse has a value that it cannot have.

        Parameters
        ----------
        values : mapping of str to float or ndarray of float64
            Of parameters, and perhaps of the weight.
        label : str
            Of the projection.

        Raises
        ------
        ParameterError
        """
        self._check_weights(values, label)
        for parameter in self.parameters:
            if parameter.name not in values:
                continue
            mine = np.asarray(values[parameter.name], np.float64)
            is_wrong = ~np.isfinite(mine) | parameter.bound.are_outside(mine)
            allowed = f"finite and {parameter.bound.value}"
            if parameter.below and parameter.below in values:
                above = np.asarray(values[parameter.below], np.float64)
                is_above = mine > above
                if not is_wrong.any() and is_above.any():
                    is_wrong, mine = is_above, np.broadcast_to(mine, is_above.shape)
                    allowed = f"not above '{parameter.below}'"
            if is_wrong.any():
                value = float(mine[is_wrong].flat[0])
                raise ParameterError(
                    f"{parameter.name} = {value:g} of the {self.name} of '{label}' must be "
                    f"{allowed}",
                    name=parameter.name,
                    value=value,
                )

    def _check_weights(self, values: Mapping[str, Any], label: str) -> None:
        """Raise if a weight is not within the bounds that the model gives it."""
        if "weight" not in values or "w_min" not in values or "w_max" not in values:
            return
        each = np.broadcast_arrays(*(values[name] for name in ("weight", "w_min", "w_max")))
        weight, low, high = (np.atleast_1d(np.asarray(x, np.float64)) for x in each)
        is_wrong = (weight < low) | (weight > high)
        if is_wrong.any():
            k = int(np.argmax(is_wrong))
            raise ParameterError(
                f"weight = {weight.flat[k]:g} of the {self.name} of '{label}' must be from w_min = "
                f"{low.flat[k]:g} to w_max = {high.flat[k]:g}",
                name="weight",
                value=float(weight.flat[k]),
            )


STATIC = SynapseModel("StaticSynapse", title="Synapse with constant weight.")


def synapse_model(
    name: str,
    parameters: tuple[Parameter, ...] = (),
    states: tuple[State, ...] = (),
    source_states: tuple[State, ...] = (),
    source_traces: tuple[Trace, ...] = (),
    target_traces: tuple[Trace, ...] = (),
    *,
    arrive: Callable[..., Any],
    release: Callable[..., Any] | None = None,
    learn: Callable[..., Any] | None = None,
    derive: Callable[..., Mapping[str, Any]] = lambda parameters, dt: {},
    title: str = "",
    source: str = "",
    equations: tuple[str, ...] = (),
) -> SynapseModel:
    """Return a model of synapses, from functions for one.

    Parameters
    ----------
    name, parameters, states, source_states, source_traces, target_traces
        As for `SynapseModel`.
    arrive : callable
        A spike of the source arrives: returns the weight, the other variables of the synapse in
        their order, and what is added to the target's state.
    release : callable, optional
        Returns the source's variables after a spike of the source; called before `arrive`.
    learn : callable, optional
        A spike of the target reaches the synapse: returns the weight, and the other variables.
    derive : callable, optional
        ``derive(parameters, dt)`` returns numbers or arrays that functions can take, by name.
    title, source, equations
        As for `SynapseModel`.

    Raises
    ------
    ParameterError
        If something of the model cannot be.
    """
    functions = {"release": release, "arrive": arrive, "learn": learn}
    given = {key: Given(f, key, name) for key, f in functions.items() if f is not None}
    model = SynapseModel(
        name,
        tuple(parameters),
        tuple(states),
        tuple(source_states),
        tuple(source_traces),
        tuple(target_traces),
        given,
        derive,
        title,
        source,
        tuple(equations),
        checksum=checksum(
            name,
            {key: f.function for key, f in given.items()},
            [(s.name, s.initial) for s in (*states, *source_states)],
            *(source_traces, target_traces, derive),
        ),
    )
    _check(model)
    return model


def _check(model: SynapseModel) -> None:
    """Raise if something of a model cannot be."""
    check_items(
        model.name.partition(" ")[0],
        "a synapse type",
        (
            ("parameters", Parameter, model.parameters),
            ("states", State, model.initial_variables),
            ("traces", Trace, (*model.source_traces, *model.target_traces)),
        ),
    )
    for state in model.initial_variables:
        check_number(state.initial, f"the initial {state.name} of {model.name}")
    for parameter in model.parameters:
        check_parameter(parameter, model)
    for trace in (*model.source_traces, *model.target_traces):
        if trace.time_constant not in model.parameter_names:
            hint = did_you_mean(trace.time_constant, model.parameter_names)
            raise ParameterError(
                f"trace '{trace.name}' of {model.name} has the time constant "
                f"'{trace.time_constant}', no parameter; {hint}"
            )
    model.check({p.name: p.default for p in model.parameters}, "its defaults")
    examples = {p.name: p.default for p in model.parameters}
    derived = model.derive(examples, 0.1)
    sources, targets = ([t.name for t in ts] for ts in (model.source_traces, model.target_traces))
    own = model.column_names(is_shared=True)
    of_source = [s.name for s in model.source_states]
    check_once(
        model.name, [*own, *of_source, *model.parameter_names, *derived, *sources, *targets, *GIVEN]
    )
    common = [*examples, *derived, "dt", "elapsed"]
    drawn = ["uniform", "uniform_2"]
    takes = {
        "release": [*of_source, *sources, *common],
        "arrive": [*own, *of_source, *sources, *targets, *common, *drawn],
        "learn": [*own, *of_source, *sources, *targets, *common],
    }
    returned = model.returned
    for key, given in model.functions.items():
        check_function(given, model, [*takes[key], "tau_psc"], returned[key])
