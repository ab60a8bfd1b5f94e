"""Tables as text."""

from collections.abc import Sequence

import numpy as np

__all__ = ["shown", "table"]


def shown(number: float) -> str:
    """Return a number with four digits, a dash for none."""
    return "-" if np.isnan(number) else f"{number:.4g}"


def table(lines: Sequence[Sequence[str]]) -> list[str]:
    """Return lines whose columns are aligned."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
