"""Python's search for objects that nothing refers to any more, paused where it finds none.

Loading and compiling make many objects that stay: to look through them again and again takes a
tenth of the time.
"""

import gc
from types import TracebackType

__all__ = ["CollectionPause"]


class CollectionPause:
    """No garbage is looked for from entering to leaving, however deep; a context.

    Where it was turned off before, it stays so.

    Examples
    --------
    >>> import gc
    >>> with CollectionPause():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """

    def __init__(self) -> None:
        self._depth = 0
        self._was_on = False

    def __enter__(self) -> None:
        if self._depth == 0:
            self._was_on = gc.isenabled()
            gc.disable()
        self._depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self._depth -= 1
        if self._depth == 0 and self._was_on:
            gc.enable()
