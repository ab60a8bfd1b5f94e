"""Models written for one cell: plain functions, from which the loops over all cells are made.

A function takes by name what it needs, and the loop hands it over as numbers: state variables,
parameters (of one with several numbers each, as in `a_eta_1`), what `derive` has derived from them,
and

- `dt` [ms],
- `i_injected` [nA], the current that sources inject into the cell,
- `is_refractory`, whether the cell is in its refractory period,
- `n_pieces`, of which a step is made for this cell, and `piece`, the number of this one, from 0,
- `uniform`, a number between 0 and 1, drawn at random for this cell and step: one in the step,
  another when it is asked whether the cell spikes, and what its spike does. It depends on the seed,
  the segment, the cell's gid and the step alone.

It can call other functions, and uses numbers that are defined outside; Numba compiles all of it. So
it may hold no Python objects but numbers, and make no arrays. The loop is vectorised where a
function only calculates: with `distsim.kernels.exponential.exp` it is, with `math.exp` it is not.
"""

import linecache
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.kernels.apart import beside, load, place, store
from distsim.kernels.coefficients import at
from distsim.kernels.epoch import register_update
from distsim.kernels.membrane import count_down
from distsim.kernels.options import KERNEL
from distsim.models import one_cell_classes
from distsim.models.cell_model import (
    CellModel,
    NativeModel,
    Parameter,
    Parameters,
    Receptor,
    State,
    columns,
    refractory_steps,
)
from distsim.models.functions import (
    Given,
    argument_names,
    checksum,
    compiled,
    function_error,
)
from distsim.models.one_cell_checks import check_function, check_names, check_record, explain
from distsim.models.one_cell_loops import loops_of
from distsim.partitioning.streams import Stream, uniform_at

__all__ = ["OneCellModel", "one_cell_model"]

Derive = Callable[[Parameters, float], Mapping[str, NDArray[np.float64]]]

# what a function may take besides states, parameters and what is derived: how the loop writes it
GIVEN = {
    "dt": "c.dt",
    "i_injected": "beside(c.drive, j, {n_rows})",
    "is_refractory": "beside(refractory, j, {n_rows}) > 0",
    "piece": "piece",
    "n_pieces": "at(n_pieces, i)",
    # two of a gid's sequence for each step
    "uniform": (
        "uniform_at(Stream(cells.stream[0], cells.stream[1], cells.stream[2]), "
        "cells.gids[j], 2 * cells.step[0] + {draw})"
    ),
}
# which of the two a function is given
DRAW = {"step": 0, "pieces": 0, "is_stiff": 0, "stiff_step": 0, "is_spiking": 1, "spike": 1}
# fields of coefficients that each model has; those of its own begin with `own_`
COMMON = ("dt", "drive", "drive_rest", "drive_gain", "refractory_steps")


@dataclass(frozen=True, eq=False)
class OneCellModel(NativeModel):
    """A model whose loops over all cells are made from functions for one.

    Attributes
    ----------
    name, parameters, states, receptors, title, source, equations, method, coefficients
        As for `NativeModel`.
    functions : mapping of str to Given
        'step', 'is_spiking', 'spike', and perhaps 'is_stiff' and 'stiff_step'.
    checksum : str
        Of all that the model is.
    """

    functions: Mapping[str, Given] = field(kw_only=True)
    checksum: str = field(kw_only=True)

    @property
    def is_injectable(self) -> bool:
        """Whether an injected current has an effect."""
        return any("i_injected" in argument_names(f.function) for f in self.functions.values())

    def check_code(self) -> None:
        """Raise if a function cannot be compiled, or returns what it should not."""
        for given in self.functions.values():
            explain(given, self.state_names)


