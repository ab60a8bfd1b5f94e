"""Random streams: published vectors, addresses, and evenness."""

import numpy as np
import pytest
from scipy import stats

from distsim.partitioning.streams import (
    Purpose,
    Stream,
    fill_words,
    philox4x32,
    uniforms,
    word_block,
)

ONES = 0xFFFFFFFF

# kat_vectors of Random123: counter, key, result of ten rounds
VECTORS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), VECTORS)
def test_philox_gives_the_published_vectors(counter, key, words):
    assert philox4x32(*counter, *key) == words


def test_a_block_is_philox_at_draw_gid_object_and_purpose():
    stream = Stream(0x299F31D0A4093822, 0x03707344, 0x13198A2E)
    assert word_block(stream, 0x85A308D3, 0x243F6A88) == VECTORS[2][2]


def test_seeds_may_have_64_bits():
    stream = Stream.of(2**64 - 1, Purpose.CONNECT, 0)
    assert word_block(stream, 0, 0) == philox4x32(0, 0, 0, 0, ONES, ONES)


def test_filled_words_are_those_of_the_blocks():
    stream = Stream.of(1, Purpose.CONNECT, 2)
    words = np.zeros(12, np.uint32)
    fill_words(stream, 7, 5, 3, words)
    assert words.tolist() == [w for block in (5, 6, 7) for w in word_block(stream, 7, block)]


def test_runs_do_not_depend_on_how_they_are_asked_for():
    stream = Stream.of(1, Purpose.WEIGHT, 0)
    whole = uniforms(stream, np.array([4]), 11)
    for first in range(11):
        for count in range(11 - first):
            part = uniforms(stream, np.array([4]), count, first)
            assert part.tolist() == whole[first : first + count].tolist()


def test_uniforms_are_uniform():
    stream = Stream.of(3, Purpose.SAMPLE, 1)
    numbers = uniforms(stream, np.arange(1000), 100)
    assert stats.kstest(numbers, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 4 / np.sqrt(numbers.size)


def test_purposes_objects_variants_and_revisions_give_other_numbers():
    streams = [
        Stream.of(1, Purpose.WEIGHT, 0),
        Stream.of(1, Purpose.DELAY, 0),
        Stream.of(1, Purpose.WEIGHT, 1),
        Stream.of(1, Purpose.WEIGHT, 0, variant=1),
        Stream.of(1, Purpose.WEIGHT, 0, revision=1),
        Stream.of(2, Purpose.WEIGHT, 0),
    ]
    assert len({float(uniforms(stream, np.array([0]))[0]) for stream in streams}) == len(streams)


def test_a_stream_for_another_purpose_keeps_the_rest():
    stream = Stream.of(1, Purpose.CONNECT, 5, variant=3, revision=2)
    assert stream.for_purpose(Purpose.TREE) == Stream.of(1, Purpose.TREE, 5, variant=3, revision=2)
