"""SpiNNaker as engine: sPyNNaker lays the network out on the machine that it is configured for."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.engines.described import Synapses
from distsim.engines.external import ExternalSimulation, refuse_ranks
from distsim.errors import EngineError
from distsim.kernels.spike_keys import LAST_STEP, gid_of_key, spike_key, step_of_key
from distsim.models import IF_COND_EXP, IF_CURR_ALPHA, IF_CURR_DELTA, IF_CURR_EXP, CellModel
from distsim.network.blocks import CellBlock, SourceBlock
from distsim.network.currents import Injection
from distsim.network.records import ProbeSet

__all__ = ["SpinnakerSimulation"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

MODELS = (IF_CURR_EXP, IF_CURR_ALPHA, IF_CURR_DELTA, IF_COND_EXP)
RECEPTORS = ("excitatory", "inhibitory")

# sPyNNaker's longest duration of a Poisson source [ms]
FOREVER = 2**32 - 1

# options of sPyNNaker's section [Machine], of which one names a machine
MACHINES = ("machine_name", "spalloc_server", "remote_spinnaker_url")
HOW_TO_CONFIGURE = (
    "write into ~/.spynnaker.cfg, section [Machine], 'machine_name' (address of a board) and "
    "'version', or 'spalloc_server', or 'remote_spinnaker_url'; see docs/engines.md"
)


class SpinnakerSimulation(ExternalSimulation):
    """The network on a SpiNNaker machine, by way of sPyNNaker, in one process.

    Each population is one of sPyNNaker's; the synapses between two of them with one receptor type
    are one of its projections, made from lists. A run of distsim is one of sPyNNaker's.

    Parameters
    ----------
    **options
        As for `ExternalSimulation`.

    Notes
    -----
    In a run from step a to step b the machine makes the samples and spikes of the steps from a
    to b - 1: those of step b come with the run that follows.
    """

    name = "spinnaker"
    models = MODELS

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.sim = import_spynnaker(self.comm)
        self._start()

    def _start(self) -> None:
        """Begin a new simulation of sPyNNaker's."""
        if not np.isclose(self.dt * 1000.0, np.rint(self.dt * 1000.0), rtol=0, atol=1e-9):
            raise EngineError(
                f"timestep = {self.dt:g} ms: SpiNNaker counts whole microseconds; use a multiple "
                "of 0.001 ms"
            )
        try:
            self.sim.setup(timestep=self.dt, min_delay=self.dt)
        except Exception as error:
            raise EngineError(
                f"sPyNNaker cannot begin ({_first_line(error)}); {HOW_TO_CONFIGURE}"
            ) from error
        self._is_virtual = is_virtual_board()
        self._populations: dict[SourceBlock, Any] = {}
        self._recorded: dict[SourceBlock, set[str]] = {}
        self._parts: dict[int, list[Synapses]] = {}
        self._keys = np.zeros(0, np.int64)

    # --- building ------------------------------------------------------------------------------

    def inject(self, key: tuple[int, int], injection: Injection) -> None:
        """Refuse currents."""
        raise EngineError(
            "current sources are not available on engine 'spinnaker'; use 'i_offset', or another "
            "engine"
        )

    def _hand_over(self) -> None:
        super()._hand_over()
        for block in self._generating_blocks():
            self._record(block)

    def _create(self) -> None:
        if self._populations:
            self._start()
        blocks: list[SourceBlock] = [*self.cell_blocks, *self.source_blocks]
        self._blocks = sorted(
            (block for block in blocks if block.n_local), key=lambda block: block.first_gid
        )
        for block in self._blocks:
            self._populations[block] = self.sim.Population(
                block.n_local,
                self._cell_type(block),
                label=f"cells from gid {block.first_gid}",
                additional_parameters=self._seed_of(block),
            )

    def _generating_blocks(self) -> list[SourceBlock]:
        """Return the blocks whose spikes arise on the machine."""
        return [*self.cell_blocks, *([] if self.share_input else self.poisson_blocks)]

    def _seed_of(self, block: SourceBlock) -> dict[str, int]:
        """Return the seed, for sPyNNaker's own Poisson sources only."""
        if isinstance(block, CellBlock) or block not in self._generating_blocks():
            return {}
        return {"seed": (self.seed + self.segment + block.first_gid) % 2**31}

    def _cell_type(self, block: SourceBlock) -> Any:
        """Return sPyNNaker's cell type; the parameters of neurons follow."""
        if isinstance(block, CellBlock):
            return getattr(self.sim, block.model.name)()
        if block in self._generating_blocks():
            parameters = _lists(block)
            parameters["duration"] = np.minimum(parameters["duration"], FOREVER).tolist()
            return self.sim.SpikeSourcePoisson(**parameters)
        return self.sim.SpikeSourceArray()

    def _connect(self, receptor: int, model: CellModel, synapses: Synapses) -> None:
        sign = -1.0 if receptor == 1 and "cond" not in model.name else 1.0
        if (synapses.weights * sign < 0).any():
            raise EngineError(
                "SpiNNaker takes no notice of a weight's sign: the weights of a synapse that is "
                f"'{RECEPTORS[receptor]}' on {model.name} must not be "
                f"{'above' if sign < 0 else 'below'} 0"
            )
        if synapses.sources.size:
            self._parts.setdefault(receptor, []).append(synapses)

    def _wire(self, progress: Callable[[int], None]) -> None:
        if self._is_built:
            raise EngineError(_unchangeable("connections, weights or delays"))
        super()._wire(progress)

    def _change_synapses(self, parts: list[tuple[int, CellModel, Synapses]]) -> None:
        """Do nothing: `_wire` refuses."""

    def _end_wiring(self) -> None:
        for receptor, parts in self._parts.items():
            synapses = Synapses(*map(np.concatenate, zip(*parts, strict=True)))
            for pre, post, connections in self._between(synapses):
                self.sim.Projection(
                    self._populations[pre],
                    self._populations[post],
                    self.sim.FromListConnector(connections),
                    self.sim.StaticSynapse(),
                    receptor_type=RECEPTORS[receptor],
                )
        self._parts = {}

    def _between(self, synapses: Synapses) -> Iterator[tuple[SourceBlock, SourceBlock, Floats]]:
        """Yield the synapses between each two blocks: indices in these, weight, delay [ms]."""
        first_gids = np.array([block.first_gid for block in self._blocks])
        pre = np.searchsorted(first_gids, synapses.sources, side="right") - 1
        post = np.searchsorted(first_gids, synapses.targets, side="right") - 1
        table = np.column_stack(
            (
                synapses.sources - first_gids[pre],
                synapses.targets - first_gids[post],
                synapses.weights,
                synapses.delays * self.dt,
            )
        )
        pairs = pre * len(self._blocks) + post
        # sPyNNaker counts the targets of a source rightly only where lists are sorted
        order = np.lexsort((synapses.targets, synapses.sources, pairs))
        values, begins = np.unique(pairs[order], return_index=True)
        for pair, part in zip(values, np.split(table[order], begins[1:]), strict=True):
            i, j = divmod(int(pair), len(self._blocks))
            yield self._blocks[i], self._blocks[j], part

    # --- what may change -----------------------------------------------------------------------

    def _set_rates(self) -> None:
        # they are part of the cell type
        if self._is_built and not self.share_input:
            raise EngineError(_unchangeable("rates"))

    def _set_parameters(self, block: CellBlock) -> None:
        if self.step:
            raise EngineError(_unchangeable("parameters"))
        if block.n_local:
            self._populations[block].set(**_lists(block))

    def _set_state(self, block: CellBlock) -> None:
        for variable, _, values in self.changed_state(block):
            if variable != "v" and not self.step and not values.any():
                continue
            if variable != "v":
                raise EngineError(
                    f"'{variable}' of {block.model.name} cannot be set on engine 'spinnaker'; "
                    "leave it at 0"
                )
            if self.step:
                raise EngineError(_unchangeable("v"))
            self._populations[block].initialize(v=block.state[block.model.state_row("v")].tolist())

    def _set_current(self, block: CellBlock, total: Floats) -> None:
        """Do nothing: there are no currents."""

    def _set_probes(self, block: CellBlock) -> None:
        """Do nothing: `_record` does it for spikes as well."""

    def _record(self, block: SourceBlock) -> None:
        """Record from all cells of a block what is to be recorded of any."""
        wanted = {"spikes"} if block.spikes.is_on else set()
        for probes in block.probes if isinstance(block, CellBlock) else []:
            if probes.variable != "v":
                raise EngineError(
                    f"'{probes.variable}' cannot be recorded on engine 'spinnaker'; only spikes "
                    "and v can"
                )
            wanted |= {"v"} if probes.positions.size else set()
        new = wanted - self._recorded.setdefault(block, set())
        if new and self.step:
            raise EngineError(_unchangeable(f"what is recorded ({', '.join(sorted(new))})"))
        if new:
            self._populations[block].record(sorted(new))
            self._recorded[block] |= new

    # --- running -------------------------------------------------------------------------------

    @property
    def _epoch_steps(self) -> int:
        """Steps of the shortest piece of a run: the machine is not stopped on the way."""
        return LAST_STEP

    def _play(self, keys: Integers) -> None:
        # the machine has not made the last step yet
        waiting = self._keys[self._keys >= spike_key(self.step, 0)]
        self._keys = np.concatenate([waiting, keys])
        gids = gid_of_key(self._keys)
        order = np.argsort(gids, kind="stable")
        steps, gids = step_of_key(self._keys[order]), gids[order]
        for block in self.given_blocks:
            if block.n_local:
                ends = np.searchsorted(gids, np.append(block.gids, block.gids[-1] + 1))
                trains = np.empty(block.n_local, object)
                trains[:] = np.split(steps[: ends[-1]], ends[:-1])[1:]
                # not set(spike_times=...), which in sPyNNaker 7.4.1 fails on one train per cell
                self._populations[block]._vertex.send_buffer_times = trains

    def _advance(self, end: int) -> None:
        try:
            self.sim.run((end - self.step) * self.dt)
        except Exception as error:
            raise EngineError(
                f"sPyNNaker cannot run the network ({_first_line(error)}); its messages above say "
                "more"
            ) from error
        if self._is_virtual:
            raise EngineError(
                "the network was laid out on a virtual board, which computes nothing, so there "
                f"are no results; for those {HOW_TO_CONFIGURE}"
            )

    def _look(self, block: CellBlock, probes: ProbeSet) -> Floats:
        """Return nan: the machine gives the present values with the run that follows."""
        return np.full(probes.positions.size, np.nan)

    def _collect(self, first: int) -> None:
        for block, variables in self._recorded.items():
            population = self._populations[block]
            if "spikes" in variables:
                spikes = np.asarray(population.spinnaker_get_data("spikes")).reshape(-1, 2)
                steps = np.rint(spikes[:, 1] / self.dt).astype(np.int64)
                is_new = steps >= first
                gids = block.first_gid + spikes[:, 0].astype(np.int64)
                self.take_spikes(steps[is_new], gids[is_new])
            if "v" in variables and isinstance(block, CellBlock):
                v = population.spinnaker_get_data("v", as_matrix=True)
                for probes in block.probes:
                    self._take_potentials(probes, v, first)

    def _take_potentials(self, probes: ProbeSet, v: Floats, first: int) -> None:
        """Take the samples of a run; `v` holds all cells from step 0 on, one row each."""
        held = probes.data()
        if first and len(held) and probes.next_step - probes.interval == first:
            held[-1] = v[first, probes.positions]
        due = np.arange(probes.next_step, self.step + 1, probes.interval)
        rows = np.full((due.size, probes.positions.size), np.nan)
        is_made = due < self.step
        rows[is_made] = v[due[is_made]][:, probes.positions]
        self.take_samples(probes, rows)

    def close(self) -> None:
        """Give the machine back."""
        self.sim.end()


