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

from distsim.compiled import code_folder as _code_folder
from distsim.compiled import keep_code_in as _keep_code_in

# functions compiled by the imports below keep their machine code there, those of others do not
_folder_of_others = _keep_code_in(str(_code_folder()))

from distsim.pynn import *  # noqa: F403
from distsim.pynn import __all__ as _names_of_pynn

__version__ = _version("distsim")

_keep_code_in(_folder_of_others)

__all__ = ["__version__"]
__all__ += _names_of_pynn
