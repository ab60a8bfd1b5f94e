"""The notebook runs from its first cell to its last, in a kernel of its own."""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "examples" / "tutorial.ipynb"


def test_the_notebook_runs_and_two_ranks_give_what_one_gives(tmp_path, monkeypatch):
    # the kernel is this Python, which has distsim
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    told = "".join(output["text"] for output in outputs if output.output_type == "stream")
    assert "[9.9 9.9 9.9 9.9 9.9 9.9 9.9 9.9 9.9]" in told
    assert "2 ranks" in told
    assert "spikes; equal to the bit: True" in told
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2


def test_the_notebook_is_kept_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
