"""Python's search for objects that nothing refers to any more, paused where it finds none.

Loading and compiling make many objects that stay: to look through them again and again takes a
tenth of the time.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collection_paused"]


@contextmanager
def collection_paused() -> Iterator[None]:
    """No garbage is looked for meanwhile; where that was turned off before, it stays so.

    Examples
    --------
    >>> import gc
    >>> with collection_paused():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
