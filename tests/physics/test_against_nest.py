"""One driven cell of each model against NEST on the same grid."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import distsim as sim

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nest") is None, reason="NEST is not installed"
)

DT = 0.1
DURATION = 300.0
NEVER = 1e3

MEMBRANE = {
    "v_rest": -65.0,
    "v_reset": -70.0,
    "v_thresh": -52.0,
    "cm": 0.25,
    "tau_m": 12.5,
    "tau_refrac": 1.5,
    "i_offset": 0.2,
}
SYNAPSES = {"tau_syn_E": 2.0, "tau_syn_I": 5.0}
REVERSAL = {"e_rev_E": 0.0, "e_rev_I": -80.0}

# NEST's model, parameters, weights of the two synapses (exact in 32 bits), factor to NEST's weight
MODELS = {
    "IF_curr_exp": ("iaf_psc_exp", MEMBRANE | SYNAPSES, (0.5, -0.25), 1000.0),
    "IF_curr_alpha": ("iaf_psc_alpha", MEMBRANE | SYNAPSES, (0.5, -0.25), 1000.0),
    "IF_curr_delta": ("iaf_psc_delta", MEMBRANE, (2.5, -1.5), 1.0),
    "IF_cond_exp": ("iaf_cond_exp", MEMBRANE | SYNAPSES | REVERSAL, (2.0**-7, 2.0**-6), 1000.0),
    "IF_cond_alpha": ("iaf_cond_alpha", MEMBRANE | SYNAPSES | REVERSAL, (2.0**-7, 2.0**-6), 1000.0),
}
EXACT = ["IF_curr_exp", "IF_curr_alpha", "IF_curr_delta"]
CONDUCTANCE = ["IF_cond_exp", "IF_cond_alpha"]
DELAYS = (1.0, 0.7)

# refractory periods that are no whole number of steps
REFRACTORY_PERIODS = [0.0, 0.1, 0.25, 1.0, 1.01, 1.04, 1.06, 1.3]

NAMES = {
    "v_rest": "E_L",
    "v_reset": "V_reset",
    "v_thresh": "V_th",
    "tau_refrac": "t_ref",
    "tau_syn_E": "tau_syn_ex",
    "tau_syn_I": "tau_syn_in",
    "e_rev_E": "E_ex",
    "e_rev_I": "E_in",
}


def input_times():
    """Return spike times of the excitatory and the inhibitory source [ms]."""
    rng = np.random.default_rng(3)
    last = round(DURATION / DT) - 50
    steps = [np.sort(rng.choice(np.arange(10, last), n, replace=False)) for n in (120, 60)]
    return [np.round(chosen * DT, 1).tolist() for chosen in steps]


def nest_parameters(parameters, is_conductance):
    """Return a cell's parameters with NEST's names and units (pF, pA, nS)."""
    native = {NAMES[name]: value for name, value in parameters.items() if name in NAMES}
    native["C_m"] = 1000.0 * parameters["cm"]
    native["I_e"] = 1000.0 * parameters["i_offset"]
    if is_conductance:
        native["g_L"] = 1000.0 * parameters["cm"] / parameters["tau_m"]
    else:
        native["tau_m"] = parameters["tau_m"]
    return native


def nest_case(model, dt=DT, **changed):
    """Return the description of one simulation for `nest_cells.py`."""
    name, parameters, weights, factor = MODELS[model]
    times = input_times()
    return {
        "model": name,
        "dt": dt,
        "duration": DURATION,
        "parameters": nest_parameters(parameters | changed, model in CONDUCTANCE),
        "v_init": parameters["v_rest"],
        "inputs": [
            {"times": times[0], "weight": factor * weights[0], "delay": DELAYS[0]},
            # NEST sends a weight below 0 to the inhibitory synapse
            {"times": times[1], "weight": -factor * abs(weights[1]), "delay": DELAYS[1]},
        ],
        # a current reaches the cell after the delay
        "currents": [
            {"parameters": {"amplitude": 150.0, "start": 99.0, "stop": 199.0}, "delay": 1.0}
        ],
    }


@pytest.fixture(scope="module")
def nest_courses(tmp_path_factory):
    """Return what NEST gives for all cases of this module, by name."""
    cases = {model: nest_case(model) for model in MODELS}
    for model in CONDUCTANCE:
        cases[f"{model}, silent"] = nest_case(model, v_thresh=NEVER)
        cases[f"{model}, silent, fine"] = nest_case(model, DT / 2, v_thresh=NEVER)
    for period in REFRACTORY_PERIODS:
        cases[f"refractory {period}"] = nest_case("IF_curr_exp", tau_refrac=period)
    folder = tmp_path_factory.mktemp("nest")
    (folder / "cases.json").write_text(json.dumps(cases))
    program = Path(__file__).with_name("nest_cells.py")
    subprocess.run(
        [sys.executable, "-P", program, folder / "cases.json", folder / "answers.json"],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return json.loads((folder / "answers.json").read_text())


@pytest.fixture
def run_both(nest_courses, drive_cell, spikes_through):
    """Return a function that gives distsim's course of a case, and v and spikes of NEST."""

    def run(model, case=None, dt=DT, **changed):
        _, parameters, weights, _ = MODELS[model]
        exc, inh = input_times()
        ours = drive_cell(
            model,
            parameters | changed,
            DURATION,
            [
                spikes_through(exc, weights[0], DELAYS[0]),
                spikes_through(inh, weights[1], DELAYS[1], "inhibitory"),
            ],
            [lambda: sim.DCSource(amplitude=0.15, start=100.0, stop=200.0)],
            dt,
        )
        theirs = nest_courses[case or model]
        steps = np.rint(np.array(theirs["times"]) / dt).astype(int)
        assert (steps == np.arange(1, steps.size + 1)).all()
        spike_steps = np.rint(np.array(theirs["spikes"]) / dt).astype(int)
        return ours, ours.v[steps], np.array(theirs["v"]), spike_steps

    return run


