"""PyNN's standard synapse types: each has the record of what its synapses do."""

import inspect
import math
from typing import Any, ClassVar

import numpy as np
from pyNN.parameters import ParameterSpace
from pyNN.standardmodels import build_translations
from pyNN.standardmodels import synapses as pynn_synapses

from distsim.errors import ParameterError
from distsim.models.electrical import ELECTRICAL, ONE_SIDED
from distsim.models.short_term import (
    MULTI_QUANTAL,
    SIMPLE_STOCHASTIC,
    STOCHASTIC_TSODYKS_MARKRAM,
    TSODYKS_MARKRAM,
)
from distsim.models.stdp import stdp_model
from distsim.models.synapse_model import STATIC, SynapseModel
from distsim.pynn.checks import plain_numbers
from distsim.pynn.signatures import with_signature_of
from distsim.pynn.simulator import state
from distsim.pynn.standardmodels import (
    CheckedParameters,
    UnknownParameterError,
    same_names,
    unknown_parameter,
)
from distsim.pynn.values import as_function

__all__ = [
    "AdditivePotentiationMultiplicativeDepression",
    "AdditiveWeightDependence",
    "ElectricalSynapse",
    "GutigWeightDependence",
    "MultiQuantalSynapse",
    "MultiplicativeWeightDependence",
    "STDPMechanism",
    "SimpleStochasticSynapse",
    "SpikePairRule",
    "StaticSynapse",
    "StochasticTsodyksMarkramSynapse",
    "SynapseType",
    "TsodyksMarkramSynapse",
    "Vogels2011Rule",
    "checked_fraction",
]


class SynapseType(CheckedParameters):
    """What the front end needs of every synapse type.

    Attributes
    ----------
    record : SynapseModel
    dendritic_delay_fraction : float
    """

    record: SynapseModel
    dendritic_delay_fraction: float = 1.0

    def __init__(self, **parameters: Any) -> None:
        self._has_smallest_delay = parameters.get("delay") is None
        super().__init__(**{name: as_function(value) for name, value in parameters.items()})

    @property
    def parameter_space(self) -> ParameterSpace:
        """Weight, delay and all else."""
        if self._has_smallest_delay and state.is_set_up:
            self._parameter_space.update(delay=state.min_delay)
        return self._parameter_space

    @parameter_space.setter
    def parameter_space(self, value: ParameterSpace) -> None:
        self._parameter_space = value

    def _get_minimum_delay(self) -> float:
        return math.nan  # of no simulation yet

    def check_name(self, name: str) -> None:
        """Raise if there is no such parameter that can be set."""
        if name not in self.default_parameters:  # type: ignore[attr-defined]
            raise unknown_parameter(name, type(self))


def checked_fraction(value: Any, synapse_type: Any) -> float:
    """Return a dendritic part of delays.

    Raises
    ------
    ParameterError
        If it is no number from 0 to 1.
    """
    name = type(synapse_type).__name__
    fraction = plain_numbers(value, f"dendritic_delay_fraction of {name}")
    if np.ndim(fraction) or not 0.0 <= fraction <= 1.0:
        raise ParameterError(
            f"dendritic_delay_fraction = {value!r} of {name} must be a number from 0 to 1",
            value=value,
        )
    return float(fraction)


class StaticSynapse(SynapseType, pynn_synapses.StaticSynapse):
    """Connection with constant weight and delay.

    Parameters
    ----------
    weight : float, RandomDistribution, ndarray or function of distance
        [nA], [uS] or [mV], as the target's model has it; default 0.
    delay : float, RandomDistribution, ndarray or function of distance
        [ms]; default the smallest delay of the simulation that it is used in.
    """

    translations = same_names(pynn_synapses.StaticSynapse)
    record = STATIC


class ElectricalSynapse(SynapseType, pynn_synapses.ElectricalSynapse):
    """Gap junction: a conductance between two membranes; it has no delay.

    Parameters
    ----------
    weight : float, RandomDistribution, ndarray or function of distance
        Conductance [uS], 0 or above; default 0.
    is_symmetric : bool
        Whether the current flows into both cells, as PyNN has it; False: only into the target.

    Notes
    -----
    Each connection is one junction: where a projection connects two cells in both directions, there
    are two between them. What flows into cell i over a step is ``weight (u_j - u_i)``, where u are
    the potentials that are expected in the middle of the step: a method of order 2.
    """

    translations = same_names(pynn_synapses.ElectricalSynapse)
    # those of PyNN are of the receptor type; projections have their own
    parameter_checks: ClassVar[dict[str, Any]] = {}

    def __init__(self, *, is_symmetric: bool = True, **parameters: Any) -> None:
        for name in parameters:
            self.check_name(name)
        if not isinstance(is_symmetric, bool):
            raise ParameterError(
                f"is_symmetric = {is_symmetric!r} of ElectricalSynapse must be True or False"
            )
        super().__init__(**parameters)
        self._has_smallest_delay = False
        self.record = ELECTRICAL if is_symmetric else ONE_SIDED

    def check_name(self, name: str) -> None:
        """Raise if there is no such parameter."""
        if name.removesuffix("s") == "delay":
            raise UnknownParameterError(
                "electrical synapses have no delay: their current follows from the potentials at "
                "the same time; leave it out",
                parameter_name=name,
                model_name="ElectricalSynapse",
                valid_parameter_names=["weight"],
            )
        super().check_name(name)


