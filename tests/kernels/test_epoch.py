"""An epoch in one call: currents, samples, the log, and what stops it early."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distsim.engines.native.connectome import empty_connectome
from distsim.engines.native.currents import build_currents
from distsim.kernels.arrays import Cells, Probes, SpikeLog
from distsim.kernels.bundle import Bundle
from distsim.kernels.by_address import Addressed
from distsim.kernels.delivery import empty_queue
from distsim.kernels.epoch import advance, sample, update
from distsim.kernels.plastic import Plastics
from distsim.kernels.rarer import CURRENTS, N_PARTS, PART, CurrentPart, have_currents
from distsim.models import CELL_MODELS
from distsim.network.blocks import CellBlock
from distsim.network.currents import Injection, Steps

MODEL = CELL_MODELS["IF_curr_delta"]


def probes_of(sets, max_rows):
    """Return Probes of sets ``([(row, lid), ...], interval, next_step)``."""
    widths = [len(places) for places, _, _ in sets]
    sizes = [width * max_rows for width in widths]
    places = [place for each, _, _ in sets for place in each]
    return Probes(
        state_row=np.array([row for row, _ in places], np.int64),
        lid=np.array([lid for _, lid in places], np.int64),
        begin=np.cumsum([0, *widths]).astype(np.int64),
        interval=np.array([interval for _, interval, _ in sets], np.int64),
        next_step=np.array([step for _, _, step in sets], np.int64),
        buffer=np.full(sum(sizes), np.nan),
        region=(np.cumsum(sizes) - sizes).astype(np.int64),
        rows=np.zeros(len(sets), np.int64),
        max_rows=np.full(len(sets), max_rows, np.int64),
    )


def rows_of(probes, s):
    width = int(probes.begin[s + 1] - probes.begin[s])
    region = probes.buffer[probes.region[s] :]
    return region[: probes.rows[s] * width].reshape(probes.rows[s], width).tolist()


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), max_size=6),
            st.integers(1, 7),
            st.integers(0, 9),
        ),
        max_size=4,
    )
)
def test_samples_are_those_of_a_plain_list(sets):
    states = np.random.default_rng(1).random((30, 3, 5))
    probes = probes_of(sets, max_rows=30)
    for step, state in enumerate(states):
        sample(step, state, probes)
    for s, (places, interval, first) in enumerate(sets):
        assert rows_of(probes, s) == naive.samples(states.tolist(), places, interval, first)
        assert probes.next_step[s] >= 30


class Group(Bundle):
    """What `advance` takes, and the currents among its parts."""

    currents = None
    keeper = None


def currents_of(n_local, changes):
    """Return Currents of changes (step, lid, amplitude), ascending."""
    block = CellBlock(MODEL, 0, np.arange(n_local))
    injections = []
    for cell in range(n_local):
        mine = [(step, amplitude) for step, lid, amplitude in changes if lid == cell]
        columns = np.array(mine, np.float64).reshape(-1, 2).T
        signal = Steps(columns[0].astype(np.int64), columns[1].copy())
        injections.append(Injection(block, np.array([cell]), signal))
    return build_currents(injections, 0)


def group_of(n_local=3, i_offset=0.0, changes=(), sets=(), max_rows=1000, log_size=1000):
    """Return a group of cells that do not leak; a current of 1 nA moves v by 0.1 mV in a step."""
    values = {
        "v_rest": 0.0,
        "cm": 1.0,
        "tau_m": 1e300,
        "tau_refrac": 0.0,
        "v_reset": 0.0,
        "v_thresh": 1.0,
    }
    parameters = {name: np.full(n_local, value) for name, value in values.items()}
    parameters["i_offset"] = np.broadcast_to(float(i_offset), n_local).copy()
    state = np.zeros((3, n_local))
    cells = Cells.of(state, gids=10 + np.arange(n_local))
    coefficients = MODEL.coefficients(parameters, 0.1)
    currents, keeper = currents_of(n_local, changes), Addressed()
    parts = np.zeros((N_PARTS, 2), np.int64)
    parts[CURRENTS] = keeper.entry(CurrentPart, (currents, coefficients), have_currents, PART)
    group = Group(
        cells,
        coefficients,
        empty_connectome(),
        (empty_queue(4), empty_queue(4)),
        probes_of(list(sets), max_rows),
        Plastics(np.zeros((0, 2), np.int64), np.zeros(1, np.int64)),
        parts,
        SpikeLog(np.zeros(log_size, np.int64), np.zeros(1, np.int64)),
    )
    group.currents, group.keeper = currents, keeper
    return group


def test_a_current_holds_from_its_step_on():
    group = group_of(changes=[(0, 0, 1.0), (3, 1, 2.0), (5, 1, -1.0), (5, 0, 0.0)])
    v = []
    for step in range(8):
        assert advance(step, 1, group) == (1, 0)
        v.append(group.cells.state[0].copy())
    moved = np.diff(np.array(v), axis=0, prepend=0.0)
    # a change at step k is felt first in v of step k + 1
    np.testing.assert_allclose(moved[:, 0], [0.1] * 5 + [0.0] * 3, atol=1e-15)
    np.testing.assert_allclose(moved[:, 1], [0.0] * 3 + [0.2] * 2 + [-0.1] * 3, atol=1e-15)
    assert not moved[:, 2].any()


def test_changes_before_the_first_step_hold_at_once():
    group = group_of(changes=[(-5, 0, 3.0), (2, 0, 1.0)])
    advance(10, 1, group)
    assert group.cells.state[0, 0] == 0.1


def test_an_injected_current_comes_on_top_of_the_offset():
    group = group_of(i_offset=0.5, changes=[(0, 0, 0.25)])
    advance(0, 1, group)
    np.testing.assert_allclose(group.cells.state[0], [0.075, 0.05, 0.05], rtol=1e-15)


def test_an_epoch_is_its_steps_one_by_one():
    sets = [([(0, 0), (0, 2)], 1, 1), ([(0, 1)], 3, 3)]
    whole, parts = (group_of(i_offset=2.7, changes=[(4, 1, 1.0)], sets=sets) for _ in range(2))
    assert advance(0, 30, whole) == (30, 0)
    for first, n_steps in ((0, 1), (1, 7), (8, 22)):
        assert advance(first, n_steps, parts) == (n_steps, 0)
    n = whole.log.filled[0]
    assert n > 20
    assert whole.log.keys[:n].tolist() == parts.log.keys[: parts.log.filled[0]].tolist()
    np.testing.assert_array_equal(whole.cells.state, parts.cells.state)
    np.testing.assert_array_equal(whole.probes.buffer, parts.probes.buffer)


def test_spikes_are_logged_with_step_and_gid():
    group = group_of(i_offset=10.0)
    advance(4, 2, group)
    n = group.log.filled[0]
    logged = [(key >> 32, key & 0xFFFFFFFF) for key in group.log.keys[:n].tolist()]
    assert logged == [(step, gid) for step in (5, 6) for gid in (10, 11, 12)]


def test_no_steps_make_nothing():
    group = group_of(i_offset=10.0, changes=[(0, 0, 1.0)])
    assert advance(0, 0, group) == (0, 0)
    assert group.log.filled[0] == 0
    assert group.currents.position[0] == 0


def test_a_group_of_no_cells_can_be_advanced():
    assert advance(0, 10, group_of(n_local=0)) == (10, 0)


@pytest.mark.parametrize("log_size", [3, 4, 5, 6, 11])
def test_a_log_without_room_stops_the_epoch_before_the_step(log_size):
    expected, group = group_of(i_offset=10.0), group_of(i_offset=10.0, log_size=log_size)
    advance(0, 20, expected)
    n_done, keys = 0, []
    while n_done < 20:
        n_made, _ = advance(n_done, 20 - n_done, group)
        assert n_made == min(log_size // 3, 20 - n_done)
        keys += group.log.keys[: group.log.filled[0]].tolist()
        group.log.filled[0] = 0
        n_done += n_made
    assert keys == expected.log.keys[: expected.log.filled[0]].tolist()


@pytest.mark.parametrize("max_rows", [1, 2, 5, 10, 20])
def test_a_full_sample_buffer_stops_the_epoch_before_the_step(max_rows):
    sets = [([(0, 0), (0, 2)], 1, 1), ([(0, 1)], 2, 2)]
    expected = group_of(i_offset=1.0, sets=sets)
    group = group_of(i_offset=1.0, sets=sets, max_rows=max_rows)
    advance(0, 20, expected)
    found = [[], []]
    n_done = 0
    while n_done < 20:
        n_made, _ = advance(n_done, 5 - n_done % 5, group)
        assert (group.probes.rows <= max_rows).all()
        n_done += n_made
        if (group.probes.rows == max_rows).any() and n_made == 0:
            for s in range(2):
                found[s] += rows_of(group.probes, s)
                group.probes.rows[s] = 0
    for s in range(2):
        assert found[s] + rows_of(group.probes, s) == rows_of(expected.probes, s)


def test_update_of_unknown_coefficients_is_an_error():
    with pytest.raises(TypeError, match="no update is registered for tuple"):
        update(None, (1, 2))
