"""The connectome against a plain list of synapses."""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distsim.engines.native import connectome as module
from distsim.engines.native import run_counts
from distsim.engines.native.connectome import build_connectome, empty_connectome
from distsim.errors import ConnectivityError
from distsim.models import IF_CURR_EXP
from distsim.network.pathways import GidMap, Pathway

DT = 0.1
N_PRE, N_POST, N_RECEPTORS, N_GIDS = 4, 5, 2, 12
# of the state, that the receptors add weights to
ROWS = IF_CURR_EXP.receptor_rows


class FakeChunk(NamedTuple):
    """As `distsim.connectivity.Chunk`: sources, positions in `targets`, weights, delays."""

    sources: np.ndarray
    target_positions: np.ndarray
    weights: np.ndarray | float
    delays: np.ndarray | float


class FakeConnections:
    """Connections given as a list of (source, target, weight, delay steps), target by target."""

    def __init__(self, synapses, chunk_size, constant_weight=None):
        self.synapses = synapses
        self.chunk_size = chunk_size
        self.constant_weight = constant_weight

    def chunks(self, targets, want_weights=True):
        lookup = {int(target): k for k, target in enumerate(targets)}
        local = [synapse for synapse in self.synapses if synapse[1] in lookup]
        for begin in range(0, len(local), self.chunk_size):
            part = local[begin : begin + self.chunk_size]
            weights = np.array([weight for _, _, weight, _ in part], np.float64)
            if self.constant_weight is not None:
                weights = self.constant_weight
            yield FakeChunk(
                np.array([source for source, _, _, _ in part], np.int32),
                np.array([lookup[target] for _, target, _, _ in part], np.int64),
                weights if want_weights else None,
                np.array([DT * delay for _, _, _, delay in part]),
            )


def pathway_of(synapses, first_source=0, lids=None, receptor=0, chunk_size=3, weight=None):
    lids = np.arange(N_POST) if lids is None else np.array(lids)
    # targets in another group are in a block of another model
    blocks = [
        (SimpleNamespace(model=IF_CURR_EXP if lid >= 0 else None, first_lid=lid), np.zeros(1, int))
        for lid in lids
    ]
    return Pathway(
        label="pathway",
        connections=FakeConnections(synapses, chunk_size, weight),
        targets=np.arange(N_POST),
        blocks=blocks,
        sources=GidMap((first_source,), (N_PRE,), (None,), (first_source, first_source + N_PRE)),
        receptors={IF_CURR_EXP: receptor},
    )


def build(pathways, n_local=N_POST):
    connectome, n_synapses = build_connectome(pathways, IF_CURR_EXP, n_local, DT)
    assert n_synapses == len(listed(connectome, n_local))
    return connectome


def listed(connectome, n_local=N_POST):
    """Return the connectome as a list of (source, receptor, delay, lid, weight)."""
    synapses = []
    for row in range(connectome.row_source.size):
        key = int(connectome.row_source[row]), int(connectome.row_receptor[row])
        for run in range(connectome.row_start[row], connectome.row_start[row + 1]):
            delay = int(connectome.run_delay[run])
            targets, weights = run_of(connectome, row, run, n_local)
            synapses += [(*key, delay, *each) for each in zip(targets, weights, strict=True)]
    return synapses


def run_of(connectome, row, run, n_local):
    """Return targets and weights of a run, read from its words."""
    begin, end = int(connectome.run_start[run]), int(connectome.run_start[run + 1])
    per_word = 4 // connectome.target.itemsize
    common = float(connectome.row_weight[row])
    if not np.isnan(common):
        targets = connectome.target[begin * per_word : end * per_word].tolist()
        targets = [target for target in targets if target != n_local]
        return targets, [common] * len(targets)
    n = (end - begin) * per_word // (per_word + 1)
    targets = connectome.target[begin * per_word : begin * per_word + n].tolist()
    return targets, connectome.weight[end - n : end].tolist()


