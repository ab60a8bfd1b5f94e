"""Spikes that plastic synapses may not have been told of yet."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.gathering import gather
from distsim.kernels.spike_keys import gid_of_key, step_of_key
from distsim.partitioning import Partition

__all__ = ["Recent"]

Integers = NDArray[np.int64]


class Recent:
    """The recent spikes of all that plastic synapses on this rank hear.

    Parameters
    ----------
    comm : mpi4py communicator

    Attributes
    ----------
    keys : ndarray of int64
        ``step << 32 | gid``.
    """

    def __init__(self, comm: Any) -> None:
        self._comm = comm
        # of this rank's cells, and of all sources that are known beforehand
        self._own = np.zeros(0, np.int64)
        self._of_others = np.zeros(0, np.int64)

    @property
    def keys(self) -> Integers:
        """The spikes, in no order."""
        return np.concatenate([self._own, self._of_others])

    def take(self, keys: Integers) -> None:
        """Take spikes that are known beforehand, where synapses learn."""
        self._own = np.concatenate([self._own, keys])

    def keep(self, keys: Integers, longest: int, now: int, partition: Partition) -> None:
        """Take spikes of this rank's cells, and forget old ones; every rank must call it.

        Parameters
        ----------
        keys : ndarray of int64
        longest : int
            Delay [steps].
        now : int
            The present step.
        partition : Partition
        """
        # those of other ranks matter as long as they are on their way to the target, those of
        # targets twice as long as to the synapse
        self.take(keys)
        self._own = self._own[step_of_key(self._own) >= now - 2 * longest]
        given = gather(self._comm, keys[step_of_key(keys) >= now - longest])
        owners = np.asarray(partition.rank_of(gid_of_key(given)), np.int64)
        everything = np.concatenate([self._of_others, given[owners != self._comm.Get_rank()]])
        self._of_others = everything[step_of_key(everything) >= now - longest]
