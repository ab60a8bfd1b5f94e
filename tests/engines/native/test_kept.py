"""Static synapses that stay where they are, while others are made anew or get other weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import distsim as sim
from distsim.connectivity import Connections
from distsim.engines.native import run_counts
from distsim.engines.native.connectome import build_connectome
from distsim.engines.native.group_network import GroupNetwork
from distsim.engines.native.kept import Kept, overlapping
from distsim.models import IF_CURR_EXP
from distsim.pynn.projection_errors import ProjectionError
from distsim.pynn.simulator import state
from tests.engines.native.test_connectome import (
    DT,
    PATHWAYS,
    SYNAPSES,
    FakeConnections,
    build,
    listed,
    pathway_of,
)

WEIGHTS = st.sampled_from([None, None, 0.5, 0.25])


def by_target(connectome, n_local):
    """Return the synapses of each run in the order of their targets, one target's as they are."""
    return sorted(listed(connectome, n_local), key=lambda synapse: synapse[:4])


def made(arguments, weights):
    return [
        pathway_of(*each, weight=weight) for each, weight in zip(arguments, weights, strict=False)
    ]


@settings(deadline=None, max_examples=300)
@given(
    PATHWAYS,
    st.lists(WEIGHTS, min_size=8, max_size=8),
    st.lists(st.tuples(st.integers(0, 3), SYNAPSES, WEIGHTS), max_size=2),
    PATHWAYS,
    st.integers(0, 1),
    st.sampled_from([0, 2**25]),
)
def test_what_stays_and_what_is_made_anew_is_as_if_all_were_made_at_once(
    before, weights, changes, added, n_more, table_size
):
    old = made(before, weights)
    connectome = build(old, 4)
    changed = []
    for k, synapses, weight in changes:
        if k < len(old):
            old[k].connections = FakeConnections(synapses, 3, weight)
            changed.append(old[k])
    gone = [pathway for pathway in old if pathway in changed]
    gone += overlapping(gone, [pathway for pathway in old if pathway not in gone], IF_CURR_EXP)
    stay = [pathway for pathway in old if pathway not in gone]
    new = made(added, weights[4:])
    fresh = [pathway for pathway in [*old, *new] if pathway not in stay]
    kept = Kept.of(connectome, 4, stay, gone, IF_CURR_EXP)
    n_local = 4 + n_more
    limit = run_counts.SMALL_TABLE, run_counts.MAX_PLACES_PER_SYNAPSE
    try:
        run_counts.SMALL_TABLE, run_counts.MAX_PLACES_PER_SYNAPSE = table_size, table_size and 4
        found, n_synapses = build_connectome(fresh, IF_CURR_EXP, n_local, DT, kept=kept)
    finally:
        run_counts.SMALL_TABLE, run_counts.MAX_PLACES_PER_SYNAPSE = limit
    expected = build([*old, *new], n_local)
    assert by_target(found, n_local) == by_target(expected, n_local)
    assert n_synapses == len(listed(expected, n_local))
    np.testing.assert_array_equal(found.row_source, expected.row_source)
    np.testing.assert_array_equal(found.row_receptor, expected.row_receptor)
    np.testing.assert_array_equal(found.run_delay, expected.run_delay)


def test_pathways_between_the_same_cells_overlap_and_so_do_those_that_these_overlap():
    first = pathway_of([], lids=[0, 1, -1, -1, -1])
    second = pathway_of([], lids=[-1, 1, 2, -1, -1])
    third = pathway_of([], lids=[-1, -1, 2, 3, -1])
    apart = [
        pathway_of([], lids=[-1, -1, -1, -1, 4]),
        pathway_of([], receptor=1),
        pathway_of([], first_source=8),
    ]
    assert set(overlapping([first], [*apart, third, second], IF_CURR_EXP)) == {second, third}
    assert overlapping([first], [third, *apart], IF_CURR_EXP) == []


