"""Delivery: a queue of rows on a connectome equals a dict of (step, target) sums."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distsim.kernels.arrays import Connectome
from distsim.kernels.delivery import (
    compact,
    deliver,
    empty_queue,
    enqueue_rows,
    enqueue_spikes,
    guide_rows,
    skip_arrived,
)

N_GIDS, N_RECEPTORS, N_TARGETS, MAX_DELAY = 6, 2, 4, 9

# weights whose sums round, so that the order of additions shows
WEIGHTS = st.floats(-3, 3, width=32)
SYNAPSES = st.lists(
    st.tuples(
        st.integers(0, N_GIDS - 1),
        st.integers(0, N_RECEPTORS - 1),
        st.integers(1, MAX_DELAY),
        st.integers(0, N_TARGETS - 1),
        WEIGHTS,
    ),
    max_size=60,
)
SPIKES = st.sets(st.tuples(st.integers(0, 40), st.integers(0, N_GIDS - 1)), max_size=50)
LAST_STEP = 40 + MAX_DELAY


def connectome_of(synapses, dtype=np.uint16):
    """Return the arrays of `naive.connectome_rows`; rows of one weight hold it once."""
    rows = sorted(naive.connectome_rows(synapses).items())
    runs = [sorted(runs.items()) for _, runs in rows]
    row_weights = [naive.common_weight(row) for row in runs]
    words, run_start = [], [0]
    for row, weight in zip(runs, row_weights, strict=True):
        for _, cells in row:
            words += naive.run_words(cells, dtype, N_TARGETS, np.isnan(weight))
            run_start.append(len(words))
    words = np.array(words, np.uint32)
    row_source = np.array([source for (source, _), _ in rows], np.int64)
    guide, guide_origin = guide_rows(row_source)
    return Connectome(
        row_source=row_source,
        row_receptor=np.array([receptor for (_, receptor), _ in rows], np.uint8),
        row_weight=np.array(row_weights, np.float32),
        row_start=np.cumsum([0, *map(len, runs)]).astype(np.int64),
        guide=guide,
        guide_origin=guide_origin,
        run_delay=np.array([delay for row in runs for delay, _ in row], np.uint16),
        run_start=np.array(run_start, np.uint32),
        target=words.view(dtype),
        weight=words.view(np.float32),
    )


def keys_of(spikes):
    """Return sorted keys ``step << 32 | gid``."""
    return np.array(sorted(step << 32 | gid for step, gid in spikes), np.int64)


class Delivery:
    """A queue that is fed epoch by epoch, and grown as the engine grows it."""

    def __init__(self, synapses, capacity):
        self.connectome = connectome_of(synapses)
        self.queue = empty_queue(capacity)
        self.found, self.n_events = {}, {}

    def enqueue(self, spikes):
        keys, n_done = keys_of(spikes), 0
        while n_done < keys.size:
            n_done = enqueue_spikes(self.queue, self.connectome, keys, n_done)
            if n_done < keys.size:
                self.make_room()

    def make_room(self):
        compact(self.queue, self.queue)
        larger = empty_queue(self.queue.arrival.size + 3)
        compact(self.queue, larger)
        self.queue = larger

    def deliver(self, step):
        inputs = np.zeros((N_RECEPTORS, N_TARGETS))
        n_events = deliver(step, self.queue, self.connectome, inputs)
        if n_events:
            self.n_events[step] = n_events
        for receptor, target in zip(*np.nonzero(inputs), strict=True):
            self.found[step, int(receptor), int(target)] = inputs[receptor, target]


def delivered(synapses, spikes, capacity=2, n_epoch=None, disturb=lambda step, delivery: None):
    """Return sums and events by step; every spike is enqueued at the end of its epoch."""
    n_epoch = n_epoch or min((delay for _, _, delay, _, _ in synapses), default=1)
    delivery = Delivery(synapses, capacity)
    delivery.enqueue([spike for spike in spikes if spike[0] == 0])
    for first in range(0, LAST_STEP, n_epoch):
        for step in range(first + 1, first + n_epoch + 1):
            delivery.deliver(step)
        delivery.enqueue([spike for spike in spikes if first < spike[0] <= first + n_epoch])
        disturb(first + n_epoch, delivery)
    return delivery


def expected(synapses, spikes):
    sums, n_events = naive.arrivals(synapses, sorted(spikes))
    return {place: value for place, value in sums.items() if value != 0.0}, n_events


@settings(deadline=None, max_examples=200)
@given(SYNAPSES, SPIKES, st.sampled_from([2, 3, 8, 512]))
def test_delivery_equals_a_dict_of_sums(synapses, spikes, capacity):
    delivery = delivered(synapses, spikes, capacity)
    assert (delivery.found, delivery.n_events) == expected(synapses, spikes)


@settings(deadline=None)
@given(SYNAPSES, SPIKES)
def test_epochs_of_one_step_deliver_the_same(synapses, spikes):
    assert delivered(synapses, spikes).found == delivered(synapses, spikes, n_epoch=1).found


@settings(deadline=None)
@given(SYNAPSES, SPIKES)
def test_compaction_and_growth_lose_nothing(synapses, spikes):
    def compact_in_place(step, delivery):
        compact(delivery.queue, delivery.queue)

    def grow(step, delivery):
        delivery.make_room()

    for disturb in (compact_in_place, grow):
        delivery = delivered(synapses, spikes, disturb=disturb)
        assert (delivery.found, delivery.n_events) == expected(synapses, spikes)


@settings(deadline=None, max_examples=200)
@given(SYNAPSES, SPIKES, st.sets(st.integers(0, LAST_STEP)))
def test_a_queue_filled_anew_delivers_what_has_not_arrived(synapses, spikes, steps):
    def requeue(step, delivery):
        if step in steps:
            delivery.queue.bounds[:] = 0
            delivery.enqueue([spike for spike in spikes if step - MAX_DELAY <= spike[0] <= step])
            skip_arrived(delivery.queue, delivery.connectome, step)

    delivery = delivered(synapses, spikes, disturb=requeue, n_epoch=1)
    assert (delivery.found, delivery.n_events) == expected(synapses, spikes)


@settings(deadline=None)
@given(
    SYNAPSES,
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, N_GIDS - 1), st.integers(1, 5))),
)
def test_rows_arrive_as_often_as_their_source_spiked(synapses, spikes):
    delivery = Delivery(synapses, 4096)
    connectome = delivery.connectome
    for stamp, gid, count in spikes:
        first, end = np.searchsorted(connectome.row_source, [gid, gid + 1])
        enqueue_rows(delivery.queue, connectome, first, end, stamp, float(count))
    for step in range(1, 20 + MAX_DELAY + 1):
        delivery.deliver(step)
    sums, n_events = naive.arrivals(synapses, spikes)
    assert delivery.found == {place: value for place, value in sums.items() if value != 0.0}
    assert delivery.n_events == n_events


def test_a_queue_that_is_all_delivered_is_empty():
    delivery = delivered([(0, 0, 2, 1, 1.0), (0, 0, 5, 1, 1.0), (0, 1, 5, 1, 1.0)], {(3, 0)}, 8)
    assert delivery.queue.bounds.tolist() == [0, 0]


def test_enqueue_stops_before_the_source_that_has_no_room():
    connectome = connectome_of(
        [(gid, receptor, 1, 0, 1.0) for gid in (0, 2) for receptor in (0, 1)]
    )
    queue = empty_queue(3)
    keys = keys_of([(1, 0), (1, 1), (1, 2), (2, 0)])
    # gid 0 has two rows, gid 1 none; the two of gid 2 do not fit
    assert enqueue_spikes(queue, connectome, keys, 0) == 2
    assert queue.bounds.tolist() == [0, 2]
    assert queue.receptor[:2].tolist() == [0, 1]


@pytest.mark.parametrize("gid", [0, 1, 2**32 - 1])
def test_gids_of_32_bits_are_found(gid):
    connectome = connectome_of([(gid, 1, 3, 2, 0.5)])
    queue = empty_queue(2)
    assert enqueue_spikes(queue, connectome, keys_of([(7, gid)]), 0) == 1
    inputs = np.zeros((N_RECEPTORS, N_TARGETS))
    assert deliver(10, queue, connectome, inputs) == 1
    assert inputs[1, 2] == 0.5
