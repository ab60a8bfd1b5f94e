"""Write `models.md`, the models of cells and synapses, from their records.

Call it by ``python docs/make_models.py``.

A test compares the page with the records; so whoever adds a model, or changes one, calls this. The
pictures are drawn when the site is built (`draw_models.py`).
"""

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from latex import latex

from distsim.engines.registry import engines_with
from distsim.models import CELL_MODELS, SYNAPSE_MODELS, CellModel, SynapseModel

PAGE = Path(__file__).parent / "models.md"
CELL = "{name}: v under two currents, and after a spike of each receptor type"
JUNCTION = "{name}: v of two cells, one of which has a current"
LEARNING = "{name}: how a pair of spikes changes the weight, and how many pairs do"
TRAIN = "{name}: the current of the target under a train of spikes"
INTRODUCTION = """\
# Models

What cells and synapses the native engine has, by PyNN's names and in PyNN's units; made from the
models' records by `python docs/make_models.py`. In equations a name has what follows its first `_`
as index: `tau_syn_E` is $\\tau_{\\mathrm{syn},\\mathrm{E}}$, and `isyn_exc` is
$i_{\\mathrm{syn},\\mathrm{exc}}$. `i_injected` is what current sources bring; a spike is one that
reaches the cell, where it is not said that the cell makes it. State variables in italics can be
initialised but not recorded.

The pictures are of cells with their default parameters, simulated with steps of 0.1 ms: on the left
under two constant currents, on the right after one spike, for each receptor type.
"""


SYNAPSES = """
## Synapses

Beside a StaticSynapse, these have variables that spikes change; `weight` and `delay` [ms] are
parameters of all. What is said of spikes of the source is at the time when they reach the synapse.
Electrical synapses, at the end, carry no spikes, and have no delay: their `weight` [uS] is a
conductance, of which the potentials of two cells make a current; for the method see the
[user guide](user_guide/gap_junctions.md).

The pictures are of what spikes make of a weight: on the left one pair, on the right a pair each
100 ms; or of the current that a train of spikes makes in an IF_curr_exp, where synapses draw random
numbers by three of them.
"""


def page(models: Iterable[CellModel], synapses: Iterable[SynapseModel]) -> str:
    """Return the text of the page.

    Parameters
    ----------
    models : iterable of CellModel
    synapses : iterable of SynapseModel

    Raises
    ------
    ValueError
        If a record lacks what the page shows.
    """
    models, synapses = list(models), list(synapses)
    contents = "\n".join(
        f"- [{model.name}](#{model.name.lower()}): {model.title}" for model in models
    )
    contents += "\n- [Synapses](#synapses): plasticity, short-term dynamics, chance, gap junctions."
    parts = [*map(section, models), SYNAPSES, *map(synapse_section, synapses)]
    return "\n".join([INTRODUCTION, contents, *parts])


def synapse_section(model: SynapseModel) -> str:
    """Return what the page says of a synapse model."""
    for name in ("title", "equations"):
        if not getattr(model, name):
            raise ValueError(f"the record of {model.name} has no '{name}'")
    lines = [
        f"\n### {model.name}\n",
        f"{model.title} {f'{model.source}.' if model.source else ''}".rstrip(),
        "",
        equations(model),
        "",
        picture(model),
    ]
    if model.is_electrical:
        return "\n".join(lines)
    others = [(s.name, f"{s.initial:g}") for s in model.initial_variables]
    variables = [("weight", "that of the projection"), *others]
    return "\n".join(
        [
            *lines,
            "",
            table(
                ("parameter", "default", "unit", "allowed", "meaning"),
                [
                    (f"`{p.name}`", default(p), p.unit, allowed(p), p.meaning)
                    for p in model.parameters
                ],
            ),
            table(
                ("variable", "initial value"), [(f"`{name}`", first) for name, first in variables]
            ).rstrip(),
        ]
    )


def section(model: CellModel) -> str:
    """Return what the page says of a model."""
    for name in ("title", "equations", "method"):
        if not getattr(model, name):
            raise ValueError(
                f"the record of {model.name} has no '{name}'; say there what the documentation "
                "shall show"
            )
    recordables = ["spikes", *(state.name for state in model.states if state.is_recordable)]
    return "\n".join(
        [
            f"\n## {model.name}\n",
            f"{model.title} {f'{model.source}.' if model.source else ''}".rstrip(),
            "",
            equations(model),
            "",
            picture(model),
            "",
            f"Method: {model.method}. Engines: {', '.join(engines_with(model))}.\n",
            table(
                ("parameter", "default", "unit", "allowed", "meaning"),
                [
                    (f"`{p.name}`", default(p), p.unit, allowed(p), p.meaning)
                    for p in model.parameters
                ],
            ),
            table(
                ("state variable", "initial value", "unit"),
                [
                    (f"`{s.name}`" if s.is_recordable else f"*{s.name}*", f"{s.initial:g}", s.unit)
                    for s in model.states
                    if not s.is_native
                ],
            ),
            table(
                ("receptor type", "a spike adds its weight to"),
                [(f"`{r.name}`", f"`{r.state}`") for r in model.receptors],
            ),
            f"Recordable: {', '.join(f'`{name}`' for name in recordables)}.",
        ]
    )


def equations(model: CellModel | SynapseModel) -> str:
    """Return the equations of a model in LaTeX."""
    names = [*model.parameters, *model.states]
    if isinstance(model, SynapseModel):
        names += [*model.source_states, *model.source_traces, *model.target_traces]
    else:
        names += model.fixed
    return latex(model.equations, [each.name for each in names])


def picture(model: CellModel | SynapseModel) -> str:
    """Return the picture that the build of the site draws of a model."""
    said = CELL
    if isinstance(model, SynapseModel):
        said = LEARNING if model.is_learning else JUNCTION if model.is_electrical else TRAIN
    return f"![{said.format(name=model.name)}](pictures/models/{picture_name(model.name)})"


def picture_name(model: str) -> str:
    """Return the name of the file with the picture of a model."""
    return f"{re.sub(r'[^A-Za-z0-9_]+', '_', model)}.svg"


def default(parameter) -> str:
    """Return the default of a parameter, all numbers of it."""
    several = parameter.default if isinstance(parameter.default, tuple) else (parameter.default,)
    return ", ".join(f"{number:g}" for number in several)


def allowed(parameter) -> str:
    """Return what values a parameter can take."""
    bound = parameter.bound.value
    return f"below `{parameter.below}`" if parameter.below else bound


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, and an empty line."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(CELL_MODELS.values(), SYNAPSE_MODELS.values()))
