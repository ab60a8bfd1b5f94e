"""What the kernels take of the sets of probes of one group, and give back to them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from distsim.kernels.arrays import Probes
from distsim.network.records import ProbeSet

__all__ = ["build_probes", "flush"]

Integers = NDArray[np.int64]

# values that one set's buffer holds, whatever the length of the simulation
BUFFER_VALUES = 2**18


def build_probes(sets: Sequence[ProbeSet], first_lids: Sequence[int]) -> Probes:
    """Return the kernel's view of the sets of one group.

    Parameters
    ----------
    sets : sequence of ProbeSet
    first_lids : sequence of int
        Local index in the group of the first cell of each set's block.
    """
    widths = [probe_set.positions.size for probe_set in sets]
    max_rows = np.array([max(1, BUFFER_VALUES // max(width, 1)) for width in widths], np.int64)
    sizes = max_rows * np.array(widths, np.int64)
    return Probes(
        state_row=_joined(
            [np.full(n, s.state_row, np.int64) for n, s in zip(widths, sets, strict=True)]
        ),
        lid=_joined([lid + s.positions for lid, s in zip(first_lids, sets, strict=True)]),
        begin=np.concatenate([[0], np.cumsum(widths)]).astype(np.int64),
        interval=np.array([s.interval for s in sets], np.int64),
        next_step=np.array([s.next_step for s in sets], np.int64),
        buffer=np.zeros(int(sizes.sum())),
        region=(np.cumsum(sizes) - sizes).astype(np.int64),
        rows=np.zeros(len(sets), np.int64),
        max_rows=max_rows,
    )


def _joined(arrays: list[Integers]) -> Integers:
    return np.concatenate([np.zeros(0, np.int64), *arrays])


def flush(sets: Sequence[ProbeSet], probes: Probes) -> None:
    """Move the samples in the kernel's buffers to the sets."""
    for k, probe_set in enumerate(sets):
        n_rows, width = int(probes.rows[k]), probe_set.positions.size
        if n_rows:
            begin = int(probes.region[k])
            samples = probes.buffer[begin : begin + n_rows * width]
            probe_set.append(samples.reshape(n_rows, width).copy())
        probe_set.next_step = int(probes.next_step[k])
        probes.rows[k] = 0
