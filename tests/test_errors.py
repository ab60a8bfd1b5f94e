"""One module of exceptions: distsim's and PyNN's."""

import pyNN.errors
import pytest

import distsim
import distsim.errors
import distsim.nest


@pytest.mark.parametrize("sim", [distsim, distsim.nest])
def test_errors_of_the_back_end_are_pynns_and_distsims(sim):
    assert sim.errors is distsim.errors
    of_pynn = [name for name, kind in vars(pyNN.errors).items() if isinstance(kind, type)]
    assert "ConnectionError" in of_pynn
    for name in of_pynn:
        assert getattr(sim.errors, name) is getattr(pyNN.errors, name)
    assert issubclass(sim.errors.ParameterError, sim.errors.DistsimError)


def test_an_error_of_pynn_can_be_imported():
    from distsim.errors import RecordingError

    assert RecordingError is pyNN.errors.RecordingError


def test_unknown_errors_are_unknown():
    with pytest.raises(AttributeError, match=r"'distsim.errors' has no attribute 'ConectionError'"):
        distsim.errors.ConectionError  # noqa: B018
    assert not hasattr(distsim.errors, "__path__")
