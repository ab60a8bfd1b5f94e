"""Spiking-network models written against the PyNN API, run in parallel with MPI.

``import distsim as sim`` is a PyNN back end: the native engine.
"""

from importlib.util import find_spec

if find_spec("distsim.io") is None:  # a checkout that is not installed, found from its root
    raise ImportError(
        "distsim was found in the current folder but is not installed; "
        "run `pip install -e .` there, or start Python in another folder"
    )

from importlib.metadata import version as _version

from distsim.compiled import keep_code as _keep_code

# before the imports below, which decorate functions that are compiled
_keep_code()

from distsim.comm.world import leave_job_of_parent as _leave_job_of_parent

# before anything starts MPI, as a NumpyRNG of PyNN does
_leave_job_of_parent()

from distsim.pynn import *  # noqa: F403
from distsim.pynn import __all__ as _names_of_pynn

__version__ = _version("distsim")

__all__ = ["__version__"]
__all__ += _names_of_pynn
