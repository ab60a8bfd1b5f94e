"""Models of a membrane and any receptors: one for each combination, with what its parts have."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distsim.errors import ParameterError
from distsim.models.cell_model import NativeModel
from distsim.models.point_neuron import ADEXP, LIF, MAX_RECEPTORS, MEMBRANES, point_model
from distsim.models.responses import COND_ALPHA, COND_BETA, COND_EXP, CURR_EXP, RESPONSES

names = st.from_regex(r"[A-Z][A-Za-z0-9_]{0,7}", fullmatch=True)
combinations = st.dictionaries(names, st.sampled_from(sorted(RESPONSES)), max_size=6)


def test_a_combination_is_one_model_in_any_order():
    one = point_model(ADEXP, {"GABA": COND_BETA, "AMPA": COND_EXP})
    assert point_model(ADEXP, {"AMPA": COND_EXP, "GABA": COND_BETA}) is one
    assert one.name == "PointNeuron(AdExp, AMPA=CondExp, GABA=CondBeta)"
    for other in (
        point_model(LIF, {"AMPA": COND_EXP, "GABA": COND_BETA}),
        point_model(ADEXP, {"AMPA": COND_EXP, "GABA": COND_ALPHA}),
        point_model(ADEXP, {"AMPA": COND_EXP, "GABA_B": COND_BETA}),
    ):
        assert other is not one
        assert other.name != one.name


def test_what_receptors_have_is_called_by_their_names():
    model = point_model(LIF, {"slow": COND_BETA, "fast": CURR_EXP})
    own = model.parameter_names[len(LIF.parameters) :]
    assert own == ["fast.tau_syn", "slow.e_syn", "slow.tau_rise", "slow.tau_decay"]
    assert model.state_names == ["v", "fast.isyn", "slow.gsyn", "slow.drive"]
    assert [(each.name, each.state) for each in model.receptors] == [
        ("fast", "fast.isyn"),
        ("slow", "slow.drive"),
    ]
    assert [state.is_recordable for state in model.states] == [True, True, True, False]


@settings(deadline=None)
@given(membrane=st.sampled_from(sorted(MEMBRANES)), kinds=combinations)
def test_every_combination_has_the_parts_of_its_receptors(membrane, kinds):
    parts = MEMBRANES[membrane]
    model = point_model(parts, {name: RESPONSES[kind] for name, kind in kinds.items()})
    assert isinstance(model, NativeModel)
    assert [receptor.name for receptor in model.receptors] == sorted(kinds) == list(model.responses)
    assert len(set(model.receptor_rows)) == len(kinds)
    n_driven = sum(RESPONSES[kind].is_driven for kind in kinds.values())
    assert len(model.states) == len(parts.states) + len(kinds) + n_driven
    assert len(set(model.parameter_names)) == len(model.parameters)
    values = {p.name: np.full(3, p.default) for p in model.parameters}
    model.check(values)
    responses = model.coefficients(values, 0.1).responses
    assert responses.keep.shape == responses.rise.shape == (len(kinds), 3)
    rows = {*responses.value_row.tolist(), *responses.drive_row.tolist()} - {-1}
    assert rows == set(range(len(parts.states), len(model.states)))
    is_driven = [RESPONSES[kinds[name]].is_driven for name in sorted(kinds)]
    assert ((responses.rise > 0.0).all(axis=1) == is_driven).all()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tau_m", "'tau_m' cannot name a receptor, as it names a parameter or variable of LIF"),
        ("v", "'v' cannot name a receptor, as it names a parameter or variable of LIF"),
        ("spikes", "'spikes' cannot name"),
        ("AMPA.fast", "'AMPA.fast' cannot name a receptor; take letters, digits and '_'"),
        ("2nd", "'2nd' cannot name a receptor; take letters"),
        ("a/b", "'a/b' cannot name a receptor; take letters"),
        ("", "'' cannot name a receptor; take letters"),
        ("lambda", "'lambda' cannot name a receptor; take letters"),
    ],
)
def test_names_that_cannot_be_are_refused(name, text):
    with pytest.raises(ParameterError, match=text):
        point_model(LIF, {name: COND_EXP})


def test_there_are_at_most_as_many_receptors_as_connectomes_number():
    point_model(LIF, {f"r{k}": CURR_EXP for k in range(MAX_RECEPTORS)})
    with pytest.raises(ParameterError, match="257 receptors; a cell has at most 256"):
        point_model(LIF, {f"r{k}": CURR_EXP for k in range(MAX_RECEPTORS + 1)})


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("AMPA.tau_syn", 0.0, "AMPA.tau_syn = 0 of PointNeuron.LIF, AMPA=CondExp. must be above 0"),
        ("AMPA.e_syn", np.nan, "AMPA.e_syn = nan of PointNeuron.LIF, AMPA=CondExp. must be finite"),
        ("v_reset", -40.0, "v_reset = -40 of .* must be below 'v_thresh'"),
    ],
)
def test_values_that_cannot_be_are_named(name, value, text):
    model = point_model(LIF, {"AMPA": COND_EXP})
    values = {p.name: np.full(2, p.default) for p in model.parameters}
    values[name][1] = value
    with pytest.raises(ParameterError, match=text) as error:
        model.check(values)
    assert error.value.name == name
