"""Merging of the ranks' spikes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distsim.io import spike_merge
from distsim.io.spike_merge import SpikeStream, merge, pack


def stream_of(spikes, fetched=None):
    def fetch(start, stop):
        if fetched is not None:
            fetched.append(stop - start)
        return spikes[start:stop]

    return SpikeStream(spikes.size, fetch)


spike_lists = st.lists(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 20)), max_size=60).map(sorted),
    min_size=1,
    max_size=5,
)


@given(spike_lists, st.integers(1, 10))
def test_the_merged_spikes_are_the_sorted_ones(ranks, n_block):
    packed = [pack([t for t, _ in own], [node_id for _, node_id in own]) for own in ranks]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spike_merge, "_MIN_BLOCK", n_block)
        pieces = list(merge([stream_of(own) for own in packed], n_held=1))
    assert all(piece.size for piece in pieces)
    merged = [(int(t), int(node_id)) for piece in pieces for t, node_id in piece]
    assert merged == sorted(spike for own in ranks for spike in own)


def test_no_more_than_a_block_is_fetched_at_once():
    times = np.arange(10_000) * 0.1
    fetched = []
    streams = [stream_of(pack(times, np.zeros(times.size, int)), fetched) for _ in range(4)]
    pieces = list(merge(streams, n_held=8192))
    assert max(fetched) <= 2048
    assert max(piece.size for piece in pieces) <= 8192
    assert sum(piece.size for piece in pieces) == 40_000
