"""Membranes under sines and noise: closed forms, statistics, and NEST's generator of a sine."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import distsim as sim

TAU, CM, V_REST = 12.0, 0.4, -65.0
PASSIVE = {"tau_m": TAU, "cm": CM, "v_rest": V_REST, "v_thresh": 1e9}
RESISTANCE = TAU / CM
SINE = {"amplitude": 0.7, "offset": 0.15, "frequency": 37.0, "phase": 25.0}


def run_passive(sources, duration, dt=0.1, n_cells=1):
    """Return v - v_rest [mV] at every step of passive cells, and the currents of the sources."""
    sim.setup(timestep=dt, seed=21, log=False, progress=False)
    cells = sim.Population(n_cells, sim.IF_curr_exp(**PASSIVE), initial_values={"v": V_REST})
    cells.record("v")
    made = [kind(**parameters) for kind, parameters, _ in sources]
    for source, (_, _, positions) in zip(made, sources, strict=True):
        cells[positions].inject(source)
        source.record()
    sim.run(duration)
    v = cells.get_data().segments[0].analogsignals[0].magnitude - V_REST
    return v, [source.get_data().magnitude.ravel() for source in made]


def response_to_held_sine(n_steps, dt):
    """Return v - v_rest where what the sine is at a step's beginning holds to its end.

    With E = exp(-dt / tau), v[k + 1] = E v[k] + (1 - E) R I[k]; I[k] = b + a Im(p z^k) is answered
    by b R (1 - E^k) + a R (1 - E) Im(p (z^k - E^k) / (z - E)).
    """
    k = np.arange(n_steps + 1)
    decay, rise = np.exp(-k * dt / TAU), -np.expm1(-dt / TAU)
    z = np.exp(2j * np.pi * SINE["frequency"] * dt / 1000.0)
    p = np.exp(1j * np.radians(SINE["phase"]))
    sine = (p * (z**k - decay) / (z - 1.0 + rise)).imag
    return RESISTANCE * (SINE["offset"] * (1.0 - decay) + SINE["amplitude"] * rise * sine)


def response_to_sine(t):
    """Return v - v_rest under the sine that does not wait for steps [mV]."""
    omega, phase = 2.0 * np.pi * SINE["frequency"] / 1000.0, np.radians(SINE["phase"])
    gain = RESISTANCE * SINE["amplitude"] / np.hypot(1.0, omega * TAU)
    lag = np.arctan(omega * TAU)
    decay = np.exp(-t / TAU)
    sine = gain * (np.sin(omega * t + phase - lag) - np.sin(phase - lag) * decay)
    return RESISTANCE * SINE["offset"] * (1.0 - decay) + sine


def test_a_sine_gives_the_response_of_a_membrane_to_steps():
    v, _ = run_passive([(sim.ACSource, SINE, [0])], 300.0)
    # rounding: 3000 steps of 1e-15 of 10 mV
    np.testing.assert_allclose(v[:, 0], response_to_held_sine(3000, 0.1), rtol=0.0, atol=3e-11)


def test_the_response_tends_to_that_of_an_rc_circuit_in_first_order():
    errors, steps = [], [0.8, 0.4, 0.2, 0.1, 0.05]
    for dt in steps:
        v, _ = run_passive([(sim.ACSource, SINE, [0])], 80.0, dt)
        errors.append(np.abs(v[:, 0] - response_to_sine(np.arange(v.shape[0]) * dt)).max())
    order = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert abs(order - 1.0) < 0.1, order


def test_a_sine_is_that_of_nests_generator(tmp_path):
    pytest.importorskip("nest")
    start, delay = 5.0, 1.5
    v, _ = run_passive([(sim.ACSource, SINE | {"start": start, "stop": 60.0}, [0])], 80.0)
    # what the generator sends acts a delay later
    phase = SINE["phase"] - 0.36 * SINE["frequency"] * (start - delay)
    parameters = {
        "amplitude": 1000.0 * SINE["amplitude"],
        "offset": 1000.0 * SINE["offset"],
        "frequency": SINE["frequency"],
        "phase": phase % 360.0,
        "start": start - delay,
        "stop": 60.0 - delay,
    }
    case = {
        "model": "iaf_psc_exp",
        "parameters": {"C_m": 1000.0 * CM, "tau_m": TAU, "E_L": V_REST, "V_th": 1e9},
        "v_init": V_REST,
        "dt": 0.1,
        "duration": 80.0,
        "inputs": [],
        "currents": [{"model": "ac_generator", "parameters": parameters, "delay": delay}],
    }
    files = tmp_path / "cases.json", tmp_path / "answers.json"
    files[0].write_text(json.dumps({"sine": case}))
    program = Path(__file__).with_name("nest_cells.py")
    subprocess.run([sys.executable, program, *files], check=True, timeout=120, capture_output=True)
    theirs = json.loads(files[1].read_text())["sine"]
    steps = np.rint(np.array(theirs["times"]) / 0.1).astype(int)
    assert np.ptp(v) > 5.0
    # NEST turns the sine from step to step, which adds up rounding errors
    np.testing.assert_allclose(np.array(theirs["v"]) - V_REST, v[steps, 0], rtol=0.0, atol=1e-9)


N_VALUES, INTERVAL = 50_000, 4


@pytest.fixture(scope="module")
def noise():
    """Return v of two cells with noise in common and one with its own, and both currents."""
    parameters = {"mean": 0.2, "stdev": 0.6, "dt": 1.0}
    sources = [
        (sim.NoisyCurrentSource, parameters, [0, 1]),
        (sim.NoisyCurrentSource, parameters, [2]),
    ]
    return run_passive(sources, N_VALUES * 1.0, dt=0.25, n_cells=3)


def test_noise_has_its_mean_and_standard_deviation(noise):
    for current in noise[1]:
        values = current[:-1].reshape(N_VALUES, INTERVAL)
        assert (values == values[:, :1]).all()
        # five standard errors
        assert abs(values[:, 0].mean() - 0.2) < 5.0 * 0.6 / np.sqrt(N_VALUES)
        assert abs(values[:, 0].std() / 0.6 - 1.0) < 5.0 / np.sqrt(2.0 * N_VALUES)


def test_values_of_noise_are_independent_from_interval_to_interval_and_of_another_source(noise):
    one, other = ((current[:-1:INTERVAL] - 0.2) / 0.6 for current in noise[1])
    bound = 5.0 / np.sqrt(N_VALUES)
    for lag in (1, 2, 3, 10):
        assert abs(np.mean(one[:-lag] * one[lag:])) < bound
    for lag in (0, 1):
        assert abs(np.mean(one[lag:] * other[: N_VALUES - lag])) < bound


def test_cells_of_a_source_have_its_noise_in_common(noise):
    v, _ = noise
    np.testing.assert_array_equal(v[:, 0], v[:, 1])
    assert np.abs(v[:, 0] - v[:, 2]).max() > 1.0


def test_v_follows_the_recorded_noise(noise):
    v, currents = noise
    decay = np.exp(-0.25 / TAU)
    expected = np.zeros(2000)
    for k in range(1999):
        expected[k + 1] = decay * expected[k] + (1.0 - decay) * RESISTANCE * currents[0][k]
    np.testing.assert_allclose(v[:2000, 0], expected, rtol=0.0, atol=1e-10)


def test_v_has_the_variance_of_a_process_driven_by_held_noise(noise):
    """At the end of intervals v[j + 1] = a v[j] + (1 - a) R I[j], with a = exp(-T / tau)."""
    a = np.exp(-1.0 / TAU)
    expected = (RESISTANCE * 0.6) ** 2 * (1.0 - a) / (1.0 + a)
    settled = noise[0][::INTERVAL, [0, 2]][int(10 * TAU) :]
    # the standard error of the variance of so many values with correlation a^lag
    error = np.sqrt(2.0 * (1.0 + a**2) / (1.0 - a**2) / len(settled))
    assert (np.abs(settled.var(axis=0) / expected - 1.0) < 5.0 * error).all()
    of_mean = np.sqrt(expected * (1.0 + a) / (1.0 - a) / len(settled))
    assert (np.abs(settled.mean(axis=0) - RESISTANCE * 0.2) < 5.0 * of_mean).all()
