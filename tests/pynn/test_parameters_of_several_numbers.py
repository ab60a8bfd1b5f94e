"""Parameters with several numbers in each cell: GIF_cond_exp's time constants and increments."""

import numpy as np
import pytest
from pyNN.parameters import ArrayParameter, Sequence

from distsim.errors import ParameterError

A, B = [0.1, 0.2, 0.3], [1.0, 2.0, 3.0]


def values_of(cells, name):
    """Return the numbers of each cell."""
    return [row.value.tolist() for row in cells.get(name, simplify=False)]


@pytest.mark.parametrize(
    "given", [A, tuple(A), np.array(A), ArrayParameter(A), Sequence(A)], ids=lambda x: type(x)
)
def test_all_cells_can_have_the_same(sim, given):
    cells = sim.Population(3, sim.GIF_cond_exp(a_eta=given))
    assert values_of(cells, "a_eta") == [A] * 3
    assert cells.get("a_eta") == ArrayParameter(A)
    assert isinstance(cells[1].a_eta, ArrayParameter)
    cells.set(a_eta=B)
    assert values_of(cells, "a_eta") == [B] * 3


@pytest.mark.parametrize(
    "given",
    [
        [A, B],
        np.array([A, B]),
        [ArrayParameter(A), ArrayParameter(B)],
        lambda indices: [Sequence([A, B][index]) for index in indices],
    ],
    ids=["lists", "array", "sequences", "function"],
)
def test_each_cell_can_have_its_own(sim, given):
    cells = sim.Population(2, sim.GIF_cond_exp(a_eta=given))
    assert values_of(cells, "a_eta") == [A, B]
    assert [row.value.tolist() for row in cells.get("a_eta")] == [A, B]
    assert [row.value.tolist() for row in cells.get("a_eta", gather=True)] == [A, B]
    cells.set(a_eta=[B, A])
    cells[0].a_eta = A
    cells[1:].set(tau_eta=B)
    assert values_of(cells, "a_eta") == [A, A]
    assert values_of(cells, "tau_eta") == [[1.0, 10.0, 100.0], B]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([1.0, 2.0], "a_eta of GIF_cond_exp is given as 2 numbers; give 3 for each cell"),
        (1.0, "given as 1 numbers; give 3"),
        ([A, [1.0]], "given as 1 numbers; give 3"),
        ("fast", "is no real number"),
    ],
)
def test_other_than_so_many_numbers_are_refused(sim, given, text):
    cells = sim.Population(2, sim.GIF_cond_exp())
    for use in (lambda: sim.GIF_cond_exp(a_eta=given), lambda: cells.set(a_eta=given)):
        with pytest.raises(ParameterError, match=text):
            use()
    assert values_of(cells, "a_eta") == [[1.0] * 3] * 2


def test_a_function_or_distribution_of_single_numbers_is_refused(sim):
    with pytest.raises(ParameterError, match="cannot be drawn from a RandomDistribution"):
        sim.GIF_cond_exp(a_eta=sim.RandomDistribution("uniform", (0.0, 1.0)))
    with pytest.raises(ParameterError, match="given as 2 numbers; give 3"):
        sim.Population(2, sim.GIF_cond_exp(a_eta=lambda index: Sequence([1.0, 2.0])))
    with pytest.raises(ParameterError, match="3 values for 2 cells"):
        sim.Population(2, sim.GIF_cond_exp(a_eta=[A, A, A]))


def test_a_bound_holds_for_each_number(sim):
    sim.Population(2, sim.GIF_cond_exp(tau_gamma=[A, [1.0, -2.0, 3.0]]))
    with pytest.raises(ParameterError, match="tau_gamma = -2 of GIF_cond_exp must be above 0"):
        sim.run(1.0)
