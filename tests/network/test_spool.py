"""Samples that move to disk when the memory for them is used up."""

import errno
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import distsim as sim
from distsim.errors import SetupError
from distsim.network import spool as module
from distsim.network.records import ProbeSet
from distsim.network.spool import Spool


def filled(pieces, spool, n_columns):
    probes = ProbeSet("v", 0, np.arange(n_columns), 1, 0, spool)
    rng = np.random.default_rng(5)
    for n_rows in pieces:
        probes.append(rng.normal(size=(n_rows, n_columns)))
    return probes


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 9), max_size=12),
    st.integers(0, 4),
    st.integers(8, 600),
    st.integers(0, 400),
    st.data(),
)
def test_samples_are_the_same_in_memory_and_on_disk(pieces, n_columns, limit, file_size, data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FILE_BYTES", file_size)
        spool = Spool(limit)
        stored, held = filled(pieces, spool, n_columns), filled(pieces, None, n_columns)
    assert spool._n_bytes <= limit
    samples, expected = stored.samples(), held.samples()
    assert samples.shape == expected.shape
    rows, columns = (
        slice(*sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n)))))
        for n in expected.shape
    )
    np.testing.assert_array_equal(samples[rows, columns], expected[rows, columns])
    chosen = np.arange(n_columns)[::2]
    np.testing.assert_array_equal(samples.narrowed(chosen)[:], expected[:][:, chosen])
    np.testing.assert_array_equal(stored.data(), held.data())


def test_cells_that_are_added_find_the_samples_before():
    probes = filled([5, 5], Spool(100), 3)
    before = probes.samples()[:]
    probes.add(np.array([4]))
    probes.append(np.ones((2, 4)))
    found = probes.samples()[:]
    np.testing.assert_array_equal(found[:10, :3], before)
    assert np.isnan(found[:10, 3]).all()
    assert (found[10:] == 1).all()


def test_samples_that_nobody_holds_are_not_written():
    spool = Spool(2000)
    probes = filled([10, 10], spool, 10)
    probes.clear()
    probes.append(np.ones((10, 10)))
    assert os.fstat(spool._file.fd).st_size == 800


def test_where_the_disk_is_full_samples_stay_in_memory(monkeypatch):
    messages = []

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    monkeypatch.setattr(module.logger, "warning", lambda text, *each: messages.append(text % each))
    probes = filled([5, 5, 5], Spool(100), 3)
    monkeypatch.undo()
    np.testing.assert_array_equal(probes.samples()[:], filled([5, 5, 5], None, 3).samples()[:])
    (message,) = messages
    assert "No space left on device" in message
    assert "TMPDIR" in message


def test_recordings_do_not_depend_on_the_memory_for_them(tmp_path):
    def recorded(memory):
        sim.setup(timestep=0.1, log=False, progress=False, recording_memory=memory)
        cells = sim.Population(20, sim.IF_curr_exp(i_offset=np.linspace(0.5, 2.0, 20)))
        cells.record(["v", "isyn_exc"], sampling_interval=0.2)
        sim.run(20.0)
        sim.reset()
        sim.run(30.0)
        cells.write_data(str(tmp_path / f"{memory}.h5"))
        data = cells.get_data()
        if memory < 1:
            assert sim.state.spool._file.end > 0
        return [s.magnitude for segment in data.segments for s in segment.analogsignals]

    for one, other in zip(recorded(64), recorded(0.001), strict=True):
        np.testing.assert_array_equal(one, other)
    from distsim.cli import main

    assert main(["compare", str(tmp_path / "64.h5"), str(tmp_path / "0.001.h5")]) == 0
    for wrong in (0, -1.0, "64 MiB"):
        with pytest.raises(SetupError, match="recording_memory = "):
            sim.setup(recording_memory=wrong)
