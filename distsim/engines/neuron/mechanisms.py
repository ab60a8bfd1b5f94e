"""NEURON's mechanisms: compiled once, by one process, into a folder of the user's cache."""

import hashlib
import os
import platform
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from distsim.comm.world import rank_environment
from distsim.errors import EngineError
from distsim.user_folders import choose_folder

__all__ = ["compiled_mechanisms", "mechanism_files"]

# of PyNN's NEURON back end
PYNN_FILES = ("expisyn.mod", "alphaisyn.mod", "alphasyn.mod")
COMPILERS = ("c++", "g++", "clang++")
# lines of the compiler's last words in an error
N_LINES = 5


def compiled_mechanisms(
    neuron_version: str, environ: Mapping[str, str] = os.environ, coreneuron: bool = False
) -> Path:
    """Return the folder with the compiled mechanisms; compile them if there is none.

    It is called `neuron-` or `coreneuron-` and a digest of NEURON's version and the mechanisms'
    text, in the folder distsim/mechanisms of the user's cache folder, or in a temporary one. What
    is compiled gets that name only when it is whole, so that no process finds half of it.

    Parameters
    ----------
    neuron_version : str
    environ : mapping of str to str
        The environment of this process.
    coreneuron : bool
        Whether to compile for CoreNEURON as well.

    Returns
    -------
    Path

    Raises
    ------
    EngineError
        If `nrnivmodl`, make or a C++ compiler is missing, it fails, or the folder cannot be made.
    """
    files = mechanism_files()
    digest = hashlib.sha256(f"{neuron_version} {platform.machine()}".encode())
    for file in files:
        digest.update(file.name.encode() + file.read_bytes())
    options = ["-coreneuron"] if coreneuron else []
    name = f"{'coreneuron' if coreneuron else 'neuron'}-{digest.hexdigest()[:16]}"
    base, complaint = choose_folder("mechanisms", None, environ)
    if base is None:
        raise EngineError(
            f"NEURON's mechanisms cannot be compiled: {complaint}; set XDG_CACHE_HOME to a folder "
            "that can be written to"
        )
    folder = base / name
    if folder.is_dir():
        return folder
    program = _compiler(environ)
    try:
        with tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=base) as draft:
            _compile([program, *options], files, Path(draft), environ)
            _publish(Path(draft) / "compiled", folder)
    except OSError as error:
        raise EngineError(
            f"NEURON's mechanisms cannot be compiled into {folder} ({error}); set XDG_CACHE_HOME "
            "to a folder that can be written to"
        ) from error
    return folder


def mechanism_files() -> list[Path]:
    """Return the files that describe the mechanisms: PyNN's, and distsim's own.

    Raises
    ------
    EngineError
        If this PyNN lacks one.
    """
    # not imported: PyNN's NEURON back end would compile within its own folder
    spec = find_spec("pyNN")
    places = list(spec.submodule_search_locations or ()) if spec else []
    folder = Path(places[0] if places else "pyNN") / "neuron" / "nmodl"
    files = [folder / name for name in PYNN_FILES]
    files += sorted((Path(__file__).parent / "nmodl").glob("*.mod"))
    for file in files:
        if not file.is_file():
            raise EngineError(
                f"engine 'neuron' needs the mechanism {file}, which this installation lacks; "
                "`pip install --force-reinstall 'distsim[neuron]'`"
            )
    return files


def _compiler(environ: Mapping[str, str]) -> str:
    """Return the path of nrnivmodl, if all that it needs is there."""
    path = environ.get("PATH", os.defpath)
    # beside this Python first: the folder of a virtual environment need not be on PATH
    program = shutil.which("nrnivmodl", path=os.pathsep.join([sysconfig.get_path("scripts"), path]))
    missing = [] if program else ["nrnivmodl (part of NEURON: `pip install 'distsim[neuron]'`)"]
    if shutil.which("make", path=path) is None:
        missing.append("make (Debian, Ubuntu: `apt install make`)")
    names = (environ["CXX"].split()[0],) if environ.get("CXX", "").strip() else COMPILERS
    if not any(shutil.which(name, path=path) for name in names):
        missing.append("a C++ compiler (Debian, Ubuntu: `apt install g++`)")
    if program is None or missing:
        raise EngineError(
            "engine 'neuron' compiles its mechanisms once, and what that needs is missing: "
            f"{', '.join(missing)}"
        )
    return program


def _compile(
    command: list[str], files: list[Path], draft: Path, environ: Mapping[str, str]
) -> None:
    """Compile mechanisms into the folder `compiled` of a draft."""
    sources, target = draft / "mod", draft / "compiled"
    sources.mkdir()
    target.mkdir()
    for file in files:
        shutil.copy(file, sources)
    done = subprocess.run(
        [*command, str(sources)],
        cwd=target,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        env=rank_environment(environ),
    )
    if done.returncode != 0:
        hint = " (without coreneuron=True there is less to compile)" if command[1:] else ""
        last = "\n".join(done.stdout.strip().splitlines()[-N_LINES:])
        raise EngineError(
            f"{' '.join(command)} ended with status {done.returncode} when it compiled NEURON's "
            f"mechanisms{hint}; its last words are:\n{last}"
        )


def _publish(compiled: Path, folder: Path) -> None:
    """Give what was compiled its name, unless another process was faster."""
    try:
        compiled.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
