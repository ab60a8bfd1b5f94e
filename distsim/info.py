"""What is installed, which MPI and engines there are, and what each can do here."""

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from distsim.compiled import choose_code_folder
from distsim.engines.registry import ENGINES
from distsim.errors import LauncherError
from distsim.launch import count_cores, find_launcher, find_library

__all__ = ["describe_installation", "find_installation"]

PACKAGES = ("numpy", "numba", "h5py", "neo", "pyNN", "mpi4py")


def find_installation() -> dict[str, dict[str, str]]:
    """Find versions, MPI and engines of this installation.

    Returns
    -------
    dict of str to dict of str to str
        What is found of each name, in sections.

    Notes
    -----
    Starts up to three short processes: loading MPI, asking the launcher, importing NEST.
    """
    versions = [("distsim", version("distsim")), ("Python", f"{_python()}"), *_package_versions()]
    return {
        "Versions": dict(versions),
        "MPI": dict([*_mpi(), ("cores", str(count_cores()))]),
        "Numba": {"cache": _cache()},
        "Engines": dict(_engines()),
    }


def describe_installation() -> str:
    """Return what `find_installation` does, in several lines for a person to read."""
    lines = []
    for title, rows in find_installation().items():
        lines += [title, *(f"  {name:<10}{text}" for name, text in rows.items())]
    return "\n".join(lines)


def _python() -> str:
    return f"{platform.python_version()} ({sys.executable})"


def _cache() -> str:
    folder, complaint = choose_code_folder()
    return f"{folder or 'none'}{f' ({complaint})' if complaint else ''}"


def _package_versions() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            yield package, "not installed"


def _mpi() -> Iterator[tuple[str, str]]:
    try:
        library = find_library()
    except LauncherError as error:
        yield "library", str(error)
        return
    yield "library", f"{library.vendor} {library.version}, loads ({library.path})"
    try:
        yield "launcher", str(find_launcher(library))
    except LauncherError as error:
        yield "launcher", str(error)


def _engines() -> Iterator[tuple[str, str]]:
    for name, entry in ENGINES.items():
        yield name, entry.version_line
