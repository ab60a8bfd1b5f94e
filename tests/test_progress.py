"""Bars that show how far something is."""

import shutil
import sys
import types

import numba
import numpy as np
import pytest
import tqdm.auto

import distsim as sim
from distsim import progress
from distsim.cli import main
from distsim.engines.native import connectome
from distsim.network import spool
from distsim.progress import progress_bar


def test_a_bar_says_when_something_is_compiled(capsys):
    @numba.njit
    def inner(x):
        return x + 1

    @numba.njit
    def outer(x):
        return inner(x) + 1

    with progress_bar("build", None, "synapse", True) as bar:
        bar(1)
        assert "compiling" not in capsys.readouterr().err
        outer(1)
        said = capsys.readouterr().err
        assert "compiling" in said
        assert "compiling" not in said.splitlines()[-1].split("\r")[-1]
        outer(2)
        assert "compiling" not in capsys.readouterr().err


@pytest.fixture
def nobody_looks(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)


@pytest.fixture
def in_notebook(nobody_looks, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))


@pytest.mark.parametrize(
    ("where", "delay", "is_shown"),
    [("nobody_looks", 0.0, False), ("in_notebook", 0.0, True), ("in_notebook", 60.0, False)],
)
def test_a_bar_is_shown_where_somebody_may_look_at_it_of_what_takes_longer(
    where, delay, is_shown, monkeypatch, capsys, request
):
    request.getfixturevalue(where)
    monkeypatch.setattr(progress, "DELAY", delay)
    with progress_bar("run", 10, "step", None) as bar:
        bar(1)
    assert ("run" in capsys.readouterr().err) is is_shown


def test_what_is_compiled_is_told_at_once(in_notebook, monkeypatch, capsys):
    monkeypatch.setattr(progress, "DELAY", 60.0)
    with progress_bar("build", None, "synapse", None) as bar:
        bar(1)
        numba.njit(lambda x: x + 3)(1)
    assert "compiling" in capsys.readouterr().err


@pytest.fixture
def bars(monkeypatch):
    """Return, of each bar that is made, label, how many were done, and of how many."""
    found = {}

    class Noting(tqdm.auto.tqdm):
        def close(self):
            if not self.disable:
                # of what is whole, the number done takes the place of an estimate
                found.setdefault(self.desc, []).append((self.n, self.told, self.total))
            super().close()

        def __init__(self, **options):
            self.told = options.get("total")
            super().__init__(**options)

    monkeypatch.setattr(tqdm.auto, "tqdm", Noting)
    return found


def test_construction_run_gathering_writing_and_merging_have_a_bar(
    bars, tmp_path, monkeypatch, in_notebook
):
    monkeypatch.setattr(progress, "DELAY", 0.0)
    monkeypatch.setattr(spool, "FLUSH_SECONDS", 0.0)
    path = tmp_path / "run.h5"
    sim.setup(timestep=0.1, log=False)
    cells = sim.Population(5, sim.IF_curr_exp(i_offset=np.linspace(0.5, 2.0, 5)))
    sim.Projection(cells, cells, sim.AllToAllConnector())
    sim.Projection(
        cells, cells, sim.FromListConnector([(0, 1), (0, 2)]), sim.TsodyksMarkramSynapse()
    )
    cells.record(["spikes", "v"], to_file=path)
    sim.run(20.0)
    n_spikes = sum(cells.get_spike_counts().values())
    assert n_spikes > 0
    cells.get_data()
    shutil.copytree(tmp_path / "run.h5.parts", tmp_path / "killed.parts")
    sim.end()
    assert main(["merge", str(tmp_path / "killed.parts"), "-o", str(tmp_path / "merged.h5")]) == 0
    n_bytes = 8 * (2 * n_spikes + 5 * 201)
    assert bars == {
        "build": [(27, 27, 27)],
        "run": [(200, 200, 200)],
        "gather": [(8 * (n_spikes + 5 * 201),) * 3],
        "write": [(n_bytes,) * 3],
        "merge": [(n_bytes,) * 3],
    }


@pytest.mark.parametrize("synapse", ["StaticSynapse", "TsodyksMarkramSynapse"])
def test_half_of_construction_is_to_count(bars, monkeypatch, synapse):
    sim.setup(timestep=0.1, log=False, progress=True)
    cells = sim.Population(20, sim.IF_curr_exp())
    sim.Projection(cells, cells, sim.AllToAllConnector(), getattr(sim, synapse)(weight=0.1))
    counted = []
    sort = connectome.PossibleRows.sort

    def between(rows):
        (bar,) = tqdm.auto.tqdm._instances
        counted.append((bar.n, bar.total))
        return sort(rows)

    monkeypatch.setattr(connectome.PossibleRows, "sort", between)
    sim.run(1.0)
    assert counted == [(200, 400)]
    assert bars["build"] == [(400, 400, 400)]


@pytest.mark.parametrize("name", ["run.pkl", "run.nix"])
def test_what_neo_writes_has_a_bar_of_the_bytes_that_are_there(bars, tmp_path, name):
    sim.setup(timestep=0.1, log=False, progress=True)
    cells = sim.Population(5, sim.IF_curr_exp(i_offset=1.0))
    cells.record("v")
    sim.run(20.0)
    cells.write_data(tmp_path / name)
    n_bytes = (tmp_path / name).stat().st_size
    assert n_bytes > 5 * 201 * 8
    assert bars["write"] == [(n_bytes, None, n_bytes)]


def test_conversion_has_a_bar(bars, tmp_path, monkeypatch, in_notebook):
    monkeypatch.setattr(progress, "DELAY", 0.0)
    sim.setup(timestep=0.1, log=False, progress=False)
    cells = sim.Population(5, sim.IF_curr_exp(i_offset=1.0))
    cells.record("v")
    sim.run(20.0)
    cells.write_data(tmp_path / "run.h5")
    assert main(["convert", str(tmp_path / "run.h5"), str(tmp_path / "run.nix")]) == 0
    n_bytes = (tmp_path / "run.nix").stat().st_size
    assert bars == {"convert": [(n_bytes, None, n_bytes)]}


def test_where_a_rule_tells_no_number_a_bar_has_no_end(bars):
    sim.setup(timestep=0.1, log=False, progress=True)
    cells = sim.Population(20, sim.IF_curr_exp())
    sim.Projection(cells, cells, sim.DistanceDependentProbabilityConnector("d < 3"))
    sim.run(1.0)
    ((n, told, total),) = bars["build"]
    assert told is None
    assert n == total > 0
    bars.clear()
    # nothing is built, nothing gathered
    sim.run(1.0)
    assert list(bars) == ["run"]


def test_what_fails_leaves_its_bar_as_far_as_it_was(bars):
    def fail():
        with progress_bar("run", 10, "step", True) as bar:
            bar(3)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert bars == {"run": [(3, 10, 10)]}
