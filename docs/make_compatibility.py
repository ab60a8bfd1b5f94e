"""Write `compatibility.md`, what of PyNN's API works on which engine, from PyNN and distsim.

Call it by ``python docs/make_compatibility.py``.

A test compares the page with what there is; so whoever adds a name, or lets an engine have more,
calls this.
"""

import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pyNN.common
import pyNN.mock
from pyNN.connectors import Connector
from pyNN.models import BaseCellType, BaseCurrentSource, BaseIonChannelModel, BaseSynapseType
from pyNN.random import AbstractRNG, RandomDistribution
from pyNN.space import BaseStructure
from pyNN.standardmodels import StandardPostSynapticResponse
from pyNN.standardmodels.synapses import STDPTimingDependence, STDPWeightDependence

import distsim
from distsim.engines.registry import ENGINES
from distsim.pynn.setup_extras import EXTRAS, LEVELS, SEEDS
from distsim.pynn.unavailable import WHO_HAS_IT

sys.path.insert(0, str(Path(__file__).parent))
from pynn_names import BACK_ENDS, exported

# the names of modules, and what has not to be
TEST_OF_NAMES = "pynn/test_names.py"
# of this page
TEST = "test_compatibility_page.py"
# all names in a text; those of attributes; those of the back end
WORD, ATTRIBUTE, OF_BACK_END = r"\w+", r"(?<=\.)\w+", r"(?<=sim\.)\w+"
PAGE = Path(__file__).parent / "compatibility.md"
TESTS = PAGE.parents[1] / "tests"

INTRODUCTION = """\
# What of PyNN works

Made by `python docs/make_compatibility.py` from what PyNN 0.13's back ends for NEST, NEURON and Brian 2, and its mock,
export, and from what distsim has; a test compares them. "Tested in" is the file of `tests/` that has most to do with a name.

## The least change

| a script that says | says | or |
| --- | --- | --- |
| `import pyNN.nest as sim` | `import pyNN.distsim as sim` | `import distsim as sim` |
| `from pyNN.nest import *` | `from pyNN.distsim import *` | `from distsim import *` |
| `sim, options = get_simulator()` | the same, started by `python model.py distsim` | `distsim run -n 4 model.py distsim` |

Tried with three scripts (`tests/pynn/scripts`): cells and dynamic synapses under currents; a random network of seeded
`NumpyRNG`s with views, callbacks and options of the command line; the procedural functions and STDP. Each gave the same spikes,
potentials, weights and times on pyNN.nest and, with that one word replaced, on distsim on 2 ranks (`tests/pynn/test_scripts.py`).

`import distsim.nest as sim` and so on let another simulator run the script (see [engines](engines.md)).
"""

# of modules of PyNN's back ends that are part of its API
YES, NO = "yes", "-"
DEPRECATED = "PyNN's DeprecationWarning"
REASONS = {
    "nestml": "models in NESTML are not read; native_cell_type() takes any that NEST has",
    "nineml": "models in NineML are not read; sim.cell_type() declares one",
    "neuroml": "a part of PyNN's MultiCompartmentNeuron",
}
# what inspection does not show of engines
WITHOUT_CURRENTS = ("spinnaker",)
OF_ONE_ENGINE = {
    distsim.NativeCellType: "neuron",
    BaseIonChannelModel: "neuron",
    distsim.native_cell_type: "nest",
}
NOTES = {
    "PointNeuron": "which of its receptors, see [engines](engines.md#models)",
    "create": DEPRECATED,
    "connect": DEPRECATED,
    "export_to_sonata": "each rank writes all: give each a folder of its own",
    "GSLRNG": "an error where PyGSL is not installed, as in PyNN",
}
KINDS: dict[str, tuple[type, ...]] = {
    "Cells": (BaseCellType,),
    "Parts of a PointNeuron": (StandardPostSynapticResponse, distsim.LIF, distsim.AdExp),
    "Ion channels": (BaseIonChannelModel,),
    "Current sources": (BaseCurrentSource, distsim.NativeElectrodeType),
    "Synapses": (BaseSynapseType, distsim.NativeSynapseType),
    "Parts of an STDPMechanism": (STDPTimingDependence, STDPWeightDependence),
    "Connectors": (Connector,),
    "Structures": (BaseStructure,),
    "Random numbers": (AbstractRNG, RandomDistribution),
}
HELPERS = ("pyNN.utility", "pyNN.utility.plotting", "pyNN.serialization")
# what does not work with any back end
FAILING = {
    "setSynapseDynamics": "PyNN sets a 'parameter_name', whatever the name; use set()",
    "randomizeSynapseDynamics": "PyNN sets a 'parameter_name', whatever the name; use set()",
    "load_population": "PyNN reads what its getSpikes() no longer gives",
    "save_population": "PyNN writes what it cannot read; use write_data() and SpikeSourceArray",
    "load_sonata_simulation_plan": "PyNN writes the spikes of a generator, which numpy.hstack refuses",
}
CLASSES = ("Population", "PopulationView", "Assembly", "Projection", "Network", "Space")


