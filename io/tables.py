"""Tables as text."""

from collections.abc import Sequence

import numpy as np

from distsim.io.recordings import SignalData

__all__ = ["about_signals", "shown", "table"]


def shown(number: float) -> str:
    """Return a number with four digits, a dash for none."""
    return "-" if np.isnan(number) else f"{number:.4g}"


def table(lines: Sequence[Sequence[str]]) -> list[str]:
    """Return lines whose columns are aligned."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]


def about_signals(signals: Sequence[SignalData]) -> str:
    """Return what was sampled of a population; a dash for nothing."""
    about = "; ".join(
        f"{s.variable} [{s.units}] of {s.data.shape[1]} cells, {s.data.shape[0]} samples "
        f"every {s.sampling_interval:g} ms"
        for s in signals
    )
    return about or "-"
