"""PyNN's spike sources that are renewal processes: Poisson with dead time, and gamma."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pyNN.standardmodels import cells as pynn_cells

from distsim.engines.base import Engine
from distsim.network.renewal import RenewalBlock
from distsim.network.renewal_kinds import GammaBlock, InhGammaBlock, RefractoryBlock
from distsim.pynn.standardmodels import StandardCell, same_names

__all__ = ["SpikeSourceGamma", "SpikeSourceInhGamma", "SpikeSourcePoissonRefractory"]


class _RenewalSource(StandardCell):
    """A source whose hazard depends on the time since its last spike.

    Attributes
    ----------
    block_type : type of RenewalBlock
    """

    block_type: ClassVar[type[RenewalBlock]]

    def add_to(
        self,
        simulation: Engine,
        first_gid: int,
        size: int,
        indices: NDArray[np.int64],
    ) -> RenewalBlock:
        """Give the engine this rank's cells of a population."""
        block = self.block_type(first_gid, indices)
        simulation.add_renewal_sources(block, size)
        return block


class SpikeSourcePoissonRefractory(_RenewalSource, pynn_cells.SpikeSourcePoissonRefractory):
    """Source of spikes at random times, a Poisson process with dead time.

    An interval is `tau_refrac` and an exponentially distributed time, ``1000 / rate`` together in
    the mean. Each rank with targets of a source draws its spikes anew; they are never sent.

    Parameters
    ----------
    rate : float
        Mean, dead time included [Hz]; below ``1000 / tau_refrac``.
    tau_refrac : float
        Shortest time between two spikes [ms].
    start, duration : float
        The process is in equilibrium from the beginning; its spikes are let through from `start`
        to `start + duration` [ms].
    """

    translations = same_names(pynn_cells.SpikeSourcePoissonRefractory)
    block_type = RefractoryBlock


class SpikeSourceGamma(_RenewalSource, pynn_cells.SpikeSourceGamma):
    """Source of spikes at random times, a gamma process: intervals are gamma distributed.

    The mean interval is ``alpha / beta``, its coefficient of variation ``1 / sqrt(alpha)``. Each
    rank with targets of a source draws its spikes anew; they are never sent.

    Parameters
    ----------
    alpha : float
        Shape, from 0.01 to 10,000; 1 for a Poisson process.
    beta : float
        Rate parameter [Hz].
    start, duration : float
        The process is in equilibrium from the beginning; its spikes are let through from `start`
        to `start + duration` [ms].
    """

    # as a float, since PyNN makes of values what defaults are: of 2.5 it would make 2
    default_parameters: ClassVar[dict[str, float]] = {
        name: float(value) for name, value in pynn_cells.SpikeSourceGamma.default_parameters.items()
    }
    translations = same_names(pynn_cells.SpikeSourceGamma)
    block_type = GammaBlock


class SpikeSourceInhGamma(_RenewalSource, pynn_cells.SpikeSourceInhGamma):
    """Source of spikes at random times, a gamma process whose parameters change in time.

    The hazard is at each time that of a gamma process with the present `a` and `b`, at the age
    since the last spike [1]_; where they are constants, the mean interval is ``a * b``. Each rank
    with targets of a source draws its spikes anew; they are never sent.

    Parameters
    ----------
    a : Sequence
        Shape in each bin, from 0.01 to 10,000.
    b : Sequence
        Scale in each bin [s].
    tbins : Sequence
        Where each bin begins [ms], ascending; the last one has no end. There are no spikes before
        the first one, at which the process is in equilibrium.
    start, duration : float
        Spikes are let through from `start` to `start + duration` [ms].

    References
    ----------
    .. [1] E. Muller, L. Buesing, J. Schemmel and K. Meier, Spike-frequency adapting neural
       ensembles: beyond mean adaptation and renewal theories, Neural Comput. 19, 2958-3010 (2007).
    """

    translations = same_names(pynn_cells.SpikeSourceInhGamma)
    block_type = InhGammaBlock
