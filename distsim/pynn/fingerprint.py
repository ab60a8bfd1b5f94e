"""What a script has described, as texts and checksums by which two descriptions are compared.

Of cells it is what they were when the network was built with them for the first time; so what is
set between two runs makes no other network.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from distsim.engines.base import Engine
from distsim.network.blocks import CellBlock, Column
from distsim.network.prints import print_of
from distsim.pynn.described import describe

__all__ = ["columns_of", "differences", "fingerprint", "note_births", "present_prints"]

Prints = dict[str, str]


def columns_of(population: Any) -> dict[str, Column]:
    """Return all that can be set of a population's cells on this rank, by name."""
    block = population.block
    columns = dict(block.columns())
    if isinstance(block, CellBlock):
        for variable in population.celltype.recordable:
            if variable != "spikes":
                zeros = np.zeros(block.n_local)
                values = population.initial.get(variable, zeros)
                columns[f"initial {variable}"] = block.gids, values
    if population.are_positions_set:
        columns["positions"] = block.gids, population.positions.T[population.local_positions]
    return columns


def present_prints(simulation: Engine, populations: list[Any]) -> list[Prints]:
    """Return checksums of all that can be set of cells, of each population; collective."""
    if not populations:
        return []
    are_set = simulation.any_rank(*(population.are_positions_set for population in populations))
    for population, is_set in zip(populations, are_set, strict=True):
        population.are_positions_set = is_set
    each = [columns_of(population) for population in populations]
    sums = [print_of(*column) for columns in each for column in columns.values()]
    totals = iter(simulation.sum_of_all(np.array(sums, np.uint64)))
    return [{name: f"{int(next(totals)):016x}" for name in columns} for columns in each]


def note_births(state: Any) -> None:
    """Keep what new populations and projections are, before they run; every rank must call it."""
    new = [population for population in state.populations if population.birth is None]
    for population, prints in zip(new, present_prints(state.simulation, new), strict=True):
        population.birth = prints
    projections = [projection for projection in state.projections if projection.birth is None]
    if not projections:
        return
    singly = state.simulation.any_rank(*(each.is_set_singly for each in projections))
    for projection, is_set_singly in zip(projections, singly, strict=True):
        if is_set_singly:
            projection.print += f" {_print_of_values(state.simulation, projection)}"
        projection.birth, projection.is_set_singly = projection.print, False


def _print_of_values(simulation: Engine, projection: Any) -> str:
    """Return a checksum of the values of all connections of a projection; collective."""
    order, targets, sources = projection.addresses()
    columns = [column[order] for column in projection.connection_values().values()]
    total = print_of(targets, np.stack([sources.astype(np.float64), *columns], axis=1))
    return f"{int(simulation.sum_of_all(np.array([total], np.uint64))[0]):016x}"


def fingerprint(state: Any) -> dict[str, Any]:
    """Return what was described, as JSON can hold it."""
    return {
        "setup": _setup(state.setup),
        "populations": [_population(each) for each in state.populations],
        "projections": [_projection(each) for each in state.projections],
    }


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[str]:
    """Yield in what a described network and that of a snapshot differ."""
    for name in dict.fromkeys([*ours["setup"], *theirs["setup"]]):
        mine, its = (print_["setup"].get(name, "not given") for print_ in (ours, theirs))
        if mine != its:
            yield f"setup(): {name} = {mine}, and {its} in the snapshot"
    for kind in ("populations", "projections"):
        mine, its = ours[kind], theirs[kind]
        if len(mine) != len(its):
            labels = [[each["label"] for each in some] for some in (mine, its)]
            yield f"{kind}: {describe(labels[0])}, and {describe(labels[1])} in the snapshot"
            continue
        for one, other in zip(mine, its, strict=True):
            names = [n for n in {**one, **other} if one.get(n) != other.get(n)]
            if "label" in names:
                yield f"{kind[:-1]} '{one['label']}' is '{other['label']}' in the snapshot"
            elif names:
                yield f"{kind[:-1]} '{one['label']}': {', '.join(names)}"


def _setup(setup: Any) -> dict[str, Any]:
    delays = {"min_delay": setup.min_delay, "max_delay": setup.max_delay}
    return {"timestep": setup.timestep, "seed": int(setup.seed), **delays}


def _population(population: Any) -> dict[str, Any]:
    kind = describe(type(population.celltype))
    return {
        "label": population.label,
        "size": population.size,
        "cell type": kind,
        **population.birth,
    }


def _projection(projection: Any) -> dict[str, Any]:
    return {"label": projection.label, **projection.described, "set": projection.birth}
