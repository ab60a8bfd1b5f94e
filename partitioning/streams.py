"""Counter-based random streams keyed by (seed, purpose, object, gid, draw).

A number depends on its address alone, so every rank draws exactly the numbers of its own cells
(a *rank-local stream*) and a network is the same on any number of ranks. The generator is
Philox 4x32-10 [1]_: the 64-bit key is the user's seed; the 128-bit counter is
``(draw, gid, object, purpose)``, 32 bits each, so two different addresses never share a number.

References
----------
.. [1] J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy
   as 1, 2, 3", Proc. SC'11, 16 (2011).
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numba import njit, uint32, uint64
from numpy.typing import NDArray

from distsim.compiled import KEPT

__all__ = [
    "Purpose",
    "Stream",
    "fill_words",
    "philox4x32",
    "uniform53",
    "uniform_at",
    "uniforms",
    "word_block",
]


class Purpose(IntEnum):
    """What numbers are drawn for; numbers for different purposes are independent."""

    CONNECT = 0
    TREE = 1
    WEIGHT = 2
    DELAY = 3
    INDEGREE = 4
    PARAMETER = 5
    INITIAL_VALUE = 6
    POISSON = 7
    SAMPLE = 8
    POSITION = 9
    NOISE = 10
    CELL = 11
    RENEWAL = 12
    SYNAPSE = 13
    SYNAPSE_PARAMETER = 14


class Stream(NamedTuple):
    """The address of a family of random numbers, one sequence for each gid.

    Attributes
    ----------
    seed : int
        The user's seed modulo 2**64, as a signed number of 64 bits, which compiled code can take.
    purpose : int
        A `Purpose`, with the variant (which parameter, which revision) in its upper bits.
    object_id : int
        Number of the population or projection that draws.
    """

    seed: int
    purpose: int
    object_id: int

    @classmethod
    def of(
        cls, seed: int, purpose: Purpose, object_id: int, variant: int = 0, revision: int = 0
    ) -> "Stream":
        """Return the stream of `object_id` for `purpose`.

        Parameters
        ----------
        seed : int
            The user's seed, 0 <= seed < 2**64.
        purpose : Purpose
            What the numbers are for.
        object_id : int
            Number of the population or projection.
        variant : int
            Which of several things of the same purpose, such as the parameter's index; < 2**12.
        revision : int
            How often that thing was drawn anew; taken modulo 2**12.
        """
        signed = (int(seed) + 2**63) % 2**64 - 2**63
        return cls(signed, int(purpose) | variant << 8 | (revision % 4096) << 20, object_id)

    def for_purpose(self, purpose: Purpose) -> "Stream":
        """Return the stream of the same object, variant and revision for another purpose.

        Parameters
        ----------
        purpose : Purpose
            What the numbers are for.
        """
        return self._replace(purpose=(self.purpose & ~0xFF) | int(purpose))

    def revised(self, revision: int) -> "Stream":
        """Return the stream of the same thing, drawn anew.

        Parameters
        ----------
        revision : int
            As for `of`.
        """
        return self._replace(purpose=(self.purpose & 0xFFFFF) | (revision % 4096) << 20)


@njit(**KEPT, forceinline=True)
def philox4x32(c0, c1, c2, c3, k0, k1):
    """Return the four 32-bit words of Philox 4x32-10 at a counter.

    Parameters
    ----------
    c0, c1, c2, c3 : uint32
        Counter.
    k0, k1 : uint32
        Key.

    Returns
    -------
    tuple of 4 uint32
    """
    c0, c1, c2, c3 = uint32(c0), uint32(c1), uint32(c2), uint32(c3)
    k0, k1 = uint32(k0), uint32(k1)
    for _ in range(10):
        product0 = uint64(uint32(0xD2511F53)) * uint64(c0)
        product1 = uint64(uint32(0xCD9E8D57)) * uint64(c2)
        high0, low0 = uint32(product0 >> uint64(32)), uint32(product0)
        high1, low1 = uint32(product1 >> uint64(32)), uint32(product1)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0 = uint32(k0 + uint32(0x9E3779B9))
        k1 = uint32(k1 + uint32(0xBB67AE85))
    return c0, c1, c2, c3


@njit(**KEPT, forceinline=True)
def word_block(stream, gid, block):
    """Return the four words number ``4 * block`` to ``4 * block + 3`` of a gid's sequence.

    Parameters
    ----------
    stream : Stream
    gid : int
    block : int

    Returns
    -------
    tuple of 4 uint32
    """
    seed = uint64(stream.seed)
    return philox4x32(
        uint32(block),
        uint32(gid),
        uint32(stream.object_id),
        uint32(stream.purpose),
        uint32(seed),
        uint32(seed >> uint64(32)),
    )


@njit(**KEPT, forceinline=True)
def uniform53(high, low):
    """Return the double in the open interval (0, 1) made of the upper 52 of two words' 64 bits.

    Parameters
    ----------
    high, low : uint32

    Returns
    -------
    float
    """
    bits = (uint64(high) << uint64(20)) | (uint64(low) >> uint64(12))
    return (float(bits) + 0.5) * 2.0**-52


@njit(**KEPT, forceinline=True)
def uniform_at(stream, gid, draw):
    """Return a number in the open interval (0, 1) of a gid's sequence, as `uniforms` does.

    Parameters
    ----------
    stream : Stream
    gid, draw : int

    Returns
    -------
    float
    """
    w0, w1, w2, w3 = word_block(stream, gid, draw >> 1)
    return uniform53(w0, w1) if draw & 1 == 0 else uniform53(w2, w3)


@njit(**KEPT)
def fill_words(stream, gid, first_block, n_blocks, out):
    """Write whole blocks of a gid's sequence of 32-bit words.

    Parameters
    ----------
    stream : Stream
    gid : int
    first_block : int
        Number of the first block of four words.
    n_blocks : int
    out : ndarray of uint32, shape (>= 4 * n_blocks,)
        Changed in place.
    """
    # the compiler vectorises this: no dependences, and indices that cannot count from the end
    four = uint64(4)
    for b in range(uint64(n_blocks)):
        w0, w1, w2, w3 = word_block(stream, gid, first_block + b)
        out[four * b] = w0
        out[four * b + uint64(1)] = w1
        out[four * b + uint64(2)] = w2
        out[four * b + uint64(3)] = w3


@njit(**KEPT)
def _fill_runs(stream, gids, firsts, offsets, out):
    """Write uniforms ``firsts[i], firsts[i] + 1, ...`` of each gid between its offsets."""
    for i in range(gids.size):
        gid, draw, k, end = gids[i], firsts[i], offsets[i], offsets[i + 1]
        if draw % 2 == 1 and k < end:
            _, _, w2, w3 = word_block(stream, gid, draw // 2)
            out[k] = uniform53(w2, w3)
            k += 1
            draw += 1
        # whole blocks, two uniforms each; vectorised, see `fill_words`
        n_blocks = (end - k) // 2
        first = draw // 2
        run = out[k:end]
        for b in range(uint64(n_blocks)):
            w0, w1, w2, w3 = word_block(stream, gid, first + b)
            run[uint64(2) * b] = uniform53(w0, w1)
            run[uint64(2) * b + uint64(1)] = uniform53(w2, w3)
        if (end - k) % 2 == 1:
            w0, w1, _, _ = word_block(stream, gid, first + n_blocks)
            out[end - 1] = uniform53(w0, w1)


def uniforms(
    stream: Stream,
    gids: NDArray[np.int64],
    counts: NDArray[np.int64] | int = 1,
    firsts: NDArray[np.int64] | int = 0,
) -> NDArray[np.float64]:
    """Return uniform numbers in the open interval (0, 1), a run of them for each gid.

    Parameters
    ----------
    stream : Stream
        Where the numbers come from.
    gids : ndarray of int, shape (n,)
        Whose sequences to read.
    counts : int or ndarray of int, shape (n,)
        How many numbers for each gid.
    firsts : int or ndarray of int, shape (n,)
        Position in the gid's sequence of its first number.

    Returns
    -------
    ndarray of float64, shape (sum of counts,)
        The gids' runs one after another.

    Examples
    --------
    >>> stream = Stream.of(seed=1, purpose=Purpose.WEIGHT, object_id=0)
    >>> both = uniforms(stream, np.array([3, 5]), counts=2)
    >>> bool((both[2:] == uniforms(stream, np.array([5]), counts=2)).all())
    True
    """
    gids = np.ascontiguousarray(gids, np.int64)
    counts = np.broadcast_to(np.asarray(counts, np.int64), gids.shape)
    # a copy, whose type is the same for any number of gids: it is compiled for one
    firsts = np.array(np.broadcast_to(np.asarray(firsts, np.int64), gids.shape))
    offsets = np.zeros(gids.size + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    out = np.empty(offsets[-1])
    _fill_runs(stream, gids, firsts, offsets, out)
    return out
