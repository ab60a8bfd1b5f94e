"""Threshold, reset, refractory period, and the rate of a cell under a constant current."""

import numpy as np
import pytest

import distsim as sim

# no leak to speak of: v is the sum of the jumps, exactly
INTEGRATOR = {
    "v_rest": 0.0,
    "v_reset": -2.0,
    "v_thresh": 16.0,
    "cm": 1.0,
    "tau_m": 1e300,
    "tau_refrac": 0.5,
}
CELL = {
    "v_rest": -65.0,
    "v_reset": -67.0,
    "v_thresh": -50.0,
    "cm": 0.5,
    "tau_m": 15.0,
    "tau_refrac": 2.0,
}
MODELS = ["IF_curr_exp", "IF_curr_alpha", "IF_curr_delta", "IF_cond_exp", "IF_cond_alpha"]


def test_a_cell_fires_when_v_equals_the_threshold(drive_cell, spikes_through):
    course = drive_cell("IF_curr_delta", INTEGRATOR, 5.0, [spikes_through([1.0], 16.0, 0.5)])
    assert course.spike_steps.tolist() == [15]


def test_a_cell_does_not_fire_just_below_threshold(drive_cell, spikes_through):
    weight = float(np.nextafter(np.float32(16.0), np.float32(0.0)))
    course = drive_cell("IF_curr_delta", INTEGRATOR, 5.0, [spikes_through([1.0], weight, 0.5)])
    assert course.spike_steps.size == 0
    assert course.v[-1] == weight


def test_v_is_at_reset_from_the_spike_to_the_end_of_the_refractory_period(
    drive_cell, spikes_through
):
    inputs = [spikes_through([1.0, 2.5], 16.0, 0.5)]
    course = drive_cell("IF_curr_delta", INTEGRATOR, 5.0, inputs)
    assert course.spike_steps.tolist() == [15]
    assert set(course.v[:15]) == {0.0}
    assert set(course.v[15:30]) == {-2.0}
    assert set(course.v[30:]) == {14.0}


@pytest.mark.parametrize(("arrival", "is_heard"), [(16, False), (20, False), (21, True)])
def test_jumps_are_lost_during_the_refractory_period(drive_cell, spikes_through, arrival, is_heard):
    inputs = [
        spikes_through([1.0], 16.0, 0.5),
        spikes_through([round(arrival * 0.1 - 0.5, 1)], 4.0, 0.5),
    ]
    course = drive_cell("IF_curr_delta", INTEGRATOR, 5.0, inputs)
    assert course.spike_steps.tolist() == [15]
    assert course.v[-1] == (2.0 if is_heard else -2.0)


@pytest.mark.parametrize("model", ["IF_curr_exp", "IF_cond_exp"])
def test_synapses_go_on_during_the_refractory_period(model):
    sim.setup(timestep=0.1, log=False, progress=False)
    cells = sim.Population(
        2, getattr(sim, model)(tau_refrac=[50.0, 0.0]), initial_values={"v": [0.0, -65.0]}
    )
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    sim.Projection(
        source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=2.0**-10, delay=1.0)
    )
    name = "isyn_exc" if model == "IF_curr_exp" else "gsyn_exc"
    cells.record([name, "v"])
    sim.run(20.0)
    segment = cells.get_data().segments[0]
    synapses = segment.filter(name=name)[0].magnitude
    v = segment.filter(name="v")[0].magnitude
    assert synapses.max() == 2.0**-10
    np.testing.assert_array_equal(synapses[:, 0], synapses[:, 1])
    # the first cell fired in the first step, and is refractory to the end
    assert set(v[1:, 0]) == {-65.0}
    assert v[:, 1].max() > -65.0


@pytest.mark.parametrize("period", [0.0, 0.1, 1.0, 2.0, 2.25, 10.0])
@pytest.mark.parametrize("model", MODELS)
def test_rate_under_a_constant_current(model, period):
    dt = 0.1
    currents = np.array([0.55, 0.8, 1.3, 2.0, 4.0, 9.0])
    sim.setup(timestep=dt, log=False, progress=False)
    parameters = CELL | {"tau_refrac": period, "i_offset": currents}
    cells = sim.Population(
        currents.size, getattr(sim, model)(**parameters), initial_values={"v": CELL["v_reset"]}
    )
    cells.record("spikes")
    sim.run(400.0)
    # steps from reset to threshold, and the refractory ones, both rounded up
    v_end = CELL["v_rest"] + currents * CELL["tau_m"] / CELL["cm"]
    rise = CELL["tau_m"] * np.log((v_end - CELL["v_reset"]) / (v_end - CELL["v_thresh"])) / dt
    assert (np.abs(rise - np.rint(rise)) > 1e-3).all()
    rise_steps = np.ceil(rise).astype(int)
    refractory_steps = int(np.ceil(round(period / dt, 6)))
    trains = cells.get_data().segments[0].spiketrains
    for train, n_rise in zip(trains, rise_steps, strict=True):
        steps = np.rint(train.magnitude / dt).astype(int)
        expected = np.arange(n_rise, 4001, n_rise + refractory_steps)
        np.testing.assert_array_equal(steps, expected)


@pytest.mark.parametrize("model", MODELS)
def test_a_current_below_rheobase_never_fires_a_cell(drive_cell, model):
    rheobase = (CELL["v_thresh"] - CELL["v_rest"]) * CELL["cm"] / CELL["tau_m"]
    course = drive_cell(model, CELL | {"i_offset": rheobase * (1 - 1e-6)}, 500.0)
    assert course.spike_steps.size == 0
