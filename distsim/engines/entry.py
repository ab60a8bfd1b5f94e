"""What is known of an engine before it is loaded: its name, its options, what may bring it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import numpy as np

from distsim.errors import SetupError

__all__ = ["SHARE_INPUT", "Entry", "Option", "one_of", "whole_number"]


@dataclass(frozen=True)
class Option:
    """An option of `setup()` that some engines have, and others have not.

    Attributes
    ----------
    name : str
    default : object
        Other engines take it, too, and nothing else.
    checked : callable
        Returns a value as the engine takes it; raises ValueError, with the words of what it must
        be, if it cannot be.
    elsewhere : str
        What an error adds to "engine 'x'" where another value is given to an engine without it;
        `{value}` stands for that.
    """

    name: str
    default: Any
    checked: Callable[[Any], Any]
    elsewhere: str


@dataclass(frozen=True)
class Entry:
    """An engine, as it is registered.

    Attributes
    ----------
    name : str
        As `setup(engine=...)` has it.
    path : str
        ``"module:class"`` of what simulates.
    abilities : callable
        Returns in a few words what it can do here; called only where its simulator is installed.
    options : tuple of Option
    distributions : tuple of str
        Any of which may bring the simulator.
    module : str
        The simulator's module.
    """

    name: str
    path: str
    abilities: Callable[[], str]
    options: tuple[Option, ...] = ()
    distributions: tuple[str, ...] = ("distsim",)
    module: str = "distsim"

    def load(self) -> Any:
        """Return the class that simulates; its simulator need not be installed."""
        module, _, name = self.path.partition(":")
        return getattr(import_module(module), name)

    @property
    def version_line(self) -> str:
        """Version and abilities, for a person to read."""
        if find_spec(self.module) is None:
            return f"not installed (pip install 'distsim[{self.name}]')"
        return f"{_version(self.distributions)}, {self.abilities()}"

    def checked_options(
        self, given: Mapping[str, Any], known: Mapping[str, Option]
    ) -> dict[str, Any]:
        """Return the values of all its options.

        Parameters
        ----------
        given : mapping of str to object
            Options that some engine has.
        known : mapping of str to Option
            All that there are.

        Raises
        ------
        SetupError
            If a value cannot be, or the option is another engine's.
        """
        mine = {option.name: option for option in self.options}
        values = {name: option.default for name, option in mine.items()}
        for name, value in given.items():
            option = mine.get(name, known[name])
            try:
                checked = option.checked(value)
            except ValueError as error:
                raise SetupError(f"{name} = {value!r}; it must be {error}") from None
            if name in mine:
                values[name] = checked
            elif checked != option.default:
                text = option.elsewhere.format(value=value)
                raise SetupError(f"{name}={value!r}: engine '{self.name}' {text}")
        return values


def _version(distributions: tuple[str, ...]) -> str:
    """Return the version of the first of these distributions that is installed."""
    for distribution in distributions:
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return "version unknown"


def whole_number(value: Any) -> int:
    """Return a whole number from 1 on; see `Option.checked`."""
    if not (isinstance(value, int | np.integer) and value >= 1):
        raise ValueError("a whole number from 1 on")
    return int(value)


def one_of(*names: str) -> Callable[[Any], str]:
    """Return the check that a value is one of some names; see `Option.checked`."""

    def checked(value: Any) -> str:
        if value not in names:
            raise ValueError("one of '" + "', '".join(names) + "'")
        return str(value)

    return checked


# of every engine that is another simulator: whether Poisson sources spike as on the native engine
SHARE_INPUT = Option("share_input", True, bool, elsewhere="has no other input")
