"""Spiking-network models written against the PyNN API, run in parallel with MPI.

``import distsim as sim`` is a PyNN back end: the native engine. It is loaded when the first of its
names is asked for, so that what only reads files, as `distsim.io`, loads no simulator.
"""

from importlib import import_module as _import_module
from importlib.metadata import version as _version
from importlib.util import find_spec as _find_spec
from typing import TYPE_CHECKING
from typing import Any as _Any

if _find_spec("distsim.io") is None:  # a checkout that is not installed, found from its root
    raise ImportError(
        "distsim was found in the current folder but is not installed; "
        "run `pip install -e .` there, or start Python in another folder"
    )

from distsim.collection import collection_paused as _collection_paused
from distsim.comm.world import leave_job_of_parent as _leave_job_of_parent

# before anything starts MPI, as a NumpyRNG of PyNN does
_leave_job_of_parent()

__version__ = _version("distsim")

if TYPE_CHECKING:
    from distsim.pynn import *  # noqa: F403
    from distsim.pynn import __all__ as __all__


def __getattr__(name: str) -> _Any:
    """Return a name of the PyNN front end, which is loaded now."""
    is_special = name.startswith("__") and name != "__all__"
    if is_special or _find_spec(f"{__name__}.{name}") is not None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'", name=name)
    with _collection_paused():
        pynn = _import_module(f"{__name__}.pynn")
    names = {each: getattr(pynn, each) for each in pynn.__all__}
    globals().update(names, __all__=["__version__", *names])
    if name not in globals():
        text = f"module '{__name__}' has no attribute '{name}'"
        # Python says at the end which name is like it
        raise AttributeError(text, name=name, obj=_import_module(__name__))
    return globals()[name]


def __dir__() -> list[str]:
    """Return all names, those of the PyNN front end too."""
    return sorted({*globals(), *__getattr__("__all__")})
