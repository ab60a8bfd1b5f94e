"""What PyNN has and distsim has not: classes of which none can be made, and who has them."""

from typing import Any, NoReturn

from distsim.errors import NotAvailableError
from distsim.pynn.signatures import with_signature_of

__all__ = [
    "WHO_HAS_IT",
    "NativeElectrodeType",
    "NativeSynapseType",
    "native_electrode_type",
    "native_synapse_type",
]


_ELECTRODES = (
    "PyNN's own back end for NEST, `import pyNN.nest as sim`, has it. DCSource, ACSource, "
    "StepCurrentSource and NoisyCurrentSource are available on engine 'nest', too"
)
_SYNAPSES = (
    "PyNN's own back end for NEST, `import pyNN.nest as sim`, has it. A synapse of your own is "
    "declared by sim.synapse_type(), for the native engine"
)

# what an error says of each
WHO_HAS_IT = {
    "NativeElectrodeType": _ELECTRODES,
    "native_electrode_type": _ELECTRODES,
    "NativeSynapseType": _SYNAPSES,
    "native_synapse_type": _SYNAPSES,
}


def _refuse(kind: str) -> NoReturn:
    raise NotAvailableError(f"'{kind}' is not available: {WHO_HAS_IT[kind].format(name=kind)}")


class _Unavailable:
    """Refuses to be made."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__init__ = with_signature_of(cls.__bases__[-1], cls.__init__)  # type: ignore[method-assign]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # of a subclass of the user's, too
        _refuse(next(kind.__name__ for kind in type(self).__mro__ if kind.__name__ in WHO_HAS_IT))


# --- what only NEST has ------------------------------------------------------------------------


class NativeElectrodeType(_Unavailable):
    """Current generator of NEST's own."""


class NativeSynapseType(_Unavailable):
    """Synapse model of NEST's own."""


def native_electrode_type(model_name: str) -> NoReturn:
    """Refuse to return a current generator of NEST's own."""
    _refuse("native_electrode_type")


def native_synapse_type(model_name: str) -> NoReturn:
    """Refuse to return a synapse model of NEST's own."""
    _refuse("native_synapse_type")
