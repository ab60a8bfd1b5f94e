"""What the ranks of a run have done, what they spent their time on, and how even that is."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from distsim.io.tables import shown

__all__ = ["BALANCE", "account_lines", "balance_rows", "phases_of"]

Ranks = Mapping[str, NDArray[np.float64]]

PARTS = ("build", "compile", "run", "exchange", "gather", "write")
WALL = "wall time [s]"
BALANCE = ("least", "mean", "largest", "largest / mean")
# ranks that have a column each
MAX_RANKS = 8


def account_lines(ranks: Ranks) -> list[list[str]]:
    """Return a table of what each rank did, and how even that is, with a line of titles.

    Parameters
    ----------
    ranks : mapping of str to ndarray of float64, shape (n_ranks,)
        As in `Provenance`.

    Examples
    --------
    >>> account_lines({"cells": np.array([10_000.0, 12_001.0])})[1]
    ['cells', '10,000', '12,001', '10,000', '11,000', '12,001', '1.091']
    """
    n_ranks = max((values.size for values in ranks.values()), default=0)
    titles = [str(rank) for rank in range(n_ranks)] if n_ranks <= MAX_RANKS else []
    lines = [[name, *map(_text, values.tolist())] for name, values in _rows(ranks).items()]
    lines = [line[: 1 + len(titles)] for line in lines]
    if n_ranks > 1:
        lines = [[*a, *b[1:]] for a, b in zip(lines, balance_rows(ranks), strict=True)]
        titles += BALANCE
    return [["of each rank", *titles], *lines]


def balance_rows(ranks: Ranks) -> list[list[str]]:
    """Return a row for each thing that ranks did or spent their time on: its name and `BALANCE`."""
    return [
        [name, *(_text(float(f(values))) for f in (np.min, np.mean, np.max)), _ratio(values)]
        for name, values in _rows(ranks).items()
    ]


def phases_of(ranks: Ranks) -> dict[str, NDArray[np.float64]]:
    """Return what each rank spent its time on, in parts that add up to the wall time [s].

    Parameters
    ----------
    ranks : mapping of str to ndarray of float64, shape (n_ranks,)
        As in `Provenance`.
    """
    if WALL not in ranks:
        return {}
    # a part that an engine, or an older file, does not tell is in the whole
    nothing = np.zeros_like(ranks[WALL])
    of = {name: np.nan_to_num(ranks.get(f"{name} [s]", nothing)) for name in PARTS}
    rest = ranks[WALL] - of["build"] - of["run"] - of["gather"] - of["write"]
    return {
        "construction": of["build"] - of["compile"],
        "machine code": of["compile"],
        "computing": of["run"] - of["exchange"],
        "exchange and waiting": of["exchange"],
        "gathering": of["gather"],
        "writing": of["write"],
        "script and other": np.maximum(rest, 0.0),
    }


def _rows(ranks: Ranks) -> dict[str, NDArray[np.float64]]:
    """Return what is shown of the ranks: in place of seconds the phases, if these are known."""
    phases = phases_of(ranks)
    if not phases:
        return dict(ranks)
    counted = {name: values for name, values in ranks.items() if not name.endswith("[s]")}
    times = {f"{name} [s]": values for name, values in phases.items()}
    return {**counted, **times, WALL: ranks[WALL]}


def _text(value: float) -> str:
    """Return a number with four digits, a large or whole one with all before the point."""
    return f"{value:,.0f}" if value.is_integer() or value >= 1000 else shown(value)


def _ratio(values: NDArray[np.float64]) -> str:
    return f"{values.max() / values.mean():.3f}" if values.mean() > 0 else "-"
