"""One network on any number of ranks, split in any way: equal to the bit."""

import re
from functools import cache
from itertools import chain
from pathlib import Path

import h5py
import numpy as np
import pytest

FOLDER = Path(__file__).parent / "rank_invariance"


# split, and how spikes are exchanged, for each number of ranks; in one job
NETWORK = {
    1: ("block", "auto"),
    2: ("block", "allgather"),
    3: ("user", "directed"),
    4: ("round_robin", "auto"),
    7: ("block", "directed"),
}
JUNCTIONS = {
    1: ("block", "auto"),
    2: ("round_robin", "allgather"),
    3: ("user", "directed"),
    7: ("block", "directed"),
}
ALL = {"network": NETWORK, "junctions": JUNCTIONS}


@pytest.fixture(scope="module")
def run_networks(mpi_job):
    """Return a function that runs networks, each with arguments of its own, in one job."""

    def run(n_ranks, networks):
        parts = [("--", f"{name}.py", *arguments) for name, arguments in networks.items()]
        # seven ranks load the code of all models on the cores of one machine
        job = mpi_job(n_ranks, FOLDER / "several.py", *chain(*parts), timeout=580)
        assert job.returncode == 0, job.stdout

    return run


@pytest.fixture(scope="module")
def outcome(run_networks, tmp_path_factory):
    """Return a function that runs networks; it gives datasets and connections of each."""

    @cache
    def run(n_ranks, **options):
        folder = tmp_path_factory.mktemp("networks")
        options = options or {name: of[n_ranks] for name, of in ALL.items() if n_ranks in of}
        run_networks(
            n_ranks,
            {
                name: (*option, folder / f"{name}.h5", folder / f"{name}.npz")
                for name, option in options.items()
            },
        )
        return {name: _found(folder / name) for name in options}

    return run


def _found(stem):
    with np.load(stem.with_suffix(".npz")) as lists:
        return datasets_of(stem.with_suffix(".h5")), dict(lists)


@pytest.fixture(scope="module")
def serial(outcome):
    return outcome(1)["network"]


@pytest.fixture(scope="module")
def serial_junctions(outcome):
    return outcome(1)["junctions"]


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


@pytest.mark.parametrize("n_ranks", [n for n in NETWORK if n > 1])
def test_recordings_and_connections_do_not_depend_on_the_ranks(outcome, serial, n_ranks):
    datasets, lists = outcome(n_ranks)["network"]
    assert_equal(lists, serial[1])
    assert_equal(datasets, serial[0])


@pytest.fixture(scope="module")
def begun(run_networks, tmp_path_factory):
    """Return the folder with snapshots of runs on 2 ranks that were not ended."""
    folder = tmp_path_factory.mktemp("begun")
    split = "round_robin", "allgather"
    networks = {
        name: (
            *(*split, folder / f"{name}-none.h5", folder / f"{name}-none.npz"),
            *("first", folder / f"{name}.h5"),
        )
        for name in ALL
    }
    run_networks(2, networks)
    return folder


@pytest.fixture(scope="module")
def ended(run_networks, begun, tmp_path_factory):
    """Return a function that ends them on other ranks; it gives what `outcome` does."""

    @cache
    def end(n_ranks, partition):
        folder = tmp_path_factory.mktemp("ended")
        networks = {
            name: (
                *(partition, "auto", folder / f"{name}.h5", folder / f"{name}.npz"),
                *("second", begun / f"{name}.h5"),
            )
            for name in ALL
        }
        run_networks(n_ranks, networks)
        return {name: _found(folder / name) for name in ALL}

    return end


def assert_same_end(ours, expected):
    """Compare; what was looked at before the snapshot is not there. Return how much is."""
    assert_equal(ours[0], expected[0])
    lists, others = list(ours[1].values()), list(expected[1].values())
    for one, other in zip(lists, others[-len(lists) :], strict=True):
        np.testing.assert_array_equal(one, other)
    return len(lists)


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
    assert assert_same_end(ended(n_ranks, partition)["network"], serial) > 30


@OTHERS
def test_what_was_begun_with_gap_junctions_ends_on_others(
    ended, serial_junctions, n_ranks, partition
):
    assert assert_same_end(ended(n_ranks, partition)["junctions"], serial_junctions) == 8


def test_everything_with_gap_junctions_takes_part(serial_junctions):
    datasets, lists = serial_junctions
    assert all(rows.size for rows in lists.values())
    spikes = {name: data for name, data in datasets.items() if re.match("spikes/.*/times", name)}
    assert len(spikes) == 4
    assert all(data.size for data in spikes.values())


@pytest.mark.parametrize("n_ranks", [n for n in JUNCTIONS if n > 1])
def test_gap_junctions_do_not_depend_on_the_ranks(outcome, serial_junctions, n_ranks):
    datasets, lists = outcome(n_ranks)["junctions"]
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
    datasets, lists = outcome(n_ranks, network=(partition, exchange))["network"]
    assert_equal(lists, serial[1])
    assert_equal(datasets, serial[0])
