"""What is installed, which MPI and engines there are, and what each can do here."""

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from distsim.compiled import choose_code_folder
from distsim.engines.nest_start import nest_abilities
from distsim.errors import EngineError, LauncherError
from distsim.launch import count_cores, find_launcher, find_library

__all__ = ["describe_installation"]

PACKAGES = ("numpy", "numba", "h5py", "neo", "pyNN", "mpi4py")

ABILITIES = {
    "neuron": "MPI, N ranks",
    "brian2": "one process",
    "spinnaker": "one process, needs a SpiNNaker machine",
}

# engine -> the distributions that may bring it
ENGINES = {
    "nest": ("nest-simulator", "nest"),
    "neuron": ("neuron", "neuron-nightly"),
    "brian2": ("brian2",),
    "spinnaker": ("sPyNNaker",),
}

# engine -> its simulator's module, where that is named otherwise
MODULES = {"spinnaker": "spynnaker"}


def describe_installation() -> str:
    """Describe versions, MPI and engines of this installation.

    Returns
    -------
    str
        Several lines for a person to read.

    Notes
    -----
    Starts up to three short processes: loading MPI, asking the launcher, importing NEST.
    """
    sections = {
        "": [("distsim", version("distsim")), ("Python", f"{_python()}"), *_package_versions()],
        "MPI": [*_mpi(), ("cores", str(count_cores()))],
        "Numba": [("cache", _cache())],
        "Engines": list(_engines()),
    }
    lines = []
    for title, rows in sections.items():
        indent = "  " if title else ""
        lines += [title] if title else []
        lines += [f"{indent}{name:<{12 - len(indent)}}{text}" for name, text in rows]
    return "\n".join(lines)


def _python() -> str:
    return f"{platform.python_version()} ({sys.executable})"


def _cache() -> str:
    folder, complaint = choose_code_folder()
    return f"{folder or 'none'}{f' ({complaint})' if complaint else ''}"


def _package_versions() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        yield package, _version((package,)) or "not installed"


def _version(distributions: tuple[str, ...]) -> str | None:
    """Return the version of the first of these distributions that is installed."""
    for distribution in distributions:
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return None


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
    yield "native", f"{version('distsim')}, MPI, N ranks"
    for engine, distributions in ENGINES.items():
        if find_spec(MODULES.get(engine, engine)) is None:
            yield engine, f"not installed (pip install 'distsim[{engine}]')"
        else:
            ability = _nest_ability() if engine == "nest" else ABILITIES[engine]
            yield engine, f"{_version(distributions) or 'version unknown'}, {ability}"


def _nest_ability() -> str:
    """Say what NEST was built with."""
    try:
        has_mpi, has_threads = nest_abilities()
    except EngineError as error:
        return str(error)
    return f"{'threads' if has_threads else 'serial'}, {'MPI' if has_mpi else 'no MPI'}"
