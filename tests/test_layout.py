"""The folders on disk are the packages that are installed."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["scikit-build"]


def test_folders_at_the_top_are_installed_below_distsim():
    assert BUILD["wheel"]["packages"] == {
        "distsim": "distsim",
        "distsim/io": "io",
        "distsim/partitioning": "partitioning",
    }


def test_every_folder_of_modules_is_a_package():
    for top in ("distsim", "io", "partitioning"):
        for module in (ROOT / top).rglob("*.py"):
            assert (module.parent / "__init__.py").is_file(), module


def test_tests_are_not_packages():
    assert not list((ROOT / "tests").rglob("__init__.py"))
