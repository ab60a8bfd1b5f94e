"""Machine code is kept by version: nothing that was compiled from other files is ever run."""

import gc
import importlib
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numba
import pytest
from numba import types
from numba.core.compiler import Flags
from numba.core.dispatcher import Dispatcher

import distsim
from distsim import compiled, user_folders
from distsim.compiled import choose_code_folder, code_name
from distsim.kernels.arrays import SpikeLog

PACKAGES = [importlib.import_module(package) for package in compiled.PACKAGES]
MODULES = [
    f"{package.__name__}.{file.stem}"
    for package in PACKAGES
    for file in Path(package.__file__).parent.glob("*.py")
    if "\n@njit" in file.read_text()
]
# compiles one function of a package called distsim, and says whether its code was there before
PROGRAM = """
import sys
from importlib.util import module_from_spec, spec_from_file_location
from distsim import compiled

spec = spec_from_file_location("distsim.probe", sys.argv[1])
sys.modules["distsim.probe"] = probe = module_from_spec(spec)
spec.loader.exec_module(probe)
probe.answer()
compiled.tell(is_first=True)
print(sum(probe.answer.stats.cache_hits.values()))
"""

# runs a network, and says what each of two ranks has compiled
SHARED = """
import distsim as sim
from mpi4py import MPI
from numba.core.event import RecordingListener, install_listener

with install_listener("numba:compile", RecordingListener()) as compilations:
    sim.setup(timestep=0.1, seed=1, log=False)
    tau_m = sim.RandomDistribution("normal", mu=20.0, sigma=1.0)
    cells = sim.Population(20, sim.IF_curr_exp(tau_m=tau_m))
    synapse = sim.StaticSynapse(weight=0.1, delay=0.5)
    sim.Projection(cells, cells, sim.FixedProbabilityConnector(0.2), synapse)
    cells.record("spikes")
    sim.run(5.0)
functions = [event.data["dispatcher"].py_func for _, event in compilations.buffer]
names = {f"{function.__module__}.{function.__qualname__}" for function in functions}
of_ranks = MPI.COMM_WORLD.gather({name for name in names if name.startswith("distsim.")})
if sim.rank() == 0:
    print(*map(len, of_ranks), *sorted(set.intersection(*of_ranks)))
"""


@pytest.mark.parametrize("name", MODULES)
def test_compiled_functions_are_kept_in_the_folder_of_this_version(name):
    module = importlib.import_module(name)
    functions = [each for each in vars(module).values() if isinstance(each, Dispatcher)]
    assert functions
    for function in functions:
        path = getattr(function._cache, "cache_path", None)
        assert path is None or Path(path).is_relative_to(choose_code_folder().folder), function


def test_nothing_is_kept_beside_the_package():
    package = Path(distsim.__file__).parent
    assert not choose_code_folder().folder.is_relative_to(package)
    assert not list(package.rglob("*.nbi"))


def test_a_change_of_any_file_or_another_processor_changes_the_folder(monkeypatch):
    before = code_name()
    read = Path.read_bytes
    with monkeypatch.context() as changed:
        changed.setattr(
            Path, "read_bytes", lambda file: read(file) + b"#" * (file.name == "membrane.py")
        )
        assert code_name() != before
    monkeypatch.setattr(compiled.llvmlite.binding, "get_host_cpu_name", lambda: "another")
    assert code_name() != before
    assert "another" in code_name()


