"""Parameter checks, refractory periods in steps, and what models declare."""

import numpy as np
import pytest
from pyNN.parameters import ArrayParameter
from pyNN.standardmodels import cells

from distsim.errors import ParameterError
from distsim.models import CELL_MODELS
from distsim.models.cell_model import Bound, refractory_steps


def parameters_of(model, **changed):
    """Return parameters of three cells, the second of which has the changed values."""
    record = CELL_MODELS[model]
    values = {p.name: p.of_cells(3) for p in (*record.parameters, *record.fixed)}
    for name, value in changed.items():
        values[name][1] = value
    return values


def out_of_range(model):
    """List parameters of a model with values that they cannot have."""
    for parameter in CELL_MODELS[model].parameters:
        if parameter.bound is Bound.POSITIVE:
            yield from ((parameter.name, value) for value in (0.0, -1.0))
        elif parameter.bound is Bound.NOT_NEGATIVE:
            yield parameter.name, -0.1
        if parameter.below:
            (above,) = (p for p in CELL_MODELS[model].parameters if p.name == parameter.below)
            yield from ((parameter.name, above.default + more) for more in (0.0, 0.5))


@pytest.mark.parametrize("model", CELL_MODELS)
def test_a_value_that_cannot_be_is_named(model):
    for name, value in out_of_range(model):
        with pytest.raises(ParameterError) as caught:
            CELL_MODELS[model].check(parameters_of(model, **{name: value}))
        assert (caught.value.name, caught.value.value) == (name, value)
        for part in (f"{name} = {value:g}", model):
            assert part in str(caught.value)


@pytest.mark.parametrize("model", CELL_MODELS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_every_parameter_must_be_finite(model, value):
    for name in CELL_MODELS[model].parameter_names:
        with pytest.raises(ParameterError, match=f"{name} = {value:g} of {model} must be finite"):
            CELL_MODELS[model].check(parameters_of(model, **{name: value}))


@pytest.mark.parametrize("model", CELL_MODELS)
def test_good_parameters_pass_as_do_no_cells(model):
    CELL_MODELS[model].check(parameters_of(model))
    CELL_MODELS[model].check({p.name: p.of_cells(0) for p in CELL_MODELS[model].parameters})


def plain(value):
    """Return a number, or a tuple of PyNN's several."""
    return tuple(value.value.tolist()) if isinstance(value, ArrayParameter) else value


@pytest.mark.parametrize("model", CELL_MODELS)
def test_a_record_says_what_pynn_says(model):
    record, pynn_type = CELL_MODELS[model], getattr(cells, model)
    units = pynn_type.units
    defaults = {name: plain(value) for name, value in pynn_type.default_parameters.items()}
    assert {p.name: p.default for p in record.parameters} == defaults
    assert set(record.parameter_names).isdisjoint(each.name for each in record.fixed)
    assert {p.name: p.unit for p in record.parameters} == {
        p: units[p] for p in record.parameter_names
    }
    recordable = [state for state in record.states if state.is_recordable]
    initial = {state.name: state.initial for state in recordable}
    known = pynn_type.default_initial_values
    assert {name: initial[name] for name in known} == known
    assert all(state.unit == units[state.name] for state in recordable)
    # what PyNN leaves out is recorded, too: synaptic currents, the gates of channels
    assert {"spikes", *initial} >= set(pynn_type.recordable)
    names = [receptor.name for receptor in record.receptors]
    assert names == [name for name in pynn_type.receptor_types if "gap" not in name]


@pytest.mark.parametrize("model", CELL_MODELS)
def test_a_record_is_complete(model):
    record = CELL_MODELS[model]
    assert record.title.endswith(".")
    assert all(parameter.meaning for parameter in record.parameters)
    assert len(set(record.parameter_names)) == len(record.parameters)
    assert len(set(record.state_names)) == len(record.states)
    assert all(0 <= row < len(record.states) for row in record.receptor_rows)


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


@pytest.mark.parametrize("model", CELL_MODELS)
def test_models_declare_v_first_and_as_many_coefficients_as_cells(model):
    description = CELL_MODELS[model]
    assert description.name == model
    assert description.state_row("v") == 0
    coefficients = description.coefficients(parameters_of(model), 0.1)
    for name, values in coefficients._asdict().items():
        assert name == "dt" or np.shape(values) == (3,)
    # injected currents change `drive` in place; nothing else may share its memory
    coefficients.drive[:] = 7.0
    assert not (coefficients.drive_rest == 7.0).any()


@pytest.mark.parametrize("model", CELL_MODELS)
def test_coefficients_share_no_memory_with_parameters(model):
    parameters = parameters_of(model)
    coefficients = CELL_MODELS[model].coefficients(parameters, 0.1)
    arrays = [value for value in coefficients if isinstance(value, np.ndarray)]
    for values in parameters.values():
        assert not any(np.shares_memory(values, array) for array in arrays)