# --- short-term dynamics, and chance ------------------------------------------------------------


class TsodyksMarkramSynapse(SynapseType, pynn_synapses.TsodyksMarkramSynapse):
    """Connection with facilitation and depression, as of Tsodyks, Uziel and Markram (2000).

    Parameters
    ----------
    weight, delay
        As of a `StaticSynapse`.
    U : float, RandomDistribution, ndarray or function of distance
        Part of the resources that a spike uses; default 0.5.
    tau_rec, tau_facil
        Time constants of recovery and of facilitation [ms]; defaults 100 and 0: no facilitation.

    Notes
    -----
    What a spike has released becomes inactive with the time constant of the target's receptor type,
    as in PyNN's other back ends.
    """

    translations = same_names(pynn_synapses.TsodyksMarkramSynapse)
    record = TSODYKS_MARKRAM


class SimpleStochasticSynapse(SynapseType, pynn_synapses.SimpleStochasticSynapse):
    """Connection that transmits each spike with a probability.

    Parameters
    ----------
    weight, delay
        As of a `StaticSynapse`.
    p : float, RandomDistribution, ndarray or function of distance
        The probability; default 0.5.
    """

    translations = same_names(pynn_synapses.SimpleStochasticSynapse)
    record = SIMPLE_STOCHASTIC


class StochasticTsodyksMarkramSynapse(SynapseType, pynn_synapses.StochasticTsodyksMarkramSynapse):
    """Connection with facilitation and depression that has one vesicle (Fuhrmann et al. 2002).

    Parameters
    ----------
    weight, delay, U, tau_rec, tau_facil
        As of a `TsodyksMarkramSynapse`.
    """

    translations = same_names(pynn_synapses.StochasticTsodyksMarkramSynapse)
    record = STOCHASTIC_TSODYKS_MARKRAM


class MultiQuantalSynapse(SynapseType, pynn_synapses.MultiQuantalSynapse):
    """Connection with facilitation and depression that has several release sites.

    Parameters
    ----------
    weight, delay, U, tau_rec, tau_facil
        As of a `TsodyksMarkramSynapse`, but a default of 800 ms for `tau_rec`.
    n : int
        Number of release sites; if all release, `weight` is transmitted. Default 1.
    """

    translations = same_names(pynn_synapses.MultiQuantalSynapse)
    record = MULTI_QUANTAL

    def __init__(self, **parameters: Any) -> None:
        if isinstance(parameters.get("n"), int):
            parameters["n"] = float(parameters["n"])
        super().__init__(**parameters)

    def get_schema(self) -> dict[str, type]:
        """Return the types of the parameters; a number of sites may be drawn."""
        return {**super().get_schema(), "n": float}


# --- plasticity ---------------------------------------------------------------------------------


