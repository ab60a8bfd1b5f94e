"""One Slurm for all tests of this folder."""

import pytest
from cluster import Cluster, why_not


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Return a Slurm of two nodes, or skip where there can be none."""
    if reason := why_not():
        pytest.skip(reason)
    cluster = Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        assert not cluster.processes()
