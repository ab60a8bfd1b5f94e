"""PyNN's own helpers of scripts, with what distsim gives them."""

import matplotlib
import numpy as np
import pyNN.utility
import pytest
from pyNN.utility.plotting import DataTable, Figure, Panel, comparison_plot

from distsim.errors import ParameterError


def test_a_script_of_pynns_helpers_runs(sim, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(matplotlib, "get_backend", lambda: "agg")
    matplotlib.use("Agg")
    timer = pyNN.utility.Timer()
    timer.start()
    cells = sim.Population(4, sim.IF_cond_exp(i_offset=1.5), label="cells")
    cells.record(["spikes", "v", "gsyn_exc"])
    sim.run(40.0, callbacks=[pyNN.utility.SimulationProgressBar(10.0, 40.0)])
    assert "100%" in capsys.readouterr().out
    assert timer.diff() > 0
    pyNN.utility.ProgressBar(20)(0.5)
    assert "50%" in capsys.readouterr().out
    file = pyNN.utility.normalized_filename(
        str(tmp_path), "model", "pkl", sim.name(), sim.num_processes()
    )
    assert "model_distsim_np1_" in file
    cells.write_data(file, annotations={"script": "model.py"})
    segment = cells.get_data().segments[0]
    figure = Figure(
        Panel(segment.filter(name="v")[0], ylabel="v (mV)", data_labels=[cells.label]),
        Panel(segment.filter(name="gsyn_exc")[0]),
        Panel(segment.spiketrains, xticks=True),
        Panel(DataTable(np.arange(3.0), np.arange(3.0) ** 2)),
        title="model",
        annotations="by distsim",
    )
    axes = figure.fig.axes
    assert len(axes) == 4
    assert len(axes[0].lines) == len(axes[1].lines) == 4
    times = np.concatenate([line.get_xdata() for line in axes[2].lines])
    assert times.size == sum(len(train) for train in segment.spiketrains) > 0
    figure.save(str(tmp_path / "model.png"))
    assert (tmp_path / "model.png").stat().st_size > 5000
    matplotlib.pyplot.close("all")
    # each cell's v and gsyn_exc, and the spikes of each segment
    compared = comparison_plot([segment, segment], labels=["a", "b"])
    assert len(compared.fig.axes) == 4 + 4 + 2
    matplotlib.pyplot.close("all")


def test_units_are_those_of_variables_and_parameters(sim):
    cells = sim.Population(2, sim.IF_cond_exp())
    assert [cells.find_units(name) for name in ("v", "gsyn_exc", "tau_m")] == ["mV", "uS", "ms"]
    with pytest.raises(ParameterError, match="'spikes' of IF_cond_exp has no units; known are"):
        cells.find_units("spikes")
