"""Write `models.md`, the models of cells and synapses, from their records.

Call it by ``python docs/make_models.py``.

A test compares the page with the records; so whoever adds a model, or changes one, calls this.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from distsim.engines.registry import engines_with
from distsim.models import CELL_MODELS, SYNAPSE_MODELS, CellModel, SynapseModel

PAGE = Path(__file__).parent / "models.md"
INTRODUCTION = """\
# Models

What cells and synapses the native engine has, by PyNN's names and in PyNN's units; made from the
models' records by `python docs/make_models.py`. `i_injected` is what current sources bring, and a
spike is one that reaches the cell, where it is not said that the cell makes it. State variables in
italics can be initialised but not recorded.
"""


SYNAPSES = """
## Synapses

Beside a StaticSynapse, these have variables that spikes change; `weight` and `delay` [ms] are
parameters of all. What is said of spikes of the source is at the time when they reach the synapse.
Electrical synapses, at the end, carry no spikes, and have no delay: their `weight` [uS] is a
conductance, of which the potentials of two cells make a current; for the method see the
[user guide](user_guide.md#gap-junctions).
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
        "\n```text",
        *model.equations,
        "```",
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
            "\n```text",
            *model.equations,
            "```\n",
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
