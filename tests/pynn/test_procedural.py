"""PyNN's procedural functions."""

import numpy as np
import pytest

from distsim.io import read_block

# PyNN calls its functions deprecated, but scripts use them
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_a_network_is_made_with_functions(sim, tmp_path):
    cells = sim.create(sim.IF_curr_exp, {"i_offset": 2.0}, n=3)
    others = sim.create(sim.IF_curr_exp(), n=2)
    connections = sim.connect(cells, others, weight=0.5, delay=1.0, p=1)
    assert connections.size() == 6
    sim.record(["spikes"], cells, str(tmp_path / "cells.h5"))
    sim.record_v(others, str(tmp_path / "others.h5"))
    sim.set(others, tau_m=5.0)
    assert others.get("tau_m") == 5.0
    sim.initialize(others, v=-60.0)
    sim.run(20.0)
    sim.end()
    assert len(read_block(tmp_path / "cells.h5").segments[0].spiketrains) == 3
    v = read_block(tmp_path / "others.h5").segments[0].analogsignals[0].magnitude
    np.testing.assert_array_equal(v[0], -60.0)
    assert v.shape == (201, 2)


def test_conductances_are_recorded(sim, tmp_path):
    cells = sim.create(sim.IF_cond_exp, n=2)
    sim.record_gsyn(cells, str(tmp_path / "g.h5"))
    sim.run(1.0)
    sim.end()
    names = {s.name for s in read_block(tmp_path / "g.h5").segments[0].analogsignals}
    assert names == {"gsyn_exc", "gsyn_inh"}


def test_one_cell_can_be_connected_to_another(sim):
    cells = sim.create(sim.IF_curr_exp, n=3)
    assert sim.connect(cells[0], cells[1], weight=0.5).size() == 1
    assert sim.connect(cells[0:1], cells, weight=-0.5).size() == 3


@pytest.mark.parametrize("p", [0, 0.5])
def test_the_probability_is_kept(sim, p):
    cells = sim.create(sim.IF_curr_exp, n=20)
    size = sim.connect(cells, cells, weight=0.1, p=p).size()
    assert (size == 0) == (p == 0)
