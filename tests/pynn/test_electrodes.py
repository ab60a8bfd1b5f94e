"""Current sources."""

import numpy as np
import pyNN.errors
import pyNN.standardmodels.electrodes
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
        with pytest.raises(TypeError, match="whose cells take none"):
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


def test_steps_are_given_as_they_are_made_on_the_grid(sim):
    source = sim.StepCurrentSource(times=[0.41, 0.42, 0.86], amplitudes=[0.5, -0.5, 0.4])
    np.testing.assert_allclose(source.times, [0.4, 0.9], rtol=1e-15)
    np.testing.assert_array_equal(source.amplitudes, [-0.5, 0.4])
    assert source.get_parameters()["times"].value.tolist() == [0.41, 0.42, 0.86]


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


# --- sines and noise ----------------------------------------------------------------------------


def current_of(source):
    return source.get_data().magnitude.ravel()


def test_a_sine_flows_from_start_to_stop_with_the_phase_counted_from_start(sim, cells):
    current = sim.ACSource(
        amplitude=0.5, offset=0.1, frequency=50.0, phase=90.0, start=2.0, stop=7.0
    )
    cells[:2].inject(current)
    current.record()
    sim.run(10.0)
    t = 0.1 * np.arange(101)
    flows = (t > 1.95) & (t < 6.95)
    expected = np.where(flows, 0.1 + 0.5 * np.cos(0.1 * np.pi * (t - 2.0)), 0.0)
    np.testing.assert_allclose(current_of(current), expected, rtol=0.0, atol=1e-15)
    v = v_of(cells)
    assert abs(v[20, 0] + 65.0) < 1e-12 < 1e-3 < abs(v[21, 0] + 65.0)
    np.testing.assert_allclose(v[:, 2:], -65.0, rtol=1e-12)


@pytest.mark.parametrize("name", ["ACSource", "NoisyCurrentSource"])
def test_defaults_are_those_of_pynn(sim, name):
    theirs = getattr(pyNN.standardmodels.electrodes, name).default_parameters
    assert getattr(sim, name)().get_parameters() == theirs


def test_noise_changes_at_each_step_unless_told_otherwise(sim):
    sim.setup(timestep=0.25, log=False)
    each, some = sim.NoisyCurrentSource(), sim.NoisyCurrentSource(dt=0.75, start=1.0)
    assert (each.dt, some.dt) == (0.25, 0.75)
    cells = sim.Population(2, sim.IF_curr_exp())
    for source in (each, some):
        cells.inject(source)
        source.record()
    sim.run(10.0)
    assert np.unique(current_of(each)).size == 41
    changes = np.flatnonzero(np.diff(current_of(some))) + 1
    assert changes.tolist() == list(range(4, 41, 3))


def run_with_noise(sim, pauses, **parameters):
    """Return v, and what flowed, of a segment that pauses and one after it."""
    sim.setup(timestep=0.1, seed=5, log=False)
    cells = sim.Population(3, sim.IF_curr_exp(v_thresh=1000.0))
    cells.record("v")
    source = sim.NoisyCurrentSource(**parameters)
    cells[:2].inject(source)
    source.record()
    currents = []
    for durations in (pauses, [8.0]):
        for duration in durations:
            sim.run(duration)
        currents.append(current_of(source))
        sim.reset()
    return [s.analogsignals[0].magnitude for s in cells.get_data().segments], currents


def test_noise_does_not_depend_on_where_runs_end_and_is_new_in_each_segment(sim):
    whole = run_with_noise(sim, [8.0], stdev=0.5, dt=0.3, start=0.7)
    parts = run_with_noise(sim, [0.1, 1.0, 1.5, 2.0, 3.4], stdev=0.5, dt=0.3, start=0.7)
    for one, two in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, two)
    assert abs(np.corrcoef(*whole[1])[0, 1]) < 0.9
    assert (whole[1][0][7:-1] != whole[1][1][7:-1]).all()


def test_mean_and_stdev_shift_and_scale_the_noise(sim):
    _, (one, _) = run_with_noise(sim, [8.0], stdev=0.5)
    _, (two, _) = run_with_noise(sim, [8.0], stdev=1.5, mean=0.2)
    np.testing.assert_allclose(two, 0.2 + 3.0 * one, rtol=0.0, atol=1e-15)


def test_sines_and_noise_change_between_runs_and_reach_more_cells(sim, cells):
    sine, noise = sim.ACSource(frequency=100.0), sim.NoisyCurrentSource(stdev=0.4)
    for source in (sine, noise):
        cells[:2].inject(source)
        source.record()
    sim.run(5.0)
    sine.amplitude = 0.0
    noise.stop = 8.0
    cells[2].inject(sine)
    cells[2:3].inject(noise)
    sim.run(5.0)
    v = v_of(cells)
    np.testing.assert_array_equal(v[:, 0], v[:, 1])
    assert (v[:51, 2] == -65.0).all()
    assert abs(v[52:, 2] + 65.0).min() > 0.0
    assert (v[:, 3] == -65.0).all()
    assert not current_of(sine)[51:].any()
    assert current_of(noise)[51:80].all()
    assert not current_of(noise)[80:].any()
    # nothing flows any more
    np.testing.assert_allclose(
        v[81:, 0] + 65.0, (v[80, 0] + 65.0) * np.exp(-0.1 * np.arange(1, 21) / 20.0), rtol=1e-10
    )


def test_the_same_currents_in_another_order_of_injection_give_the_same_bits(sim):
    found = []
    for order in ([0, 1, 2], [2, 0, 1]):
        sim.setup(timestep=0.1, seed=5, log=False)
        cells = sim.Population(2, sim.IF_curr_exp(v_thresh=1000.0))
        cells.record("v")
        sources = [
            sim.ACSource(amplitude=0.3, frequency=77.0),
            sim.NoisyCurrentSource(stdev=0.1),
            sim.StepCurrentSource(times=[0.0, 3.0], amplitudes=[0.1, 1.0 / 3.0]),
        ]
        for k in order:
            cells.inject(sources[k])
        sim.run(10.0)
        found.append(v_of(cells))
    np.testing.assert_array_equal(*found)


def test_a_source_of_its_own_gives_a_cell_its_own_noise(sim, cells):
    for cell in cells:
        cell.inject(sim.NoisyCurrentSource(stdev=0.5))
    cells[0].inject(sim.NoisyCurrentSource(stdev=0.5, mean=-3.0))
    sim.run(20.0)
    v = v_of(cells)
    assert np.unique(v[-1]).size == 4
    assert v[-1].argmin() == 0


def test_the_interval_of_noise_fits_the_timestep_of_the_network_that_it_flows_in(sim, cells):
    source = sim.NoisyCurrentSource(dt=0.3)
    sim.setup(timestep=0.25, log=False)
    late = sim.Population(2, sim.IF_curr_exp())
    with pytest.raises(ParameterError, match=r"dt = 0.3 ms .* multiple of the timestep, 0.25 ms"):
        late.inject(source)


@pytest.mark.parametrize("cells", [None, 3])
def test_what_is_no_cells_is_told_so(sim, cells):
    with pytest.raises(TypeError, match=rf"into {cells}; give a population"):
        sim.DCSource(amplitude=0.1).inject_into(cells)
