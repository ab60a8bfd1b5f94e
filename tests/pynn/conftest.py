"""A new simulation for each test of the front end."""

import pytest

import distsim


@pytest.fixture
def sim():
    """Return the back end, set up with dt = 0.1 ms."""
    distsim.setup(timestep=0.1, log=False)
    return distsim
