"""One network on any number of ranks, split in any way: equal to the bit."""

import re
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest

FOLDER = Path(__file__).parent / "rank_invariance"


@pytest.fixture(scope="module")
def outcome(mpi_job, tmp_path_factory):
    """Return a function that runs the network; it gives datasets of the file and connections."""

    def run(n_ranks, partition, exchange="auto", network="network.py"):
        folder = tmp_path_factory.mktemp("network")
        files = folder / "run.h5", folder / "lists.npz"
        # seven ranks load the code of all models on the cores of one machine
        job = mpi_job(n_ranks, FOLDER / network, partition, exchange, *files, timeout=580)
        assert job.returncode == 0, job.stdout
        with np.load(folder / "lists.npz") as lists:
            return datasets_of(folder / "run.h5"), dict(lists)

    return run


@pytest.fixture(scope="module")
def serial(outcome):
    return outcome(1, "block")


@pytest.fixture(scope="module")
def serial_junctions(outcome):
    return outcome(1, "block", network="junctions.py")


def datasets_of(path):
    """Return all datasets of a file by name, but for what it says of ranks and times."""
    datasets = {}

    def keep(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("provenance/"):
            datasets[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(keep)
    return datasets


def assert_equal(ours, expected):
    assert list(ours) == list(expected)
    for name, values in expected.items():
        assert ours[name].dtype == values.dtype, name
        np.testing.assert_array_equal(ours[name], values, err_msg=name)


def test_everything_in_the_network_takes_part(serial):
    datasets, lists = serial
    # looked at four times; those from and to the empty population have no connections
    assert sum(not rows.size for rows in lists.values()) == 4 * 2
    for prefix in ("", "segments/1/"):
        signals = [name for name in datasets if re.match(f"{prefix}report/.*/data", name)]
        assert len(signals) >= 2 * 6, signals
    spikes = {name: data for name, data in datasets.items() if name.endswith("timestamps")}
    silent = [name for name, data in spikes.items() if not data.size]
    assert len(spikes) >= 2 * 9
    assert all("empty" in name for name in silent), silent


@pytest.mark.parametrize(
    ("n_ranks", "partition", "exchange"),
    [
        (2, "block", "allgather"),
        (3, "user", "directed"),
        (4, "round_robin", "auto"),
        (7, "block", "directed"),
    ],
)
def test_recordings_and_connections_do_not_depend_on_the_ranks(
    outcome, serial, n_ranks, partition, exchange
):
    datasets, lists = outcome(n_ranks, partition, exchange)
    assert_equal(lists, serial[1])
    assert_equal(datasets, serial[0])


@pytest.fixture(scope="module")
def begun(mpi_job, tmp_path_factory):
    """Return a function that gives the snapshot of a run on 2 ranks that was not ended."""

    def begin(network):
        folder = tmp_path_factory.mktemp("begun")
        files = folder / "none.h5", folder / "none.npz", "first", folder / "snapshot.h5"
        job = mpi_job(2, FOLDER / network, "round_robin", "allgather", *files, timeout=580)
        assert job.returncode == 0, job.stdout
        return folder / "snapshot.h5"

    return cache(begin)


@pytest.fixture
def ended(mpi_job, begun, tmp_path):
    """Return a function that ends it on other ranks, and compares; it gives how much."""

    def end(network, n_ranks, partition, expected):
        files = tmp_path / "run.h5", tmp_path / "lists.npz", "second", begun(network)
        job = mpi_job(n_ranks, FOLDER / network, partition, "auto", *files, timeout=580)
        assert job.returncode == 0, job.stdout
        datasets, lists = expected
        assert_equal(datasets_of(tmp_path / "run.h5"), datasets)
        with np.load(tmp_path / "lists.npz") as found:
            ours = list(found.values())
        # those that were looked at before are not there
        for one, other in zip(ours, list(lists.values())[-len(ours) :], strict=True):
            np.testing.assert_array_equal(one, other)
        return len(ours)

    return end


OTHERS = pytest.mark.parametrize(
    ("n_ranks", "partition"),
    [
        (1, "user"),
        pytest.param(3, "block", marks=pytest.mark.slow),
        pytest.param(4, "round_robin", marks=pytest.mark.slow),
    ],
)


@OTHERS
def test_what_was_begun_on_two_ranks_ends_on_others(ended, serial, n_ranks, partition):
    assert ended("network.py", n_ranks, partition, serial) > 30


@OTHERS
def test_what_was_begun_with_gap_junctions_ends_on_others(
    ended, serial_junctions, n_ranks, partition
):
    assert ended("junctions.py", n_ranks, partition, serial_junctions) == 8


def test_everything_with_gap_junctions_takes_part(serial_junctions):
    datasets, lists = serial_junctions
    assert all(rows.size for rows in lists.values())
    spikes = {name: data for name, data in datasets.items() if re.match("spikes/.*/times", name)}
    assert len(spikes) == 4
    assert all(data.size for data in spikes.values())


@pytest.mark.parametrize(
    ("n_ranks", "partition", "exchange"),
    [
        (2, "round_robin", "allgather"),
        (3, "user", "directed"),
        (7, "block", "directed"),
    ],
)
def test_gap_junctions_do_not_depend_on_the_ranks(
    outcome, serial_junctions, n_ranks, partition, exchange
):
    datasets, lists = outcome(n_ranks, partition, exchange, "junctions.py")
    assert_equal(lists, serial_junctions[1])
    assert_equal(datasets, serial_junctions[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_ranks", "partition", "exchange"),
    [
        (1, "round_robin", "directed"),
        (2, "user", "directed"),
        (3, "block", "allgather"),
        (3, "round_robin", "directed"),
        (4, "user", "allgather"),
        (7, "round_robin", "allgather"),
        (7, "user", "directed"),
    ],
)
def test_no_split_gives_other_results(outcome, serial, n_ranks, partition, exchange):
    datasets, lists = outcome(n_ranks, partition, exchange)
    assert_equal(lists, serial[1])
    assert_equal(datasets, serial[0])
