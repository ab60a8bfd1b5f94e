"""Write the pages of the reference of names, which Sphinx then fills from docstrings.

The names are those of ``__all__``, by the kinds of the page of compatibility; so nobody has to
list them. What is PyNN's own, and exported as it is, is named with the module it comes from.
"""

import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import distsim
import distsim.io
import distsim.models
import distsim.partitioning
from distsim import errors

sys.path.insert(0, str(Path(__file__).parent))
from make_compatibility import CLASSES, KINDS, kind_of, public, pyNN

FOLDER = "api"
TEMPLATE = """\
{title}
{line}

{text}

.. currentmodule:: {module}

"""
TABLE = """\
.. autosummary::
   :toctree: generated
   :nosignatures:

"""
# of PyNN's classes, what it does not have and distsim adds
ADDED = {"Projection": ["get_data", "record", "write_data"]}
PAGES: dict[str, tuple[ModuleType, str, str]] = {
    "io": (distsim.io, "Files: distsim.io", "Reading works without MPI and without a simulator."),
    "models": (distsim.models, "Records of models: distsim.models", "What own models are made of."),
    "partitioning": (
        distsim.partitioning,
        "Partitions and streams: distsim.partitioning",
        "Who owns which cells, and which random numbers they draw; imports no PyNN, MPI or HDF5.",
    ),
    "errors": (errors, "Errors: distsim.errors", "`sim.errors` has PyNN's own errors, too."),
}


def write_pages(docs: Path) -> None:
    """Write a page for each module, into the folder `api` of the documentation."""
    folder = docs / FOLDER
    folder.mkdir(exist_ok=True)
    _write(folder / "distsim.rst", front_end())
    for page, (module, title, text) in PAGES.items():
        names = [name for name in module.__all__ if is_own(getattr(module, name))]
        _write(folder / f"{page}.rst", heading(module, title, text) + listed(names))


def front_end() -> str:
    """Return the page of what a script imports."""
    text = "``import distsim as sim``, or ``import pyNN.distsim as sim``."
    parts = [heading(distsim, "What a script imports: distsim", text)]
    kinds: dict[str, list[str]] = {kind: [] for kind in ("Functions", *KINDS, "Others")}
    theirs: dict[str, list[str]] = {}
    for name in distsim.__all__:
        thing = getattr(distsim, name)
        if is_own(thing):
            kinds[kind_of(thing)].append(name)
        elif not isinstance(thing, ModuleType) and getattr(thing, "__module__", ""):
            theirs.setdefault(thing.__module__, []).append(name)
    for kind, names in kinds.items():
        if names:
            parts.append(f"{kind}\n{'-' * len(kind)}\n\n{listed(names)}")
    lines = [
        f"- from ``{module}``: {', '.join(f'``{name}``' for name in names)}"
        for module, names in sorted(theirs.items())
    ]
    parts.append("\n".join(["PyNN's own", "----------", "", "Exported as they are:", "", *lines]))
    return "\n".join(parts) + "\n"


def is_own(thing: Any) -> bool:
    """Return whether a function or class is of distsim."""
    return callable(thing) and getattr(thing, "__module__", "").startswith("distsim")


def shown_members(module: str, name: str) -> str:
    """Return the members of a class that its page shows, of PyNN's classes those that PyNN has."""
    kind = getattr(import_module(module), name)
    if name in CLASSES:
        theirs = public(getattr(pyNN.mock, name, getattr(pyNN.network, name, None)))
        return ", ".join(sorted([*theirs, *ADDED.get(name, [])], key=str.lower))
    is_front_end = module == distsim.__name__
    return "" if is_front_end else ", ".join(m for m in vars(kind) if not m.startswith("_"))


def heading(module: ModuleType, title: str, text: str) -> str:
    """Return the beginning of a page."""
    return TEMPLATE.format(title=title, line="=" * len(title), text=text, module=module.__name__)


def listed(names: Iterable[str]) -> str:
    """Return a table of names with a page for each."""
    return TABLE + "".join(f"   {name}\n" for name in sorted(names, key=str.lower)) + "\n"


def _write(page: Path, text: str) -> None:
    # what has not changed is not read again
    if not page.is_file() or page.read_text() != text:
        page.write_text(text)