def page() -> str:
    """Return the text of the page."""
    names = {name: module for name, module in exported().items() if is_pynns(name, module)}
    there = {name: module for name, module in names.items() if name in distsim.__all__}
    groups: dict[str, list[str]] = {kind: [] for kind in ("Functions", *KINDS, "Others", "Modules")}
    for name in there:
        groups[kind_of(getattr(distsim, name))].append(name)
    parts = [INTRODUCTION, setup_section()]
    for kind, members in groups.items():
        parts.append(f"## {kind}\n\n{table(HEAD, [row(name, there[name]) for name in members])}")
    parts += [class_section(name) for name in CLASSES]
    parts += [helpers_section(name) for name in HELPERS]
    parts.append("## Not there\n\n" + table(("why", "names"), missing(names, there)))
    return "\n".join(parts)


def missing(names: dict[str, str], there: Iterable[str]) -> list[tuple[str, str]]:
    """Return why distsim has not the other names, and which these are."""
    by_reason: dict[str, list[str]] = {}
    for name, module in names.items():
        if name not in there:
            by_reason.setdefault(reason(name, module), []).append(f"`{name}`")
    return [(why, ", ".join(members)) for why, members in sorted(by_reason.items())]


def is_pynns(name: str, module: str) -> bool:
    """Return whether a name is not one of a package that a module of PyNN imports."""
    return not (name.startswith("_") or module == "pyNN")


# --- one name ----------------------------------------------------------------------------------

REMARKS = "tested in; remarks"
HEAD = ("name and arguments", *ENGINES, REMARKS)


def row(name: str, module: str) -> tuple[str, ...]:
    """Return the line of a name that distsim has."""
    thing = getattr(distsim, name)
    has = [YES if there else NO for there in engines_of(name, thing).values()]
    if name in WHO_HAS_IT:
        note, test = f"an error says: {WHO_HAS_IT[name].format(name=name)}", TEST_OF_NAMES
    else:
        note = NOTES.get(name, "")
        is_word = inspect.isclass(thing) or inspect.ismodule(thing)
        test = file_of(name, WORD if is_word else OF_BACK_END)
    return f"`{name}{arguments(name, module)}`", *has, remarks(test, note)


def remarks(*parts: str) -> str:
    """Return what the last column says: one column, as names and engines leave little room."""
    return "; ".join(filter(None, parts))


def kind_of(thing: Any) -> str:
    """Return the section of a thing."""
    if inspect.ismodule(thing):
        return "Modules"
    if not inspect.isclass(thing):
        return "Functions" if callable(thing) else "Others"
    return next((kind for kind, bases in KINDS.items() if issubclass(thing, bases)), "Others")


def engines_of(name: str, thing: Any) -> dict[str, bool]:
    """Return which engines have a thing, or at least one of the models made of it."""
    if name in WHO_HAS_IT:
        return dict.fromkeys(ENGINES, False)
    cells, synapses = cell_models(thing), synapse_models(thing)
    has = {}
    for name_of, entry in ENGINES.items():
        engine = entry.load()
        has[name_of] = (
            any(engine.has(model) for model in cells) or any(map(engine.has_synapse, synapses))
        ) or not (cells or synapses)
    if kind_of(thing) == "Current sources":
        has |= dict.fromkeys(WITHOUT_CURRENTS, False)
    for kind, engine in OF_ONE_ENGINE.items():
        if thing is kind or (inspect.isclass(kind) and is_a(thing, kind)):
            has = {other: other == engine for other in ENGINES}
    return has


def cell_models(thing: Any) -> list[Any]:
    """Return the records of cells that something is, or is a part of."""
    neurons, receptors = (distsim.LIF, distsim.AdExp), (distsim.CurrExp, distsim.CondAlpha)
    if is_a(thing, distsim.PointNeuron):
        pairs = [(neuron, receptor) for neuron in neurons for receptor in receptors]
    elif thing in neurons:
        pairs = [(thing, receptor) for receptor in receptors]
    elif is_a(thing, StandardPostSynapticResponse):
        pairs = [(neuron, thing) for neuron in neurons]
    else:
        is_cell = is_a(thing, BaseCellType) and hasattr(thing, "record")
        return [thing.record] if is_cell else []
    return [distsim.PointNeuron(neuron(), x=receptor()).record for neuron, receptor in pairs]


def synapse_models(thing: Any) -> list[Any]:
    """Return the records of synapses that something is, or is a part of."""
    timing, weight = distsim.SpikePairRule, distsim.AdditiveWeightDependence
    if is_a(thing, STDPTimingDependence):
        timing = thing
    elif is_a(thing, STDPWeightDependence):
        weight = thing
    elif not is_a(thing, BaseSynapseType) or thing is distsim.StandardSynapseType:
        return []
    elif not is_a(thing, distsim.STDPMechanism):
        return [thing().record]
    return [distsim.STDPMechanism(timing(), weight()).record]


def is_a(thing: Any, kind: type) -> bool:
    """Return whether something is a class of that kind."""
    return inspect.isclass(thing) and issubclass(thing, kind)


