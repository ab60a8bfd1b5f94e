"""NEST as engine, on threads, or on ranks where it was built with MPI."""

from distsim.engines.entry import SHARE_INPUT, Entry, Option, whole_number
from distsim.errors import EngineError

__all__ = ["ENTRY"]


def _abilities() -> str:
    # not above: what is asked runs NEST
    from distsim.engines.nest.start import nest_abilities

    try:
        has_mpi, has_threads = nest_abilities()
    except EngineError as error:
        return str(error)
    return f"{'threads' if has_threads else 'serial'}, {'MPI' if has_mpi else 'no MPI'}"


ENTRY = Entry(
    name="nest",
    path="distsim.engines.nest.engine:NestSimulation",
    abilities=_abilities,
    options=(
        SHARE_INPUT,
        Option(
            "threads",
            1,
            whole_number,
            elsewhere="has one thread per rank; start {value} ranks instead",
        ),
    ),
    distributions=("nest-simulator", "nest"),
    module="nest",
)
