"""Values as attributes of an HDF5 file."""

import h5py
import numpy as np
import pytest
import quantities as pq
from hypothesis import given
from hypothesis import strategies as st

from distsim.errors import ParameterError
from distsim.io.attributes import decode, encode

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=()))
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
names = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1
) | st.sampled_from(["json:x", "annotation.x"])


def through_a_file(attributes):
    with h5py.File.in_memory(libver=("v110", "v110")) as file:
        file.attrs.update(attributes)
        return dict(file.attrs)


@given(st.dictionaries(names, values, max_size=5), st.sampled_from(["", "annotation."]))
def test_values_come_back_from_a_file_with_their_type(given_values, prefix):
    restored = decode(through_a_file(encode(given_values, "test", prefix)), prefix)
    assert restored == given_values
    assert {name: type(value) for name, value in restored.items()} == {
        name: type(value) for name, value in given_values.items()
    }


@pytest.mark.parametrize("dtype", ["i4", "f8", "f4", "?", "c16"])
@pytest.mark.parametrize("shape", [(0,), (3,), (2, 2), (20_000,)])
def test_arrays_come_back_from_a_file(dtype, shape):
    array = np.ones(shape, dtype)
    restored = decode(through_a_file(encode({"a": array}, "test")))["a"]
    assert restored.dtype == array.dtype
    np.testing.assert_array_equal(restored, array)


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, b"raw", 3 * pq.mV, [np.arange(3)], np.array([None])]
)
def test_what_cannot_be_stored_is_named(value):
    with pytest.raises(ParameterError, match=r"'tag' of population 'exc' is of type"):
        encode({"tag": value}, "population 'exc'")


@pytest.mark.parametrize("name", [3, "", "a\0b"])
def test_a_name_that_hdf5_cannot_hold_is_an_error(name):
    with pytest.raises(ParameterError, match="rename it"):
        encode({name: 1}, "population 'exc'")
