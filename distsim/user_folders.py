"""Folders of the user's: home, and where is kept what can be made anew."""

import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["Choice", "cache_folder", "choose_folder", "home_folder", "with_home"]

# that a file system must have left to be written to [bytes]; all kernels take some 20 MB
NEEDED_SPACE = 32 * 2**20


class Choice(NamedTuple):
    """A folder that can be written to, and what is wrong with those that came first.

    Attributes
    ----------
    folder : Path or None
        None where there is no such folder.
    complaint : str
        '' where the first one was taken.
    """

    folder: Path | None
    complaint: str


def home_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the user's home, which need not exist; None if there is none."""
    if environ.get("HOME"):
        return Path(environ["HOME"])
    try:
        return _registered_home()
    except (KeyError, RuntimeError):
        return None


def with_home(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with a home, without which Open MPI does not start.

    Parameters
    ----------
    environ : mapping of str to str

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> with_home({"HOME": "/nowhere"})
    {'HOME': '/nowhere'}
    """
    if environ.get("HOME"):
        return dict(environ)
    return {**environ, "HOME": str(home_folder(environ) or tempfile.gettempdir())}


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return where this user's programs keep what can be made anew; None without a home.

    Parameters
    ----------
    environ : mapping of str to str
        The environment of this process.

    Returns
    -------
    Path or None
        `XDG_CACHE_HOME` if that is an absolute path, else the platform's folder; it need not exist.
    """
    given = Path(environ.get("XDG_CACHE_HOME", ""))
    if given.is_absolute():
        return given
    home = home_folder(environ)
    if sys.platform == "win32":
        return Path(environ["LOCALAPPDATA"]) if environ.get("LOCALAPPDATA") else home
    if home is None:
        return None
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def choose_folder(name: str, first: Path | None, environ: Mapping[str, str] = os.environ) -> Choice:
    """Return a folder to keep something in: within the one wanted, or else a temporary one.

    Parameters
    ----------
    name : str
        Of the folder, which is made.
    first : Path or None
        Where it should be; None: in the folder distsim of the user's cache folder.
    environ : mapping of str to str
        The environment of this process.

    Returns
    -------
    Choice
    """
    complaints = []
    if first is None:
        cache = cache_folder(environ)
        first = cache / "distsim" if cache is not None else None
    if first is None:
        complaints.append("there is no home folder")
    else:
        try:
            return Choice(_writable(first / name), "")
        except OSError as error:
            complaints.append(_in_words(first, error))
    try:
        return Choice(_writable(_own_temporary_folder() / name), complaints[0])
    except OSError as error:
        complaints.append(_in_words(Path(tempfile.gettempdir()), error))
    return Choice(None, ", and ".join(complaints))


def _registered_home() -> Path:
    """Return the home that the system knows; KeyError or RuntimeError if it knows none."""
    if sys.platform == "win32":
        return Path.home()
    import pwd

    return Path(pwd.getpwuid(os.getuid()).pw_dir)


def _writable(folder: Path) -> Path:
    """Return a folder, made if need be, that can be written to, or that holds something to read.

    Raises
    ------
    OSError
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        # what others have put there can be taken
        if error.errno != errno.ENOSPC and _holds_something(folder):
            return folder
        raise
    if shutil.disk_usage(folder).free < NEEDED_SPACE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return folder


def _holds_something(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False


def _own_temporary_folder() -> Path:
    """Return a temporary folder that is this user's alone, and the same for all processes.

    Raises
    ------
    OSError
        If someone else may have put something there: what is kept is run.
    """
    if sys.platform == "win32":
        return Path(tempfile.gettempdir()) / "distsim"
    folder = Path(tempfile.gettempdir()) / f"distsim-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    is_own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    if not is_own or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"{folder} is not this user's alone")
    return folder


def _in_words(folder: Path, error: OSError) -> str:
    return f"{folder} cannot be written to ({error.strerror or error})"
