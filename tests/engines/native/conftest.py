"""A communicator whose ranks are threads of this process."""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest


class ThreadComm:
    """What one rank sees: mpi4py's buffer collectives, by a mailbox that all threads share."""

    def __init__(self, rank, mailbox, barrier, posts):
        self.rank = rank
        self.mailbox = mailbox
        self.barrier = barrier
        self.posts = posts

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
        if isinstance(recv, tuple):
            # in place: a rank's message stands already where all shall be
            recv = np.frombuffer(recv[0], np.int64).reshape(len(self.mailbox), -1)
            send = recv[self.rank]
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

    def Create_dist_graph_adjacent(self, sources, destinations):  # noqa: N802
        return ThreadGraph(self, sources, destinations)


class ThreadGraph:
    """A communicator of neighbours: a collective over them, and messages from one to another."""

    def __init__(self, comm, sources, destinations):
        self.comm = comm
        self.sources = sources
        self.destinations = destinations
        edges = comm._swap((sources, destinations))
        assert all(comm.rank in edges[source][1] for source in sources)
        assert all(comm.rank in edges[destination][0] for destination in destinations)

    def Neighbor_alltoallv(self, send, recv):  # noqa: N802
        data, counts, places, _ = send
        pieces = zip(self.destinations, counts, places, strict=True)
        parts = {rank: data[place : place + n].copy() for rank, n, place in pieces}
        everyone = self.comm._swap(parts)
        data, counts, places, _ = recv
        for source, n, place in zip(self.sources, counts, places, strict=True):
            part = everyone[source][self.comm.rank]
            assert part.size == n
            data[place : place + n] = part

    def Isend(self, data, rank):  # noqa: N802
        self.comm.posts[self.comm.rank, rank].put(data.copy())
        return self

    def Wait(self):  # noqa: N802
        pass

    def Recv(self, data, rank):  # noqa: N802
        data[...] = self.comm.posts[rank, self.comm.rank].get(timeout=30)

    def Free(self):  # noqa: N802
        assert all(post.empty() for post in self.comm.posts.values())


@pytest.fixture
def on_ranks():
    """Return a function that calls ``function(comm)`` on n ranks and returns what they return."""

    def run(n_ranks, function):
        mailbox, barrier = [None] * n_ranks, threading.Barrier(n_ranks, timeout=30)
        posts = {(a, b): queue.Queue() for a in range(n_ranks) for b in range(n_ranks)}

        def on_rank(rank):
            try:
                return function(ThreadComm(rank, mailbox, barrier, posts))
            except BaseException:
                barrier.abort()
                raise

        with ThreadPoolExecutor(n_ranks) as pool:
            return [job.result() for job in [pool.submit(on_rank, r) for r in range(n_ranks)]]

    return run
