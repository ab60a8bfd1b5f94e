"""All local cells of one model in one group, with what the kernels take of them."""

import numpy as np
from numpy.typing import NDArray

from distsim.declared import declares
from distsim.engines.native.currents import build_currents
from distsim.engines.native.probes import build_probes, flush
from distsim.kernels.arrays import Cells
from distsim.kernels.coefficients import merged
from distsim.models import NativeModel
from distsim.network.blocks import CellBlock
from distsim.network.currents import Injection
from distsim.network.records import ProbeSet

__all__ = ["CellGroup"]

Integers = NDArray[np.int64]
Values = NDArray[np.float64]


@declares(
    stored="blocks",
    remade="cells coefficients currents probes sets is_coupled",
    described="model dt injections",
)
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
    injections : dict of Injection
        By (number of the current source, how many times it was injected before).
    is_coupled : bool
        Whether some cell here has gap junctions.
    """

    def __init__(self, model: NativeModel, dt: float) -> None:
        self.model = model
        self.dt = dt
        self.blocks: list[CellBlock] = []
        self.injections: dict[tuple[int, int], Injection] = {}
        self.sets: list[ProbeSet] = []
        self.is_coupled = False

    @property
    def n_local(self) -> int:
        """Number of cells on this rank."""
        return sum(block.n_local for block in self.blocks)

    def build(self) -> None:
        """Put the blocks' state into common arrays, of which the blocks then hold views."""
        state = np.concatenate([block.state for block in self.blocks], axis=1)
        refractory = np.concatenate([block.refractory for block in self.blocks])
        lid = 0
        for block in self.blocks:
            block.first_lid = lid
            block.state = state[:, lid : lid + block.n_local]
            block.refractory = refractory[lid : lid + block.n_local]
            lid += block.n_local
        self.cells = Cells.of(
            state, refractory, np.concatenate([block.gids for block in self.blocks])
        )

    def refresh(self, segment: int = 0) -> None:
        """Recompute what depends on parameters, injected currents and probes.

        Parameters
        ----------
        segment : int
            The present one, which has noise of its own.

        Raises
        ------
        ParameterError
            If a parameter has a value that the model cannot take.
        """
        parameters = {
            each.name: np.concatenate([block.parameters[each.name] for block in self.blocks])
            for each in (*self.model.parameters, *self.model.fixed)
        }
        self.model.check(parameters)
        is_alike = all((values == values[:1]).all() for values in parameters.values())
        if self.n_local and is_alike and not (self.injections or self.is_coupled):
            one_cell = {name: values[:1] for name, values in parameters.items()}
            self.coefficients = merged(self.model.coefficients(one_cell, self.dt))
        else:
            self.coefficients = self.model.coefficients(parameters, self.dt)
        injections = [self.injections[key] for key in sorted(self.injections)]
        n_summed = self.n_local if self.is_coupled else 0
        self.currents = build_currents(injections, segment, n_summed)
        self._rebuild_probes()
        for block in self.blocks:
            block.is_changed = False

    def _rebuild_probes(self) -> None:
        # a run has flushed the buffers at its end, and a reset may have set back the sets since
        self.sets = [probe_set for block in self.blocks for probe_set in block.probes]
        first_lids = [block.first_lid for block in self.blocks for _ in block.probes]
        self.probes = build_probes(self.sets, first_lids)

    def flush(self) -> None:
        """Give the samples in the kernel's buffers to the sets."""
        if self.sets:
            flush(self.sets, self.probes)
