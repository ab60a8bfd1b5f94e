"""What only some groups have: each is compiled, and called by its address, only where it is.

A group names its parts by `Addressed.entry`, one line of an array for each kind of part.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit, types

from distsim.kernels.arrays import Cells, Connectome, Currents, Drives, PoissonInput, Queue
from distsim.kernels.by_address import caller
from distsim.kernels.coefficients import set_drive
from distsim.kernels.currents import is_changing, renew
from distsim.kernels.drive import drive
from distsim.kernels.junctions import Coupling, couple, expect, note_change
from distsim.kernels.options import KERNEL
from distsim.kernels.poisson import enqueue_poisson
from distsim.kernels.renewal import enqueue_drawn
from distsim.partitioning.streams import Stream

__all__ = [
    "COUPLE",
    "CURRENTS",
    "DRAWN",
    "DRIVES",
    "EXPECT",
    "JUNCTIONS",
    "NOTE_CHANGE",
    "N_PARTS",
    "PART",
    "CurrentPart",
    "DrawnPart",
    "DrivePart",
    "JunctionPart",
    "add_drives",
    "call_part",
    "have_currents",
    "have_junctions",
    "queue_drawn",
    "queue_poisson",
]

# lines of a group's array of parts
DRAWN, CURRENTS, JUNCTIONS, DRIVES = (np.int64(k) for k in range(4))
N_PARTS = 4
# what junctions are asked for
COUPLE, NOTE_CHANGE, EXPECT = (np.int64(k) for k in range(3))

# ``function(first, n)`` of a part
PART = (types.int64, types.int64)
call_part: Any = caller(PART, types.int64)


class DrawnPart(NamedTuple):
    """Sources whose spikes are drawn here, and wait in a queue."""

    poisson: PoissonInput
    queue: Queue
    connectome: Connectome


@njit(**KERNEL)
def _begin_after(first, poisson):
    """Begin with the step after `first`, or go on where a call for the same steps ended."""
    if poisson.position[0] <= first:
        poisson.position[0], poisson.position[1] = first + 1, 0
    return Stream(poisson.stream[0], poisson.stream[1], poisson.stream[2])


@njit(**KERNEL)
def queue_poisson(first, n_steps, part):
    """Queue the spikes of Poisson sources in the steps after `first`; 0: there was no room."""
    poisson, last = part.poisson, first + n_steps
    stream = _begin_after(first, poisson)
    sources, tables = poisson.sources, poisson.tables
    where = poisson.position, last, stream
    return int(enqueue_poisson(*where, sources, tables, part.queue, part.connectome))


@njit(**KERNEL)
def queue_drawn(first, n_steps, part):
    """Queue those of Poisson and of renewal sources."""
    poisson, last = part.poisson, first + n_steps
    stream = _begin_after(first, poisson)
    sources, tables, renewals = poisson.sources, poisson.tables, poisson.renewals
    where = poisson.position, last, stream
    return int(enqueue_drawn(*where, sources, tables, renewals, part.queue, part.connectome))


class CurrentPart(NamedTuple):
    """Currents that are injected into a group; `coefficients` are the model's."""

    currents: Currents
    coefficients: Any


@njit(**KERNEL)
def have_currents(step, _, part):
    """Let the currents flow that hold from `step` on."""
    currents = part.currents
    if not is_changing(step, currents):
        return 0
    is_summed = currents.injected.size > 0
    n_due = renew(step, currents)
    for i in range(n_due):
        course = currents.due[i]
        currents.is_due[course] = False
        total = 0.0
        for k in range(currents.term_start[course], currents.term_start[course + 1]):
            total += currents.level[currents.term[k]]
        for k in range(currents.lid_start[course], currents.lid_start[course + 1]):
            set_drive(part.coefficients, currents.lid[k], total)
            if is_summed:
                currents.injected[currents.lid[k]] = total
    return n_due


class JunctionPart(NamedTuple):
    """Gap junctions of a group; `coefficients` are the model's."""

    coupling: Coupling
    currents: Currents
    coefficients: Any
    cells: Cells


@njit(**KERNEL)
def have_junctions(what, n_spiking, part):
    """Do what is asked for, with so many cells that spike."""
    if what == COUPLE:
        couple(part.coupling, part.currents.injected, part.coefficients, part.cells.state)
    elif what == NOTE_CHANGE:
        note_change(part.coupling, part.cells.state)
    else:
        expect(part.coupling, part.cells, n_spiking)
    return 0


class DrivePart(NamedTuple):
    """Poisson sources with one target each; `cells` are theirs."""

    drives: Drives
    cells: Cells


@njit(**KERNEL)
def add_drives(step, _, part):
    """Add what arrives at `step`; return the number of synaptic events."""
    return drive(step, part.drives, part.cells.state)