def network(n_cells=30):
    """Build sources and cells with three projections: one weight, drawn ones, an array."""
    sim.setup(timestep=0.1, seed=5, log=False, progress=False)
    noise = sim.Population(20, sim.SpikeSourcePoisson(rate=200.0))
    cells = sim.Population(n_cells, sim.IF_curr_exp(tau_m=12.0), initial_values={"v": -60.0})
    some = sim.FixedProbabilityConnector(0.5)
    projections = [
        sim.Projection(
            cells, cells[:20], some, sim.StaticSynapse(weight=0.1, delay=0.7), label="one"
        ),
        sim.Projection(
            noise,
            cells,
            some,
            sim.StaticSynapse(
                weight=sim.RandomDistribution("uniform", (0.2, 1.0)),
                delay=sim.RandomDistribution("uniform", (0.3, 2.0)),
            ),
        ),
        sim.Projection(
            cells,
            cells[20:],
            sim.AllToAllConnector(),
            sim.StaticSynapse(weight=np.linspace(0.0, 0.2, 300).reshape(30, 10), delay=1.1),
        ),
    ]
    cells.record("v")
    return noise, cells, projections


def eventful_run(after_each=lambda: None):
    """Run with all kinds of changes between; return v."""
    noise, cells, (one, drawn, array) = network()
    sim.run(15.0)
    changes = [
        lambda: drawn.set(weight=sim.RandomDistribution("uniform", (0.1, 1.2))),
        lambda: array.set(weight=np.linspace(0.0, 0.4, 300).reshape(30, 10)),
        lambda: sim.Projection(
            noise, cells[5:15], sim.AllToAllConnector(), sim.StaticSynapse(weight=0.3, delay=0.4)
        ),
        # which has synapses between the same cells as the one before
        lambda: drawn.set(weight=0.4),
        lambda: setattr(array[7], "weight", 2.0),
        lambda: setattr(one[3], "weight", 3.0),
        lambda: setattr(one[4], "weight", 2.0),
        lambda: array.set(delay=0.5),
        lambda: setattr(array[9], "delay", 0.2),
        lambda: sim.Projection(
            sim.Population(4, sim.IF_curr_exp(i_offset=2.0)), cells, sim.AllToAllConnector()
        ),
    ]
    for change in changes:
        change()
        after_each()
        sim.run(5.0)
    return cells.get_data().segments[0].filter(name="v")[0].magnitude


def test_changes_in_place_do_what_making_all_anew_does(monkeypatch):
    in_place = eventful_run()
    monkeypatch.setattr(GroupNetwork, "rewrite", lambda *_: False)

    def forget_all():
        for group in state.simulation.networks.values():
            group._built.clear()
            group._n_built_for = -1
        state.simulation.touch_connections()

    np.testing.assert_array_equal(eventful_run(forget_all), in_place)


def test_a_change_draws_no_other_projection(monkeypatch):
    noise, cells, (_, drawn, array) = network()
    sim.run(1.0)
    labels, draw = [], Connections.chunks

    def noted(connections, *arguments):
        labels.append(connections.bounds.label)
        return draw(connections, *arguments)

    monkeypatch.setattr(Connections, "chunks", noted)
    array.set(weight=0.01)
    array[3].weight = 0.7
    sim.run(1.0)
    assert set(labels) == {array.label}
    labels.clear()
    array.set(weight=sim.RandomDistribution("uniform", (0.1, 0.2)))
    drawn.set(weight=sim.RandomDistribution("uniform", (0.1, 0.2)))
    rows = state.simulation.networks[IF_CURR_EXP].arrivals.rows
    drawn[0].weight = 0.5
    sim.run(1.0)
    assert set(labels) == {array.label, drawn.label}
    # where weights are held one by one, the synapses stay where they are
    assert state.simulation.networks[IF_CURR_EXP].arrivals.rows is rows
    labels.clear()
    added = sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1))
    sim.run(1.0)
    noise.set(rate=10.0)
    sim.run(1.0)
    assert set(labels) == {added.label}
    labels.clear()
    drawn.set(delay=2.0)
    sim.run(1.0)
    assert set(labels) == {drawn.label}


def test_a_weight_that_cannot_be_changes_nothing():
    _, _, (_, drawn, _) = network()
    sim.run(2.0)
    before = drawn.get("weight", "list")
    with pytest.raises(ProjectionError, match="must be 0 or above"):
        drawn.set(weight=sim.RandomDistribution("uniform", (-1.0, 1.0)))
    assert drawn.get("weight", "list") == before
    sim.run(2.0)
