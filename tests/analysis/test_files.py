"""Files of recordings told, drawn and compared by `distsim inspect`, `plot` and `compare`."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread

from distsim.cli import main
from distsim.io import (
    PopulationInfo,
    Provenance,
    RunInfo,
    SegmentData,
    SignalData,
    SpikeData,
    write,
)

RUN = {"simulator": "distsim", "dt": 0.1, "seed": 4}


def recorded(n_cells=20, shift=0.0, raised=0.0, rng_seed=1):
    rng = np.random.default_rng(rng_seed)
    cells = np.arange(n_cells)
    times, senders = (
        np.round(rng.uniform(1, 99, 10 * n_cells), 1),
        rng.integers(n_cells, size=10 * n_cells),
    )
    order = np.lexsort((senders, times))
    times, senders = times[order], senders[order]
    times[-1] += shift
    v = rng.normal(-65, 2, (1000, 3))
    v[500, 1] += raised
    spikes = SpikeData(cells, times, senders, np.zeros(n_cells))
    exc = PopulationInfo("exc", n_cells, 0, {}, "IF_curr_exp")
    quiet = PopulationInfo("quiet", 3, n_cells, {}, "IF_cond_exp")
    none = SpikeData(np.arange(3), np.zeros(0), np.zeros(0, int), np.zeros(3))
    return [
        SegmentData(
            0,
            0.0,
            100.0,
            {"trial": 1},
            [(exc, spikes, [SignalData("v", "mV", cells[:3], v, 0.0, 0.1)]), (quiet, none, [])],
        )
    ]


@pytest.fixture
def path(tmp_path):
    write(tmp_path / "run.h5", recorded(), RUN)
    return tmp_path / "run.h5"


def test_inspect_tells_of_the_run_and_of_each_population(path, capsys):
    assert main(["inspect", str(path)]) == 0
    text = capsys.readouterr().out
    assert "dt 0.1, seed 4" in text
    assert "segment 0: 0 to 100 ms; trial 1" in text
    exc, quiet = text.splitlines()[-2:]
    assert exc.split()[:6] == ["exc", "IF_curr_exp", "20", "20", "200", "100"]
    assert exc.endswith("v [mV] of 3 cells, 1000 samples every 0.1 ms")
    assert quiet.split() == ["quiet", "IF_cond_exp", "3", "3", "0", "0", "-", "-"]


def with_provenance(script, seconds):
    ranks = {"cells": np.array([11.0, 12.0]), "run [s]": np.array(seconds)}
    facts = {"script": script, "partition": "block"}
    return RunInfo(RUN, provenance=Provenance(facts, ranks))


def test_how_a_file_came_about_is_told_but_not_compared(tmp_path, capsys):
    paths = [tmp_path / "a.h5", tmp_path / "b.h5"]
    for path, seconds in zip(paths, ([1.5, 2.25], [1.0, np.nan]), strict=True):
        write(path, recorded(), with_provenance(path.stem, seconds))
    assert main(["compare", *map(str, paths)]) == 0
    capsys.readouterr()
    assert main(["inspect", str(paths[1])]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("script b" in line and "partition block" in line for line in lines)
    first = lines.index(next(line for line in lines if line.startswith("of each rank ")))
    assert [line.split() for line in lines[first + 1 : first + 3]] == [
        ["cells", "11", "12", "11", "11.5", "12", "1.043"],
        ["run", "[s]", "1", *"-----"],
    ]


def test_other_parameters_are_another_network(tmp_path, capsys):
    paths = [tmp_path / "a.h5", tmp_path / "b.h5"]
    for path, tau_m in zip(paths, (10.0, np.linspace(9, 11, 20)), strict=True):
        (segment,) = recorded()
        (info, *exc), quiet = segment.populations
        info = replace(info, parameters={"cm": 1.0, "tau_m": tau_m})
        write(path, [replace(segment, populations=[(info, *exc), quiet])], RUN)
    assert main(["compare", *map(str, paths)]) == 1
    text = capsys.readouterr().out
    assert "tau_m of 'exc' is different" in text
    assert "cm of" not in text


def test_equal_files_are_the_same_and_others_say_where_they_differ(path, tmp_path, capsys):
    other = tmp_path / "other.h5"
    write(other, recorded(), RUN | {"mpi_processes": 3})
    assert main(["compare", str(path), str(other)]) == 0
    assert "the same network" in capsys.readouterr().out

    write(other, recorded(shift=0.5), RUN)
    assert main(["compare", str(path), str(other)]) == 1
    (line,) = (row for row in capsys.readouterr().out.splitlines() if row.startswith("exc "))
    last = recorded()[0].populations[0][1]
    assert f"at {last.times[-1]:g} ms, of cell {last.senders[-1]}, in the first file only" in line

    write(other, recorded(raised=0.25), RUN)
    assert main(["compare", str(path), str(other)]) == 1
    assert "0.25" in capsys.readouterr().out
    assert main(["compare", "--tolerance", "0.3", str(path), str(other)]) == 0

    write(other, recorded(n_cells=21), RUN | {"seed": 5})
    assert main(["compare", str(path), str(other)]) == 1
    text = capsys.readouterr().out
    assert "seed = 4 in" in text
    assert "spikes, v of 20 IF_curr_exp 'exc' in place of spikes, v of 21 IF_curr_exp" in text


@pytest.mark.parametrize("n_cells", [10, 100_000])
def test_a_picture_shows_spikes_of_few_and_of_many_cells(tmp_path, n_cells, capsys):
    path = tmp_path / "run.h5"
    write(path, recorded(n_cells), RUN)
    assert main(["plot", str(path)]) == 0
    assert str(tmp_path / "run.png") in capsys.readouterr().out
    image = imread(tmp_path / "run.png")
    assert image.shape[1] == 990
    # the raster: blue marks on white
    blue = (image[..., 2] > 0.6) & (image[..., 0] < 0.3)
    assert 0.0005 < blue.mean() < 0.3


def test_a_picture_is_a_vector_graphic_where_its_name_says_so(path, tmp_path):
    for suffix, begin in ((".svg", b"<?xml"), (".pdf", b"%PDF")):
        picture = tmp_path / f"folder/picture{suffix}"
        assert main(["plot", str(path), "-o", str(picture), "--segment", "0"]) == 0
        assert picture.read_bytes().startswith(begin)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["inspect", "none.h5"], "distsim: 'none.h5' is not a file"),
        (["plot", "{path}", "-o", "x.bmp"], "distsim: 'x.bmp' must end in one of .png"),
        (["plot", "{path}", "--segment", "3"], "distsim: segment 3 of"),
        (["compare", "{path}", __file__], f"distsim: '{__file__}' is not an HDF5 file"),
    ],
)
def test_a_mistake_is_told_in_one_line(path, arguments, message, capsys):
    assert main([argument.format(path=path) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith(message)
    assert error.count("\n") == 1


def test_a_file_is_inspected_without_mpi(path):
    script = (
        "import sys; from distsim.cli import main; "
        f"main(['inspect', {str(path)!r}]); print('mpi4py.MPI' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "False"
