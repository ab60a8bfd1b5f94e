"""The documentation's page of what works of PyNN is what PyNN and distsim say."""

import importlib.util
import inspect
import re
from pathlib import Path

import pytest

import distsim

FOLDER = Path(__file__).parents[1] / "docs"
FILE = re.compile(r"\| ([\w/]+\.py)(?= \||;)")


@pytest.fixture(scope="module")
def maker():
    """Return the module that makes the page."""
    spec = importlib.util.spec_from_file_location("maker", FOLDER / "make_compatibility.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_pynn_and_distsim_say(maker):
    written, made = maker.PAGE.read_text(), maker.page()
    # which of the files says most may change with any test
    assert FILE.sub("|", written) == FILE.sub("|", made), "call `python docs/make_compatibility.py`"
    for file in FILE.findall(written):
        assert (Path(__file__).parent / file).is_file(), file


def test_all_that_works_is_tested(maker):
    lines = [line for line in maker.page().splitlines() if "| yes |" in line]
    assert len(lines) > 250
    untested = [line for line in lines if not FILE.search(line)]
    assert untested == []


def test_arguments_of_pynn_are_taken(maker):
    for name, module in maker.exported().items():
        theirs = maker.pynns(name, module) if name in distsim.__all__ else None
        if callable(theirs) and name not in maker.WHO_HAS_IT:
            parameters = inspect.signature(getattr(distsim, name)).parameters.values()
            if not any(p.kind == inspect.Parameter.VAR_KEYWORD for p in parameters):
                assert {*maker.argument_names(theirs)} <= {p.name for p in parameters}, name
    for name in maker.CLASSES:
        for method in maker.public(getattr(maker.pyNN.mock, name, distsim.Network)):
            theirs, ours = getattr(maker.pyNN.mock, name, None), getattr(distsim, name)
            shown = maker.argument_names(getattr(theirs, method, None))
            if shown and shown != ["args", "kwargs"]:
                taken = maker.argument_names(getattr(ours, method))
                assert {*shown} <= {*taken}, f"{name}.{method}"


def test_nothing_is_missing_without_a_reason(maker):
    names = maker.exported()
    assert len(names) > 190
    for name in maker.WHO_HAS_IT:
        assert name in names
    missing = {name: where for name, where in names.items() if name not in distsim.__all__}
    for name, where in missing.items():
        assert maker.reason(name, where)
        # of PyNN's common code only what scripts need not have from a back end
        assert where.startswith("pyNN.")