def arguments(name: str, module: str) -> str:
    """Return the names of the arguments in PyNN, of a cell type its parameters."""
    thing = getattr(distsim, name)
    if not callable(thing):
        return ""
    theirs = argument_names(pynns(name, module))
    names = argument_names(thing) if theirs in ([], ["parameters"], ["args", "kwargs"]) else theirs
    if names in (["parameters"], ["is_symmetric", "parameters"]):
        names = [*getattr(thing, "default_parameters", names)]
    return f"({', '.join(names)})"


def pynns(name: str, module: str) -> Any:
    """Return what PyNN has by a name, if that needs no simulator."""
    if module.split(".")[1] in BACK_ENDS:
        return getattr(pyNN.mock, name, None)
    return getattr(import_module(module), name, None)


def argument_names(function: Any) -> list[str]:
    """Return the names of a function's arguments, those of a class of its constructor."""
    if inspect.isfunction(function):
        # PyNN's mark of what is deprecated hides the function itself
        function = inspect.getclosurevars(function).nonlocals.get("func", function)
    try:
        return [p for p in inspect.signature(function).parameters if p != "self"]
    except (TypeError, ValueError):
        return []


def reason(name: str, module: str) -> str:
    """Return why distsim has not a name."""
    if name in REASONS:
        return REASONS[name]
    back_end = module.split(".")[1]
    if back_end in BACK_ENDS:
        return f"inner part of `pyNN.{back_end}`, works on objects of that simulator"
    return f"PyNN's own; import it from `{module}`"


# --- sections ----------------------------------------------------------------------------------


def setup_section() -> str:
    """Return what `setup()` takes."""
    told = [(f"`{name}`", "stands for `seed`") for name in SEEDS]
    told += [(f"`{name}`", "stands for `log`") for name in LEVELS]
    told.append(("`threads`", "engine nest; else a warning: start ranks instead"))
    for name, extra in EXTRAS.items():
        usual = "".join(f", but for `{value!r}`" for value in extra.usual)
        what = f"with a warning{usual}: {extra.instead}" if extra.instead else "taken"
        told.append((f"`{name}`", what))
    return (
        "## Options of setup()\n\nBeside `timestep`, `min_delay`, `max_delay` and distsim's own, "
        "those of PyNN's back ends, on all engines; any other is refused. Tested in "
        "pynn/test_setup_extras.py.\n\n" + table(("option", "what becomes of it"), told)
    )


def class_section(name: str) -> str:
    """Return the methods and properties of a class, on all engines."""
    ours = getattr(distsim, name)
    theirs = getattr(pyNN.mock, name, None) or getattr(pyNN.common, name)
    rows = []
    for method in sorted(public(theirs), key=str.lower):
        thing = getattr(theirs, method)
        shown = f"`{method}`"
        if callable(thing) and not inspect.isclass(thing):
            shown = f"`{method}({', '.join(argument_names(thing))})`"
        is_old = "*Deprecated*" in (thing.__doc__ or "")
        note = FAILING.get(method, DEPRECATED if is_old else "")
        has = YES if hasattr(ours, method) and method not in FAILING else NO
        rows.append((shown, has, remarks(file_of(method, ATTRIBUTE), note)))
    return f"## {name}\n\n{table(('method or property', 'all engines', REMARKS), rows)}"


def helpers_section(name: str) -> str:
    """Return the functions and classes of one of PyNN's modules that have to do with a back end."""
    module = import_module(name)
    rows = []
    for helper, thing in sorted(vars(module).items(), key=lambda item: item[0].lower()):
        is_own = str(getattr(thing, "__module__", "")).startswith(name)
        test = "" if helper in FAILING else file_of(helper, WORD)
        if is_own and (test or helper in FAILING):
            shown = f"`{helper}({', '.join(argument_names(thing))})`"
            has = NO if helper in FAILING else YES
            note = FAILING.get(helper, NOTES.get(helper, ""))
            rows.append((shown, has, remarks(test, note)))
    return f"## {name}\n\n{table(('function or class', 'works', REMARKS), rows)}"


def public(kind: type) -> list[str]:
    """Return the public methods and properties of a class."""
    return [name for name in dir(kind) if not (name.startswith("_") or name.isupper())]


def file_of(name: str, place: str) -> str:
    """Return the file of the tests in which a name is found most often.

    Parameters
    ----------
    name : str
    place : str
        Regular expression of all names in the places where it may be.
    """
    counts = {file: found[name] for file, found in names_in_tests(place).items()}
    ranked = {file: count * weight(file) for file, count in counts.items() if count}
    return min(ranked, key=lambda file: (-ranked[file], file), default="")


def weight(file: str) -> float:
    """Return how much a name says of what a file tests."""
    if file == TEST_OF_NAMES:
        return 0.01
    return 4.0 if file.startswith("pynn/") else 1.0


@cache
def names_in_tests(place: str) -> dict[str, Counter[str]]:
    """Return how often each name is found in each file of tests, by its path."""
    files = [file for file in sorted(TESTS.rglob("*.py")) if file.name != Path(TEST).name]
    return {
        str(file.relative_to(TESTS)): Counter(re.findall(place, file.read_text())) for file in files
    }


def table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table, and an empty line."""
    lines = [[*titles], ["---"] * len([*titles]), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
