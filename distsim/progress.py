"""A bar that shows how far something is, in a terminal or a notebook, and that code is compiled."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from numba.core.event import Event, Listener, install_listener

__all__ = ["Advance", "progress_bar"]

# what nobody has asked for is shown from then on [s]
DELAY = 0.5


class Advance(Protocol):
    """Moves a bar on."""

    def __call__(self, n: float, total: int | None = None, /) -> object:
        """Say how many more are done, and of how many in all, where that was not known before."""


class _Bar(Listener):
    """A bar, made when it is to be shown: a notebook's cannot be told later how long it is."""

    def __init__(self, delay: float, **options: Any) -> None:
        self._options = options
        self._due = time.monotonic() + delay
        self._n = 0.0
        self._bar: Any = None
        self._depth = 0

    def advance(self, n: float, total: int | None = None) -> None:
        self._n += n
        if total is not None:
            self._options["total"] = total
        if self._bar is not None:
            self._bar.update(n)
        elif time.monotonic() >= self._due:
            self._show()

    def on_start(self, event: Event) -> None:
        # compiling may take longer than all that comes after
        if self._depth == 0:
            self._show().set_postfix_str("compiling")
        self._depth += 1

    def on_end(self, event: Event) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._bar.set_postfix_str("")

    def _show(self) -> Any:
        if self._bar is None:
            # takes long to be loaded
            from tqdm.auto import tqdm

            self._bar = tqdm(
                initial=self._n, unit_scale=True, leave=False, mininterval=0.2, **self._options
            )
        return self._bar

    def close(self, is_done: bool) -> None:
        if self._bar is not None:
            # how many there are may have been an estimate; notebooks mark a bar that is not full
            self._bar.total = self._bar.n if is_done else self._bar.total
            self._bar.close()


@contextmanager
def progress_bar(
    label: str, total: int | None, unit: str, is_wanted: bool | None
) -> Iterator[Advance]:
    """Show a bar, and yield what moves it on.

    Parameters
    ----------
    label : str
    total : int or None
        None: it is not known yet.
    unit : str
    is_wanted : bool or None
        None: where somebody may look at it, in a terminal or a notebook, of what takes longer.
    """
    delay = 0.0
    if is_wanted is None:
        is_wanted, delay = sys.stderr.isatty() or "ipykernel" in sys.modules, DELAY
    if not is_wanted:
        yield lambda n, total=None: None
        return
    bar, is_done = _Bar(delay, desc=label, total=total, unit=unit), False
    try:
        with install_listener("numba:compile", bar):
            yield bar.advance
        is_done = True
    finally:
        bar.close(is_done)
