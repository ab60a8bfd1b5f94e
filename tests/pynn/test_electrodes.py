"""Current sources."""

import numpy as np
import pyNN.errors
import pytest

from distsim.errors import ParameterError


@pytest.fixture
def cells(sim):
    cells = sim.Population(4, sim.IF_curr_exp(v_thresh=1000.0), label="cells")
    cells.record("v")
    return cells


def v_of(cells):
    return cells.get_data().segments[-1].analogsignals[0].magnitude


def test_a_current_into_some_cells_is_felt_by_these_alone(sim, cells):
    sim.DCSource(amplitude=0.5, start=1.0, stop=3.0).inject_into(cells[1:3])
    sim.run(5.0)
    v = v_of(cells)
    np.testing.assert_allclose(v[:, [0, 3]], -65.0, rtol=1e-12)
    assert (v[11:31, 1] > -65.0).all()
    np.testing.assert_array_equal(v[:, 1], v[:, 2])
    assert v[:, 1].argmax() in (30, 31)


@pytest.mark.parametrize("way", ["inject", "population", "list", "cells", "assembly", "one"])
def test_all_ways_to_inject_do_the_same(sim, cells, way):
    current = sim.DCSource(amplitude=0.5)
    if way == "inject":
        cells.inject(current)
    elif way == "one":
        for cell in cells:
            current.inject_into(cell)
    else:
        groups = {
            "population": cells,
            "list": [cells[k] for k in range(4)],
            "cells": cells.all_cells,
            "assembly": sim.Assembly(cells[:2], cells[2:]),
        }
        current.inject_into(groups[way])
    reference = sim.Population(1, sim.IF_curr_exp(v_thresh=1000.0, i_offset=0.5))
    reference.record("v")
    sim.run(10.0)
    np.testing.assert_allclose(v_of(cells)[11:].T, v_of(reference)[11:].T.repeat(4, 0), atol=0.5)
    assert (v_of(cells)[-1] > -61.2).all()


def test_what_is_no_cell_is_refused(sim, cells):
    with pytest.raises(TypeError, match="not a cell"):
        sim.DCSource().inject_into([0, 1])
    sources = sim.Population(2, sim.SpikeSourceArray())
    for use in (
        lambda: sources.inject(sim.DCSource()),
        lambda: sim.DCSource().inject_into(sources[:1]),
        lambda: sim.DCSource().inject_into(cells + sources),
    ):
        with pytest.raises(TypeError, match="spike sources"):
            use()


def test_currents_add_up(sim, cells):
    for _ in range(2):
        cells[0].inject(sim.DCSource(amplitude=0.25))
    cells[1].inject(sim.DCSource(amplitude=0.5))
    sim.run(10.0)
    np.testing.assert_allclose(v_of(cells)[:, 0], v_of(cells)[:, 1], rtol=1e-12)


def test_steps_hold_until_the_next(sim, cells):
    steps = sim.StepCurrentSource(times=[1.0, 2.0, 4.0], amplitudes=[0.5, 0.5, 0.0])
    cells[0].inject(steps)
    cells[1].inject(sim.DCSource(amplitude=0.5, start=1.0, stop=4.0))
    sim.run(6.0)
    np.testing.assert_allclose(v_of(cells)[:, 0], v_of(cells)[:, 1], rtol=1e-12)


def test_a_current_can_be_changed_between_runs(sim, cells):
    current = sim.DCSource(amplitude=0.5)
    cells.inject(current)
    sim.run(5.0)
    current.amplitude = 0.0
    assert current.amplitude == 0.0
    sim.run(5.0)
    v = v_of(cells)
    assert v[50, 0] > v[100, 0] > -65.0
    current.set_parameters(amplitude=1.0, stop=12.0)
    assert current.get_parameters()["stop"] == 12.0
    sim.run(5.0)
    assert v_of(cells)[120, 0] > v_of(cells)[100, 0]


def test_a_current_flows_again_after_a_reset(sim, cells):
    cells.inject(sim.StepCurrentSource(times=[1.0, 3.0], amplitudes=[0.5, 0.0]))
    sim.run(5.0)
    sim.reset()
    sim.run(5.0)
    first, second = (s.analogsignals[0].magnitude for s in cells.get_data().segments)
    np.testing.assert_array_equal(first, second)
    assert first.max() > -64.9


def test_a_current_can_be_recorded(sim, cells):
    current = sim.DCSource(amplitude=0.5, start=1.0, stop=2.0)
    cells.inject(current)
    current.record()
    sim.run(3.0)
    signal = current.get_data()
    assert str(signal.units.dimensionality) == "nA"
    assert signal.magnitude.ravel()[[9, 10, 19, 20]].tolist() == [0.0, 0.5, 0.5, 0.0]
    with pytest.raises(ParameterError, match="not recorded"):
        sim.DCSource().get_data()


def test_wrong_parameters_are_refused(sim):
    with pytest.raises(pyNN.errors.NonExistentParameterError, match="did you mean 'amplitude'"):
        sim.DCSource(amplitud=1.0)
    with pytest.raises(ParameterError, match="before start"):
        sim.DCSource(start=3.0, stop=1.0)
    with pytest.raises(ParameterError, match="2 times and 1 amplitudes"):
        sim.StepCurrentSource(times=[1.0, 2.0], amplitudes=[1.0])
    with pytest.raises(ParameterError, match="not decrease"):
        sim.StepCurrentSource(times=[2.0, 1.0], amplitudes=[1.0, 0.0])
