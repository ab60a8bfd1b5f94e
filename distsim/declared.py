"""Which fields of an object a snapshot holds; declared at its class, and checked by a test."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

__all__ = ["Declared", "declared_of", "declares"]

T = TypeVar("T")


class Declared(NamedTuple):
    """What becomes of each field of an object when its simulation is stored and made again.

    Together these name all fields, each once, with a space between two.

    Attributes
    ----------
    stored : str
        They are in a snapshot, themselves or as that from which they are made again.
    remade : str
        They follow from what is stored and described, or are of no account: scratch, counters of
        time, sizes of buffers.
    described : str
        The script describes them again.

    Examples
    --------
    >>> Declared(stored="step segment", described="dt").names
    ('step', 'segment', 'dt')
    """

    stored: str = ""
    remade: str = ""
    described: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All fields."""
        return tuple(name for part in self for name in part.split())


def declares(
    stored: str = "", remade: str = "", described: str = ""
) -> Callable[[type[T]], type[T]]:
    """Declare the fields of a class whose objects hold something that changes while running.

    Those of a class that it is derived from are added.
    """

    def declare(kind: type[T]) -> type[T]:
        base = getattr(kind, "_declared", Declared())
        parts = zip(base, (stored, remade, described), strict=True)
        kind._declared = Declared(*(f"{old} {new}" for old, new in parts))  # type: ignore[attr-defined]
        return kind

    return declare


def declared_of(kind: type) -> Declared | None:
    """Return what a class declares, if it does."""
    found: Declared | None = getattr(kind, "_declared", None)
    return found
