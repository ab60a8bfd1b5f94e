"""What of a native simulation is stored, and how it is laid into one that describes the same.

Cells are known by their gids, and synapses by source and target; so it does not matter on how many
ranks a simulation was, or is to be. What follows from the description is made again: connectomes
with their static synapses, queues, tables of sources.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from distsim.engines.native.plastic_snapshot import lay_in_synapses, store_synapses
from distsim.errors import SnapshotError
from distsim.kernels.kept import print_of_rows
from distsim.kernels.spike_keys import gid_of_key, spike_key, step_of_key
from distsim.network.blocks import CellBlock, SourceBlock
from distsim.network.currents import signal_to_plain
from distsim.network.poisson import build_tables
from distsim.network.prints import mixed

if TYPE_CHECKING:
    from distsim.engines.native.engine import NativeSimulation

__all__ = ["lay_in", "store"]

Integers = NDArray[np.int64]


class Sink(Protocol):
    """Takes what is to be stored; see `distsim.io.snapshots`."""

    def note(self, name: str, value: Any) -> None: ...

    def rows(self, name: str, gids: Integers, **columns: NDArray[Any]) -> None: ...


class Source(Protocol):
    """Gives it back."""

    def note(self, name: str) -> Any: ...

    def rows(self, name: str) -> tuple[Integers, dict[str, NDArray[Any]]]: ...


def store(simulation: "NativeSimulation", sink: Any) -> None:
    """Hand all that goes on to a sink; every rank must call it, after `prepare`."""
    sim = simulation
    clock = {"step": sim.step, "segment": sim.segment, "seed": sim.seed}
    sink.note("clock", clock | {"reach": sim.history.reach})
    sink.note("counters", _totals(sim))
    _store_spikes("in flight", sim.history.latest(sim.step), sink)
    for name, block in _cell_blocks(sim):
        columns = {"state": block.state.T, "refractory": block.refractory}
        sink.rows(name, block.gids, **columns)
    sink.note("currents", _print_of_currents(sim))
    gids, change = sim.junctions.changes()
    sink.rows("junctions", gids, change=change)
    _store_poisson(sim, sink)
    _store_spikes("renewals/in flight", sim.renewals.draw_until(sim.step, sim.history.reach), sink)
    for k, renewal in enumerate(sim.renewals.blocks):
        sink.rows(f"renewals/{k}", renewal.gids, progress=renewal.progress())
    _store_spikes("given", _joined([block.new for block in sim.array_blocks]), sink)
    sink.note("connections", _print_of_connections(sim))
    for k, network in enumerate(sim.networks.values()):
        for plastic in network.plastic.values():
            store_synapses(f"synapses/{plastic.pathway.number}/{k}", plastic, sim, sink)


def lay_in(simulation: "NativeSimulation", source: Any) -> None:
    """Go on from what a source has; every rank must call it, when all is described.

    Parameters of cells and connections are the caller's.

    Raises
    ------
    SnapshotError
        On every rank, if the connections are others.
    """
    sim, clock = simulation, source.note("clock")
    if source.note("currents") != _print_of_currents(sim):
        raise SnapshotError(
            "the currents that flow into some cells are not those of the snapshot: inject the same "
            "ones, in the same order, before it is restored"
        )
    sim.step, sim.segment, sim.seed = clock["step"], clock["segment"], clock["seed"]
    counters = source.note("counters")
    whole = counters if sim.rank == 0 else dict.fromkeys(counters, 0)
    sim.counters.update(whole | {name: counters[name] for name in ("steps", "epochs")})
    sim.history.lay_in(sim.step, _spikes("in flight", source), clock["reach"])
    for name, block in _cell_blocks(sim):
        _, columns = source.rows(name)
        block.state[:], block.refractory[:] = columns["state"].T, columns["refractory"]
    gids, columns = source.rows("junctions")
    sim.junctions.lay_in(gids, columns["change"])
    sim.renewals.lay_in(_spikes("renewals/in flight", source))
    for k, renewal in enumerate(sim.renewals.blocks):
        _, columns = source.rows(f"renewals/{k}")
        renewal.lay_in(sim.step, sim.renewal_stream, sim.dt, columns["progress"])
    given = _spikes("given", source)
    for array in sim.array_blocks:
        array.lay_in(sim.step, sim.dt, given[np.isin(gid_of_key(given), array.gids)])
    sim.set_periods(_periods(sim, source))
    sim.touch_all()
    for plastic in sim.plastics:
        plastic.arrivals.forget_spikes()
    sim.prepare()
    _lay_in_poisson(sim, source)
    if source.note("connections") != _print_of_connections(sim):
        raise SnapshotError(
            "connections are not those of the snapshot, though they are described alike: what a "
            "function of the script gives is not the same as it was"
        )
    for k, network in enumerate(sim.networks.values()):
        for plastic in network.plastic.values():
            lay_in_synapses(f"synapses/{plastic.pathway.number}/{k}", plastic, sim, source)


def _cell_blocks(sim: "NativeSimulation") -> Iterator[tuple[str, CellBlock]]:
    """Yield the populations of cells, each with a name; an empty one has no gid of its own."""
    for k, network in enumerate(sim.networks.values()):
        for j, block in enumerate(network.group.blocks):
            yield f"cells/{k}.{j}", block


def _print_of_currents(sim: "NativeSimulation") -> str:
    """Return a checksum of the currents of all cells, in the order in which they are summed."""
    total = np.zeros(1, np.uint64)
    for group in sim.cell_groups:
        words = {block: np.zeros(block.n_local, np.uint64) for block in group.blocks}
        for key in sorted(group.injections):
            block, positions, signal = group.injections[key]
            digest = blake2b(repr(signal_to_plain(signal)).encode(), digest_size=8).digest()
            digests = np.full(positions.size, np.frombuffer(digest, np.uint64)[0])
            words[block][positions] = mixed(words[block][positions], digests)
        for block, each in words.items():
            cells = np.flatnonzero(each)
            total += mixed(block.gids[cells].astype(np.uint64), each[cells]).sum(dtype=np.uint64)
    return f"{int(sim.sum_of_all(total)[0]):016x}"


def _joined(parts: list[Integers]) -> Integers:
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _store_spikes(name: str, keys: Integers, sink: Sink) -> None:
    keys = np.sort(keys)
    sink.rows(name, gid_of_key(keys), step=step_of_key(keys))


def _spikes(name: str, source: Source) -> Integers:
    gids, columns = source.rows(name)
    return np.sort(spike_key(columns["step"], gids))


def _totals(sim: "NativeSimulation") -> dict[str, int]:
    """Return the counters of all ranks together; epochs and steps are those of each."""
    totals = sim.sum_of_all(np.array([sim.counters["spikes"], sim.counters["events"]], np.uint64))
    spikes, events = (int(total) for total in totals)
    return {**sim.counters, "spikes": spikes, "events": events}


# --- Poisson sources ---------------------------------------------------------------------------


def _store_poisson(sim: "NativeSimulation", sink: Sink) -> None:
    """Store what sources were, for as long as a spike may be on its way."""
    periods = sim.recent_periods
    sink.note("poisson", [[since, len(values)] for since, values in periods])
    for since, values in periods:
        gids = [block.gids for block in sim.poisson_blocks[: len(values)]]
        rows = np.concatenate([np.zeros((0, 3)), *values])
        sink.rows(f"poisson/{since}", _joined(gids), values=rows)
    sink.note("generations", [network.generations(sim.step) for network in sim.networks.values()])


def _periods(sim: "NativeSimulation", source: Source) -> list[tuple[int, list[Any]]]:
    periods = []
    for since, n_blocks in source.note("poisson"):
        gids, columns = source.rows(f"poisson/{since}")
        blocks: list[SourceBlock] = [*sim.poisson_blocks[:n_blocks]]
        values = [columns["values"][np.isin(gids, block.gids)] for block in blocks]
        periods.append((since, values))
    return periods


def _lay_in_poisson(sim: "NativeSimulation", source: Source) -> None:
    """Take what sources were where their spikes are drawn as they arrive."""
    periods = _periods(sim, source)
    sim.set_periods(periods)
    gids, known = sim.heard_poisson, {}
    for since, values in periods:
        known[since] = build_tables(gids, sim.fetch_poisson_values(gids, values), sim.dt)
    for network, generations in zip(sim.networks.values(), source.note("generations"), strict=True):
        network.lay_in_generations(generations, sim.poisson_stream, known)


# --- connections -------------------------------------------------------------------------------


def _print_of_connections(sim: "NativeSimulation") -> list[str]:
    """Return a checksum of the static connections of each model: how many, from where, how late.

    A sum over the runs of all ranks, so that it does not matter which rank has which targets.
    """
    sums = np.zeros(len(sim.networks), np.uint64)
    for k, network in enumerate(sim.networks.values()):
        sums[k] = print_of_rows(network.arrivals.rows, network.group.n_local)
    return [f"{int(total):016x}" for total in sim.sum_of_all(sums)]
