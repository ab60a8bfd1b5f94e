"""Recording: buffers of any size give the same data; spikes of recorded cells only."""

import numpy as np
import pytest

import distsim as sim
from distsim.engines.native import probes
from distsim.engines.native.probes import build_probes, flush
from distsim.network.pieces import Samples
from distsim.network.records import ProbeSet, SpikeRecord


def run_two_populations(interval):
    """Return v of two populations of one model, of different widths."""
    sim.setup(timestep=0.1, log=False, progress=False)
    wide = sim.Population(3, sim.IF_curr_exp(i_offset=[0.5, 0.3, 1.5]))
    narrow = sim.Population(1, sim.IF_curr_exp(i_offset=0.1))
    wide.record("v", sampling_interval=interval)
    narrow.record("v")
    sim.run(13.7)
    sim.run(46.3)
    segments = [population.get_data().segments[0] for population in (wide, narrow)]
    return [segment.filter(name="v")[0].magnitude for segment in segments]


# an epoch has 100 steps here; some of these sizes are full with its last sample, others within it
@pytest.mark.parametrize("n_values", [1, 3, 50, 100, 101, 150, 303, 411])
@pytest.mark.parametrize("interval", [0.1, 0.3])
def test_full_buffers_lose_nothing(monkeypatch, n_values, interval):
    expected = run_two_populations(interval)
    monkeypatch.setattr(probes, "BUFFER_VALUES", n_values)
    found = run_two_populations(interval)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_first_sample_is_at_the_next_multiple_of_the_interval():
    positions = np.arange(2)
    assert [ProbeSet("v", 0, positions, 5, step).first_step for step in (0, 1, 5, 6)] == [
        0,
        5,
        5,
        10,
    ]


def test_flush_moves_samples_in_order_and_empties_the_buffers():
    sets = [ProbeSet("v", 0, np.array([0, 1]), 1, 0), ProbeSet("v", 0, np.array([0]), 2, 0)]
    probes = build_probes(sets, [0, 2])
    assert probes.lid.tolist() == [0, 1, 2]
    probes.buffer[:4] = [1.0, 2.0, 3.0, 4.0]
    probes.rows[0] = 2
    probes.next_step[:] = 2, 4
    flush(sets, probes)
    probes.buffer[:2] = [5.0, 6.0]
    probes.rows[0] = 1
    flush(sets, probes)
    assert sets[0].data().tolist() == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    assert sets[1].data().shape == (0, 1)
    assert sets[1].next_step == 4
    assert probes.rows.tolist() == [0, 0]


def test_pieces_of_samples_are_indexed_like_one_array():
    rng = np.random.default_rng(5)
    whole = rng.normal(size=(40, 6))
    pieces = np.split(whole, [0, 3, 3, 17, 39])
    chosen = np.array([1, 2, 5])
    for samples, expected in (
        (Samples(pieces, 6), whole),
        (Samples(pieces, 6).narrowed(chosen), whole[:, chosen]),
        (Samples(pieces, 6).narrowed(chosen).narrowed(np.array([0, 2])), whole[:, [1, 5]]),
        (Samples([], 2), np.zeros((0, 2))),
    ):
        assert samples.shape == expected.shape
        for first, last in [(0, 40), (0, 0), (2, 4), (3, 17), (16, 18), (38, 50), (45, 50)]:
            np.testing.assert_array_equal(samples[first:last], expected[first:last])
            np.testing.assert_array_equal(samples[first:last, 1:2], expected[first:last, 1:2])
    assert not np.shares_memory(Samples([whole], 6)[:], whole)


def test_the_recording_of_a_cell_begins_once():
    record = SpikeRecord(np.arange(4))
    record.record(np.array([1, 2]), 5)
    record.record(np.array([2, 3]), 8)
    assert record.since[1:].tolist() == [5, 5, 8]
    record.clear(11)
    assert record.since[1:].tolist() == [11, 11, 11]


def test_a_set_of_no_cells_has_samples_of_no_values():
    sets = [ProbeSet("v", 0, np.zeros(0, np.int64), 1, 0)]
    probes = build_probes(sets, [0])
    probes.rows[0] = 3
    flush(sets, probes)
    assert sets[0].data().shape == (3, 0)


def test_only_spikes_of_recorded_cells_are_kept():
    rng = np.random.default_rng(1)
    gids = np.array([4, 7, 8, 20])
    record = SpikeRecord(gids)
    record.record(np.array([0, 2]), 0)
    expected = []
    for step in range(200):
        spiking = np.sort(rng.choice(25, size=rng.integers(0, 6), replace=False))
        keys = step << 32 | spiking
        record.append(keys)
        expected += [key for key in keys.tolist() if key & 0xFFFFFFFF in (4, 8)]
    assert record.keys()[:].tolist() == sorted(expected)


def test_a_cleared_or_stopped_record_holds_no_spikes():
    record = SpikeRecord(np.array([3]))
    record.record(np.array([0]), 0)
    record.append(np.array([1 << 32 | 3]))
    record.clear(1)
    assert record.keys().size == 0
    record.stop()
    record.append(np.array([2 << 32 | 3]))
    assert record.keys().size == 0
