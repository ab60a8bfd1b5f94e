"""Threshold, reset and refractory period, the same in all integrate-and-fire models."""

from numba import njit

__all__ = ["fire"]


@njit(cache=True, nogil=True)
def fire(cells, c):
    """Reset the cells at or above threshold and make them refractory.

    Parameters
    ----------
    cells : Cells
        State row 0 is v [mV]; `state`, `refractory` and `spiking` are updated in place.
    c : NamedTuple of arrays
        Has `v_thresh`, `v_reset` [mV] and `refractory_steps`.

    Returns
    -------
    int
        Number of cells that spike; their local indices are in ``cells.spiking``, ascending.
    """
    v = cells.state[0]
    n_spiking = 0
    for i in range(v.size):
        if v[i] >= c.v_thresh[i]:
            v[i] = c.v_reset[i]
            cells.refractory[i] = c.refractory_steps[i]
            cells.spiking[n_spiking] = i
            n_spiking += 1
    return n_spiking
