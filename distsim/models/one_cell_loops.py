"""The text of the loops over all cells, from calls of functions that are written for one.

In a call, `i` is where a cell's state is, and `j` which cell of the group it is.
"""

from collections.abc import Mapping, Sequence

from distsim.kernels.membrane import BLOCK

__all__ = ["loops_of"]

# cells that are looked at one by one if one of them spikes
LOOK = 128

PIECE = """
@compiled
def {loop}(first, end, where, n_pieces, piece, cells, refractory, c, {row_names}):
    for i in range(np.uint64(first), np.uint64(end)):
        j = place(where, i)
        {new} = {made}
        {store_piece}
"""

# the loop in which a cell may be stiff is not vectorised
CHOICE = """
@compiled
def advance(first, end, where, n_pieces, piece, cells, refractory, c, {row_names}):
    n_stiff = 0
    for i in range(np.uint64(first), np.uint64(end)):
        j = place(where, i)
        n_stiff += {is_stiff}
    if n_stiff == 0:
        advance_plain(first, end, where, n_pieces, piece, cells, refractory, c, {row_names})
    else:
        advance_some_stiff(first, end, where, n_pieces, piece, cells, refractory, c, {row_names})
"""

# cells whose step has several pieces advance side by side elsewhere
APART = """
@compiled
def set_apart(first, end, cells, refractory, c, {row_names}):
    n_apart = 0
    for i in range(np.uint64(first), np.uint64(end)):
        j = i
        needed = {pieces}
        if needed > 1:
            cells.spiking[n_apart] = i
            cells.apart[{n_rows}, n_apart] = needed
            {set_apart_rows}
            n_apart += 1
    return n_apart


@compiled
def advance_apart(n_apart, cells, refractory, c):
    {rows_apart}
    where, n_pieces = cells.spiking, cells.apart[{n_rows}]
    most = 0
    for i in range(n_apart):
        most = max(most, np.int64(n_pieces[i]))
    for piece in range(most):
        advance(0, n_apart, where, n_pieces, piece, cells, refractory, c, {row_names})
    for i in range(n_apart):
        {put_back_rows}
"""

# the first piece is made of all; of cells that are apart it is overwritten
STEP = """
@compiled
def advance_cells(cells, c):
    {rows}
    refractory = cells.refractory
    for first in range(0, refractory.size, {block}):
        end = min(first + {block}, refractory.size)
        {set_apart}
        advance(first, end, 0, 1.0, 0, cells, refractory, c, {row_names})
        {advance_apart}
        count_down(refractory, first, end)


@compiled
def settle_cells(cells, c):
    {rows}
    refractory = cells.refractory
    n_spiking = 0
    for first in range(0, refractory.size, {look}):
        end = min(first + {look}, refractory.size)
        n_above = 0
        for i in range(np.uint64(first), np.uint64(end)):
            j = i
            n_above += {is_spiking}
        if n_above == 0:
            continue
        for i in range(first, end):
            j = i
            if {is_spiking}:
                {new} = {spike}
                {store}
                refractory[i] = at(c.refractory_steps, i)
                cells.spiking[n_spiking] = i
                n_spiking += 1
    return n_spiking
"""


def loops_of(states: Sequence[str], calls: Mapping[str, str]) -> str:
    """Return the text of the loops of a model.

    Parameters
    ----------
    states : sequence of str
        Names of the state variables.
    calls : mapping of str to str
        How each function that the model has is called: 'step', 'is_spiking', 'spike', and perhaps
        'is_stiff' and 'stiff_step', 'pieces'.

    Returns
    -------
    str
        Defines ``advance_cells(cells, c)`` and ``settle_cells(cells, c)``.
    """
    rows, n = list(enumerate(states)), len(states)
    # a cell with fewer pieces than others stays as it is
    kept = (
        " if piece < at(n_pieces, i) else load(row_{0}, i, {1}, {2})" if "pieces" in calls else ""
    )
    parts: dict[str, object] = {
        **calls,
        "n_rows": n,
        "rows": _joined("row_{name} = cells.state[{row}]", states, "\n    "),
        "row_names": ", ".join(f"row_{name}" for name in states),
        "new": ", ".join(f"new_{name}" for name in states),
        "store": _joined("row_{name}[i] = new_{name}", states),
        "store_piece": "; ".join(
            f"store(row_{name}, i, new_{name}{kept.format(name, row, n)}, {row}, {n})"
            for row, name in rows
        ),
        "block": BLOCK,
        "look": LOOK,
        "set_apart": "",
        "advance_apart": "",
    }
    if "is_stiff" in calls:
        either = "{stiff_step} if {is_stiff} else {step}".format(**calls)
        text = PIECE.format(loop="advance_plain", made=calls["step"], **parts)
        text += PIECE.format(loop="advance_some_stiff", made=either, **parts)
        text += CHOICE.format(**parts)
    else:
        text = PIECE.format(loop="advance", made=calls["step"], **parts)
    if "pieces" in calls:
        text += APART.format(
            **parts
            | {
                "set_apart_rows": _joined("cells.apart[{row}, n_apart] = row_{name}[i]", states),
                "rows_apart": _joined("row_{name} = cells.apart[{row}]", states, "\n    "),
                "put_back_rows": _joined(
                    "cells.state[{row}, cells.spiking[i]] = cells.apart[{row}, i]", states
                ),
            }
        )
        row_names = parts["row_names"]
        parts["set_apart"] = f"n_apart = set_apart(first, end, cells, refractory, c, {row_names})"
        parts["advance_apart"] = "advance_apart(n_apart, cells, refractory, c)"
    return text + STEP.format(**parts)


def _joined(line: str, states: Sequence[str], between: str = "; ") -> str:
    """Return a line for each state variable."""
    return between.join(line.format(row=row, name=name) for row, name in enumerate(states))
