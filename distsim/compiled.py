"""Where the machine code of compiled functions is kept from one run to the next.

Numba keeps a function's code for as long as the text of its own file is the same, whatever has
changed in functions that it calls from other files. So distsim keeps it in a folder of its own,
named by a digest of all files with compiled functions: another version never finds it.
"""

import hashlib
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import numba

__all__ = ["code_folder", "forget_other_versions", "keep_code_in"]

PREFIX = "distsim-"
PACKAGES = (
    "distsim.connectivity",
    "distsim.engine",
    "distsim.kernels",
    "distsim.models",
    "distsim.partitioning",
)


def code_folder() -> Path:
    """Return the folder for the machine code of this version.

    It lies in `NUMBA_CACHE_DIR` if that is set, else beside the installed package, or in the user's
    cache folder if that cannot be written to.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    for package in PACKAGES:
        # not imported: that would compile, and keep the code elsewhere
        spec = find_spec(package)
        for folder in spec.submodule_search_locations or () if spec else ():
            for file in sorted(Path(folder).glob("*.py")):
                digest.update(file.name.encode() + file.read_bytes())
    return _base_folder() / f"{PREFIX}{digest.hexdigest()[:16]}"


def keep_code_in(folder: str) -> str:
    """Have the code of functions that are decorated from now on kept in a folder.

    Parameters
    ----------
    folder : str
        '' for what is Numba's default.

    Returns
    -------
    str
        The folder before.
    """
    settings = vars(numba.config)
    before: str = settings["CACHE_DIR"]
    settings["CACHE_DIR"] = folder
    return before


def forget_other_versions() -> None:
    """Delete the folders of other versions beside that of this one."""
    mine = code_folder()
    for folder in mine.parent.glob(f"{PREFIX}*"):
        if folder != mine:
            shutil.rmtree(folder, ignore_errors=True)


def _base_folder() -> Path:
    """Return where the folders of all versions are."""
    if "NUMBA_CACHE_DIR" in os.environ:
        return Path(os.environ["NUMBA_CACHE_DIR"])
    package = Path(__file__).parent
    if os.access(package, os.W_OK):
        return package / "__pycache__"
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "numba"
