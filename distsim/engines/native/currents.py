"""What the kernels take of injected currents."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distsim.kernels.arrays import Currents
from distsim.network.currents import (
    Injection,
    Noise,
    Signal,
    Sine,
    Steps,
    courses_of,
    table_of_noises,
    table_of_sines,
)

__all__ = ["build_currents"]


def build_currents(injections: Iterable[Injection], segment: int, n_summed: int = 0) -> Currents:
    """Return the currents of a group, of which none flows yet.

    Parameters
    ----------
    injections : iterable of Injection
        In the order in which they are summed.
    segment : int
        The present one.
    n_summed : int
        Of how many cells of the group the sum is to be known: of all or none.
    """
    courses = courses_of(injections)
    signals: dict[int, Signal] = {id(s): s for course in courses for s in course.signals}
    number = {key: k for k, key in enumerate(signals)}
    terms = [[number[id(signal)] for signal in course.signals] for course in courses]
    parts = sorted({(source, k) for k, term in enumerate(terms) for source in term})
    lids = [course.block.first_lid + course.positions for course in courses]
    steps = [(number[key], s) for key, s in signals.items() if isinstance(s, Steps)]
    step = _joined([s.steps for _, s in steps], np.int64)
    order = np.argsort(step, kind="stable")
    return Currents(
        step=step[order],
        source=_joined([np.full(s.steps.size, k) for k, s in steps], np.int64)[order],
        value=_joined([s.amplitudes for _, s in steps], np.float64)[order],
        position=np.zeros(1, np.int64),
        sines=table_of_sines((number[key], s) for key, s in signals.items() if isinstance(s, Sine)),
        noises=table_of_noises(
            ((number[key], s) for key, s in signals.items() if isinstance(s, Noise)), segment
        ),
        level=np.zeros(len(signals)),
        course_start=np.searchsorted(
            np.array([source for source, _ in parts], np.int64), np.arange(len(signals) + 1)
        ).astype(np.int64),
        course=np.array([k for _, k in parts], np.int64),
        term_start=_starts(len(term) for term in terms),
        term=_joined(terms, np.int64),
        lid_start=_starts(lid.size for lid in lids),
        lid=_joined(lids, np.int64),
        is_due=np.zeros(len(courses), np.bool_),
        due=np.zeros(len(courses), np.int64),
        injected=np.zeros(n_summed),
    )


def _joined(parts: Sequence[ArrayLike], kind: type) -> NDArray[Any]:
    """Return all parts, one after another."""
    return np.concatenate([np.zeros(0, kind), *parts]).astype(kind)


def _starts(sizes: Iterable[int]) -> NDArray[np.int64]:
    """Return where each of some parts begins, and the last one ends."""
    return np.cumsum([0, *sizes]).astype(np.int64)
