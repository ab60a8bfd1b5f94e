"""The documentation's table of cell models is what their records say."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from distsim.models import CELL_MODELS, SYNAPSE_MODELS

FOLDER = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def make_models():
    """Return the module that makes the page."""
    spec = importlib.util.spec_from_file_location("make_models", FOLDER / "make_models.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_records_say(make_models):
    page = make_models.page(CELL_MODELS.values(), SYNAPSE_MODELS.values())
    assert make_models.PAGE.read_text() == page, "call `python docs/make_models.py`"


def test_all_that_a_record_has_is_on_the_page(make_models):
    for model in CELL_MODELS.values():
        section = make_models.section(model)
        names = [*model.parameter_names, *model.shared_state_names]
        names += [receptor.name for receptor in model.receptors]
        for name in names:
            assert f"`{name}`" in section or f"*{name}*" in section
        assert make_models.equations(model) in section
        assert make_models.picture(model) in section


def test_all_that_a_synapse_model_has_is_on_the_page(make_models):
    for model in SYNAPSE_MODELS.values():
        section = make_models.synapse_section(model)
        names = [] if model.is_electrical else [*model.parameter_names, *model.variable_names]
        for name in names:
            assert f"`{name}`" in section
        assert make_models.equations(model) in section
        assert make_models.picture(model) in section


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "dv/dt = (v_rest - v) / tau_m",
            r"\frac{\mathrm{d}v}{\mathrm{d}t} &= \frac{v_{\mathrm{rest}} - v}{\tau_{\mathrm{m}}}",
        ),
        (
            "x = 2 v^2 / (1 + exp(v / 3)) w",
            r"x &= \frac{2 \, v^{2}}{1 + \exp\left(\frac{v}{3}\right)} \, w",
        ),
        ("x = v, y = -v, likewise", "x &= v \\\\\ny &= - v\\text{, }\\text{likewise}"),
        (
            "where v >= v_rest: a spike; v = a",
            r"- where $v \ge v_{\mathrm{rest}}$: a spike; $v = a$",
        ),
        ("a spike adds (v of the other) to v", "- a spike adds (v of the other) to $v$"),
    ],
)
def test_equations_are_set_as_they_are_meant(make_models, line, expected):
    assert expected in make_models.latex([line], ["v", "v_rest", "tau_m", "a", "w"])


def test_a_line_that_goes_on_is_one_equation(make_models):
    assert "- v" in make_models.latex(["x = v", "    - v"], ["v"])


@pytest.mark.parametrize("name", ["title", "equations", "method"])
def test_a_model_of_which_something_is_not_said_is_refused(make_models, name):
    model = CELL_MODELS["IF_curr_exp"]
    with pytest.raises(ValueError, match=f"record of IF_curr_exp has no '{name}'"):
        make_models.page([replace(model, **{name: ""})], [])