def test_versions_that_are_long_unused_are_forgotten(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    mine = choose_code_folder().folder
    assert mine.parent == tmp_path
    old, recent = (tmp_path / f"{compiled.PREFIX}{name}" for name in ("old", "recent"))
    for folder in (old, recent, tmp_path / "another_package"):
        folder.mkdir()
    for folder in (mine, old, tmp_path / "another_package"):
        os.utime(folder, (0, 0))
    compiled.forget_other_versions()
    assert sorted(tmp_path.iterdir()) == sorted([mine, recent, tmp_path / "another_package"])


def test_other_packages_keep_their_code_where_they_want(tmp_path):
    (tmp_path / "other.py").write_text(
        "from numba import njit\n@njit(cache=True)\ndef answer():\n    return 42\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        path = importlib.import_module("other").answer._cache.cache_path
    finally:
        sys.path.remove(str(tmp_path))
    assert not Path(path).is_relative_to(choose_code_folder().folder)


@pytest.fixture
def run_probe(tmp_path):
    """Return a function that runs PROGRAM with variables, and returns what it found and its log."""
    probe = tmp_path / "probe.py"
    probe.write_text("from numba import njit\n@njit(cache=True)\ndef answer():\n    return 42\n")

    def run(program=PROGRAM, **variables):
        environ = {k: v for k, v in os.environ.items() if k not in ("HOME", "XDG_CACHE_HOME")}
        # pytest's own folder may be shared by all users
        environ |= {"TMPDIR": str(tmp_path / "tmp"), "MPLCONFIGDIR": str(tmp_path / "mpl")}
        (tmp_path / "tmp").mkdir(exist_ok=True)
        done = subprocess.run(
            [sys.executable, "-P", "-c", program, probe],
            env={k: v for k, v in (environ | variables).items() if v is not None},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1], done.stderr

    return run


def test_code_is_found_again_in_the_users_cache_folder_if_it_is_whole(run_probe, tmp_path):
    home = tmp_path / "home"
    assert run_probe(HOME=str(home)) == ("0", "")
    assert run_probe(HOME=str(home)) == ("1", "")
    (file,) = home.glob(".cache/distsim/distsim-*/*/probe.answer*.nbc")
    file.write_bytes(file.read_bytes()[:100])
    assert run_probe(HOME=str(home)) == ("0", "")


class Numbers(NamedTuple):
    """A class that other processes do not find."""

    x: float


def test_code_for_classes_of_a_script_is_not_kept_for_others():
    assert not compiled._is_for_all((types.NamedTuple((types.float64,), Numbers),))
    assert compiled._is_for_all((types.NamedTuple((types.float64,), SpikeLog), types.float64))


def test_an_index_that_cannot_be_read_is_written_anew(run_probe, tmp_path):
    home = tmp_path / "home"
    assert run_probe(HOME=str(home)) == ("0", "")
    (index,) = home.glob(".cache/distsim/distsim-*/*/probe.answer*.nbi")
    with index.open("rb") as file:
        version = pickle.load(file)
    # the name of a class that there is not
    index.write_bytes(pickle.dumps(version) + b"cno_such_module\nNumbers\n.")
    assert run_probe(HOME=str(home)) == ("0", "")
    assert run_probe(HOME=str(home)) == ("1", "")


def test_a_folder_that_cannot_be_is_replaced_by_a_temporary_one(run_probe, tmp_path):
    (tmp_path / "file").touch()
    for n_found in "01":
        found, log = run_probe(NUMBA_CACHE_DIR=str(tmp_path / "file" / "below"))
        assert found == n_found
        assert log.count("\n") == 1
        assert str(tmp_path / "tmp" / f"distsim-{os.getuid()}") in log
        assert "set NUMBA_CACHE_DIR" in log


def test_without_any_folder_code_is_compiled_anew(run_probe, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "tmp").mkdir()
    # what another might have put there is not run
    (tmp_path / "tmp" / f"distsim-{os.getuid()}").mkdir(mode=0o777)
    (tmp_path / "tmp" / f"distsim-{os.getuid()}").chmod(0o777)
    found, log = run_probe(HOME=str(tmp_path / "file"))
    assert found == "0"
    assert log.count("\n") == 1
    assert "compiled code is not kept" in log
    assert "set NUMBA_CACHE_DIR" in log


def test_a_folder_without_room_is_replaced_by_a_temporary_one(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "full"))
    monkeypatch.setattr(user_folders.tempfile, "tempdir", str(tmp_path))
    usage = user_folders.shutil.disk_usage(tmp_path)
    is_full = "full".__eq__
    monkeypatch.setattr(
        user_folders.shutil,
        "disk_usage",
        lambda folder: usage._replace(free=0 if is_full(folder.parent.name) else 2**40),
    )
    folder, complaint = choose_code_folder()
    assert folder.parent == tmp_path / f"distsim-{os.getuid()}"
    assert "No space left" in complaint


def test_a_folder_that_fills_up_does_not_end_the_job(run_probe, tmp_path):
    program = PROGRAM.replace(
        "probe.answer()\n",
        """
def full(*_):
    raise OSError(28, "No space left on device")
compiled._Files._save_data = full
probe.answer()
""",
    )
    _, log = run_probe(program, HOME=str(tmp_path))
    assert "No space left on device" in log
    assert "set NUMBA_CACHE_DIR" in log


def test_one_rank_speaks_once(monkeypatch, caplog):
    notice = compiled._Notice()
    notice.set("first")
    notice.set("second")
    assert not caplog.records
    notice.tell(is_first=False)
    assert not caplog.records
    notice.tell(is_first=True)
    notice.tell(is_first=True)
    assert [record.getMessage().split(";")[0] for record in caplog.records] == ["first"]


def test_no_garbage_is_looked_for_while_a_function_is_compiled():
    found = []

    def note(x):
        """Stand for what the compiler finds its code for."""

    @numba.extending.overload(note)
    def _(x):
        found.append(gc.isenabled())
        if isinstance(x, numba.types.UnicodeType):
            raise numba.errors.TypingError("no text")
        return lambda x: x

    outer = numba.njit(lambda x: note(x))
    assert outer(3) == 3
    with pytest.raises(numba.errors.TypingError, match="no text"):
        outer("text")
    assert found
    assert not any(found)
    assert gc.isenabled()
    gc.disable()
    try:
        outer(3.0)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_settings_of_functions_are_compared_as_numba_compares_them():
    usual, given, other = Flags(), Flags(), Flags()
    given.nrt, other.nrt = False, True
    assert usual == given == usual
    assert usual != other != given
    assert usual.is_set("nrt") != given.is_set("nrt")
    assert len({usual, given, other}) == 2
    assert usual != "nrt"


def test_nothing_that_the_ranks_of_a_node_need_is_compiled_by_two(mpi_job, tmp_path):
    job = mpi_job(2, "-c", SHARED, NUMBA_CACHE_DIR=str(tmp_path))
    assert job.returncode == 0, job.stdout
    n_first, n_second, *compiled_twice = job.stdout.split()
    assert compiled_twice == []
    assert min(int(n_first), int(n_second)) > 10
