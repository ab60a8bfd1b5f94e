"""What `setup()` takes for scripts of PyNN's other back ends, and what becomes of it here."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from distsim.engines.registry import OPTIONS, chosen_engine, engine_entry
from distsim.errors import SetupError

__all__ = ["EXTRAS", "LEVELS", "SEEDS", "Extra", "checked_seed", "translated"]

# the first that is given is taken for `seed`
SEEDS = ("rng_seed", "rng_seeds_seed", "rng_seeds", "grng_seed", "native_rng_baseseed")
# each gives `log`
LEVELS = ("loglevel", "verbosity", "debug")
# NEST's names of how much it says
VERBOSITY = {
    "all": "DEBUG",
    "info": "INFO",
    "deprecated": "WARNING",
    "warning": "WARNING",
    "error": "ERROR",
    "fatal": "CRITICAL",
}


@dataclass(frozen=True)
class Extra:
    """An option of another back end that changes nothing here.

    Attributes
    ----------
    name : str
    instead : str
        What is done instead; empty if what it asks for is done in any case.
    usual : tuple
        Values that ask for what is done in any case.
    """

    name: str
    instead: str
    usual: tuple[Any, ...] = ()


_FIXED_STEPS = "time steps are fixed; lower 'timestep' for more accuracy"
_MACHINE = "no machine is allocated by it; engine 'spinnaker' reads ~/.spynnaker.cfg"
_BOARD = "it is of BrainScaleS hardware; here no cell or synapse is lost"
_NAMELESS = "a simulation has no name; label populations and projections"

EXTRAS = {
    extra.name: extra
    for extra in (
        Extra("spike_precision", "spikes are on the grid of time steps", ("on_grid",)),
        Extra("recording_precision", "what is recorded has all its digits"),
        Extra("rng_type", "random numbers are those of Philox 4x32-10"),
        Extra("t_flush", ""),
        Extra("quit_on_end", "the script goes on after end()", (False,)),
        Extra("use_cvode", _FIXED_STEPS, (False,)),
        Extra("rtol", _FIXED_STEPS),
        Extra("atol", _FIXED_STEPS),
        Extra("default_maxstep", "spikes are exchanged at intervals of the smallest delay"),
        Extra("filename", "setup() writes no file; use record(..., to_file=...) or write_data()"),
        Extra("save_format", "the end of a file's name says its format"),
        Extra("label", _NAMELESS),
        Extra("reference", _NAMELESS),
        Extra("sim_duration", "run() is told how long"),
        Extra("time_scale_factor", "a run is as fast as it can be", (1,)),
        Extra("n_chips_required", _MACHINE),
        Extra("n_boards_required", _MACHINE),
        Extra("database_socket_addresses", _MACHINE),
        Extra("useSystemSim", _BOARD),
        Extra("hardware", _BOARD),
        Extra("hardwareNeuronSize", _BOARD),
        Extra("maxNeuronLoss", _BOARD),
        Extra("maxSynapseLoss", _BOARD),
        Extra("rank", "MPI says which rank this is"),
        Extra("num_processes", "MPI says how many ranks there are; start them by `distsim run -n`"),
    )
}


def translated(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return options of `setup()` without what only other back ends know.

    Parameters
    ----------
    given : mapping of str to object

    Returns
    -------
    options : dict
        What the others ask for is among them, where it can be had.
    notes : list of str
        What is done instead of what cannot.

    Raises
    ------
    SetupError
        If a value cannot be.

    Examples
    --------
    >>> translated({"rng_seeds": [7, 8], "use_cvode": False})
    ({'seed': 7}, [])
    """
    options = {
        name: value
        for name, value in given.items()
        if name not in (*SEEDS, *LEVELS, *EXTRAS, "threads")
    }
    notes = []
    for name, extra in EXTRAS.items():
        value = given.get(name)
        if extra.instead and value is not None and value not in extra.usual:
            notes.append(f"{name}={value!r}: {extra.instead}")
    _take_seed(given, options, notes)
    _take_level(given, options, notes)
    _take_threads(given, options, notes)
    return options, notes


def checked_seed(value: Any, name: str = "seed") -> int:
    """Return a seed; raise if it cannot be one.

    Raises
    ------
    SetupError
    """
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not (is_whole and 0 <= value < 2**63):
        raise SetupError(f"{name} = {value!r}; it must be a whole number from 0 to 2**63 - 1")
    return int(value)


def _take_seed(given: Mapping[str, Any], options: dict[str, Any], notes: list[str]) -> None:
    """Take the first seed that is given; note the others, if they are not the same."""
    taken = "seed"
    for name in SEEDS:
        value = given.get(name)
        if value is None:
            continue
        if name == "rng_seeds" and np.ndim(value) == 1 and len(value):
            value = value[0]
        seed = checked_seed(value, name)
        if options.setdefault("seed", seed) != seed:
            notes.append(f"{name}={seed}: all random numbers depend on {taken}={options['seed']}")
        elif taken == "seed" and "seed" not in given:
            taken = name


def _take_level(given: Mapping[str, Any], options: dict[str, Any], notes: list[str]) -> None:
    """Take the level of the log from what other back ends call it."""
    for name in LEVELS:
        value = given.get(name)
        if value is None or value is False:
            continue
        level: Any = str(value).upper()
        if name == "debug":
            level = "DEBUG"
        elif name == "verbosity":
            if value not in VERBOSITY:
                known = "', '".join(VERBOSITY)
                raise SetupError(f"verbosity = {value!r}; it must be one of '{known}'")
            level = VERBOSITY[value]
        elif isinstance(value, int):
            level = logging.getLevelName(value)
        if level in logging.getLevelNamesMapping():
            options.setdefault("log", level)
        else:
            notes.append(f"{name}={value!r}: give setup(log=...) the name of a level of `logging`")


def _take_threads(given: Mapping[str, Any], options: dict[str, Any], notes: list[str]) -> None:
    """Hand threads on to an engine that has them."""
    threads = given.get("threads")
    if threads is None:
        return
    engine = options.get("engine", chosen_engine())
    if any(option.name == "threads" for option in engine_entry(engine).options):
        options["threads"] = threads
    elif threads != 1:
        text = OPTIONS["threads"].elsewhere.format(value=threads)
        notes.append(f"threads={threads!r}: engine '{engine}' {text}")