def _lists(block: SourceBlock) -> dict[str, list[Any]]:
    """Return the parameters of a block's cells, as sPyNNaker takes them."""
    return {name: values.tolist() for name, values in block.parameters.items()}


def _unchangeable(what: str) -> str:
    """Return the message where something is changed too late."""
    return (
        f"{what} cannot be changed after run() on engine 'spinnaker'; do so before it, or after "
        "reset()"
    )


def _first_line(error: Exception) -> str:
    """Return what kind of error it is, and the first line of what it says."""
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"


def import_spynnaker(comm: Any) -> Any:
    """Return sPyNNaker's PyNN module; every rank must call it.

    Raises
    ------
    EngineError
        If it is not installed, or there are several ranks.
    """
    refuse_ranks(comm, "spinnaker", "sPyNNaker")
    try:
        import spynnaker.pyNN
    except ImportError as error:
        raise EngineError(
            f"engine 'spinnaker' needs sPyNNaker, which cannot be imported ({error}); "
            "`pip install 'distsim[spinnaker]'`"
        ) from error
    return spynnaker.pyNN


def is_virtual_board() -> bool:
    """Return whether sPyNNaker is configured for a virtual board instead of a machine.

    Raises
    ------
    EngineError
        If it is configured for neither.
    """
    from spinn_utilities.config_holder import get_config_bool, get_config_str_or_none

    if get_config_bool("Machine", "virtual_board"):
        return True
    if all(get_config_str_or_none("Machine", option) is None for option in MACHINES):
        raise EngineError(f"sPyNNaker knows of no SpiNNaker machine; {HOW_TO_CONFIGURE}")
    return False
