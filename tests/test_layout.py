"""The folders on disk are the packages that are installed."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_listed_packages_are_the_folders_on_disk():
    folders = {"distsim.io": ROOT / "io", "distsim.partitioning": ROOT / "partitioning"}
    for init in (ROOT / "distsim").rglob("__init__.py"):
        folders[".".join(init.parent.relative_to(ROOT).parts)] = init.parent
    assert sorted(SETUPTOOLS["packages"]) == sorted(folders)
    assert all((folder / "__init__.py").is_file() for folder in folders.values())


def test_every_folder_of_modules_is_a_package():
    for top in ("distsim", "io", "partitioning"):
        for module in (ROOT / top).rglob("*.py"):
            assert (module.parent / "__init__.py").is_file(), module


def test_folders_at_the_top_are_installed_below_distsim():
    assert SETUPTOOLS["package-dir"] == {
        "distsim": "distsim",
        "distsim.io": "io",
        "distsim.partitioning": "partitioning",
    }


def test_tests_are_not_packages():
    assert not list((ROOT / "tests").rglob("__init__.py"))
