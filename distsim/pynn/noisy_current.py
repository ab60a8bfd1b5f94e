"""Current with noise."""

from typing import Any

from pyNN.standardmodels import electrodes

from distsim.errors import ParameterError
from distsim.lockstep import lockstep
from distsim.network.currents import Noise
from distsim.partitioning.streams import Purpose, Stream
from distsim.pynn.current_source import CurrentSource, single_gid
from distsim.pynn.described import describe
from distsim.pynn.simulator import state
from distsim.pynn.standardmodels import same_names

__all__ = ["NoisyCurrentSource"]


class NoisyCurrentSource(CurrentSource, electrodes.NoisyCurrentSource):
    """Current with Gaussian noise between two times.

    From `start` on, in each interval `dt`, a new value flows, drawn from a normal distribution.
    It is the same for all cells of the source, as in pyNN.neuron and pyNN.brian2; for noise of
    its own, a cell needs a source of its own. (In pyNN.nest each cell has its own even so.)
    A segment has noise of its own; that of a stretch of time does not depend on where runs end,
    nor on other parameters: a change of `mean` or `stdev` shifts and scales it.

    Parameters
    ----------
    mean, stdev : float
        [nA]; stdev is 0 or above.
    start, stop : float
        [ms]; before and after the current is zero.
    dt : float
        From one value to the next [ms], a multiple of the timestep; by default the timestep.

    Notes
    -----
    Values come from a rank-local stream. Its address is, for a source that is injected into a
    single cell first, that cell and how many such sources it has: so the owners of cells may make
    a source each for theirs, ``for cell in population: cell.inject(NoisyCurrentSource())``. For a
    source into several cells it is the number of such sources, so every rank must inject it, and
    into the same population, view, assembly or list of cells.
    """

    translations = same_names(electrodes.NoisyCurrentSource)

    def __init__(self, **parameters: Any) -> None:
        # where PyNN has no word for the timestep
        default = {"dt": state.dt} if state.is_set_up else {}
        self._address: tuple[Stream, int] | None = None
        super().__init__(**(default | parameters))

    def _begin(self, cells: Any) -> None:
        """Take a place in the streams when it flows for the first time."""
        gid, is_first = single_gid(cells), not self._targets
        if is_first:
            self._address = state.noise_address(gid)
        ranks = lockstep()
        if (gid is None or not is_first) and not ranks.is_inside:
            given = {"cells": describe(cells), "noise": repr(self._address)}
            ranks.note("inject", "", given | {"source": describe(self)})

    def _signal(self) -> Noise:
        # flowing nowhere, it can be recorded all the same
        stream, gid = self._address or state.noise_address(None, is_counted=False)
        first, end = self._span()
        mean, stdev = float(self._value("mean")), float(self._value("stdev"))
        return Noise(first, end, mean, stdev, self._interval(), stream, gid)

    def draw_from(self, seed: int) -> None:
        """Draw random numbers of another seed from now on."""
        if self._address is not None:
            stream, gid = self._address
            self._address = (
                Stream.of(seed, Purpose.NOISE, 0)._replace(
                    purpose=stream.purpose, object_id=stream.object_id
                ),
                gid,
            )
            self._apply()

    def _interval(self) -> int:
        """Return the steps from one value to the next."""
        dt = float(self._value("dt"))
        n_steps = round(dt / state.dt) if dt > 0 else 0
        if n_steps < 1 or abs(n_steps * state.dt - dt) > 1e-9 * dt:
            raise ParameterError(
                f"dt = {dt:g} ms of NoisyCurrentSource is no multiple of the timestep, "
                f"{state.dt:g} ms; give one, or leave dt out for the timestep itself"
            )
        return n_steps

    def _check(self) -> None:
        self._check_span()
        stdev = self._value("stdev")
        if stdev < 0:
            raise ParameterError(f"stdev = {stdev:g} nA of NoisyCurrentSource must be 0 or above")
        if state.is_set_up:
            self._interval()
