"""Questions of rank 0 and answers of the others."""

import numpy as np
import pytest

from distsim.errors import DistsimError, FileWriteError, ParameterError
from distsim.io import transfer
from distsim.io.transfer import (
    Kind,
    LocalPart,
    RemotePart,
    Request,
    collect,
    serve,
)

FLOATS = np.dtype(np.float64)
REQUEST = Request(Kind.SIGNAL, start=3, stop=9)


def test_answers_arrive_whole_in_messages_of_bounded_size(run_on_ranks, monkeypatch):
    monkeypatch.setattr(transfer, "MESSAGE_BYTES", 1000)

    def act(comm):
        rank = comm.Get_rank()
        if rank > 0:
            serve(comm, lambda request: np.arange(request.start * 1000.0) + rank)
            return comm.largest
        parts = [RemotePart(comm, 1), RemotePart(comm, 2)]
        answers = list(collect(parts, [REQUEST] * 2, FLOATS))
        for part in parts:
            part.dismiss(None)
        return answers

    answers, *largest = run_on_ranks(3, act)
    for rank, answer in enumerate(answers, start=1):
        np.testing.assert_array_equal(answer, np.arange(3000.0) + rank)
    assert max(largest) <= 1000


@pytest.mark.parametrize("error_class", [DistsimError, ParameterError, FileWriteError])
def test_the_end_by_an_error_is_the_same_error_on_every_rank(run_on_ranks, error_class):
    error = error_class("'x' is wrong; mend it", name="x")

    def act(comm):
        if comm.Get_rank() > 0:
            serve(comm, lambda request: np.zeros(5))
        parts = [RemotePart(comm, rank) for rank in (1, 2)]
        # rank 1 has not been heard, rank 2 has not been asked
        parts[0].ask(REQUEST)
        for part in parts:
            part.dismiss(error)

    _, *outcomes = run_on_ranks(3, act)
    assert [(type(outcome), str(outcome)) for outcome in outcomes] == [
        (error_class, str(error))
    ] * 2


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (ParameterError("bad data"), (ParameterError, "rank 1: bad data")),
        (MemoryError("no more"), (DistsimError, "rank 1: MemoryError: no more")),
    ],
)
def test_an_error_of_another_rank_is_raised_on_rank_0(run_on_ranks, cause, expected):
    def fail(request):
        raise cause

    def act(comm):
        if comm.Get_rank() > 0:
            return serve(comm, fail)
        part = RemotePart(comm, 1)
        try:
            list(collect([part], [REQUEST], FLOATS))
        finally:
            part.dismiss(None)

    outcome = run_on_ranks(2, act)[0]
    assert (type(outcome), str(outcome)) == expected


def test_rank_0_answers_itself_as_the_others_do():
    part = LocalPart(lambda request: np.arange(request.start, request.stop))
    part.ask(REQUEST)
    np.testing.assert_array_equal(part.receive(FLOATS), np.arange(3.0, 9.0))


def test_a_failed_write_is_an_os_error():
    assert issubclass(FileWriteError, OSError)
    assert FileWriteError("no space", path="x.h5").path == "x.h5"
