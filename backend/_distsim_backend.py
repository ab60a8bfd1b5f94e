"""Make ``import pyNN.distsim`` find `distsim`.

Every start of Python imports this module, by `distsim.pth`; so it imports nothing but `sys`.
"""

import sys

__all__ = ["BackEnd"]


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


# last: a file pyNN/distsim.py, if there is one, goes first
sys.meta_path.append(BackEnd)
