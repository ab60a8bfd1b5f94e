"""The last spikes of a rank's own cells, kept in case that connections change."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from distsim.declared import declares
from distsim.kernels.spike_keys import step_of_key

__all__ = ["SpikeHistory"]

Integers = NDArray[np.int64]


@declares(stored="reach _epochs")
class SpikeHistory:
    """The spikes of this rank's own cells that some connection, on any rank, may still carry.

    A rank receives only spikes for which it has targets. When connections are added, it may need
    spikes already sent to others: their owners keep them, and send them anew.

    Attributes
    ----------
    reach : int
        The largest delay on any rank [steps].
    """

    def __init__(self) -> None:
        self.reach = 0
        self._epochs: deque[tuple[int, Integers]] = deque()

    def append(self, step: int, keys: Integers) -> None:
        """Take the spikes of an epoch.

        Parameters
        ----------
        step : int
            The last of the epoch.
        keys : ndarray of int64, shape (n,)
            ``step << 32 | gid``, in any order; copied.
        """
        self._epochs.append((step, keys.copy()))
        while self._epochs and self._epochs[0][0] <= step - self.reach:
            self._epochs.popleft()

    def change(self, step: int, reach: int) -> Integers:
        """Return the spikes on their way when connections change, and forget all others.

        Parameters
        ----------
        step : int
            The present step.
        reach : int
            The largest delay from now on.

        Returns
        -------
        ndarray of int64
            Spikes younger than the largest delay before.
        """
        keys = self.latest(step)
        self.lay_in(step, keys, reach)
        return keys

    def latest(self, step: int) -> Integers:
        """Return the spikes on their way at the present step."""
        keys = np.concatenate([np.zeros(0, np.int64), *(keys for _, keys in self._epochs)])
        return keys[step_of_key(keys) > step - self.reach]

    def lay_in(self, step: int, keys: Integers, reach: int) -> None:
        """Take these spikes on their way, and the largest delay, in place of all that there is."""
        self.clear()
        self._epochs.append((step, keys))
        self.reach = reach

    def clear(self) -> None:
        """Forget all."""
        self._epochs.clear()
