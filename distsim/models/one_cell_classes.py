"""The classes of coefficients of models written for one cell.

Kept machine code names its types by module and class. So each class is found here by its name, in
which a digest stands for all that its model is; one of a model that this process has not made is
found as a class without fields, so that code of others can be listed beside it.
"""

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

__all__ = ["get"]

PREFIX = "Coefficients_"


def get(identity: str, fields: Sequence[str]) -> Any:
    """Return the class of a model, the same each time.

    Parameters
    ----------
    identity : str
        Name and digest.
    fields : sequence of str
    """
    name = PREFIX + identity
    known = globals().get(name)
    if known is None or not known._fields:
        known = globals()[name] = namedtuple(name, fields, module=__name__)
    return known


def __getattr__(name: str) -> Any:
    if not name.startswith(PREFIX):
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    globals()[name] = namedtuple(name, (), module=__name__)
    return globals()[name]
