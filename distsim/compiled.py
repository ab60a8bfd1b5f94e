"""Where the machine code of compiled functions is kept from one run to the next.

Numba keeps a function's code for as long as the text of its own file is the same, whatever has
changed in functions that it calls from other files. So distsim keeps it in a folder of its own,
named by a digest of all files with compiled functions, and by the processor: another version never
finds it. Where it cannot be kept, each run compiles anew.

Packages with compiled functions import this module before these are made.
"""

import hashlib
import inspect
import io
import logging
import os
import pickle
import shutil
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba
from numba.core import caching, dispatcher
from numba.core.event import Event, Listener, register
from numba.core.targetconfig import TargetConfig

from distsim.collection import collection_paused
from distsim.user_folders import Choice, choose_folder

__all__ = [
    "KEPT",
    "choose_code_folder",
    "code_name",
    "forget_other_versions",
    "keep_code",
    "n_kept",
    "tell",
]

PREFIX = "distsim-"
PACKAGES = (
    "distsim.connectivity",
    "distsim.engines.native",
    "distsim.kernels",
    "distsim.models",
    "distsim.network",
    "distsim.partitioning",
)
# other versions whose code was not asked for in so long are deleted [s]
LIFETIME = 30 * 86400.0

# How functions are compiled whose code is kept: ``@njit(**KEPT)``. What C would call them by is
# left out: nothing needs it, and it takes a twentieth of the time.
KEPT: dict[str, Any] = {"cache": True, "no_cfunc_wrapper": True}

logger = logging.getLogger(__name__)


def code_name() -> str:
    """Return the name of the folder of this version on this processor."""
    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__}".encode())
    for package in PACKAGES:
        # not imported: that would compile, and keep the code elsewhere
        spec = find_spec(package)
        for folder in spec.submodule_search_locations or () if spec else ():
            for file in sorted(Path(folder).glob("*.py")):
                digest.update(file.name.encode() + file.read_bytes())
    features = llvmlite.binding.get_host_cpu_features().flatten()
    kind = hashlib.sha256(features.encode()).hexdigest()[:6]
    processor = f"{llvmlite.binding.get_host_cpu_name()}-{kind}"
    return f"{PREFIX}{digest.hexdigest()[:16]}-{processor}"


