"""Machine code is kept by version: nothing that was compiled from other files is ever run."""

import importlib
import sys
from pathlib import Path

import pytest
from numba.core.dispatcher import Dispatcher

import distsim
from distsim import compiled

PACKAGES = [importlib.import_module(package) for package in compiled.PACKAGES]
MODULES = [
    f"{package.__name__}.{file.stem}"
    for package in PACKAGES
    for file in Path(package.__file__).parent.glob("*.py")
    if "\n@njit" in file.read_text()
]


@pytest.mark.parametrize("name", MODULES)
def test_compiled_functions_are_kept_in_the_folder_of_this_version(name):
    # imported by `import distsim`, while that folder was set
    functions = [each for each in vars(sys.modules[name]).values() if isinstance(each, Dispatcher)]
    assert functions
    for function in functions:
        path = getattr(function._cache, "cache_path", None)
        assert path is None or Path(path).is_relative_to(compiled.code_folder()), function


def test_a_change_of_any_file_changes_the_folder(monkeypatch):
    before = compiled.code_folder()
    read = Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda file: read(file) + b"#" * (file.name == "membrane.py")
    )
    assert compiled.code_folder() != before


def test_the_user_s_folder_holds_those_of_all_versions(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    mine, other = compiled.code_folder(), tmp_path / f"{compiled.PREFIX}0"
    assert mine.parent == tmp_path
    for folder in (mine, other, tmp_path / "another_package"):
        folder.mkdir()
    compiled.forget_other_versions()
    assert sorted(tmp_path.iterdir()) == sorted([mine, tmp_path / "another_package"])


def test_other_packages_keep_their_code_where_they_want():
    import numba

    assert not str(numba.config.CACHE_DIR).startswith(str(compiled.code_folder()))
    assert distsim.__version__
