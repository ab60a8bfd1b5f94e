"""NEURON's integrate-and-fire cells, for engine 'neuron'."""

from typing import Any, ClassVar

from distsim.pynn.native_types import NativeCellType

__all__ = ["IntFire1", "IntFire2", "IntFire4"]


class _Artificial:
    """One of NEURON's artificial cells; its parameters are attributes of this, too."""

    def __init__(self, mechanism: str, **parameters: float) -> None:
        # not above: after `setup()`
        from neuron import h

        self.__dict__["source"] = self.__dict__["default"] = getattr(h, mechanism)()
        for name, value in parameters.items():
            setattr(self, name, value)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)

    def __setattr__(self, name: str, value: Any) -> None:
        place = self.source if hasattr(self.source, name) else super()
        place.__setattr__(name, value)


class _ArtificialCell(NativeCellType):
    """A cell that weights without a unit are added to, and that spikes where `m` reaches 1."""

    model = _Artificial
    default_parameters: ClassVar[dict[str, float]] = {}
    default_initial_values: ClassVar[dict[str, float]] = {}
    recordable: ClassVar[list[str]] = []
    receptor_types: ClassVar[list[str]] = ["default"]
    injectable = False
    conductance_based = False


class IntFire1(_ArtificialCell):
    """NEURON's leaky integrator: a spike adds its weight to `m`.

    Parameters
    ----------
    tau : float
        Time constant [ms]; default 10.
    refrac : float
        Refractory period [ms]; default 5.

    Notes
    -----
    NEURON computes variables of artificial cells where a spike arrives; what is recorded is what
    they were then.
    """

    default_parameters: ClassVar[dict[str, float]] = {"tau": 10.0, "refrac": 5.0}
    default_initial_values: ClassVar[dict[str, float]] = {"m": 0.0}
    recordable: ClassVar[list[str]] = ["m"]
    extra_parameters: ClassVar[dict[str, Any]] = {"mechanism": "IntFire1"}


class IntFire2(_ArtificialCell):
    """NEURON's leaky integrator of a current that decays and has a constant part.

    Parameters
    ----------
    taum, taus : float
        Time constants of `m` and of the current [ms]; defaults 10 and 20.
    ib : float
        Constant current; default 0.
    """

    default_parameters: ClassVar[dict[str, float]] = {"taum": 10.0, "taus": 20.0, "ib": 0.0}
    default_initial_values: ClassVar[dict[str, float]] = {"m": 0.0, "i": 0.0}
    recordable: ClassVar[list[str]] = ["m", "i"]
    extra_parameters: ClassVar[dict[str, Any]] = {"mechanism": "IntFire2"}


class IntFire4(_ArtificialCell):
    """NEURON's leaky integrator of fast excitation and slower inhibition, by the weight's sign.

    Parameters
    ----------
    taum : float
        Of `m` [ms]; default 50.
    taue : float
        Of excitation [ms]; default 5.
    taui1, taui2 : float
        Rise and decay of inhibition [ms]; defaults 10 and 20.
    """

    default_parameters: ClassVar[dict[str, float]] = {
        "taum": 50.0,
        "taue": 5.0,
        "taui1": 10.0,
        "taui2": 20.0,
    }
    default_initial_values: ClassVar[dict[str, float]] = {"m": 0.0, "e": 0.0, "i1": 0.0, "i2": 0.0}
    recordable: ClassVar[list[str]] = ["e", "i1", "i2", "m"]
    extra_parameters: ClassVar[dict[str, Any]] = {"mechanism": "IntFire4"}
