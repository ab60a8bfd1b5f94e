"""Gap junctions: currents that follow from the potentials of the cells on both sides.

A junction of conductance g lets ``g (u_j - u_i)`` flow into cell i, constant over a step. Taken for
u is the potential that a cell is expected to have in the middle of the step: ``v + w / 2``, w being
what its own update has added to v in the step before; not what arrived at its end, nor what a spike
has made of it. This is Adams and Bashforth's method of order 2. Cells of which a step would let too
much flow have ``u = v``.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from distsim.kernels.allgather import allgather
from distsim.kernels.by_address import caller
from distsim.kernels.coefficients import set_drive
from distsim.kernels.options import KERNEL

__all__ = [
    "Coupling",
    "PotentialExchange",
    "couple",
    "exchange_potentials",
    "exchange_potentials_at",
    "expect",
    "note_change",
    "uncoupled",
]


class Coupling(NamedTuple):
    """The cells of one group that have junctions, and what flows into them.

    Attributes
    ----------
    lid : ndarray of int64, shape (n,), ascending
    place : ndarray of int64, shape (n_local,)
        Where a cell is in `lid`; -1 for those without junctions. Empty if there are none.
    row : int
        Of v in `Cells.state`.
    weight : ndarray of float64, shape (n,)
        How much of `change` is counted: 1/2 or 0.
    change : ndarray of float64, shape (n,)
        What the last update has added to v [mV]; before it, minus v.
    expected : ndarray of float64, shape (n,)
        Potentials that are expected in the middle of the next step [mV]; a part of the rank's.
    own : ndarray of float64, shape (n,)
        Those of the present step; a part of `potentials`.
    potentials : ndarray of float64
        Those of all cells that this rank needs, in the present step [mV].
    start : ndarray of int64, shape (n + 1,)
        First junction of each cell.
    source : ndarray of int64
        The cell on the other side of each junction, by its place in `potentials`.
    conductance : ndarray of float64
        [uS]
    """

    lid: NDArray[np.int64]
    place: NDArray[np.int64]
    row: int
    weight: NDArray[np.float64]
    change: NDArray[np.float64]
    expected: NDArray[np.float64]
    own: NDArray[np.float64]
    potentials: NDArray[np.float64]
    start: NDArray[np.int64]
    source: NDArray[np.int64]
    conductance: NDArray[np.float64]


class PotentialExchange(NamedTuple):
    """Which potentials ranks tell each other in each step.

    Attributes
    ----------
    call : ndarray of int64, shape (4,)
        As of `Gathering`; zeros where there is no function to call.
    place : ndarray of int64, shape (3,)
        Where in `potentials` the messages of all ranks begin, and this rank's; potentials in each.
    sent : ndarray of int64
        Places in `expected` of those that this rank sends.
    expected : ndarray of float64, shape (n_own,)
        As all groups have set them [mV].
    potentials : ndarray of float64
        The same, of the present step, and then the messages.
    """

    call: NDArray[np.int64]
    place: NDArray[np.int64]
    sent: NDArray[np.int64]
    expected: NDArray[np.float64]
    potentials: NDArray[np.float64]


def uncoupled() -> Coupling:
    """Return what a group without junctions has."""
    whole, real = np.zeros(0, np.int64), np.zeros(0)
    start = np.zeros(1, np.int64)
    return Coupling(whole, whole, 0, real, real, real, real, real, start, whole, real)


@njit(**KERNEL)
def couple(coupling, injected, coefficients, state):
    """Let the currents of a step flow, on top of those that are injected.

    Parameters
    ----------
    coupling : Coupling
        `change` in place.
    injected : ndarray of float64, shape (n_local,)
        [nA]
    coefficients : NamedTuple
        `drive` in place.
    state : ndarray of float64, shape (n_states, n_local)
        Before the update.
    """
    for k in range(coupling.lid.size):
        lid, own, total = coupling.lid[k], coupling.own[k], 0.0
        for i in range(coupling.start[k], coupling.start[k + 1]):
            total += coupling.conductance[i] * (coupling.potentials[coupling.source[i]] - own)
        set_drive(coefficients, lid, injected[lid] + total)
        coupling.change[k] = -state[coupling.row, lid]


@njit(**KERNEL)
def note_change(coupling, state):
    """Take what the update has added to v."""
    for k in range(coupling.lid.size):
        coupling.change[k] += state[coupling.row, coupling.lid[k]]


@njit(**KERNEL)
def expect(coupling, cells, n_spiking):
    """Set the potentials that are expected in the middle of the next step.

    Parameters
    ----------
    coupling : Coupling
        `expected`, and `change` of cells that spike, in place.
    cells : Cells
    n_spiking : int
        Of `cells.spiking`.
    """
    for i in range(n_spiking):
        k = coupling.place[cells.spiking[i]]
        if k >= 0:
            coupling.change[k] = 0.0
    for k in range(coupling.lid.size):
        v = cells.state[coupling.row, coupling.lid[k]]
        coupling.expected[k] = v + coupling.weight[k] * coupling.change[k]


@njit(**KERNEL)
def exchange_potentials(exchange):
    """Go on to the potentials of the next step, and tell other ranks those that they need.

    All groups must have made their step. Where there is no function to call, this rank's message is
    written and nothing sent.

    Returns
    -------
    int
        MPI's error code; 0 is success.
    """
    first, mine, n = exchange.place
    for k in range(exchange.expected.size):
        exchange.potentials[k] = exchange.expected[k]
    for k in range(exchange.sent.size):
        exchange.potentials[mine + k] = exchange.expected[exchange.sent[k]]
    call = exchange.call
    if call[0] == 0 or n == 0:
        return 0
    return allgather(call[0], call[1], exchange.potentials[first:], n, call[2], call[3])


# ``exchange_potentials_at(function, place)``: compiled only where there are junctions
exchange_potentials_at: Any = caller((), types.int64)
