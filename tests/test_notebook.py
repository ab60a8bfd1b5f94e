"""The notebook runs from its first cell to its last, in a kernel of its own."""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "examples" / "tutorial.ipynb"

# Jupyter interrupts a kernel by this signal
INTERRUPTED = """
import os, signal, threading

sim.setup()
cells = sim.Population(1000, sim.IF_curr_exp(i_offset=2.0))
cells.record("spikes")
threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
sim.run(1e8)
"""
AFTER = """
t, n_spikes = sim.get_current_time(), len(cells.get_data().segments[0].spiketrains[0])
print("went on:", 0.0 < t < 1e8 and n_spikes > 0 and sim.run(5.0) == t + 5.0)
"""


def test_the_notebook_runs_and_two_ranks_give_what_one_gives(tmp_path, monkeypatch):
    # the kernel is this Python, which has distsim
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    interrupted = nbformat.v4.new_code_cell(INTERRUPTED, metadata={"tags": ["raises-exception"]})
    notebook.cells += [interrupted, nbformat.v4.new_code_cell(AFTER)]
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    told = "".join(output["text"] for output in outputs if output.output_type == "stream")
    assert "[9.9 9.9 9.9 9.9 9.9 9.9 9.9 9.9 9.9]" in told
    assert "2 ranks" in told
    assert "spikes; equal to the bit: True" in told
    *_, stopped, after = notebook.cells
    assert [each.ename for each in stopped.outputs if each.output_type == "error"] == [
        "KeyboardInterrupt"
    ]
    assert "step/s" in "".join(each.get("text", "") for each in stopped.outputs)
    assert "went on: True" in "".join(each.get("text", "") for each in after.outputs)
    tables = [each["data"]["text/html"] for each in outputs if "text/html" in each.get("data", {})]
    assert ["Population" in tables[0], "parallel_network.h5" in tables[1]] == [True, True]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2


def test_the_notebook_is_kept_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
