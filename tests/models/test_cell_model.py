"""Parameter checks, refractory periods in steps, and what models declare."""

import numpy as np
import pytest

from distsim.errors import ParameterError
from distsim.models import NATIVE_MODELS
from distsim.models.cell_model import check_parameters, refractory_steps

GOOD = {
    "v_rest": -65.0,
    "cm": 1.0,
    "tau_m": 20.0,
    "tau_refrac": 0.1,
    "i_offset": 0.0,
    "v_reset": -65.0,
    "v_thresh": -50.0,
    "tau_syn_E": 5.0,
    "tau_syn_I": 5.0,
    "e_rev_E": 0.0,
    "e_rev_I": -70.0,
}


def parameters_of(model, **changed):
    """Return parameters of three cells, the second of which has the changed values."""
    values = {name: np.full(3, GOOD[name]) for name in NATIVE_MODELS[model].parameters}
    for name, value in changed.items():
        values[name][1] = value
    return values


def out_of_range():
    names = ("tau_m", "cm", "tau_syn_E", "tau_syn_I")
    return [(name, value) for name in names for value in (0.0, -1.0)] + [("tau_refrac", -0.1)]


@pytest.mark.parametrize("model", NATIVE_MODELS)
def test_a_value_that_cannot_be_is_named(model):
    for name, value in [*out_of_range(), ("v_reset", -50.0), ("v_reset", -49.5)]:
        if name not in NATIVE_MODELS[model].parameters:
            continue
        with pytest.raises(ParameterError) as caught:
            NATIVE_MODELS[model].coefficients(parameters_of(model, **{name: value}), 0.1)
        assert (caught.value.name, caught.value.value) == (name, value)
        for part in (f"{name} = {value:g}", model):
            assert part in str(caught.value)


@pytest.mark.parametrize("model", NATIVE_MODELS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_every_parameter_must_be_finite(model, value):
    for name in NATIVE_MODELS[model].parameters:
        with pytest.raises(ParameterError, match=f"{name} = {value:g} of {model} must be finite"):
            NATIVE_MODELS[model].coefficients(parameters_of(model, **{name: value}), 0.1)


@pytest.mark.parametrize("model", NATIVE_MODELS)
def test_good_parameters_pass_as_do_no_cells(model):
    check_parameters(model, parameters_of(model))
    check_parameters(model, {name: np.zeros(0) for name in NATIVE_MODELS[model].parameters})


@pytest.mark.parametrize(
    ("tau_refrac", "dt", "n_steps"),
    [
        (0.0, 0.1, 0),
        (0.1, 0.1, 1),
        (0.3, 0.1, 3),  # 0.3 / 0.1 is 2.9999999999999996
        (0.7, 0.1, 7),  # 0.7 / 0.1 is 6.999999999999999
        (0.6, 0.2, 3),  # 0.6 / 0.2 is 2.9999999999999996
        (1.1, 0.1, 11),  # 1.1 / 0.1 is 11.000000000000002
        (2.3, 0.1, 23),
        (0.05, 0.1, 1),
        (1.01, 0.1, 11),
        (1.0, 0.25, 4),
        (1.1, 0.25, 5),
        (5.0, 1.0, 5),
        (1e9, 0.1, 2**31 - 1),
    ],
)
def test_refractory_periods_are_rounded_up_to_whole_steps(tau_refrac, dt, n_steps):
    steps = refractory_steps({"tau_refrac": np.array([tau_refrac])}, dt)
    assert steps.dtype == np.int32
    assert steps.tolist() == [n_steps]


@pytest.mark.parametrize("dt", [0.0125, 0.05, 0.1, 0.125, 0.25, 1.0])
def test_every_multiple_of_dt_is_that_many_steps(dt):
    n_steps = np.arange(2000)
    for periods in (n_steps * dt, np.round(n_steps * dt, 6)):
        assert (refractory_steps({"tau_refrac": periods}, dt) == n_steps).all()


@pytest.mark.parametrize("model", NATIVE_MODELS)
def test_models_declare_v_first_and_as_many_coefficients_as_cells(model):
    description = NATIVE_MODELS[model]
    assert description.name == model
    assert description.state_row("v") == 0
    coefficients = description.coefficients(parameters_of(model), 0.1)
    for name, values in coefficients._asdict().items():
        assert name == "dt" or np.shape(values) == (3,)
    # injected currents change `drive` in place; nothing else may share its memory
    coefficients.drive[:] = 7.0
    assert not (coefficients.drive_rest == 7.0).any()


@pytest.mark.parametrize("model", NATIVE_MODELS)
def test_coefficients_share_no_memory_with_parameters(model):
    parameters = parameters_of(model)
    coefficients = NATIVE_MODELS[model].coefficients(parameters, 0.1)
    arrays = [value for value in coefficients if isinstance(value, np.ndarray)]
    for values in parameters.values():
        assert not any(np.shares_memory(values, array) for array in arrays)
