"""Single cells of a population."""

import numpy as np
import pyNN.errors
import pytest

from distsim.errors import ParameterError


@pytest.fixture
def cells(sim):
    return sim.Population(6, sim.IF_curr_exp(tau_m=lambda i: 10.0 + i), label="cells")


def test_a_parameter_is_an_attribute_of_a_cell(cells):
    assert cells[3].tau_m == 13.0
    cells[3].tau_m = 20.0
    assert cells[3].tau_m == 20.0
    assert cells.get("tau_m").tolist() == [10.0, 11.0, 12.0, 20.0, 14.0, 15.0]


def test_several_parameters_can_be_set_and_read_at_once(cells):
    cells[-1].set_parameters(tau_m=9.0, v_rest=-60.0)
    parameters = cells[5].get_parameters()
    assert parameters["tau_m"] == 9.0
    assert parameters["v_rest"] == -60.0
    assert set(parameters) == set(cells.celltype.default_parameters)


def test_a_wrong_attribute_names_the_right_one(cells):
    with pytest.raises(ParameterError, match=r"'t_refrac'.*did you mean 'tau_refrac'"):
        cells[0].t_refrac = 1.0
    with pytest.raises(pyNN.errors.NonExistentParameterError, match="did you mean 'tau_refrac'"):
        cells[0].t_refrac  # noqa: B018
    assert not hasattr(cells[0], "no_such_thing")
    with pytest.raises(AttributeError, match="population view"):
        cells[0].set(tau_m=1.0)


def test_a_cell_knows_its_population_and_place(cells):
    cell = cells[2]
    assert cell.parent is cells
    assert cell.local
    assert cell == cells.first_id + 2
    assert cells.id_to_index(cell) == 2
    view = cell.as_view()
    assert view.size == 1
    assert view[0] == cell
    assert view.parent is cells
    assert cell.celltype is cells.celltype
    assert cell.is_standard_cell


def test_a_position_can_be_set_for_one_cell(cells):
    cells[1].position = (3.0, 4.0, 5.0)
    assert cells[1].position.tolist() == [3.0, 4.0, 5.0]
    assert cells.positions[:, 1].tolist() == [3.0, 4.0, 5.0]
    assert cells[2].position.tolist() == [2.0, 0.0, 0.0]


def test_an_initial_value_can_be_set_for_one_cell(sim, cells):
    cells.initialize(v=-60.0)
    cells[2].set_initial_value("v", -55.0)
    assert cells[2].get_initial_value("v") == -55.0
    assert cells[1].get_initial_value("v") == -60.0
    cells.record("v")
    sim.run(1.0)
    assert cells.get_data().segments[0].analogsignals[0].magnitude[0, 1:4].tolist() == [
        -60.0,
        -55.0,
        -60.0,
    ]


def test_a_current_can_be_injected_into_one_cell(sim, cells):
    cells[4].inject(sim.DCSource(amplitude=0.5, start=1.0, stop=3.0))
    cells.record("v")
    sim.run(5.0)
    highest = cells.get_data().segments[0].analogsignals[0].magnitude.max(axis=0)
    assert (np.arange(6)[highest > -64.9] == [4]).all()


def test_cells_are_made_for_iteration_and_for_arrays_of_cells(cells):
    assert [cell.tau_m for cell in cells] == [10.0, 11.0, 12.0, 13.0, 14.0, 15.0]
    assert [int(cell) for cell in cells.all()] == list(cells.all_cells)
    assert cells.all_cells[4].tau_m == 14.0
    assert cells.local_cells[-1].tau_m == 15.0
    assert [cell.tau_m for cell in cells.all_cells[1:3]] == [11.0, 12.0]
    assert cells.id_to_index([cells[1], cells[4]]).tolist() == [1, 4]


def test_a_cell_of_a_view_is_a_cell_of_the_population(cells):
    assert cells[2:5][1].tau_m == 13.0
    cells[2:5][1].tau_m = 1.0
    assert cells[3].tau_m == 1.0
    assert cells[2:5][1].parent is cells
