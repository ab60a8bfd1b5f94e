"""Rows of synapses with variables, and what is described of them, against plain lists."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distsim.connectivity.connections import Chunk
from distsim.engines.native import run_counts
from distsim.engines.native.plastic_rows import build_rows, no_rows, read_values
from distsim.models import IF_CURR_EXP
from distsim.network.pathways import GidMap, Pathway

DT, N_PRE, N_POST, FIRST_GID = 0.1, 4, 5, 7
SYNAPSES = st.lists(
    st.tuples(st.integers(0, N_PRE - 1), st.integers(0, N_POST - 1), st.integers(1, 4)), max_size=40
)
LIDS = st.sampled_from([(0, 1, 2, 3, 4), (-1, 6, -1, 4, 9), (3, -1, -1, -1, 5), (-1,) * 5])


class Given:
    """Connections (source, target, delay [steps]), target by target, in chunks of some size.

    Number k has the weight k, and the parameters p, alike in all, and q, alike in each chunk.
    """

    def __init__(self, synapses, chunk_size):
        self.synapses = sorted(synapses, key=lambda synapse: synapse[1])
        self.chunk_size = chunk_size

    def chunks(self, targets, want_weights=True):
        assert list(targets) == list(range(N_POST))
        for first in range(0, len(self.synapses), self.chunk_size):
            sources, targets, delays = np.array(
                self.synapses[first : first + self.chunk_size], np.int64
            ).T
            weights = first + np.arange(sources.size, dtype=float) if want_weights else None
            others = {"p": 0.5, "q": self.q(first)} if want_weights else {}
            yield Chunk(targets, sources, weights, delays * DT, others)

    def q(self, k):
        return float(k // self.chunk_size % 3)


def pathway_of(connections, lids):
    # targets in another group are in a block of another model
    blocks = [
        (SimpleNamespace(model=IF_CURR_EXP if lid >= 0 else None, first_lid=lid), np.zeros(1, int))
        for lid in lids
    ]
    span = FIRST_GID, FIRST_GID + N_PRE
    sources = GidMap((FIRST_GID,), (N_PRE,), (None,), span)
    return Pathway(
        "pathway", connections, np.arange(N_POST), blocks, sources, receptors={IF_CURR_EXP: 1}
    )


def listed(layout):
    """Return synapses as (source, delay, lid, number of the connection)."""
    rows, found = layout.rows, []
    for row, source in enumerate(rows.row_source.tolist()):
        for run in range(*rows.row_start[row : row + 2]):
            for j in range(*rows.run_start[run : run + 2]):
                lid = layout.first_lid + int(rows.target[j])
                found.append((source, int(rows.run_delay[run]), lid, int(layout.order[j])))
    return found


@given(SYNAPSES, LIDS, st.integers(1, 9), st.booleans())
@settings(max_examples=80, deadline=None)
def test_synapses_lie_by_source_and_delay_in_the_order_of_their_connections(
    synapses, lids, chunk_size, is_list
):
    connections = Given(synapses, chunk_size)
    pathway = pathway_of(connections, lids)
    with pytest.MonkeyPatch.context() as patch:
        if is_list:
            patch.setattr(run_counts, "SMALL_TABLE", 0)
            patch.setattr(run_counts, "MAX_PLACES_PER_SYNAPSE", 0)
        layout, values = build_rows(pathway, IF_CURR_EXP, DT, ["weight", "p", "q"])
    here = [(k, synapse) for k, synapse in enumerate(connections.synapses) if lids[synapse[1]] >= 0]
    wanted = [
        (FIRST_GID + source, delay, lids[target], k)
        for k, (_, (source, target, delay)) in enumerate(here)
    ]
    wanted.sort(key=lambda synapse: (*synapse[:2], synapse[3]))
    assert listed(layout) == wanted
    assert (layout.rows.row_receptor == IF_CURR_EXP.receptor_rows[1]).all()
    inside = [lid for lid in lids if lid >= 0]
    assert layout.n_targets == (max(inside) + 1 - min(inside) if inside else 0)
    # by the one pass, by the other, and in the order of the synapses
    numbers = np.array([k for k, _ in here], float)
    each = np.array([connections.q(k) for k, _ in here])
    again = read_values(pathway, IF_CURR_EXP, ["weight", "p", "q"], len(here))
    for found in (values, again):
        assert np.array_equal(found["weight"], numbers)
        assert not here or found["p"] == 0.5
        assert np.array_equal(np.broadcast_to(found["q"], each.shape), each)
    assert np.array_equal(layout.of_synapses(values["weight"]), numbers[layout.order])
    assert np.array_equal(layout.of_connections(layout.of_synapses(numbers)), numbers)
    assert layout.of_synapses(3.0) == layout.of_connections(3.0) == 3.0


def test_there_are_no_synapses_before_any_are_built():
    layout = no_rows()
    assert listed(layout) == []
    assert layout.n_targets == 0
