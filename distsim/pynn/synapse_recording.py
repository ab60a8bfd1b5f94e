"""Values of a projection's connections, sampled while the simulation runs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.agreement import together
from distsim.comm.world import world
from distsim.declared import declares
from distsim.errors import ParameterError, did_you_mean
from distsim.io.connection_values import ConnectionValues, write_connection_values
from distsim.pynn.checks import checked_steps
from distsim.pynn.gather import Audience, gather_arrays
from distsim.pynn.output import has_own_format, of_rank, write_neo
from distsim.pynn.simulator import state

if TYPE_CHECKING:
    import neo

__all__ = ["SynapseRecorder"]

Floats = NDArray[np.float64]


@declares(stored="next_step _segments _names _interval", described="_projection")
class SynapseRecorder:
    """What is sampled of a projection.

    Parameters
    ----------
    projection : Projection
    names : sequence of str
        Variables or parameters of its synapses.
    interval : float or None
        [ms]; None: the time step.

    Attributes
    ----------
    next_step : int
        When it is sampled next.
    """

    def __init__(self, projection: Any, names: Sequence[str], interval: float | None) -> None:
        synapse = projection.pathway.synapse
        known = [*synapse.variable_names, *synapse.parameter_names]
        for name in names:
            if name not in known:
                kind = type(projection.synapse_type).__name__
                raise ParameterError(
                    f"unknown variable '{name}' of a {kind}; {did_you_mean(name, known)}", name=name
                )
        self._projection = projection
        self._names = list(dict.fromkeys(names))
        self._interval = 1 if interval is None else checked_steps(interval, state.dt)
        self.next_step = state.simulation.step
        # times, and for each time the values of each variable
        self._segments: list[tuple[list[float], list[list[Floats]]]] = [([], [])]

    def sample(self) -> None:
        """Take the values at the present step."""
        times, values = self._segments[-1]
        live = state.simulation.read_synapses(self._projection.pathway, self._names)
        local = self._projection.described_values
        times.append(state.t)
        values.append([np.array(live.get(name, local(name))) for name in self._names])
        self.next_step = state.simulation.step + self._interval

    def begin_segment(self) -> None:
        """Go on in a new segment, from time 0."""
        self._segments.append(([], []))
        self.next_step = 0

    def clear(self) -> None:
        """Forget what was sampled."""
        self._segments = [([], [])]

    def to_plain(self) -> dict[str, Any]:
        """Return all but the samples as lists and numbers."""
        times = [times for times, _ in self._segments]
        return {
            "names": self._names,
            "interval": self._interval,
            "next": self.next_step,
            "times": times,
        }

    def columns(self) -> dict[str, Floats]:
        """Return the samples, one row for each connection of this rank, by segment and name."""
        n, columns = len(self._projection), {}
        for k, (times, values) in enumerate(self._segments):
            for i, name in enumerate(self._names):
                column = columns[f"{k} {name}"] = np.empty((n, len(times)))
                for j, sample in enumerate(values):
                    column[:, j] = sample[i]
        return columns

    def lay_in(self, plain: dict[str, Any], columns: dict[str, Floats]) -> None:
        """Take what `to_plain` and `columns` have returned."""
        self._names, self._interval = plain["names"], plain["interval"]
        self.next_step = plain["next"]
        self._segments = []
        for k, times in enumerate(plain["times"]):
            each = [columns[f"{k} {name}"] for name in self._names]
            values = [[column[:, j].copy() for column in each] for j in range(len(times))]
            self._segments.append((list(times), values))

    def gathered(self, addresses: Any, audience: Audience) -> ConnectionValues:
        """Return what was sampled, of the connections of all ranks where they are wanted.

        Parameters
        ----------
        addresses : tuple of 3 ndarray
            Sources and targets, sorted, and the order of values as ranks hold them.
        audience : Audience
        """
        sources, targets, order = addresses
        projection = self._projection
        segments = []
        for times, values in self._segments:
            if not times:
                continue
            columns = {}
            for k, name in enumerate(self._names):
                # connections first: these are what ranks share out
                local = np.stack([sample[k] for sample in values], axis=1)
                if audience is not Audience.NONE:
                    (local,) = gather_arrays(local, audience=audience)
                if audience is Audience.NONE or audience.includes(state.rank):
                    columns[name] = np.ascontiguousarray(local[order].T)
            segments.append((np.array(times), columns))
        units = {name: projection.unit_of(name) for name in self._names}
        return ConnectionValues(str(projection.label), sources, targets, units, segments)


def neo_block(values: ConnectionValues) -> "neo.Block":
    """Return values of connections as a Block: one Segment each, one AnalogSignal per variable.

    A signal has a column for each connection, with `source_index` and `target_index` as array
    annotations; where samples are not equidistant, it is an IrregularlySampledSignal.
    """
    # not every script needs it
    import neo
    import quantities as pq

    block = neo.Block(name=values.label)
    addresses = {"source_index": values.sources, "target_index": values.targets}
    for times, columns in values.segments:
        segment = neo.Segment(name=f"segment{len(block.segments)}")
        block.segments.append(segment)
        gaps = np.diff(times)
        is_regular = times.size > 1 and bool((np.abs(gaps - gaps[0]) < 1e-6).all())
        for name, column in columns.items():
            common = {"units": values.units[name], "name": name, "array_annotations": addresses}
            if is_regular:
                signal: Any = neo.AnalogSignal(
                    column, t_start=times[0] * pq.ms, sampling_period=gaps[0] * pq.ms, **common
                )
                segment.analogsignals.append(signal)
            else:
                signal = neo.IrregularlySampledSignal(times * pq.ms, column, **common)
                segment.irregularlysampledsignals.append(signal)
    return block


def write(io: Any, values: ConnectionValues, audience: Audience) -> None:
    """Write values of connections, on rank 0 or on each rank; every rank must call it."""
    with together(world()):
        if audience is not Audience.NONE and state.rank > 0:
            return
        if audience is Audience.NONE:
            io = of_rank(io, state.rank)
        if has_own_format(io):
            write_connection_values(io, values)
        else:
            write_neo(io, neo_block(values))
