"""Marks of the front end's functions that all ranks must call alike."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pyNN.models import BaseModelType

from distsim.lockstep import lockstep
from distsim.pynn.described import describe

__all__ = ["collective", "is_whole", "noted"]

P = ParamSpec("P")
R = TypeVar("R")


def collective(*unlike: str, called: str = "") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function that every rank must call, and with the same arguments.

    Before it begins, ranks make sure that all are there; if it fails on one rank, it does on all.
    One that has the argument `gather` is meant only where that is true.

    Parameters
    ----------
    *unlike : str
        Names of arguments that may differ from rank to rank.
    called : str
        How users call it; default: its name.
    """

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        given = _Given(function, unlike, called)

        @wraps(function)
        def marked(*args: P.args, **kwargs: P.kwargs) -> R:
            ranks = lockstep()
            if ranks.is_inside:
                return function(*args, **kwargs)
            values = given.values(args, kwargs)
            if not values.get("gather", True):
                return function(*args, **kwargs)
            with ranks.call(*given.texts(values, is_shared=True)):
                return function(*args, **kwargs)

        return marked

    return mark


def noted(
    *unlike: str, only: Callable[[dict[str, Any]], bool] | None = None, called: str = ""
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function that every rank must call with the same arguments, if not at the same time.

    That all did is found out at the next collective call.

    Parameters
    ----------
    *unlike, called
        As for `collective`.
    only : callable, optional
        Gets the arguments by name, and returns whether all ranks must call it with these.
    """

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        given = _Given(function, unlike, called)

        @wraps(function)
        def marked(*args: P.args, **kwargs: P.kwargs) -> R:
            ranks = lockstep()
            if not ranks.is_inside:
                values = given.values(args, kwargs)
                if only is None or only(values):
                    ranks.note(*given.texts(values))
            return function(*args, **kwargs)

        return marked

    return mark


def is_whole(cells: Any) -> bool:
    """Return whether cells are whole populations: what is done to others may be done by owners."""
    parts = getattr(cells, "parts", ())
    return bool(parts) and all(part is part.root for part in parts)


class _Given:
    """What a function is given, as texts."""

    def __init__(self, function: Callable[..., Any], unlike: tuple[str, ...], called: str) -> None:
        self.name = called or function.__name__
        self.signature = inspect.signature(function)
        self.unlike = unlike
        kinds = {p.kind: name for name, p in self.signature.parameters.items()}
        self.named = kinds.get(inspect.Parameter.VAR_KEYWORD)
        self.defaults = {
            name: p.default for name, p in self.signature.parameters.items() if name == "gather"
        }

    def values(self, args: Any, kwargs: Any) -> dict[str, Any]:
        """Return the arguments by name."""
        values = self.defaults | self.signature.bind(*args, **kwargs).arguments
        if self.named is not None:
            values.update(values.pop(self.named, {}))
        return values

    def texts(
        self, values: dict[str, Any], is_shared: bool = False
    ) -> tuple[str, str, dict[str, str]]:
        """Return name, label and texts of a call; of a shared one, also whose it is."""
        subject = values.pop("self", None)
        texts = {name: describe(v) for name, v in values.items() if name not in self.unlike}
        if self.name == "__init__":
            return type(subject).__name__, str(values.get("label") or ""), texts
        if isinstance(subject, BaseModelType):  # a current source
            return self.name, "", texts | {"source": describe(subject)}
        if is_shared:
            texts.update(_whose(subject))
        return self.name, str(getattr(subject, "label", "")), texts


def _whose(subject: Any) -> dict[str, str]:
    """Return which cells or connections a call is of: others may have the same label."""
    if hasattr(subject, "parts"):
        cells = [
            f"population {part.root.number}"
            if part is part.root
            else f"{describe(part.indices())} of population {part.root.number}"
            for part in subject.parts
        ]
        return {"cells": ", ".join(cells)}
    number = getattr(subject, "number", None)
    return {} if number is None else {"projection": str(number)}
