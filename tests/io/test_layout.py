"""How datasets are cut."""

import h5py
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from distsim.io import layout, schema, transfer, write


@given(st.integers(0, 3000), st.integers(0, 20_000))
def test_tiles_cover_each_sample_once_and_are_made_of_whole_chunks(n_samples, n_cells):
    chunk_rows, chunk_columns = schema.REPORT_CHUNK
    n_covered = 0
    for rows, columns in layout._tiles((n_samples, n_cells)):
        assert rows.start % chunk_rows == 0
        assert columns.start % chunk_columns == 0
        n_covered += (rows.stop - rows.start) * (columns.stop - columns.start)
    assert n_covered == n_samples * n_cells


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_tiles_are_no_larger_than_a_message(n_samples, n_cells):
    rows, columns = next(layout._tiles((n_samples, n_cells)))
    n_values = (rows.stop - rows.start) * (columns.stop - columns.start)
    assert n_values * schema.VALUE_DTYPE.itemsize <= transfer.MESSAGE_BYTES


def test_chunks_are_those_of_the_shape(tmp_path, segments, datasets_of):
    write(tmp_path / "run.h5", segments, {})
    found = datasets_of(tmp_path / "run.h5")
    assert found["report/exc/values"][2:4] == ((700, 250), schema.REPORT_CHUNK)
    assert found["reports/gsyn_exc/exc/values"][2:4] == ((700, 11), (256, 11))
    n_spikes = segments[0].populations[0].spikes.times.size
    assert found["spikes/exc/timestamps"][2:4] == ((n_spikes,), (n_spikes,))


def test_a_report_is_shown_in_single_precision_without_a_copy(tmp_path, segments):
    write(tmp_path / "run.h5", segments, {})
    (tmp_path / "run.h5").rename(tmp_path / "renamed.h5")
    with h5py.File(tmp_path / "renamed.h5") as file:
        for name in file["report"]:
            group = file["report"][name]
            assert group["data"].is_virtual
            np.testing.assert_array_equal(group["data"][...], group["values"][...].astype("f4"))
