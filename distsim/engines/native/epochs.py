"""Epochs of all groups of a rank: what is made in compiled code, and what is left to Python."""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from distsim.engines.native.exchange import Exchange
from distsim.engines.native.group_network import GroupNetwork
from distsim.engines.native.junctions import Junctions
from distsim.engines.native.messages import NO_SPIKES
from distsim.kernels.arrays import Gathering, SpikeLog
from distsim.kernels.bundle import advance_bundle, compile_queueing, compile_steps
from distsim.kernels.spike_keys import spike_key
from distsim.kernels.stretch import STRETCH, Stretch, advance_stretch

__all__ = ["EpochLoop"]

Integers = NDArray[np.int64]

# spikes that are logged before they are sorted into the blocks' records
LOG_SIZE = 2**15


class EpochLoop:
    """Make epochs, with an exchange after each, as many in one compiled call as can be.

    Python is needed where a buffer is full, and to exchange what compiled code cannot. The compiled
    call is then made again, and goes on where it was: in the middle of an epoch, if need be.

    Parameters
    ----------
    junctions : Junctions
        Whose potentials are exchanged, too.
    """

    def __init__(self, junctions: Junctions) -> None:
        self._junctions = junctions
        self._networks: list[GroupNetwork] = []
        self._groups = np.zeros((0, 2), np.int64)
        # by which potentials are exchanged
        self._potentials = junctions.entry
        self._log = _empty_log(0)
        # spikes of the log that are in the blocks' records already
        self._n_recorded = 0
        # spikes that came by the last exchange, to be queued in all groups
        self._arrived = NO_SPIKES
        self._given = NO_SPIKES
        self._progress = np.zeros(1, STRETCH)
        self._seconds_exchanging = 0.0

    def build(self, networks: Sequence[GroupNetwork]) -> None:
        """Take groups as they are after they were built, with no spikes on their way."""
        self._networks = list(networks)
        n_local = sum(network.group.n_local for network in networks)
        self._log = _empty_log(n_local + LOG_SIZE)
        self._n_recorded = 0
        self._seconds_exchanging = self.seconds_exchanging
        self._progress[:] = 0
        self.forget_spikes()

    @property
    def is_compiled(self) -> bool:
        """Whether this process has compiled, or loaded, what runs for some group."""
        return bool(advance_bundle.overloads)

    def compile_group(self, network: GroupNetwork) -> None:
        """Compile what runs for a group in an epoch, or load it."""
        network.entry(self._log)

    def compile_steps(self, network: GroupNetwork) -> None:
        """Compile what makes a group's steps, the larger part of that, or load it."""
        compile_steps(network.bundle(self._log))

    def compile_queueing(self, network: GroupNetwork) -> None:
        """Compile what queues spikes for a group, most of the rest, or load it."""
        compile_queueing(network.arrivals.queues[0], network.arrivals.rows)

    def compile(self, gathering: Gathering) -> None:
        """Compile what calls the groups, or load it."""
        nothing = np.zeros((0, 2), np.int64), NO_SPIKES, NO_SPIKES
        exchanges = self._junctions.entry, gathering
        advance_stretch(0, 1, *nothing, self._log, *exchanges, np.zeros(1, STRETCH))

    def begin(self, step: int) -> None:
        """Prepare for epochs from a step on."""
        self.flush()
        self._renew_entries()
        self._progress["step"] = step

    def enqueue(self, keys: Integers) -> None:
        """Take more spikes up to the present step, sorted, that came by an exchange."""
        if keys.size:
            self._arrived = np.sort(np.concatenate([self._arrived, keys]))

    def give(self, parts: Sequence[Integers]) -> None:
        """Take the spikes that sources on this rank make in the epochs to come, each part sorted.

        All that were given before must have been sent.
        """
        self._given = parts[0] if len(parts) == 1 else np.sort(np.concatenate([NO_SPIKES, *parts]))
        self._progress["n_given"] = 0

    def advance(self, last: int, epoch_steps: int, exchange: Exchange) -> tuple[Stretch, Integers]:
        """Make epochs up to a step, or fewer; every rank must call it until that is reached.

        Parameters
        ----------
        last, epoch_steps : int
        exchange : Exchange

        Returns
        -------
        stretch : Stretch
            How far this came.
        keys : ndarray of int64
            This rank's spikes of the epochs that were made; the caller's own.
        """
        first_logged, first_given = self._sent
        last = min(last, self._step + exchange.n_until_smaller * epoch_steps)
        is_full = advance_stretch(
            last,
            epoch_steps,
            self._groups,
            self._arrived,
            self._given,
            self._log,
            self._potentials,
            exchange.gathering,
            self._progress,
        )
        stretch = Stretch(*self._progress[0].item())
        keys = NO_SPIKES
        if stretch.n_epochs:
            self._junctions.complete(stretch.n_epochs)
            latest = self._take_unsent() if stretch.n_arrived < 0 else NO_SPIKES
            n_logged, n_given = self._sent
            keys = self._log.keys[first_logged:n_logged].copy()
            if n_given > first_given:
                keys = np.concatenate([keys, self._given[first_given:n_given]])
            begun = time.perf_counter()
            self._arrived = exchange.complete(stretch.n_epochs, stretch.n_arrived, latest)
            self._seconds_exchanging += time.perf_counter() - begun
        if is_full:
            self._make_room(self._networks[stretch.group])
        return stretch, keys

    def flush(self) -> None:
        """Give samples and spikes to the blocks' records; spikes not yet sent stay in the log."""
        keys = self._log.keys[self._n_recorded : self._log.filled[0]]
        for network in self._networks:
            network.group.flush()
            for block in network.group.blocks:
                block.spikes.append(keys)
        n_logged, _ = self._sent
        unsent = self._log.keys[n_logged : self._log.filled[0]].copy()
        self._log.keys[: unsent.size] = unsent
        self._log.filled[0] = self._n_recorded = unsent.size
        self._progress["n_logged"] = 0

    def forget_spikes(self) -> None:
        """Drop all spikes on their way."""
        self._arrived = NO_SPIKES

    @property
    def arrived(self) -> Integers:
        """Spikes that came by the last exchange and are not queued yet, sorted."""
        return self._arrived

    @property
    def seconds_exchanging(self) -> float:
        """Time that exchanges of spikes took, waiting for other ranks included [s]."""
        return self._seconds_exchanging + 1e-9 * int(self._progress["n_waited"][0])

    @property
    def _step(self) -> int:
        return int(self._progress["step"][0])

    @property
    def _sent(self) -> tuple[int, int]:
        """How many spikes of the log, and of those given, were sent."""
        return int(self._progress["n_logged"][0]), int(self._progress["n_given"][0])

    def _take_unsent(self) -> Integers:
        """Return the spikes up to the present step that were not sent; they count as sent."""
        n_logged, n_given = self._sent
        end = int(np.searchsorted(self._given, spike_key(self._step + 1, 0)))
        logged = self._log.keys[n_logged : self._log.filled[0]]
        self._progress["n_logged"] = self._log.filled[0]
        self._progress["n_given"] = end
        return np.concatenate([logged, self._given[n_given:end]])

    def _make_room(self, network: GroupNetwork) -> None:
        """Let a group go on that found some buffer full."""
        self.flush()
        network.make_room()
        log, n_filled = self._log, int(self._log.filled[0])
        if n_filled + network.group.n_local > log.keys.size:
            self._log = _empty_log(2 * (n_filled + network.group.n_local))
            self._log.keys[:n_filled], self._log.filled[0] = log.keys[:n_filled], n_filled
        self._renew_entries()

    def _renew_entries(self) -> None:
        """Take all addresses anew, in case that some array is another than before."""
        self._potentials = self._junctions.entry
        entries = [network.entry(self._log) for network in self._networks]
        self._groups = np.array(entries, np.int64).reshape(-1, 2)


def _empty_log(n: int) -> SpikeLog:
    return SpikeLog(np.zeros(n, np.int64), np.zeros(1, np.int64))
