"""What weights and delays of a projection may be, checked where they are made."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from distsim.errors import ConnectivityError
from distsim.kernels.spike_keys import LAST_STEP

__all__ = ["MAX_WEIGHT", "Bounds"]

# the largest number of 32 bits
MAX_WEIGHT = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Bounds:
    """Bounds of the weights and delays of a projection.

    Attributes
    ----------
    label : str
        Of the projection.
    dt : float
        [ms]
    sign : int
        1: weights must be 0 or above; -1: 0 or below; 0: any.
    whose : str
        Whose weights they are, if they must have a sign; for the error.
    """

    label: str
    dt: float
    sign: int = 0
    whose: str = ""

    def check_weights(self, weights: Any) -> None:
        """Raise if weights are no 32-bit numbers, or have the wrong sign.

        Raises
        ------
        ConnectivityError
        """
        if np.size(weights) == 0:
            return
        low, high = float(np.min(weights)), float(np.max(weights))
        if not -MAX_WEIGHT <= low <= high <= MAX_WEIGHT:
            bad = low if not low >= -MAX_WEIGHT else high
            raise ConnectivityError(
                f"weight = {bad:g} of projection '{self.label}' is not a finite number of 32 bits; "
                f"give numbers of at most {MAX_WEIGHT:g}"
            )
        if (self.sign > 0 and low < 0) or (self.sign < 0 and high > 0):
            bad, allowed = (low, "above") if self.sign > 0 else (high, "below")
            raise ConnectivityError(
                f"weight = {bad:g} of projection '{self.label}': weights of {self.whose} synapses "
                f"must be 0 or {allowed}"
            )

    def check_delays(self, delays: Any) -> None:
        """Raise if a delay [ms] is shorter than the time step, or has no number of steps.

        Raises
        ------
        ConnectivityError
        """
        if np.size(delays) == 0:
            return
        low, high = float(np.min(delays)), float(np.max(delays))
        if not low >= self.dt * 0.5:
            raise ConnectivityError(
                f"delay = {low:g} ms of projection '{self.label}' is shorter than dt = "
                f"{self.dt:g} ms; raise the delay or set setup(timestep=...)",
                delay=low,
            )
        if not high <= LAST_STEP * self.dt:
            raise ConnectivityError(
                f"delay = {high:g} ms of projection '{self.label}' must be a finite number, at "
                f"most {LAST_STEP * self.dt:g} ms",
                delay=high,
            )
