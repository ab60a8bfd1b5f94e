"""Cell types of the user's own on several ranks: what differs, or cannot be, is told on each."""

import numpy as np
import pytest

import distsim
from distsim.errors import CollectiveError, ParameterError
from distsim.models import Parameter, Receptor, State

NUMBERS = {"a": 1.0}


@pytest.fixture
def sim():
    """Return the back end, set up anew."""
    distsim.setup(timestep=0.1, seed=3, log=False)
    return distsim


def falls(x, tau, dt):
    return x - x * dt / tau


def rises(x, tau, dt):
    return x + x * dt / tau


def takes_a_dict(x):
    return x + NUMBERS["a"]


def type_with(step, derive=None):
    return distsim.cell_type(
        "Own",
        [Parameter("tau", "ms", 10.0)],
        [State("x", "mV")],
        [Receptor("input", "x")],
        step=step,
        is_spiking=lambda x: x >= 5.0,
        spike=lambda: 0.0,
        derive=derive,
    )


@pytest.mark.parametrize("is_class", [True, False])
def test_functions_that_differ_between_ranks_are_told(sim, comm, is_class):
    is_last = comm.Get_rank() == comm.Get_size() - 1 > 0
    kind = type_with(rises if is_last else falls)

    def make():
        return sim.Population(4, kind if is_class else kind())

    if comm.Get_size() == 1:
        make()
        return
    with pytest.raises(CollectiveError) as caught:
        make()
    text = str(caught.value)
    assert len(set(comm.allgather(text))) == 1
    assert text.count("Own (functions ") == 2


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: type_with(lambda x, tua: x), "takes 'tua', which is neither"),
        (lambda: type_with(takes_a_dict), "takes_a_dict() of Own ("),
        (lambda: type_with(falls, lambda p, dt: {"k": np.zeros((2, 2))}), "no"),
    ],
)
def test_what_cannot_be_is_the_same_error_on_every_rank(sim, comm, make, text):
    def run():
        sim.Population(5, make()())
        sim.run(1.0)

    if text == "no":
        # of what is derived, only what a function takes is looked at when the type is made
        text = "gives 'k' as ndarray of shape (2, 2)"
    with pytest.raises(ParameterError) as caught:
        run()
    message = str(caught.value)
    assert text in message
    assert len(set(comm.allgather(message))) == 1
