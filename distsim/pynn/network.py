"""PyNN's container of populations and projections, of which all ranks write one file together."""

from typing import Any

import pyNN.network
from pyNN.recording import get_io

from distsim.comm.agreement import together
from distsim.comm.world import world
from distsim.errors import ParameterError
from distsim.pynn.assemblies import Assembly
from distsim.pynn.calls import collective
from distsim.pynn.output import has_own_format, of_rank
from distsim.pynn.simulator import state

__all__ = ["Network"]


class Network(pyNN.network.Network):
    """A container of populations, views, assemblies and projections.

    Parameters
    ----------
    *components : Population, PopulationView, Assembly or Projection
    """

    @collective("io", "annotations")
    def write_data(
        self,
        io: Any,
        variables: Any = "all",
        gather: bool | str = True,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
    ) -> None:
        """Write what the assemblies of the network have recorded; every rank must call it.

        Parameters
        ----------
        io : str or Neo IO
            A name that ends in ``.h5`` or ``.hdf5`` gives one file of distsim's, of all their
            populations; of another name's format, and of an IO, a block for each assembly.
        variables, gather, clear, annotations
            As for a population's `write_data`.

        Raises
        ------
        ParameterError
            If there is no assembly, or the format cannot hold several blocks.
        """
        if state.passage.passes("write_data() of a network"):
            return
        assemblies = list(self.assemblies)
        if not assemblies:
            raise ParameterError(
                "a network writes what its assemblies have recorded, and has none; add one, as in "
                "network.add(population1 + population2)"
            )
        if has_own_format(io) or (isinstance(io, str) and len(assemblies) == 1):
            whole = assemblies[0] if len(assemblies) == 1 else _joined(assemblies)
            whole.write_data(io, variables, gather, clear, annotations)
            return
        blocks = self.get_data(variables, gather, clear, annotations)
        comm = world()
        if not gather and comm.Get_size() > 1:
            io = of_rank(io, comm.Get_rank())
        with together(comm):
            if not gather or comm.Get_rank() == 0:
                _write_blocks(io, blocks)


def _joined(assemblies: list[Assembly]) -> Assembly:
    """Return the cells of several assemblies, without views of populations that are there whole."""
    parts = dict.fromkeys(part for each in assemblies for part in each.parts)
    return Assembly(*(part for part in parts if part is part.root or part.root not in parts))


def _write_blocks(io: Any, blocks: list[Any]) -> None:
    """Write several blocks by one of Neo's IO objects, or to a file whose name says by which."""
    neo_io = get_io(io) if isinstance(io, str) else io
    if isinstance(io, str) and not hasattr(neo_io, "write_all_blocks"):
        raise ParameterError(
            f"cannot write '{io}': {type(neo_io).__name__} holds one block, and the network has "
            f"{len(blocks)} assemblies; let the name end in '.h5', or write each one"
        )
    neo_io.write(blocks)
