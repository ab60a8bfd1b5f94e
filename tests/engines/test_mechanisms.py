"""NEURON's mechanisms: compiled once, into a folder of the user's."""

import os
import shutil
from importlib.metadata import version
from importlib.util import find_spec

import pytest

from distsim import user_folders
from distsim.engines.neuron import mechanisms
from distsim.engines.neuron.mechanisms import compiled_mechanisms, mechanism_files
from distsim.errors import EngineError

if find_spec("neuron") is None:
    pytest.skip("NEURON is not installed", allow_module_level=True)
if not (shutil.which("make") and shutil.which("c++")):
    pytest.skip("NEURON's mechanisms need make and a C++ compiler", allow_module_level=True)

VERSION = version("neuron")


def environ_with(folder, **variables):
    return os.environ | {"XDG_CACHE_HOME": str(folder)} | variables


def test_they_are_compiled_once_for_each_version(tmp_path, monkeypatch):
    environ = environ_with(tmp_path)
    # all of them are compiled where NEURON is the engine
    few = [file for file in mechanism_files() if file.name == "spikerelay.mod"]
    monkeypatch.setattr(mechanisms, "mechanism_files", lambda: few)
    folder = compiled_mechanisms(VERSION, environ)
    assert [path.name for path in (tmp_path / "distsim" / "mechanisms").iterdir()] == [folder.name]
    assert list(folder.glob("*/*nrnmech*"))
    monkeypatch.setattr(mechanisms, "_compile", None)
    assert compiled_mechanisms(VERSION, environ) == folder
    with pytest.raises(TypeError):
        compiled_mechanisms("another version", environ)
    assert [path.name for path in (tmp_path / "distsim" / "mechanisms").iterdir()] == [folder.name]


def test_who_comes_second_takes_what_the_first_has_compiled(tmp_path):
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "library").write_text(name)
    mechanisms._publish(tmp_path / "mine", tmp_path / "theirs")
    assert (tmp_path / "theirs" / "library").read_text() == "theirs"


def test_what_is_missing_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(mechanisms.sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(EngineError, match=r"nrnivmodl .*make .*apt install g\+\+") as caught:
        compiled_mechanisms("9", environ_with(tmp_path, PATH=str(tmp_path), CXX=""))
    assert not list((tmp_path / "distsim" / "mechanisms").iterdir())
    assert "pip install 'distsim[neuron]'" in str(caught.value)


@pytest.mark.parametrize("coreneuron", [False, True])
def test_what_the_compiler_says_last_is_shown(tmp_path, monkeypatch, coreneuron):
    wrong = tmp_path / "wrong.mod"
    wrong.write_text("NEURON { POINT_PROCESS }\n")
    monkeypatch.setattr(mechanisms, "mechanism_files", lambda: [wrong])
    with pytest.raises(EngineError, match=r"nrnivmodl( -coreneuron)? ended with status") as caught:
        compiled_mechanisms(VERSION, environ_with(tmp_path / "cache"), coreneuron)
    assert ("without coreneuron=True there is less to compile" in str(caught.value)) == coreneuron
    assert not list((tmp_path / "cache" / "distsim" / "mechanisms").iterdir())


def test_without_any_folder_it_is_told_what_to_set(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(user_folders, "_own_temporary_folder", lambda: tmp_path / "file")
    with pytest.raises(EngineError, match="set XDG_CACHE_HOME"):
        compiled_mechanisms("9", environ_with(tmp_path / "file"))


def test_the_files_are_pynns_and_distsims():
    names = [file.name for file in mechanism_files()]
    assert names == [
        "expisyn.mod",
        "alphaisyn.mod",
        "alphasyn.mod",
        "adexpreset.mod",
        "depressingsynapse.mod",
        "gapjunction.mod",
        "izhikevichcell.mod",
        "plasticsynapse.mod",
        "poissonsource.mod",
        "quantalsynapse.mod",
        "sfareset.mod",
        "spikerelay.mod",
        "spikereset.mod",
        "traubchannels.mod",
    ]
