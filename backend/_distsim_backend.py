"""Make ``import pyNN.distsim`` find `distsim`, and hold back signals that come before `setup()`.

Every start of Python imports this module, by `distsim.pth`; so it imports as little as can be.
"""

import os
import sys

__all__ = ["BackEnd", "hold_signals"]


class BackEnd:
    """Finder and loader of the module `pyNN.distsim`, which has all names of `distsim`."""

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        """Return how the module is loaded; None for any other."""
        if fullname != "pyNN.distsim":
            return None
        from importlib.machinery import ModuleSpec

        return ModuleSpec(fullname, cls, origin="distsim")

    @staticmethod
    def create_module(spec):
        """Leave it to Python to make an empty module."""

    @staticmethod
    def exec_module(module):
        """Put the names of `distsim` into the module."""
        import distsim

        names = {name: getattr(distsim, name) for name in distsim.__all__}
        module.__dict__.update(names, __all__=distsim.__all__, __doc__=distsim.__doc__)


def hold_signals():
    """Let signals that ask for a checkpoint wait, until `setup()` knows what to do with them."""
    import signal

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGUSR2})


# a rank that `distsim run --checkpoint` has started
if "DISTSIM_CHECKPOINT" in os.environ and "DISTSIM_N_RANKS" in os.environ:
    hold_signals()

# last: a file pyNN/distsim.py, if there is one, goes first
sys.meta_path.append(BackEnd)
