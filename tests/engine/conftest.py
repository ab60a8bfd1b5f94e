"""A communicator whose ranks are threads of this process."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest


class ThreadComm:
    """What one rank sees: mpi4py's buffer collectives, by a mailbox that all threads share."""

    def __init__(self, rank, mailbox, barrier):
        self.rank = rank
        self.mailbox = mailbox
        self.barrier = barrier

    def Get_rank(self):  # noqa: N802 - mpi4py's names
        return self.rank

    def Get_size(self):  # noqa: N802
        return len(self.mailbox)

    def _swap(self, message):
        self.mailbox[self.rank] = message
        self.barrier.wait()
        everyone = list(self.mailbox)
        self.barrier.wait()
        return everyone

    def Allgather(self, send, recv):  # noqa: N802
        recv[...] = np.concatenate(self._swap(send.copy())).reshape(recv.shape)

    def Allgatherv(self, send, recv):  # noqa: N802
        data, counts = recv
        parts = self._swap(send.copy())
        assert [part.size for part in parts] == list(counts)
        data[...] = np.concatenate(parts)

    def Alltoall(self, send, recv):  # noqa: N802
        recv[...] = [part[self.rank] for part in self._swap(send.copy())]

    def Alltoallv(self, send, recv):  # noqa: N802
        (data, n_sent), (received, n_received) = send, recv
        ends = np.cumsum(n_sent)
        assert ends[-1] == data.size
        parts = [np.ravel(data)[end - n : end].copy() for end, n in zip(ends, n_sent, strict=True)]
        mine = [each[self.rank] for each in self._swap(parts)]
        assert [part.size for part in mine] == list(n_received)
        received.reshape(-1)[...] = np.concatenate(mine)


@pytest.fixture
def on_ranks():
    """Return a function that calls ``function(comm)`` on n ranks and returns what they return."""

    def run(n_ranks, function):
        mailbox, barrier = [None] * n_ranks, threading.Barrier(n_ranks, timeout=30)

        def on_rank(rank):
            try:
                return function(ThreadComm(rank, mailbox, barrier))
            except BaseException:
                barrier.abort()
                raise

        with ThreadPoolExecutor(n_ranks) as pool:
            return [job.result() for job in [pool.submit(on_rank, r) for r in range(n_ranks)]]

    return run
