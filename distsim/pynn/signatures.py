"""Names of arguments, and what `help()` shows of a function."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from distsim.errors import ParameterError

__all__ = ["also_named", "with_signature_of"]

Function = TypeVar("Function", bound=Callable[..., Any])


def also_named(**names: str) -> Callable[[Function], Function]:
    """Return a decorator that lets arguments be given by other names as well.

    Parameters
    ----------
    **names : str
        Other name = the argument's.

    Examples
    --------
    >>> @also_named(size="n")
    ... def double(n):
    ...     return 2 * n
    >>> double(size=3)
    6
    """

    def decorate(function: Function) -> Function:
        @wraps(function)
        def renamed(*args: Any, **kwargs: Any) -> Any:
            for other, name in names.items():
                if other in kwargs:
                    if name in kwargs:
                        raise ParameterError(f"'{other}' is '{name}'; give it once")
                    kwargs[name] = kwargs.pop(other)
            return function(*args, **kwargs)

        return renamed  # type: ignore[return-value]

    return decorate


def with_signature_of(kind: Any, constructor: Callable[..., None]) -> Callable[..., None]:
    """Return a constructor that shows the arguments of another class's.

    Parameters
    ----------
    kind : type
        The other class.
    constructor : callable
        Does the work.
    """

    @wraps(kind.__init__, assigned=("__name__", "__doc__"))
    def shown(self: Any, *args: Any, **kwargs: Any) -> None:
        constructor(self, *args, **kwargs)

    return shown
