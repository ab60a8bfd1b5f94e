"""A bar that shows how far something is, in a terminal or a notebook, and that code is compiled."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba.core.event import Event, Listener, install_listener
from tqdm.auto import tqdm

__all__ = ["progress_bar"]


class _Compiling(Listener):
    """Says on a bar that something is compiled, which may take longer than what comes after."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._depth = 0

    def on_start(self, event: Event) -> None:
        if self._depth == 0:
            self._bar.set_postfix_str("compiling")
        self._depth += 1

    def on_end(self, event: Event) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._bar.set_postfix_str("")


@contextmanager
def progress_bar(
    label: str, total: int | None, unit: str, is_wanted: bool | None
) -> Iterator[Callable[[int], Any]]:
    """Show a bar, and yield what moves it on by a number.

    Parameters
    ----------
    label : str
    total : int or None
        None: it is not known.
    unit : str
    is_wanted : bool or None
        None: where somebody may look at it, in a terminal or a notebook.
    """
    if is_wanted is None:
        is_wanted = sys.stderr.isatty() or "ipykernel" in sys.modules
    if not is_wanted:
        yield lambda n: None
        return
    with (
        tqdm(
            desc=label, total=total, unit=unit, unit_scale=True, leave=False, mininterval=0.2
        ) as bar,
        install_listener("numba:compile", _Compiling(bar)),
    ):
        yield bar.update
