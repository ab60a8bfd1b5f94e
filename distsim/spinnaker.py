"""SpiNNaker as engine: ``import distsim.spinnaker as sim``. All names are those of `distsim`."""

from distsim import *  # noqa: F403
from distsim import __all__ as __all__
from distsim.pynn.control import setup_on

setup = setup_on("spinnaker")
