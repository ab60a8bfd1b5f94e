"""Ranks that agree, and the first rank of each node."""

import time

import pytest

from distsim.comm.agreement import agree, first_on_each_node
from distsim.comm.world import world
from distsim.errors import DistsimError, ParameterError


class TwoPartError(Exception):
    """An error that wants more than a text."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


def test_world_is_one_private_communicator(comm):
    from mpi4py import MPI

    assert world() is comm
    assert MPI.Comm.Compare(comm, MPI.COMM_WORLD) == MPI.CONGRUENT


def test_agree_is_silent_without_errors(comm):
    agree(comm, None)


def test_agree_raises_the_lowest_rank_s_error_on_every_rank(comm):
    rank, n_ranks = comm.Get_rank(), comm.Get_size()
    error = ParameterError(f"bad value {rank}", value=rank) if rank >= n_ranks // 2 else None
    prefix = "" if n_ranks == 1 else f"on rank {n_ranks // 2}: "
    with pytest.raises(ParameterError) as caught:
        agree(comm, error)
    assert str(caught.value) == f"{prefix}bad value {n_ranks // 2}"
    assert caught.value.value == n_ranks // 2


def test_agree_names_no_rank_if_all_fail(comm):
    with pytest.raises(OSError, match=r"^disk full$"):
        agree(comm, OSError("disk full"))


def test_agree_needs_only_the_text_of_an_error(comm):
    error = TwoPartError(1, 2) if comm.Get_rank() == comm.Get_size() - 1 else None
    with pytest.raises(DistsimError if comm.Get_size() > 1 else TwoPartError, match="1 and 2"):
        agree(comm, error)


def test_an_error_that_cannot_be_sent_is_told_all_the_same(comm):
    class LocalError(Exception):
        pass

    error = LocalError("here") if comm.Get_rank() == 0 else None
    told = r"^on rank 0: LocalError: here$" if comm.Get_size() > 1 else "^here$"
    with pytest.raises(DistsimError if comm.Get_size() > 1 else LocalError, match=told):
        agree(comm, error)


def test_where_all_fail_alike_each_rank_raises_its_own_error(comm):
    class LocalError(Exception):
        pass

    error = LocalError("here")
    with pytest.raises(LocalError) as caught:
        agree(comm, error)
    assert caught.value is error


def test_first_rank_of_a_node_is_done_before_the_others_begin(comm, shared_tmp_path):
    done = shared_tmp_path / "done"

    def function():
        found = done.exists()
        if not found:
            time.sleep(0.2)
            done.touch()
        return found

    # all ranks of these tests are on one node
    assert first_on_each_node(comm, function) == [comm.Get_rank() > 0]


def test_the_ranks_of_a_node_share_what_is_done_first(comm, shared_tmp_path):
    def function(k):
        def make():
            path = shared_tmp_path / str(k)
            found = path.exists()
            path.touch()
            return k, found

        return make

    n_ranks, rank = comm.Get_size(), comm.Get_rank()
    done = first_on_each_node(comm, *(function(k) for k in range(3)))
    assert done == [(k, k % n_ranks != rank) for k in range(3)]


@pytest.mark.parametrize("turn", ["first", "others"])
def test_an_error_on_either_turn_reaches_all_ranks(comm, turn):
    if comm.Get_size() == 1 and turn == "others":
        pytest.skip("there are no others")

    def function():
        if (comm.Get_rank() == 0) == (turn == "first"):
            raise ValueError("no compiler")

    with pytest.raises(ValueError, match="no compiler"):
        first_on_each_node(comm, function)


def test_shared_folder_is_the_same_on_all_ranks(comm, shared_tmp_path):
    assert len(set(comm.allgather(shared_tmp_path))) == 1
    assert shared_tmp_path.is_dir()
