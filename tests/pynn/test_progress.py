"""Bars that show how far something is."""

import sys
import types

import numba
import pytest

from distsim.pynn.progress import progress_bar


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


@pytest.mark.parametrize("is_notebook", [False, True])
def test_a_bar_is_shown_where_somebody_may_look_at_it(is_notebook, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    if is_notebook:
        monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    with progress_bar("run", 10, "step", None) as bar:
        bar(1)
    assert ("run" in capsys.readouterr().err) is is_notebook