def one_cell_model(
    name: str,
    parameters: tuple[Parameter, ...],
    states: tuple[State, ...],
    receptors: tuple[Receptor, ...] = (),
    *,
    step: Callable[..., Any],
    is_spiking: Callable[..., Any],
    spike: Callable[..., Any],
    derive: Derive = lambda parameters, dt: {},
    is_stiff: Callable[..., Any] | None = None,
    stiff_step: Callable[..., Any] | None = None,
    pieces: Callable[..., Any] | None = None,
    title: str = "",
    source: str = "",
    equations: tuple[str, ...] = (),
    method: str = "",
    capacitance: str | float = "cm",
) -> OneCellModel:
    """Return a model of cells for the native engine, from functions for one cell.

    Parameters
    ----------
    name, parameters, states, receptors, title, source, equations, method, capacitance
        As for `CellModel`. A parameter `tau_refrac` is the refractory period [ms].
    step : callable
        Returns all state variables, in their order, a time step later, before input is added. It
        may assign to state variables that it takes, but to nothing else that it takes.
    is_spiking : callable
        Returns whether the cell spikes, after input was added.
    spike : callable
        Returns all state variables of a cell that spikes, as they go on.
    derive : callable, optional
        ``derive(parameters, dt)`` returns more that functions can take, by name: arrays of one
        number per cell, or one number for all. Called where parameters change, not in each step;
        not compiled. A cell's numbers may depend on that cell's parameters alone.
    is_stiff, stiff_step : callable, optional
        Whether another step than `step` is made for a cell, and that one. Where none of many cells
        is stiff, the loop has only `step`, which the compiler then vectorises.
    pieces : callable, optional
        Of how many pieces, 1 or more, the step of a cell is made. Each is made by `step` or
        `stiff_step`. Cells that need several cost the others nothing.

    Raises
    ------
    ParameterError
        If something of the model cannot be; with the line of the function that it is in.
    """
    record = CellModel(
        *(name, tuple(parameters), tuple(states), tuple(receptors)),
        *(title, source, tuple(equations), method),
    )
    check_record(record)
    given_functions = {"step": step, "is_spiking": is_spiking, "spike": spike}
    if is_stiff and stiff_step:
        given_functions |= {"is_stiff": is_stiff, "stiff_step": stiff_step}
    if pieces:
        given_functions["pieces"] = pieces
    functions = {key: Given(function, key, name) for key, function in given_functions.items()}
    examples = {parameter.name: parameter.of_cells(1) for parameter in record.parameters}
    values = [*columns(examples), *derive(examples, 0.1)]
    check_names(record, [*record.state_names, *values, *GIVEN])
    ways = (
        GIVEN
        | {s: f"load(row_{s}, i, {row}, {{n_rows}})" for row, s in enumerate(record.state_names)}
        | {n: f"beside(c.own_{n}, j, {{n_rows}})" for n in values}
    )
    for given in functions.values():
        check_function(given, record, list(ways), record.state_names)
    taken = {key: argument_names(given.function) for key, given in functions.items()}
    n_rows = len(record.states)
    calls = {
        key: f"{key}({', '.join(ways[n].format(n_rows=n_rows, draw=DRAW[key]) for n in names)})"
        for key, names in taken.items()
    }
    # only what some function takes
    used = [n for n in values if any(n in names for names in taken.values())]
    fields = [*COMMON, *(f"own_{n}" for n in used)]
    loops = loops_of(record.state_names, calls)
    plain_functions = {key: given.function for key, given in functions.items()}
    identity = f"{name}_{checksum(plain_functions, fields, loops)}"
    coefficients_class = one_cell_classes.get(identity, fields)
    if coefficients_class not in _registered:
        _registered.add(coefficients_class)
        _register(identity, coefficients_class, loops, plain_functions)

    def coefficients(p: Parameters, dt: float) -> Any:
        n_cells = len(next(iter(p.values())))
        derived = {key: of_each(key, x, n_cells) for key, x in derive(p, dt).items()}
        every = {**columns(p), **derived}
        steps = refractory_steps(p, dt) if "tau_refrac" in p else np.zeros(n_cells, np.int32)
        return coefficients_class(
            dt,
            np.zeros(n_cells),
            np.zeros(n_cells),
            np.ones(n_cells),
            steps,
            *(np.array(every[key], np.float64) for key in used),
        )

    def of_each(key: str, numbers: Any, n_cells: int) -> NDArray[np.float64]:
        """Return what was derived as one number per cell."""
        try:
            return np.broadcast_to(np.asarray(numbers, np.float64), (n_cells,))
        except (TypeError, ValueError) as error:
            text = f"gives '{key}' as {type(numbers).__name__} of shape {np.shape(numbers)}; it "
            text += "must be an array of one number per cell, or one number"
            raise function_error(Given(derive, "derive", name), text) from error

    return OneCellModel(
        *(name, record.parameters, record.states, record.receptors),
        *(title, source, record.equations, method),
        coefficients=coefficients,
        capacitance=capacitance,
        functions=functions,
        checksum=checksum(identity, record.parameters, record.states, record.receptors, derive),
    )


# of models made so far; a model may be made twice of the same functions
_registered: set[type] = set()


def _register(
    identity: str,
    coefficients_class: type,
    loops: str,
    functions: Mapping[str, Callable[..., Any]],
) -> None:
    """Make the loops, and have the engine call them for coefficients of a class."""
    # where Numba's messages, and its cache, look for the source
    file = f"<distsim>/one_cell/{identity}.py"
    linecache.cache[file] = len(loops), None, loops.splitlines(keepends=True), file
    scope: dict[str, Any] = {
        "__name__": "distsim.models.one_cell",
        "np": np,
        "compiled": njit(**KERNEL, error_model="numpy"),
        **{"at": at, "beside": beside, "load": load, "store": store, "place": place},
        "count_down": count_down,
        **{"Stream": Stream, "uniform_at": uniform_at},
    }
    done: dict[Any, Any] = {}
    scope |= {key: compiled(function, done) for key, function in functions.items()}
    exec(compile(loops, file, "exec"), scope)
    register_update(coefficients_class, scope["advance_cells"], scope["settle_cells"])
