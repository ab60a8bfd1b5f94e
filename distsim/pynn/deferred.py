"""PyNN, imported without what it imports for few of its users: that is loaded when it is used.

It would take more than half of the time in which a script starts: CSA imports matplotlib's pyplot,
NeuroML all of NetworkX, Neo its readers of some eighty formats, lazyarray SciPy.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

__all__ = ["deferred"]

# all that PyNN imports of a package, each named `package.module` where it is one of its modules
PACKAGES = (
    ("csa",),
    ("neo", "neo.io"),
    ("neuroml", "neuroml.arraymorph", "neuroml.loaders"),
    ("quantities",),
    ("scipy", "scipy.sparse"),
    ("tables",),
)
# what is imported by its name
FUNCTIONS = {"neo.io": "get_io"}


class _Deferred(ModuleType):
    """Stand for a module, which is imported when something of it is first asked for."""

    def __init__(self, name: str, parts: Sequence[str] = ()) -> None:
        super().__init__(name)
        self._parts = parts
        # what it has without being loaded, and is asked for by name
        self._given: dict[str, Any] = {}
        if name in FUNCTIONS:
            self.give(FUNCTIONS[name], partial(self._call, FUNCTIONS[name]))

    def give(self, name: str, value: Any) -> None:
        self._given[name] = value

    def __getattr__(self, name: str) -> Any:
        if name in self._given:
            return self._given[name]
        # asked for by every import of a name
        if name == "__path__" and self._given:
            raise AttributeError(name=name, obj=self)
        return self._load(name)

    def _load(self, name: str) -> Any:
        # within `deferred`, this one is what would be found
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        for part in self._parts:
            if isinstance(sys.modules.get(part), _Deferred):
                del sys.modules[part]
            import_module(part)
        return getattr(import_module(self.__name__), name)

    def _call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        return self._load(function)(*args, **kwargs)


def _is_sparse(value: Any) -> bool:
    """Say whether it is one of SciPy's sparse arrays, as lazyarray asks of each value."""
    sparse = sys.modules.get("scipy.sparse")
    # who has not loaded them has none
    return sparse is not None and bool(sparse.issparse(value))


@contextmanager
def deferred() -> Iterator[None]:
    """Have what is imported meanwhile get something that stands for the packages.

    Whoever imports them later gets the packages themselves. One that is missing is missed as ever,
    and one that is loaded already is left as it is.
    """
    absent = [each for each in PACKAGES if each[0] not in sys.modules and find_spec(each[0])]
    stand_ins = {}
    for package, *parts in absent:
        stand_ins[package] = _Deferred(package, parts)
        stand_ins |= {part: _Deferred(part) for part in parts}
    if "scipy" in stand_ins:
        stand_ins["scipy.sparse"].give("issparse", _is_sparse)
        stand_ins["scipy"].give("sparse", stand_ins["scipy.sparse"])
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


with deferred():
    import pyNN.connectors
    import pyNN.morphology
    import pyNN.network
    import pyNN.standardmodels.cells
    import pyNN.standardmodels.electrodes
    import pyNN.standardmodels.ion_channels
    import pyNN.standardmodels.receptors
    import pyNN.standardmodels.synapses  # noqa: F401 - they are to be there, whoever uses them
