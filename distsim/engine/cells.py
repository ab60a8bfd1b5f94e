"""The local cells: one block per population, all blocks of a model in one group."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.engine.recorder import ProbeSet, SpikeRecord, build_probes, flush
from distsim.kernels.arrays import Cells, Currents, SpikeLog
from distsim.kernels.coefficients import merged
from distsim.models import CellModel, NativeModel

__all__ = ["CellBlock", "CellGroup", "Injection", "SourceBlock"]

Integers = NDArray[np.int64]
Values = NDArray[np.float64]

# spikes that are logged before they are sorted into the blocks' records
LOG_SIZE = 2**15


class SourceBlock:
    """The local cells of one population of spike sources.

    Parameters
    ----------
    first_gid : int
        Of the population.
    indices : ndarray of int64, shape (n_local,)
        Indices in the population of this rank's cells, ascending.

    Attributes
    ----------
    parameters : dict of str to ndarray, shape (n_local,)
        To be changed only by assigning arrays; call `touch` afterwards.
    spikes : SpikeRecord
    """

    def __init__(self, first_gid: int, indices: Integers) -> None:
        self.first_gid = first_gid
        self.indices = indices
        self.n_local = indices.size
        self.gids = first_gid + indices
        self.parameters: dict[str, NDArray[Any]] = {}
        self.spikes = SpikeRecord(self.gids)
        self.is_changed = True

    def touch(self) -> None:
        """Say that parameters were changed."""
        self.is_changed = True


class CellBlock(SourceBlock):
    """The local cells of one population of model neurons.

    Parameters
    ----------
    model : CellModel
    first_gid, indices
        As for `SourceBlock`.

    Attributes
    ----------
    state : ndarray of float64, shape (n_states, n_local)
        A view of the group's state once that is built.
    refractory : ndarray of int32, shape (n_local,)
    first_lid : int
        Local index in the group of the block's first cell.
    probes : list of ProbeSet
    """

    def __init__(self, model: CellModel, first_gid: int, indices: Integers) -> None:
        super().__init__(first_gid, indices)
        self.model = model
        self.state = np.zeros((len(model.states), self.n_local))
        self.refractory = np.zeros(self.n_local, np.int32)
        self.first_lid = 0
        self.probes: list[ProbeSet] = []


class Injection(NamedTuple):
    """A piecewise constant current into some local cells of a block.

    Attributes
    ----------
    block : CellBlock
    positions : ndarray of int64
        Positions of the cells in the block.
    steps : ndarray of int64, shape (n,), ascending
        From when on each amplitude holds; before the first it is zero.
    amplitudes : ndarray of float64, shape (n,)
        [nA]
    """

    block: CellBlock
    positions: Integers
    steps: Integers
    amplitudes: Values


class CellGroup:
    """All local cells of one model, from any population, as a structure of arrays.

    Parameters
    ----------
    model : NativeModel
    dt : float
        [ms]

    Attributes
    ----------
    cells : Cells
    coefficients : NamedTuple of arrays, or of numbers where all cells are alike
    currents : Currents
    probes : Probes
    log : SpikeLog
    injections : dict of Injection
        By (number of the current source, how many times it was injected before).
    """

    def __init__(self, model: NativeModel, dt: float) -> None:
        self.model = model
        self.dt = dt
        self.blocks: list[CellBlock] = []
        self.injections: dict[tuple[int, int], Injection] = {}
        self.sets: list[ProbeSet] = []
        self.n_taken = 0

    @property
    def n_local(self) -> int:
        """Number of cells on this rank."""
        return sum(block.n_local for block in self.blocks)

    def build(self) -> None:
        """Put the blocks' state into common arrays, of which the blocks then hold views."""
        n_local = self.n_local
        state = np.concatenate([block.state for block in self.blocks], axis=1)
        refractory = np.concatenate([block.refractory for block in self.blocks])
        lid = 0
        for block in self.blocks:
            block.first_lid = lid
            block.state = state[:, lid : lid + block.n_local]
            block.refractory = refractory[lid : lid + block.n_local]
            lid += block.n_local
        self.cells = Cells(
            state=state,
            refractory=refractory,
            inputs=state[self.model.input_rows],
            spiking=np.zeros(n_local, np.int64),
            gids=np.concatenate([block.gids for block in self.blocks]),
        )
        self.log = SpikeLog(np.zeros(n_local + LOG_SIZE, np.int64), np.zeros(1, np.int64))
        self.n_taken = 0

    def refresh(self) -> None:
        """Recompute what depends on parameters, injected currents and probes.

        Raises
        ------
        ParameterError
            If a parameter has a value that the model cannot take.
        """
        parameters = {
            name: np.concatenate([block.parameters[name] for block in self.blocks])
            for name in self.model.parameters
        }
        is_alike = all(np.unique(values).size == 1 for values in parameters.values())
        if is_alike and not self.injections:
            one_cell = {name: values[:1] for name, values in parameters.items()}
            self.coefficients = merged(self.model.coefficients(one_cell, self.dt))
        else:
            self.coefficients = self.model.coefficients(parameters, self.dt)
        self.currents = _schedule([self.injections[key] for key in sorted(self.injections)])
        self._rebuild_probes()
        for block in self.blocks:
            block.is_changed = False

    def _rebuild_probes(self) -> None:
        # a run has flushed the buffers at its end, and a reset may have set back the sets since
        self.sets = [probe_set for block in self.blocks for probe_set in block.probes]
        first_lids = [block.first_lid for block in self.blocks for _ in block.probes]
        self.probes = build_probes(self.sets, first_lids)

    def flush(self) -> None:
        """Empty the kernel's buffers: samples go to the sets, spikes to the blocks' records."""
        if self.sets:
            flush(self.sets, self.probes)
        keys = self.log.keys[: self.log.filled[0]]
        for block in self.blocks:
            block.spikes.append(keys)
        self.log.filled[0] = self.n_taken = 0

    def take_spikes(self, end: int | None = None) -> Integers:
        """Return the spikes logged since the last call, a view that `flush` makes invalid.

        Parameters
        ----------
        end : int, optional
            Place in the log of the first that is not to be taken yet; all are if not given.
        """
        first, self.n_taken = self.n_taken, int(self.log.filled[0]) if end is None else end
        return self.log.keys[first : self.n_taken]


def _schedule(injections: Sequence[Injection]) -> Currents:
    """Return the changes of each cell's total injected current, sorted by step."""
    steps, lids, values = [], [], []
    by_cell: dict[int, list[Injection]] = {}
    for injection in injections:
        for position in injection.positions:
            lid = injection.block.first_lid + int(position)
            by_cell.setdefault(lid, []).append(injection)
    for lid, sources in by_cell.items():
        changes = np.unique(np.concatenate([source.steps for source in sources]))
        total = np.zeros(changes.size)
        for source in sources:
            last = np.searchsorted(source.steps, changes, side="right")
            total += np.concatenate([[0.0], source.amplitudes])[last]
        steps.append(changes)
        lids.append(np.full(changes.size, lid, np.int64))
        values.append(total)
    if not steps:
        empty = np.zeros(0, np.int64)
        return Currents(empty, empty, np.zeros(0), np.zeros(1, np.int64))
    step = np.concatenate(steps)
    order = np.argsort(step, kind="stable")
    return Currents(
        step[order],
        np.concatenate(lids)[order],
        np.concatenate(values)[order],
        np.zeros(1, np.int64),
    )