SYNAPSES = st.lists(
    st.tuples(
        st.integers(0, N_PRE - 1),
        st.integers(0, N_POST - 1),
        st.floats(-3, 3, width=32),
        st.integers(1, 12),
    ),
    max_size=25,
).map(lambda synapses: sorted(synapses, key=lambda synapse: synapse[1]))
PATHWAYS = st.lists(
    st.tuples(
        SYNAPSES,
        st.integers(0, N_GIDS - N_PRE),
        # which targets are in this group, and where
        st.permutations([0, 1, 2, -1, 3]),
        st.integers(0, N_RECEPTORS - 1),
        st.integers(1, 7),
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=200)
@given(PATHWAYS)
def test_rows_equal_a_sorted_list_of_synapses(arguments):
    expected = []
    for synapses, first_source, lids, receptor, _ in arguments:
        expected += [
            (first_source + source, ROWS[receptor], delay, lids[target], weight)
            for source, target, weight, delay in synapses
            if lids[target] >= 0
        ]
    # stable: the synapses of a run stay in the order (pathway, target, draw)
    expected.sort(key=lambda synapse: synapse[:3])
    connectome = build([pathway_of(*each) for each in arguments], n_local=4)
    assert listed(connectome, 4) == expected
    # rows and runs are not empty, and as many as there are distinct ones
    rows = sorted({synapse[:2] for synapse in expected})
    assert (
        list(zip(connectome.row_source.tolist(), connectome.row_receptor.tolist(), strict=True))
        == rows
    )
    assert connectome.run_delay.size == len({synapse[:3] for synapse in expected})
    assert connectome.run_start[-1] == connectome.weight.size


@settings(deadline=None)
@given(SYNAPSES, st.integers(1, 30))
def test_chunks_of_any_size_give_the_same(synapses, chunk_size):
    one = build([pathway_of(synapses)])
    other = build([pathway_of(synapses, chunk_size=chunk_size)])
    assert listed(one) == listed(other)


def test_a_constant_weight_is_that_of_every_synapse():
    synapses = [(0, 1, 9.0, 3), (0, 1, 9.0, 3), (0, 2, 9.0, 3), (1, 1, 9.0, 4)]
    connectome = build([pathway_of(synapses, weight=0.5)])
    assert [weight for *_, weight in listed(connectome)] == [0.5] * 4
    # and held once for a row: three targets take two words, one takes one
    assert connectome.row_weight.tolist() == [0.5, 0.5]
    assert connectome.run_start.tolist() == [0, 2, 3]


def test_a_row_of_two_constant_weights_holds_each():
    pathways = [pathway_of([(0, 1, 9.0, 3)], weight=weight) for weight in (0.5, 0.5, 0.25)]
    assert np.isnan(build(pathways).row_weight).all()
    assert [weight for *_, weight in listed(build(pathways))] == [0.5, 0.5, 0.25]
    assert build(pathways[:2]).row_weight.tolist() == [0.5]


def test_no_pathways_or_synapses_give_an_empty_connectome():
    for connectome in (empty_connectome(), build([]), build([pathway_of([])])):
        assert listed(connectome) == []
        assert connectome.row_start.tolist() == [0]
        assert connectome.run_start.tolist() == [0]


@pytest.mark.parametrize(("n_local", "dtype"), [(2**16 - 1, np.uint16), (2**16, np.uint32)])
def test_targets_take_16_bits_while_they_fit(n_local, dtype):
    connectome = build([pathway_of([(0, 4, 1.0, 1)], lids=[0, 1, 2, 3, n_local - 1])], n_local)
    assert connectome.target.dtype == dtype
    assert [lid for _, _, _, lid, _ in listed(connectome, n_local)] == [n_local - 1]


def test_the_longest_delay_is_65535_steps():
    connectome = build([pathway_of([(0, 0, 1.0, 2**16 - 1)])])
    assert connectome.run_delay.tolist() == [module.MAX_DELAY_STEPS]
    with pytest.raises(ConnectivityError, match="in projection 'pathway' is longer than"):
        build([pathway_of([(0, 0, 1.0, 2**16)])])


@pytest.mark.parametrize("steps", [0, -1, 0.4])
def test_a_delay_below_dt_is_an_error(steps):
    with pytest.raises(
        ConnectivityError, match=r"in projection 'pathway' is shorter than dt = 0\.1"
    ):
        build([pathway_of([(0, 0, 1.0, 1), (0, 0, 1.0, steps)])])


def test_delays_go_to_the_nearest_step():
    connectome = build([pathway_of([(0, 0, 1.0, steps) for steps in (1.4, 1.6, 7 - 1e-9)])])
    assert connectome.run_delay.tolist() == [1, 2, 7]


def test_progress_counts_the_synapses():
    counted = []
    pathway = pathway_of([(0, target, 1.0, 1) for target in range(N_POST)])
    build_connectome([pathway, pathway], IF_CURR_EXP, N_POST, DT, counted.append)
    assert sum(counted) == 2 * N_POST


@settings(deadline=None, max_examples=100)
@given(PATHWAYS, st.integers(0, 60))
def test_a_connectome_is_the_same_from_a_table_and_from_a_list(arguments, small):
    pathways = [
        pathway_of(synapses, first, lids, receptor, chunk_size)
        for synapses, first, lids, receptor, chunk_size in arguments
    ]
    expected = build(pathways)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_counts, "SMALL_TABLE", small)
        patch.setattr(run_counts, "MAX_PLACES_PER_SYNAPSE", 0)
        found = build(pathways)
    assert listed(found) == listed(expected)
    for name in ("row_source", "row_receptor", "row_weight", "row_start", "run_delay", "run_start"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
