"""A signal of Neo's that stays in its file until it is asked for."""

from collections.abc import Sequence
from typing import Any

import neo
import numpy as np
import quantities as pq
from neo.core.baseneo import BaseNeo
from numpy.typing import NDArray

from distsim.errors import ParameterError
from distsim.io.neo_blocks import Channels, analog_signal, neo_units
from distsim.io.recordings import SignalData

__all__ = ["LazySignal"]


class LazySignal(BaseNeo):
    """Stand for a `neo.AnalogSignal` whose samples are still in the file.

    It has the same attributes and annotations; `load` and `time_slice` return the signal itself.

    Parameters
    ----------
    channels : Channels
        What its columns are.
    signal : SignalData
        Its `data` needs a shape and to be indexable.
    """

    _parent_objects = ("Segment",)
    proxy_for = neo.AnalogSignal

    def __init__(self, channels: Channels, signal: SignalData) -> None:
        super().__init__(
            name=signal.variable, channel_ids=channels.ids, source_population=channels.source
        )
        self.array_annotations = {"channel_index": channels.indices}
        self.shape = signal.data.shape
        self.dtype = np.dtype(np.float64)
        self.units = pq.Quantity(1.0, neo_units(signal.units)).units
        self.t_start = signal.t_start * pq.ms
        self.sampling_period = signal.sampling_interval * pq.ms
        self.segment: neo.Segment | None = None
        self._channels, self._signal = channels, signal

    @property
    def sampling_rate(self) -> pq.Quantity:
        """Samples per time."""
        return 1.0 / self.sampling_period

    @property
    def duration(self) -> pq.Quantity:
        """Time from the first sample to the end of the last sampling period."""
        return self.shape[0] * self.sampling_period

    @property
    def t_stop(self) -> pq.Quantity:
        """End of the last sampling period."""
        return self.t_start + self.duration

    def load(
        self,
        time_slice: tuple[pq.Quantity | None, pq.Quantity | None] | None = None,
        channel_indexes: Sequence[int] | None = None,
    ) -> neo.AnalogSignal:
        """Read the signal, or a part of it.

        Parameters
        ----------
        time_slice : tuple of two Quantity or None, optional
            Begin and end; None stands for that of the signal.
        channel_indexes : sequence of int, optional
            Which columns; by default all.

        Returns
        -------
        neo.AnalogSignal
            The samples with begin <= time < end.

        Raises
        ------
        ParameterError
            If the slice reaches beyond the signal, or there is no such column.
        """
        start, stop = self._sample_range(time_slice)
        rows = self._signal.data[start:stop]
        columns = np.arange(self.shape[1])
        if channel_indexes is not None:
            columns = self._checked_columns(channel_indexes)
            rows = rows[:, columns]
        part = SignalData(
            self._signal.variable,
            self._signal.units,
            self._signal.node_ids[columns],
            rows,
            self._signal.t_start + start * self._signal.sampling_interval,
            self._signal.sampling_interval,
        )
        ids, indices, source = self._channels
        loaded = analog_signal(Channels(ids[columns], indices[columns], source), part)
        loaded.segment = self.segment
        return loaded

    def time_slice(
        self, t_start: pq.Quantity | None, t_stop: pq.Quantity | None
    ) -> neo.AnalogSignal:
        """Read the samples between two times.

        Parameters
        ----------
        t_start, t_stop : Quantity or None
            Begin and end; None stands for that of the signal.

        Returns
        -------
        neo.AnalogSignal
            The samples with begin <= time < end.
        """
        return self.load(time_slice=(t_start, t_stop))

    def _sample_range(self, time_slice: tuple[Any, Any] | None) -> tuple[int, int]:
        """Return the first sample of a time slice and the first after it."""
        begin, end = time_slice or (None, None)
        start = 0 if begin is None else self._sample(begin)
        stop = self.shape[0] if end is None else self._sample(end)
        return start, stop

    def _sample(self, t: pq.Quantity) -> int:
        """Return the number of the sample nearest to a time."""
        elapsed = float(t.rescale(pq.ms).magnitude) - self._signal.t_start
        sample = round(elapsed / self._signal.sampling_interval)
        if not 0 <= sample <= self.shape[0]:
            raise ParameterError(
                f"{t} is outside the signal, which is from {self.t_start} to {self.t_stop}; "
                "choose a time within it",
                t=t,
            )
        return sample

    def _checked_columns(self, columns: Sequence[int]) -> NDArray[np.int64]:
        """Return column numbers as an array, or raise."""
        chosen = np.asarray(columns, dtype=np.int64).reshape(-1)
        if np.any((chosen < 0) | (chosen >= self.shape[1])):
            raise ParameterError(
                f"channel_indexes = {list(columns)}: the signal has {self.shape[1]} channels, "
                "counted from 0; choose among them",
                channel_indexes=columns,
            )
        return chosen
