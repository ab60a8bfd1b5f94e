"""One model group with its connectome and the spikes on their way to it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.connectivity import Connections
from distsim.declared import declares
from distsim.engines.native.arrivals import Arrivals, PastPoisson
from distsim.engines.native.connectome import build_connectome, delay_steps, empty_connectome
from distsim.engines.native.drives import DriveSet, build_drives, collect_set
from distsim.engines.native.groups import CellGroup
from distsim.engines.native.kept import Kept, overlapping
from distsim.engines.native.plastic import PlasticPathway
from distsim.kernels.arrays import (
    PoissonSources,
    PoissonTables,
    RenewalSources,
    SpikeLog,
)
from distsim.kernels.bundle import ARGUMENTS, Bundle, advance_bundle
from distsim.kernels.by_address import NOTHING, Addressed
from distsim.kernels.delivery import DONE
from distsim.kernels.junctions import uncoupled
from distsim.kernels.kept import rewrite_weights
from distsim.kernels.plastic import Plastics
from distsim.kernels.rarer import (
    CURRENTS,
    DRAWN,
    DRIVES,
    JUNCTIONS,
    N_PARTS,
    PART,
    CurrentPart,
    DrivePart,
    JunctionPart,
    add_drives,
    have_currents,
    have_junctions,
)
from distsim.network.pathways import Pathway
from distsim.network.poisson import is_source
from distsim.partitioning.streams import Stream

__all__ = ["GroupNetwork"]

Integers = NDArray[np.int64]
NO_DELAY = 2**30
FUNCTIONS = {CURRENTS: have_currents, JUNCTIONS: have_junctions, DRIVES: add_drives}
# in place of the connections by which a pathway was built: they have changed within
NOT_AS_DESCRIBED: Any = object()


@declares(stored="since pathways", remade="last_step tables sources")
class _Generation(NamedTuple):
    """What Poisson sources were between two changes.

    Attributes
    ----------
    since : int
        The last step in which they did not yet spike so.
    last_step : int
        The last step in which they spiked so.
    tables : PoissonTables
    sources : PoissonSources
    pathways : frozenset of Pathway
        Those that there were.
    """

    since: int
    last_step: int
    tables: PoissonTables
    sources: PoissonSources
    pathways: frozenset[Pathway]

    def until(self, step: int) -> "_Generation":
        """Return the same, ended at a step if it has not ended before."""
        last_step = min(self.last_step, step)
        ended = self.sources._replace(end=np.minimum(self.sources.end, last_step))
        return self._replace(last_step=last_step, sources=ended)


@declares(
    stored="group plastic _generations",
    remade="arrivals n_synapses _n_static drives coupling _plastics _sets _built "
    "_n_built_for _are_apart _addressed _parts _addressed_parts "
    "max_delay_steps",
    described="pathways",
)
class GroupNetwork:
    """A model group, the pathways onto it, its connectome and queues.

    Parameters
    ----------
    group : CellGroup

    Attributes
    ----------
    arrivals : Arrivals
        Of the connectome of static synapses.
    plastic : dict of Pathway to PlasticPathway
        Those whose synapses have variables.
    n_synapses : int
    drives : Drives
        Poisson sources whose spikes are drawn as they arrive.
    coupling : Coupling
        Gap junctions.
    """

    def __init__(self, group: CellGroup) -> None:
        self.group = group
        self.pathways: list[Pathway] = []
        self.arrivals = Arrivals(empty_connectome())
        self.plastic: dict[Pathway, PlasticPathway] = {}
        self.n_synapses = self._n_static = 0
        self.drives = build_drives([], Stream(0, 0, 0))
        self.coupling = uncoupled()
        self._plastics = Plastics(np.zeros((0, 2), np.int64), np.zeros(1, np.int64))
        self._sets: dict[Pathway, DriveSet] = {}
        # the pathways that are in the connectome, and by which connections
        self._built: dict[Pathway, Connections] = {}
        self._n_built_for = 0
        # those in the connectome that share sources, targets and receptor with another
        self._are_apart: dict[Pathway, bool] = {}
        self._generations: list[_Generation] = []
        self._addressed = Addressed()
        self._parts = np.zeros((N_PARTS, 2), np.int64)
        self._addressed_parts = {line: Addressed() for line in FUNCTIONS}
        self.max_delay_steps = 0

    def entry(self, log: SpikeLog) -> tuple[int, int]:
        """Return what compiled code calls the group by; see `Addressed`."""
        return self._addressed.entry(Bundle, self.bundle(log), advance_bundle, ARGUMENTS)

    def bundle(self, log: SpikeLog) -> Bundle:
        """Return what the group has, as it is now."""
        group, arrivals = self.group, self.arrivals
        entries = [plastic.entry() for plastic in self.plastic.values()]
        if entries != self._plastics.entries.tolist():
            array = np.array(entries, np.int64).reshape(-1, 2)
            self._plastics = Plastics(array, np.zeros(1, np.int64))
        self._name_parts()
        return Bundle(
            group.cells,
            group.coefficients,
            arrivals.rows,
            arrivals.queues,
            group.probes,
            self._plastics,
            self._parts,
            log,
        )

    def _name_parts(self) -> None:
        """Say by what compiled code calls that which only some groups have."""
        group, currents = self.group, self.group.currents
        self._parts[DRAWN] = self.arrivals.drawn()
        each = {
            CURRENTS: (currents.level.size, CurrentPart, (currents, group.coefficients)),
            JUNCTIONS: (
                *(self.coupling.lid.size, JunctionPart),
                (self.coupling, currents, group.coefficients, group.cells),
            ),
            DRIVES: (self.drives.delay.size, DrivePart, (self.drives, group.cells)),
        }
        for line, (size, kind, parts) in each.items():
            addressed = self._addressed_parts[line]
            entry = addressed.entry(kind, parts, FUNCTIONS[line], PART) if size else NOTHING
            self._parts[line] = entry

    @property
    def drive_candidates(self) -> list[Pathway]:
        """Pathways whose spikes may be drawn as they arrive: the same on every rank."""
        return [pathway for pathway in self.pathways if pathway.is_drive]

    @property
    def every_arrivals(self) -> list[Arrivals]:
        """What is on its way to static synapses, and to those of each plastic pathway."""
        return [self.arrivals, *(plastic.arrivals for plastic in self.plastic.values())]

    def build(
        self, dt: float, drives: Sequence[Pathway], seed: int, progress: Callable[[float], None]
    ) -> None:
        """Build cells and connectome from what was described; state is kept.

        Parameters
        ----------
        dt : float
            [ms]
        drives : sequence of Pathway
            Those whose spikes are drawn as they arrive; the same on every rank.
        seed : int
        progress : callable
            Called with the number of synapses placed.
        """
        self.group.build()
        self._sets = {pathway: collect_set(pathway, self.group.model, dt) for pathway in drives}
        self._build_static(dt, progress)
        self.n_synapses = self._n_static
        self.n_synapses += sum(drive_set.gids.size for drive_set in self._sets.values())
        for pathway in self.pathways:
            if not pathway.synapse.is_static:
                if pathway not in self.plastic:
                    self.plastic[pathway] = PlasticPathway(pathway, self.group, dt, seed)
                self.plastic[pathway].build(progress)
                self.n_synapses += self.plastic[pathway].n_synapses
        delays = [drive_set.delay for drive_set in self._sets.values() if drive_set.gids.size]
        each = [arrivals.rows.run_delay for arrivals in self.every_arrivals]
        delays += [int(run_delay.max()) for run_delay in each if run_delay.size]
        self.max_delay_steps = max(delays, default=0)

    def _build_static(self, dt: float, progress: Callable[[float], None]) -> None:
        """Make the static synapses that are not there yet as they are described."""
        model, n_local = self.group.model, self.group.n_local
        static = [p for p in self.pathways if p.synapse.is_static and p not in self._sets]
        gone = [p for p in self._built if p not in static or self._built[p] is not p.connections]
        gone += overlapping(gone, [p for p in self._built if p not in gone], model)
        stay = [p for p in self._built if p not in gone]
        if len(stay) == len(static) and not gone and n_local == self._n_built_for:
            return
        kept = Kept.of(self.arrivals.rows, self._n_built_for, stay, gone, model) if stay else None
        fresh = [pathway for pathway in static if pathway not in stay]
        described = {pathway: pathway.connections for pathway in static}
        rows, self._n_static = build_connectome(fresh, model, n_local, dt, progress, kept)
        self.arrivals.rows = rows
        self._built, self._n_built_for, self._are_apart = described, n_local, {}

    def has_built(self, pathway: Pathway) -> bool:
        """Return whether the connectome has the synapses of a pathway."""
        return pathway in self._built

    def described_by_others(self, pathway: Pathway, before: Connections) -> None:
        """Know that connections take the place of earlier ones that have the same values."""
        if self._built.get(pathway) is before:
            self._built[pathway] = pathway.connections

    def forget(self, pathway: Pathway) -> None:
        """Have the static synapses of a pathway made anew when the network is built next."""
        if pathway in self._built:
            self._built[pathway] = NOT_AS_DESCRIBED

    def rewrite(self, pathway: Pathway, targets: Integers, dt: float) -> bool:
        """Take other weights of a pathway's static synapses, where these are.

        Parameters
        ----------
        pathway : Pathway
            With the new weights, and all else as before.
        targets : ndarray of int64
            Those of the pathway's targets whose synapses have other weights than before.
        dt : float
            [ms]

        Returns
        -------
        bool
            False where that cannot be: they have to be made anew.
        """
        if self._built.get(pathway) in (None, NOT_AS_DESCRIBED) or not self._is_apart(pathway):
            return False
        model, rows = self.group.model, self.arrivals.rows
        receptor = model.receptor_rows[pathway.receptors[model]]
        lids = pathway.lids(model)[np.searchsorted(pathway.targets, targets)]
        cursors = np.zeros(rows.run_delay.size, np.uint32)
        for chunk in pathway.connections.chunks(targets):
            is_here = lids[chunk.target_positions] >= 0
            is_rewritten = rewrite_weights(
                rows,
                cursors,
                receptor,
                pathway.sources.gids(chunk.sources)[is_here],
                delay_steps(chunk, dt, pathway.label)[is_here],
                lids[chunk.target_positions][is_here],
                np.broadcast_to(np.float32(chunk.weights), is_here.shape)[is_here],
            )
            if not is_rewritten:
                return False
        self._built[pathway] = pathway.connections
        return True

    def _is_apart(self, pathway: Pathway) -> bool:
        """Return whether no other pathway has synapses between the same cells."""
        if pathway not in self._are_apart:
            others = [other for other in self._built if other is not pathway]
            self._are_apart[pathway] = not overlapping([pathway], others, self.group.model)
        return self._are_apart[pathway]

    def delay_range(self, regenerated: Sequence[tuple[int, int]]) -> tuple[int, int, int]:
        """Return the smallest delay, the smallest of an exchanged source, and the largest [steps].

        Parameters
        ----------
        regenerated : sequence of (first gid, end gid)
            Sources whose spikes are not exchanged, and so do not bound an epoch.
        """
        low = [drive_set.delay for drive_set in self._sets.values() if drive_set.gids.size]
        low_exchanged = [NO_DELAY]
        for rows in (arrivals.rows for arrivals in self.every_arrivals):
            if rows.run_delay.size:
                # the runs of a row are sorted by delay: the first is its smallest
                smallest = rows.run_delay[rows.row_start[:-1]].astype(np.int64)
                low.append(int(smallest.min()))
                exchanged = smallest[~is_source(rows.row_source, regenerated)]
                low_exchanged.extend(exchanged.min(initial=NO_DELAY).reshape(1).tolist())
        return min(low, default=NO_DELAY), min(low_exchanged), self.max_delay_steps

    def row_sources(self) -> Integers:
        """Return the gids of all sources with rows here, ascending."""
        return np.unique(np.concatenate([a.rows.row_source for a in self.every_arrivals]))

    def source_gids(self, ranges: Sequence[tuple[int, int]]) -> Integers:
        """Return the gids in some ranges that have targets here, ascending."""
        driven = [drive_set.gids for drive_set in self._sets.values()]
        every = np.unique(np.concatenate([self.row_sources(), *driven]))
        return every[is_source(every, ranges)]

    def set_poisson(
        self, step: int, stream: Stream, tables: PoissonTables, sources: PoissonSources
    ) -> None:
        """Take the Poisson sources that have targets here, as they are after `step`."""
        for arrivals in self.every_arrivals:
            arrivals.set_poisson(stream, tables, sources)
        # what the sources were before holds for the spikes that they have made
        past = [g.until(step) for g in self._recent(step)]
        self._generations = [*past, _generation(step, tables, sources, frozenset(self._sets))]
        self._build_drives(stream)

    def _build_drives(self, stream: Stream) -> None:
        self.drives = build_drives(
            [
                (self._sets[pathway], g.tables, g.sources)
                for g in self._generations
                for pathway in self._sets
                if pathway in g.pathways
            ],
            stream,
        )

    def _recent(self, step: int) -> list[_Generation]:
        """Return those of which spikes may be on their way at a step."""
        reach = max((drive_set.delay for drive_set in self._sets.values()), default=0)
        return [g for g in self._generations if g.last_step + reach > step]

    def generations(self, step: int) -> list[tuple[int, list[int]]]:
        """Return since when Poisson sources were what, and the projections drawn as they arrive."""
        return [(g.since, sorted(p.number for p in g.pathways)) for g in self._recent(step)]

    def lay_in_generations(
        self,
        generations: Sequence[tuple[int, Sequence[int]]],
        stream: Stream,
        values: Mapping[int, tuple[PoissonTables, PoissonSources]],
    ) -> None:
        """Take what Poisson sources were, in place of all that is known.

        Parameters
        ----------
        generations : sequence of (int, sequence of int)
            As from `generations`.
        stream : Stream
        values : mapping of int to (PoissonTables, PoissonSources)
            What the sources were since each of these steps.
        """
        taken: list[_Generation] = []
        for since, numbers in generations:
            taken = [g.until(since) for g in taken]
            pathways = frozenset(p for p in self._sets if p.number in numbers)
            taken.append(_generation(since, *values[since], pathways))
        self._generations = taken
        self._build_drives(stream)

    def set_renewals(self, sources: RenewalSources) -> None:
        """Take the renewal sources that have targets here, as they are at the present step."""
        for arrivals in self.every_arrivals:
            arrivals.set_renewals(sources)

    def make_room(self) -> None:
        """Make room in queues, and in what plastic synapses keep, where there is little."""
        for arrivals in self.every_arrivals:
            arrivals.make_room()
        for plastic in self.plastic.values():
            plastic.make_room()
        self._plastics.needs_room[0] = 0

    def requeue(
        self,
        step: int,
        keys: Integers,
        past: Sequence[PastPoisson],
        stream: Stream,
        renewal_keys: Integers,
    ) -> None:
        """Put the spikes on their way into new queues; see `Arrivals.requeue`."""
        for arrivals in self.every_arrivals:
            arrivals.requeue(step, keys, past, stream, renewal_keys)

    def forget_spikes(self) -> None:
        """Drop all spikes on their way."""
        self._generations = []
        for arrivals in self.every_arrivals:
            arrivals.forget_spikes()


def _generation(
    since: int, tables: PoissonTables, sources: PoissonSources, pathways: frozenset[Pathway]
) -> _Generation:
    """Return what sources are after a step, without an end."""
    present = sources._replace(begin=np.maximum(sources.begin, since))
    return _Generation(since, int(DONE), tables, present, pathways)
