"""What is compiled for the synapses of a model; see `distsim.models.synapse_loops`."""

import linecache
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from distsim.kernels import delivery, plastic
from distsim.kernels.coefficients import at
from distsim.kernels.options import KERNEL
from distsim.models import one_cell_classes
from distsim.models.functions import checksum, compiled
from distsim.models.synapse_loops import loops_of, taken_names
from distsim.models.synapse_model import SynapseModel
from distsim.partitioning.streams import philox4x32, uniform53

__all__ = ["SynapseCode", "code_of"]


class SynapseCode(NamedTuple):
    """What runs for the synapses of a model.

    Attributes
    ----------
    parameters_class : type
        NamedTuple of what functions take: fields `dt`, `purpose` and ``own_...``.
    names : list of str
        Of the latter.
    work, peek : numba function
    """

    parameters_class: Any
    names: list[str]
    work: Any
    peek: Any

    def parameters(self, dt: float, purpose: int, values: Mapping[str, Any]) -> Any:
        """Return what the functions take.

        Parameters
        ----------
        dt : float
            [ms]
        purpose : int
            Of the `Stream` of random numbers.
        values : mapping of str to float or ndarray of float64, shape (n_synapses,)
        """
        return self.parameters_class(dt, purpose, *(values[name] for name in self.names))


def code_of(model: SynapseModel, is_shared: bool) -> SynapseCode:
    """Return what runs for the synapses of a model; the same each time.

    Parameters
    ----------
    model : SynapseModel
    is_shared : bool
        Whether variables of the source are the same for all synapses of a run.
    """
    known = _codes.get((model.checksum, is_shared))
    if known is None:
        known = _codes[model.checksum, is_shared] = _make(model, is_shared)
    return known


_codes: dict[tuple[str, bool], SynapseCode] = {}


def _make(model: SynapseModel, is_shared: bool) -> SynapseCode:
    names = taken_names(model)
    text = loops_of(model, is_shared)
    functions: dict[str, Callable[..., Any]] = {
        key: given.function for key, given in model.functions.items()
    }
    identity = f"{model.name.replace(' ', '_')}_{checksum(functions, names, text)}"
    fields = ["dt", "purpose", *(f"own_{name}" for name in names)]
    parameters_class = one_cell_classes.get(identity, fields)
    # where Numba's messages, and its cache, look for the source
    file = f"<distsim>/synapses/{identity}.py"
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    scope: dict[str, Any] = {
        "__name__": "distsim.models.synapse_code",
        "np": np,
        "compiled": njit(**KERNEL, error_model="numpy"),
        **{"at": at, "philox4x32": philox4x32, "uniform53": uniform53},
        **{name: getattr(delivery, name) for name in ("await_next", "collect_due", "drop_first")},
        **{name: getattr(plastic, name) for name in USED},
    }
    done: dict[Any, Any] = {}
    scope |= {key: compiled(function, done) for key, function in functions.items()}
    exec(compile(text, file, "exec"), scope)
    return SynapseCode(parameters_class, names, scope["work"], scope["peek"])


# what the text takes from `distsim.kernels.plastic`
USED = (
    *("DELIVER", "FIRST_LID", "IS_SWEEP_DUE", "NEEDS_ROOM", "NEVER", "NOTE"),
    *("N_QUEUED", "RESTART", "SET", "SWEPT", "decay", "end_sweep", "find_present", "note_spikes"),
    *("queue_spikes", "row_of_run", "target_trace"),
)