def choose_code_folder() -> Choice:
    """Return the folder for the machine code of this version, made if need be.

    It lies in `NUMBA_CACHE_DIR` if that is set, else in the folder distsim of the user's cache
    folder; if that cannot be written to, in a temporary folder of the user's.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    return choose_folder(code_name(), Path(given).absolute() if given else None)


def keep_code() -> None:
    """Have the code of distsim's functions, where these ask for it, kept from now on.

    Other packages' functions keep theirs where Numba puts it.
    """
    folder, complaint = choose_code_folder()
    if folder is None:
        _notice.set(f"compiled code is not kept, so that every run compiles anew: {complaint}")
    elif complaint:
        _notice.set(f"compiled code is kept in {folder}: {complaint}")
    else:
        # the day of its last use
        _touch(folder)
    # what Numba calls for a function that asks for its code to be kept
    makers = vars(dispatcher)
    of_others: Callable[[Any], Any] = makers["FunctionCache"]

    def cache_of(function: Any) -> Any:
        if not function.__module__.startswith("distsim."):
            return of_others(function)
        return caching.NullCache() if folder is None else _Cache(function, folder)

    makers["FunctionCache"] = cache_of


def compile_faster() -> None:
    """Take from compiling what has nothing to do with the functions compiled."""
    register("numba:compile", _Pause())
    compare_all = TargetConfig.__eq__

    def compare(mine: Any, other: Any) -> Any:
        """Return whether settings are the same; Numba reads all of them, thirty, 20,000 times."""
        is_same = getattr(mine, "_values", None) == getattr(other, "_values", 0)
        return is_same or compare_all(mine, other)

    TargetConfig.__eq__ = compare  # type: ignore[method-assign]
    TargetConfig.__hash__ = lambda settings: hash(type(settings))  # type: ignore[method-assign]


def tell(is_first: bool) -> None:
    """Write to the log what keeps code from being kept as it should, once known.

    Parameters
    ----------
    is_first : bool
        Whether this rank is the one that speaks.
    """
    _notice.tell(is_first)


def n_kept() -> int:
    """Return how many pieces of compiled code are kept of this version."""
    folder, _ = choose_code_folder()
    return 0 if folder is None else sum(1 for _ in folder.rglob("*.nbc"))


def forget_other_versions() -> None:
    """Delete the folders of other versions, beside that of this one, that are long unused."""
    mine = choose_code_folder().folder
    if mine is None:
        return
    for folder in mine.parent.glob(f"{PREFIX}*"):
        if folder != mine and time.time() - folder.stat().st_mtime > LIFETIME:
            shutil.rmtree(folder, ignore_errors=True)


def _touch(folder: Path) -> None:
    try:
        os.utime(folder)
    except OSError:
        # another user's, which is there to be read
        return


class _Pause(Listener):
    """Pauses the search for garbage while a function is compiled, with all that it calls."""

    def __init__(self) -> None:
        # one for each function that is being compiled, by another or by itself
        self._pauses: list[AbstractContextManager[None]] = []

    def on_start(self, event: Event) -> None:
        self._pauses.append(collection_paused())
        self._pauses[-1].__enter__()

    def on_end(self, event: Event) -> None:
        self._pauses.pop().__exit__(None, None, None)


class _Notice:
    """What this process has to say, at most once, and only if it is the one that speaks."""

    def __init__(self) -> None:
        self._text = ""
        self._is_first: bool | None = None
        self._is_told = False

    def set(self, text: str) -> None:
        self._text = self._text or text
        self._speak()

    def tell(self, is_first: bool) -> None:
        self._is_first = is_first
        self._speak()

    def _speak(self) -> None:
        if self._text and self._is_first and not self._is_told:
            logger.warning("%s; set NUMBA_CACHE_DIR to a folder that can be written to", self._text)
            self._is_told = True


_notice = _Notice()


class _Locator:
    """Say to Numba where the code of one function is."""

    def __init__(self, function: Any, folder: Path) -> None:
        self._py_file = inspect.getfile(function)
        self._line = function.__code__.co_firstlineno
        self._folder = folder

    def get_cache_path(self) -> str:
        return str(self._folder / Path(self._py_file).parent.name)

    def get_source_stamp(self) -> str:
        # the folder holds no other version
        return self._folder.name

    def get_disambiguator(self) -> str:
        return str(self._line)

    def ensure_cache_path(self) -> None:
        Path(self.get_cache_path()).mkdir(parents=True, exist_ok=True)


class _Form(caching.CompileResultCacheImpl):
    """How the code of one function is written."""

    def __init__(self, function: Any, folder: Path) -> None:
        self._lineno = function.__code__.co_firstlineno
        self._locator = _Locator(function, folder)
        name = f"{Path(inspect.getfile(function)).stem}.{function.__qualname__}"
        self._filename_base = self.get_filename_base(name, getattr(sys, "abiflags", ""))


class _Files(caching.IndexDataCacheFile):
    """Index and code of one function; processes that save at once never share a file."""

    def save(self, key: Any, data: Any) -> None:
        # an index that names a class of a script, others could not read
        if _is_for_all(key):
            super().save(key, data)

    def _load_index(self) -> Any:
        try:
            return super()._load_index()
        except (ImportError, AttributeError, EOFError, pickle.UnpicklingError):
            return {}  # the next to save writes it anew

    def _data_name(self, number: int) -> str:
        name: str = super()._data_name(number)
        return f"{name.removesuffix('.nbc')}-{uuid.uuid4().hex[:16]}.nbc"


class _Classes(pickle.Pickler):
    """Collect the modules of the classes that an object is made of."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO())
        self.modules: set[str] = set()

    def reducer_override(self, item: Any) -> Any:
        if isinstance(item, type):
            self.modules.add(item.__module__.partition(".")[0])
        return NotImplemented


def _is_for_all(key: Any) -> bool:
    """Return whether what a function is compiled for is of classes that every process finds."""
    classes = _Classes()
    classes.dump(key)
    return classes.modules <= {"distsim", "numba", "numpy", "llvmlite", *sys.stdlib_module_names}


class _Cache(caching.FunctionCache):
    """The kept code of one function; what cannot be read or written is compiled anew."""

    def __init__(self, function: Any, folder: Path) -> None:
        self._name = repr(function)
        self._py_func = function
        self._impl = _Form(function, folder)
        self._cache_path = self._impl.locator.get_cache_path()
        self._cache_file = _Files(
            self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp()
        )
        self.enable()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except (OSError, EOFError, pickle.UnpicklingError):
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _notice.set(
                f"compiled code cannot be kept in {self._cache_path} ({error.strerror or error})"
            )


keep_code()
compile_faster()