@pytest.mark.parametrize("model", EXACT)
def test_exactly_integrated_cells_agree(run_both, model):
    ours, v, v_nest, spike_steps = run_both(model)
    assert ours.spike_steps.size > 10
    np.testing.assert_array_equal(ours.spike_steps, spike_steps)
    assert np.abs(v - v_nest).max() < 1e-6


@pytest.mark.parametrize("period", REFRACTORY_PERIODS)
def test_refractory_periods_are_rounded_as_in_nest(run_both, period):
    case = f"refractory {period}"
    ours, v, v_nest, spike_steps = run_both("IF_curr_exp", case, tau_refrac=period)
    assert ours.spike_steps.size > 10
    np.testing.assert_array_equal(ours.spike_steps, spike_steps)
    assert np.abs(v - v_nest).max() < 1e-6


def integration_errors(run_both, model):
    """Return Richardson's estimates of the errors of v, of distsim and of NEST, at DT [mV].

    Without spikes, as these do not stay on the coarser grid. A method of order p that errs by e at
    DT errs by e / 2**p at DT / 2: e = difference * 2**p / (2**p - 1). distsim's method is of order
    4, NEST's (Runge-Kutta-Fehlberg, advancing with its better formula) of order 5.
    """
    _, v, v_nest, _ = run_both(model, f"{model}, silent", v_thresh=NEVER)
    _, fine, fine_nest, _ = run_both(model, f"{model}, silent, fine", DT / 2, v_thresh=NEVER)
    n = min(v.size, fine[1::2].size)
    ours = np.abs(v[:n] - fine[1::2][:n]).max() * 16 / 15
    theirs = np.abs(v_nest[:n] - fine_nest[1::2][:n]).max() * 32 / 31
    return ours, theirs


@pytest.mark.parametrize("model", CONDUCTANCE)
def test_conductance_cells_below_threshold_differ_by_the_integration_errors(run_both, model):
    _, v, v_nest, _ = run_both(model, f"{model}, silent", v_thresh=NEVER)
    # the estimates leave out the next order in DT / tau_syn_E = 0.05
    assert np.abs(v - v_nest).max() < 1.1 * sum(integration_errors(run_both, model))


@pytest.mark.parametrize("model", CONDUCTANCE)
def test_conductance_cells_that_spike_differ_by_the_integration_errors(run_both, model):
    ours, v, v_nest, spike_steps = run_both(model)
    assert ours.spike_steps.size == spike_steps.size > 5
    assert np.abs(ours.spike_steps - spike_steps).max() <= 1
    # errors are proportional to the distance of v from e_rev_E, which spiking cells have at most
    # twice as far from v as silent ones, and are forgotten at each reset
    bound = 2.0 * sum(integration_errors(run_both, model))
    assert np.abs(v - v_nest).max() < bound
