"""Neo's list of spike trains, each made when it is asked for."""

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import Any

import neo
import numpy as np
import quantities as pq
from neo.core.spiketrainlist import SpikeTrainList
from numpy.typing import NDArray
from scipy.sparse import csr_array

from distsim.io import schema

__all__ = ["TrainList"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class TrainList(SpikeTrainList):
    """Spike trains as arrays of times and cells, and as `neo.SpikeTrain` where one is asked for.

    Neo's own list makes all trains when the first is asked for, in a time that grows with the
    number of trains times that of spikes; and all begin together. `multiplexed`, `counts`,
    `len` and Neo's other questions about the whole make none.
    """

    _items: Any
    _times: Any
    _channels: Any
    _all_channel_ids: Any
    _spiketrain_metadata: dict[str, Any]
    _since: Floats
    _labels: list[str]
    _source_index: Integers
    _made: dict[int, neo.SpikeTrain]

    @classmethod
    def of(
        cls,
        times: Callable[[], Floats],
        channel_ids: Callable[[], Integers],
        all_channel_ids: Integers,
        since: Floats,
        t_stop: float,
        labels: list[str],
        source_index: Integers,
    ) -> "TrainList":
        """Return the trains of some cells.

        Parameters
        ----------
        times : callable
            Returns the times of all spikes [ms], an ndarray of float64, shape (n_spikes,); called
            once, when they are asked for.
        channel_ids : callable
            Returns the gid of the cell that fired, an ndarray of int64, shape (n_spikes,).
        all_channel_ids : ndarray of int64, shape (n_trains,)
            The gids of all cells, silent ones too.
        since : ndarray of float64, shape (n_trains,)
            When each train begins [ms].
        t_stop : float
            When all end [ms].
        labels : list of str, length n_trains
            Populations of the cells.
        source_index : ndarray of int64, shape (n_trains,)
            Index of each cell in its population.
        """
        trains = cls()
        trains._times, trains._channels = times, channel_ids
        # Python's integers, which Neo relies on
        trains._all_channel_ids = all_channel_ids.tolist()
        begin = float(since.min()) if since.size else 0.0
        trains._spiketrain_metadata = {"t_start": begin * pq.ms, "t_stop": t_stop * pq.ms}
        trains._since, trains._labels, trains._source_index = since, labels, source_index
        trains._made = {}
        return trains

    # what Neo's own methods take of a list; read, or worked out, when one of them does

    @property
    def _spike_time_array(self) -> Any:
        if callable(self._times):
            self._times = pq.Quantity(self._times(), schema.TIME_UNITS)
        return self._times

    @_spike_time_array.setter
    def _spike_time_array(self, times: Any) -> None:
        self._times = times

    @property
    def _channel_id_array(self) -> Any:
        if callable(self._channels):
            self._channels = self._channels()
        return self._channels

    @_channel_id_array.setter
    def _channel_id_array(self, channels: Any) -> None:
        self._channels = channels

    @cached_property
    def _trains_of_spikes(self) -> Integers:
        """The train that each spike belongs to."""
        wanted = np.asarray(self._all_channel_ids, np.int64)
        if not wanted.size:
            return np.zeros(0, np.int64)
        first, span = int(wanted.min()), int(np.ptp(wanted)) + 1
        if span > 4 * (wanted.size + self._channel_id_array.size):
            order = np.argsort(wanted)
            return order[np.searchsorted(wanted[order], self._channel_id_array)]
        train_of = np.zeros(span, np.int64)
        train_of[wanted - first] = np.arange(wanted.size)
        return train_of[self._channel_id_array - first]

    @cached_property
    def _spikes_of_trains(self) -> tuple[Integers, Integers]:
        """Where the spikes of train k are: at places ``[bounds[k]:bounds[k + 1]]``."""
        n_spikes = self._channel_id_array.size
        # sorts by counting
        matrix = csr_array(
            (np.ones(n_spikes, np.bool_), (self._trains_of_spikes, np.arange(n_spikes))),
            shape=(len(self), n_spikes),
        )
        return matrix.indices, matrix.indptr

    def counts(self) -> Integers:
        """Return the number of spikes of each train, shape (n_trains,); makes no train."""
        if self._items is not None:
            return np.array([train.size for train in self._items], np.int64)
        wanted, channels = np.asarray(self._all_channel_ids, np.int64), self._channel_id_array
        if not wanted.size:
            return np.zeros(0, np.int64)
        if np.ptp(wanted) > 4 * (wanted.size + channels.size):
            return np.bincount(self._trains_of_spikes, minlength=len(self))
        first = int(wanted.min())
        found = np.bincount(channels - first if first else channels, minlength=np.ptp(wanted) + 1)
        return found[wanted - first]

    def _train(self, k: int) -> neo.SpikeTrain:
        """Return one train, the same each time."""
        if k not in self._made:
            places, bounds = self._spikes_of_trains
            train = neo.SpikeTrain(
                self._spike_time_array.magnitude[places[bounds[k] : bounds[k + 1]]],
                units=schema.TIME_UNITS,
                t_start=float(self._since[k]) * pq.ms,
                t_stop=self._spiketrain_metadata["t_stop"],
                source_population=self._labels[k],
                source_index=int(self._source_index[k]),
                channel_id=self._all_channel_ids[k],
            )
            train.segment = self.segment
            self._made[k] = train
        return self._made[k]

    def __getitem__(self, i: Any) -> Any:
        """Return a train, or a list of some."""
        if self._items is not None:
            return super().__getitem__(i)
        if isinstance(i, slice):
            return SpikeTrainList(items=[self._train(k) for k in range(*i.indices(len(self)))])
        k = range(len(self))[i]
        return self._train(k)

    def __iter__(self) -> Iterator[neo.SpikeTrain]:
        """Make the trains one after the other."""
        if self._items is not None:
            return iter(self._items)
        return map(self._train, range(len(self)))

    def _spiketrains_from_array(self) -> None:
        """Become a list of trains, as Neo's methods that change it need."""
        self._items = [self._train(k) for k in range(len(self))]

    def _add_spiketrainlists(self, other: SpikeTrainList, in_place: bool = False) -> Any:
        """Return the trains of both, which may begin and end at different times."""
        items = [*self, *other]
        if not in_place:
            return SpikeTrainList(items=items)
        self._items = items
        self._spike_time_array = self._channel_id_array = self._all_channel_ids = None
        self._spiketrain_metadata = {}
        return self

    def __reduce__(self) -> Any:
        """Be pickled as Neo's own list, which can be read without distsim."""
        if self._items is not None or np.unique(self._since).size > 1:
            return SpikeTrainList, (list(self),), {"segment": self.segment}
        make = partial(
            SpikeTrainList.from_spike_time_array,
            t_start=self._spiketrain_metadata["t_start"],
            source_population=self._labels,
            source_index=self._source_index.tolist(),
        )
        arrays = self._spike_time_array, self._channel_id_array, self._all_channel_ids
        t_stop = self._spiketrain_metadata["t_stop"]
        return make, (*arrays, t_stop), {"segment": self.segment}
