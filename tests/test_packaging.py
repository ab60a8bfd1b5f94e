"""What tells others of this package says the same everywhere."""

import ast
import json
import re
import shutil
import tomllib
from datetime import date
from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import yaml
from cffconvert.cli.create_citation import create_citation

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# what a package is called elsewhere
ELSEWHERE = {"matplotlib-base": "matplotlib", "pynn": "pyNN"}


def split(requirement):
    """Return name and least version of a requirement."""
    name, least = re.match(r"([\w-]+) ?>=([\d.]+)", requirement).groups()
    return ELSEWHERE.get(name, name), least


REQUIRED = dict(split(each) for each in PROJECT["dependencies"])
PYTHON = PROJECT["requires-python"].removeprefix(">=")


def test_the_citation_is_valid_and_of_this_version():
    citation = create_citation(str(ROOT / "CITATION.cff"), None)
    citation.validate()
    assert yaml.safe_load(citation.cffstr)["version"] == PROJECT["version"]
    assert "@misc" in citation.as_bibtex() or "@software" in citation.as_bibtex()


def test_codemeta_is_of_this_version():
    found = json.loads((ROOT / "codemeta.json").read_text())
    assert found["@context"].startswith("https://w3id.org/codemeta/")
    for key in ("name", "version", "description", "keywords"):
        assert found[key] == PROJECT[key], key
    assert found["license"].endswith(PROJECT["license"])
    assert found["softwareRequirements"] == sorted(REQUIRED)
    assert found["programmingLanguage"]["version"] == PROJECT["requires-python"]


def test_the_recipe_of_conda_asks_for_what_the_project_does():
    text = (ROOT / "packaging/conda/meta.yaml").read_text()
    (number,) = re.findall(r'set version = "(.*)"', text)
    assert number == PROJECT["version"]
    plain = re.sub(r"{%.*%}", "", text).replace("{{ version }}", number)
    recipe = yaml.safe_load(plain.replace("{{ PYTHON }}", "python"))
    run = dict(split(each) for each in recipe["requirements"]["run"])
    assert run.pop("python") == PYTHON
    assert run == REQUIRED
    assert recipe["build"]["noarch"] == "python"
    (entry,) = recipe["build"]["entry_points"]
    assert entry == f"distsim = {PROJECT['scripts']['distsim']}"


def test_the_recipe_of_spack_asks_for_what_the_project_does():
    tree = ast.parse((ROOT / "packaging/spack/package.py").read_text())
    calls = [
        ast.literal_eval(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "depends_on"
    ]
    asked = dict(call.split("@") for call in calls)
    assert asked.pop("python") == f"{PYTHON}:"
    assert asked.pop("py-scikit-build-core") == "0.11:"
    found = {name.removeprefix("py-"): least.rstrip(":") for name, least in asked.items()}
    assert {ELSEWHERE.get(name, name): least for name, least in found.items()} == REQUIRED


@pytest.mark.parametrize("file", [".pre-commit-config.yaml", ".github/workflows/ci.yml"])
def test_commands_of_hooks_and_workflows_are_there(file):
    text = (ROOT / file).read_text()
    assert yaml.safe_load(text)
    for command in re.findall(r"(?:entry|run): (\.\S+)", text):
        assert (ROOT / command).stat().st_mode & 0o100


def test_a_release_writes_its_number_and_day_everywhere(tmp_path):
    spec = spec_from_file_location("release", ROOT / "packaging/release.py")
    release = module_from_spec(spec)
    spec.loader.exec_module(release)
    for name in release.PLACES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 7.8.9 (unreleased)\n")
    for _ in range(2):
        release.write_number(tmp_path, "7.8.9", date(2031, 2, 3))
        (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 7.8.9 (unreleased)\n")
    with pytest.raises(ValueError, match=r"CHANGELOG.md: expected one line"):
        release.write_number(tmp_path, "8.0.0", date(2031, 2, 3))
    citation = yaml.safe_load((tmp_path / "CITATION.cff").read_text())
    assert (citation["version"], citation["date-released"]) == ("7.8.9", date(2031, 2, 3))
    create_citation(str(tmp_path / "CITATION.cff"), None).validate()
    assert json.loads((tmp_path / "codemeta.json").read_text())["version"] == "7.8.9"
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text())["project"]
    assert project["version"] == "7.8.9"
    assert project["dependencies"] == PROJECT["dependencies"]
    assert '"7.8.9"' in (tmp_path / "packaging/conda/meta.yaml").read_text()
    assert "distsim-7.8.9.tar.gz" in (tmp_path / "packaging/spack/package.py").read_text()


def test_what_is_installed_is_this_version():
    assert version("distsim") == PROJECT["version"]
