"""Injected currents as they are described: their values, where they change, what cells share."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from distsim.engines.native.currents import build_currents
from distsim.kernels.currents import is_changing, renew
from distsim.models import IF_CURR_EXP
from distsim.network.blocks import CellBlock
from distsim.network.currents import Injection, Noise, Sine, Steps, courses_of
from distsim.partitioning.streams import Purpose, Stream, uniforms

STREAM = Stream.of(7, Purpose.NOISE, 3)
SIGNALS = [
    Steps(np.array([-3, 2, 2, 9]), np.array([1.0, 2.0, -1.0, 0.5])),
    Steps(np.zeros(0, np.int64), np.zeros(0)),
    Sine(4, 31, 0.25, 2.0, 40.0, 30.0, 0.45, 0.1),
    Noise(-5, 26, 1.0, 0.5, 4, STREAM, 11),
    Noise(3, 2**62, 0.0, 0.5, 1, STREAM, 12),
    Sine(-(2**62), 2**62, 0.0, 1.0, 1000.0, 0.0, -1e300, 0.1),
]


@pytest.mark.parametrize("signal", SIGNALS[:5])
@pytest.mark.parametrize(("first", "last"), [(-9, 40), (0, 12), (3, 4), (24, 33), (30, 50)])
def test_a_signal_changes_nowhere_but_where_it_says(signal, first, last):
    steps = np.arange(first, last)
    values = signal.values(steps, 0)
    changed = steps[1:][np.diff(values) != 0.0]
    said = signal.changes(first, last)
    assert set(changed.tolist()) <= set(said.tolist()) <= set(range(first + 1, last))
    assert signal.n_changes_after(first) >= len(said)


def test_a_sine_is_that_of_each_steps_beginning():
    sine, steps = SIGNALS[2], np.arange(4, 31)
    angle = 2.0 * np.pi * 0.04 * (0.1 * steps - 0.45) + np.pi / 6.0
    # rounding of cycles, and of the sine
    np.testing.assert_allclose(
        sine.values(steps, 5), 0.25 + 2.0 * np.sin(angle), rtol=0, atol=2e-15
    )
    assert not sine.values(np.array([3, 31, 32]), 5).any()


@pytest.mark.parametrize("segment", [0, 2])
def test_a_value_of_a_noise_is_one_address_of_its_stream(segment):
    noise = SIGNALS[3]
    values = noise.values(np.arange(-5, 26), segment)
    stream = Stream.of(7, Purpose.NOISE, 3, revision=segment)
    expected = 1.0 + 0.5 * ndtri(uniforms(stream, np.array([11]), counts=8))
    np.testing.assert_allclose(values, np.repeat(expected, 4)[:31], rtol=1e-14)
    assert not noise.values(np.array([-6, 26]), segment).any()


def test_cells_with_the_same_currents_share_a_course():
    block = CellBlock(IF_CURR_EXP, 0, np.arange(6))
    one = Steps(np.array([2, 5]), np.array([1.0, 0.0]))
    two = Steps(np.array([0, 5, 7]), np.array([0.5, 0.25, 0.0]))
    injections = [(one, [1, 3, 4]), (two, [4, 4, 5])]
    courses = courses_of(Injection(block, np.array(cells), signal) for signal, cells in injections)
    assert [course.positions.tolist() for course in courses] == [[1, 3], [4], [5]]
    whole = courses[1].within(-1, 100, 0)
    # into the same cell twice: two times as much
    assert whole.steps.tolist() == [0, 2, 5, 7]
    assert whole.amplitudes.tolist() == [1.0, 2.0, 0.5, 0.0]
    assert courses[2].within(0, 7, 0).steps.tolist() == [5]


def test_tables_grow_with_the_changes_and_the_cells_not_with_their_product():
    block = CellBlock(IF_CURR_EXP, 0, np.arange(500))
    steps = Steps(np.arange(1000), np.arange(1000.0))
    forever = [
        Sine(0, 2**62, 0.0, 1.0, 10.0, 0.0, 0.0, 0.1),
        Noise(0, 2**62, 0.0, 1.0, 1, STREAM, 0),
    ]
    currents = build_currents([Injection(block, np.arange(500), s) for s in [steps, *forever]], 0)
    arrays = [part for part in currents if isinstance(part, np.ndarray)]
    assert sum(array.size for array in arrays) < 3 * 1000 + 500 + 30


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 1), st.sets(st.integers(0, 2), min_size=1)),
        max_size=6,
    ),
    st.lists(st.integers(0, 39), max_size=40).map(sorted),
)
def test_compiled_currents_are_the_sums_of_the_signals_in_their_order(sources, steps):
    """To the bit, wherever a run pauses, and into whichever cells."""
    blocks = [CellBlock(IF_CURR_EXP, 0, np.arange(3)), CellBlock(IF_CURR_EXP, 3, np.arange(3))]
    blocks[1].first_lid = 3
    injections = [
        Injection(blocks[block], np.array(sorted(cells)), SIGNALS[k]) for k, block, cells in sources
    ]
    currents = build_currents(injections, segment=1)
    found = np.zeros(6)
    for before, step in pairwise([-1, *steps]):
        # what was renewed at this step already cannot change
        n_due = renew(step, currents) if is_changing(step, currents) else 0
        assert step > before or n_due == 0
        for course in currents.due[:n_due]:
            currents.is_due[course] = False
            terms = currents.term[currents.term_start[course] : currents.term_start[course + 1]]
            total = 0.0
            for term in terms:
                total += currents.level[term]
            found[currents.lid[currents.lid_start[course] : currents.lid_start[course + 1]]] = total
        expected = np.zeros(6)
        for block, positions, signal in injections:
            expected[block.first_lid + positions] += signal.values(np.array([step]), 1)
        np.testing.assert_array_equal(found, expected)
