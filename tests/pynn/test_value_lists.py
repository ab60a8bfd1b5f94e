"""Weights and delays given as lists and arrays, and what is wrong with them by name."""

import numpy as np
import pytest

from distsim.pynn.value_lists import ValuesError


@pytest.fixture
def cells(sim):
    return sim.Population(2, sim.IF_curr_exp(), label="two"), sim.Population(
        3, sim.IF_curr_exp(), label="three"
    )


@pytest.fixture
def five(sim, cells):
    """Return five connections."""
    pairs = [(1, 2), (0, 0), (1, 0), (0, 1), (1, 1)]
    return sim.Projection(*cells, sim.FromListConnector(pairs), label="five")


def test_a_list_has_one_value_per_connection_by_source_then_target(five):
    five.set(weight=[1, 2, 3, 4, 5], delay=np.arange(5.0) + 1)
    rows = sorted(five.get(["weight", "delay"], "list"))
    assert rows == [
        *((0, 0, 1.0, 1.0), (0, 1, 2.0, 2.0)),
        *((1, 0, 3.0, 3.0), (1, 1, 4.0, 4.0), (1, 2, 5.0, 5.0)),
    ]
    five.set(weight=[5, 4, 3, 2, 1], delay=2.5)
    assert {row[3] for row in five.get(["weight", "delay"], "list")} == {2.5}


def test_each_of_several_connections_of_two_cells_has_its_value(sim, cells):
    pre, post = cells
    pairs = [(0, 0), (1, 1), (0, 0), (0, 0)]
    several = sim.Projection(pre, post, sim.FromListConnector(pairs))
    several.set(weight=[1.0, 2.0, 3.0, 4.0])
    assert several.get("weight", "list") == [(0, 0, 1.0), (0, 0, 2.0), (0, 0, 3.0), (1, 1, 4.0)]
    # or one for each two cells
    several.set(weight=[7.0, 8.0])
    assert [row[2] for row in several.get("weight", "list")] == [7.0, 7.0, 7.0, 8.0]
    with pytest.raises(ValuesError, match=r"3 values; .* 4 connections, or for each of 2 pairs"):
        several.set(weight=[1.0, 2.0, 3.0])


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0], [], np.ones(6), np.ones((3, 2))])
@pytest.mark.parametrize("name", ["weight", "delay"])
def test_other_numbers_of_values_are_refused_by_name(sim, cells, five, name, values):
    before = five.get(["weight", "delay"], "list")
    for raised in (ValuesError, sim.errors.ConnectionError, sim.errors.InvalidDimensionsError):
        with pytest.raises(raised, match=f"{name} of projection 'five' has"):
            five.set(**{name: values})
    assert five.get(["weight", "delay"], "list") == before
    synapse = sim.StaticSynapse(**{name: values})
    pairs = sim.FromListConnector([(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)])
    with pytest.raises(ValuesError, match=f"{name} of projection 'other' has"):
        sim.Projection(*cells, pairs, synapse, label="other")


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_synapse_type_takes_a_list(sim, cells, sign):
    synapse = sim.StaticSynapse(weight=[sign * k for k in range(1, 7)], delay=1.5)
    projection = sim.Projection(*cells, sim.AllToAllConnector(), synapse)
    assert projection.receptor_type == ("excitatory" if sign > 0 else "inhibitory")
    np.testing.assert_array_equal(
        projection.get("weight", "array"), sign * np.arange(1.0, 7.0).reshape(2, 3)
    )
    assert (projection.get("delay", "array") == 1.5).all()
    # the type itself can be used again
    again = sim.Projection(*cells, sim.AllToAllConnector(), synapse)
    assert again.get("weight", "list") == projection.get("weight", "list")


def test_values_of_a_list_are_checked(sim, five):
    with pytest.raises(sim.errors.ConnectionError, match="weight = -1 of projection 'five'"):
        five.set(weight=[1, 1, 1, 1, -1])
    with pytest.raises(sim.errors.ConnectionError, match=r"delay = 0.01 ms of projection 'five'"):
        five.set(delay=[1, 1, 1, 1, 0.01])


def test_lists_are_felt_by_the_cells(sim):
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    cell = sim.Population(1, sim.IF_curr_exp(), label="cell")
    projection = sim.Projection(source, cell, sim.FromListConnector([(0, 0)] * 2))
    projection.set(weight=[0.25, 0.5], delay=[1.0, 3.0])
    cell.record("isyn_exc")
    sim.run(6.0)
    (signal,) = cell.get_data().segments[0].analogsignals
    current = signal.magnitude[:, 0]
    decay = np.exp(-2.0 / 5.0)
    assert current[20] == pytest.approx(0.25, rel=1e-6)
    assert current[40] == pytest.approx(0.5 + 0.25 * decay, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"connector": None}, "None is not a connector"),
        ({"synapse_type": 0.5}, r"synapse_type = 0.5; give an instance, such as StaticSynapse"),
        ({"space": 3.0}, r"space = 3.0; give a Space"),
        ({"receptor_type": "exitatory"}, "'three'; did you mean 'excitatory'"),
    ],
)
def test_what_a_projection_is_made_from_is_named(sim, cells, arguments, message):
    with pytest.raises(sim.errors.ConnectionError, match=message):
        sim.Projection(*cells, **({"connector": sim.AllToAllConnector()} | arguments))


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ([(0, 0, 1.0)], None, "FromListConnector: Argument 'column_names' is required"),
        ([(0, 0, 1.0, 1.0), (0, 1)], None, "FromListConnector: "),
        ([(0, 0, 1.0, 1.0)], ["weight"], "FromListConnector: .* 2 parameter columns, but 1 col"),
    ],
)
def test_wrong_lists_name_the_connector(sim, rows, columns, message):
    with pytest.raises(sim.errors.ParameterError, match=message):
        sim.FromListConnector(rows, column_names=columns)


def test_errors_of_connectors_are_pynns_too(sim, cells):
    for connector in (
        sim.FromListConnector([(0, 7, 1.0, 1.0)]),
        sim.ArrayConnector(np.ones((3, 2), bool)),
        sim.FixedTotalNumberConnector(100, with_replacement=False),
        sim.FromFileConnector("missing.txt"),
    ):
        with pytest.raises(sim.errors.ConnectionError) as caught:
            sim.Projection(*cells, connector)
        assert isinstance(caught.value, sim.errors.ConnectivityError)