class _Component(CheckedParameters):
    """A part of an `STDPMechanism`; parameters may be given without their names, as in PyNN."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__init__ = with_signature_of(cls.__bases__[-1], cls.__init__)  # type: ignore[method-assign]

    def __init__(self, *values: Any, **parameters: Any) -> None:
        given = inspect.signature(type(self)).bind_partial(*values).arguments
        for name in given.keys() & parameters:
            raise ParameterError(f"{name} of {type(self).__name__} is given twice", name=name)
        parameters.update(given)
        super().__init__(**{name: as_function(value) for name, value in parameters.items()})

    possible_models: ClassVar[set[str]] = {"native"}


class AdditiveWeightDependence(_Component, pynn_synapses.AdditiveWeightDependence):
    """A weight changes by the same, whatever it is, and stays within its bounds.

    Parameters
    ----------
    w_min, w_max : float
        Bounds [nA or uS]; defaults 0 and 1.
    """

    translations = same_names(pynn_synapses.AdditiveWeightDependence)


class MultiplicativeWeightDependence(_Component, pynn_synapses.MultiplicativeWeightDependence):
    """A weight changes in proportion to its distance from the bound that it goes to.

    Parameters
    ----------
    w_min, w_max : float
        Bounds [nA or uS]; defaults 0 and 1.
    """

    translations = same_names(pynn_synapses.MultiplicativeWeightDependence)


class AdditivePotentiationMultiplicativeDepression(
    _Component, pynn_synapses.AdditivePotentiationMultiplicativeDepression
):
    """A weight grows by the same whatever it is, and falls in proportion to itself.

    Parameters
    ----------
    w_min, w_max : float
        Bounds [nA or uS]; defaults 0 and 1.
    """

    translations = same_names(pynn_synapses.AdditivePotentiationMultiplicativeDepression)


class GutigWeightDependence(_Component, pynn_synapses.GutigWeightDependence):
    """A weight changes by powers of its distance from the bounds, as of Gütig et al. (2003).

    Parameters
    ----------
    w_min, w_max : float
        Bounds [nA or uS]; defaults 0 and 1.
    mu_plus, mu_minus : float
        Exponents of potentiation and depression; defaults 0.5.
    """

    translations = same_names(pynn_synapses.GutigWeightDependence)


class SpikePairRule(_Component, pynn_synapses.SpikePairRule):
    """All pairs of spikes change a weight, by their distance in time (Song et al. 2000).

    Parameters
    ----------
    tau_plus, tau_minus : float
        Time constants of potentiation and depression [ms]; defaults 20.
    A_plus, A_minus : float
        Amplitudes; defaults 0.01.
    """

    translations = same_names(pynn_synapses.SpikePairRule)


class Vogels2011Rule(_Component, pynn_synapses.Vogels2011Rule):
    """Inhibitory plasticity that brings targets to a rate (Vogels et al. 2011).

    Parameters
    ----------
    tau : float
        Time constant of the window [ms]; default 20.
    eta : float
        Learning rate, in the unit of weights; default 1e-10.
    rho : float
        Rate of the targets [1/ms]; the default of 3 is PyNN's.
    """

    translations = same_names(pynn_synapses.Vogels2011Rule)


class STDPMechanism(SynapseType, pynn_synapses.STDPMechanism):
    """Connection whose weight depends on the times of spikes of both sides.

    Parameters
    ----------
    timing_dependence : SpikePairRule or Vogels2011Rule
    weight_dependence : AdditiveWeightDependence and others
        A Vogels2011Rule goes with an AdditiveWeightDependence.
    voltage_dependence : None
    dendritic_delay_fraction : float
        What part of a delay is after the synapse, rounded to whole steps; default 1.
    weight, delay
        As of a `StaticSynapse`; weights are at first within the bounds.
    """

    def __init__(
        self,
        timing_dependence: Any = None,
        weight_dependence: Any = None,
        voltage_dependence: Any = None,
        dendritic_delay_fraction: float = 1.0,
        weight: Any = 0.0,
        delay: Any = None,
    ) -> None:
        for name, part, kind in (
            ("timing_dependence", timing_dependence, pynn_synapses.STDPTimingDependence),
            ("weight_dependence", weight_dependence, pynn_synapses.STDPWeightDependence),
        ):
            if not (isinstance(part, _Component) and isinstance(part, kind)):
                raise ParameterError(
                    f"{name} = {part!r} of STDPMechanism; give one, such as "
                    + ("SpikePairRule()" if "timing" in name else "AdditiveWeightDependence()")
                )
        if voltage_dependence is not None:
            raise ParameterError("voltage_dependence of STDPMechanism: PyNN has none; leave it out")
        fraction = checked_fraction(dendritic_delay_fraction, self)
        # not those of the parts: these are all parameters of this one
        self.__dict__.update(
            timing_dependence=timing_dependence,
            weight_dependence=weight_dependence,
            voltage_dependence=None,
            dendritic_delay_fraction=fraction,
        )
        self.record = stdp_model(_base(timing_dependence), _base(weight_dependence))
        self._has_smallest_delay = delay is None
        parts = timing_dependence.parameter_space, weight_dependence.parameter_space
        own = {name: value for part in parts for name, value in part.items()}
        given = {"weight": weight, "delay": math.nan if delay is None else delay}
        plain = {
            name: as_function(plain_numbers(as_function(v), f"{name} of STDPMechanism"))
            for name, v in given.items()
        }
        self._parameter_space = ParameterSpace({**plain, **own}, self.get_schema(), None)

    default_parameters: ClassVar[dict[str, Any]] = {"weight": 0.0, "delay": None}

    @property
    def translations(self) -> dict[str, Any]:
        """All names and units are PyNN's."""
        return build_translations(*((name, name) for name in self.get_schema()))

    def get_parameter_names(self) -> list[str]:
        """Return the names of all parameters."""
        return list(self.get_schema())

    def get_schema(self) -> dict[str, type]:
        """Return the types of all parameters."""
        return dict.fromkeys(("weight", "delay", *self.record.parameter_names), float)

    @property
    def parameter_space(self) -> ParameterSpace:
        """Weight, delay and the parameters of both rules."""
        return SynapseType.parameter_space.fget(self)  # type: ignore[attr-defined]

    @parameter_space.setter
    def parameter_space(self, value: ParameterSpace) -> None:
        self._parameter_space = value

    @property
    def native_parameters(self) -> ParameterSpace:
        """The same."""
        return self.parameter_space

    def translate(self, parameters: ParameterSpace, copy: bool = True) -> ParameterSpace:
        """Return parameters as they are."""
        return parameters

    def check_name(self, name: str) -> None:
        """Raise if there is no such parameter that can be set."""
        if name not in self.get_schema():
            kind = type("STDPMechanism", (), {"default_parameters": self.get_schema()})
            raise unknown_parameter(name, kind)


def _base(component: Any) -> str:
    """Return PyNN's name of a rule, of which the user's may be a subclass."""
    names = [kind.__name__ for kind in type(component).__mro__ if kind.__module__ == __name__]
    return names[0]
