"""What PyNN's back ends export, read from their source: the simulators need not be installed."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

__all__ = ["BACK_ENDS", "exported"]

BACK_ENDS = ("nest", "neuron", "brian2", "mock")


def exported() -> dict[str, str]:
    """Return the public names of all back ends, and the module in which each is defined.

    Returns
    -------
    dict of str to str
        Names that PyNN's own modules define; of a submodule, its own name. Where back ends differ,
        the module of PyNN's common code.
    """
    names = _names("pyNN.space") | _names("pyNN.random")
    for back_end in BACK_ENDS:
        parts = {name: f"pyNN.{back_end}.{name}" for name in _submodules(back_end)}
        for name, module in (parts | _names(f"pyNN.{back_end}")).items():
            if name not in names or not _is_of_back_end(module):
                names[name] = module
    return dict(sorted(names.items(), key=lambda item: item[0].lower()))


def _submodules(back_end: str) -> list[str]:
    folder = _path(f"pyNN.{back_end}").parent
    stems = {path.stem for path in folder.iterdir() if not path.stem.startswith("_")}
    return [stem for stem in stems if _path(f"pyNN.{back_end}.{stem}")]


def _is_of_back_end(module: str) -> bool:
    return module.split(".")[1] in BACK_ENDS


@cache
def _names(module: str) -> dict[str, str]:
    """Return the public names at the top of a module, with where they are defined."""
    found: dict[str, str] = {}
    path = _path(module)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for statement in _statements(ast.parse(path.read_text()).body):
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found[statement.name] = module
        elif isinstance(statement, ast.Assign):
            found.update(dict.fromkeys(_assigned(statement, module), module))
        elif isinstance(statement, ast.ImportFrom):
            found.update(_imported(statement, package))
    return {name: where for name, where in found.items() if not name.startswith("_")}


def _imported(statement: ast.ImportFrom, package: str) -> dict[str, str]:
    """Return the names that one statement takes from modules of PyNN."""
    parts = package.split(".")
    base = parts[: len(parts) + 1 - statement.level] if statement.level else []
    source = ".".join([*base, *([statement.module] if statement.module else [])])
    if not source.startswith("pyNN") or _path(source) is None:
        return {}
    if statement.names[0].name == "*":
        return _names(source)
    found = {}
    for alias in statement.names:
        inner = f"{source}.{alias.name}"
        is_module = _path(inner) is not None
        found[alias.asname or alias.name] = (
            inner if is_module else _names(source).get(alias.name, source)
        )
    return found


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, and of what it tries."""
    for statement in body:
        if isinstance(statement, ast.Try):
            yield from _statements(statement.body)
        else:
            yield statement


def _assigned(statement: ast.Assign, module: str) -> list[str]:
    """Return the names that are given to functions and classes."""
    is_api = module.endswith((".control", ".procedural_api"))
    if not (is_api or isinstance(statement.value, ast.Name)):
        return []
    targets = [t for target in statement.targets for t in getattr(target, "elts", [target])]
    return [target.id for target in targets if isinstance(target, ast.Name)]


@cache
def _path(module: str) -> Path | None:
    """Return the file of a module of PyNN; None if there is none."""
    folder = Path(find_spec("pyNN").submodule_search_locations[0])
    place = folder.joinpath(*module.split(".")[1:])
    for path in (place / "__init__.py", place.with_suffix(".py")):
        if path.is_file():
            return path
    return None
