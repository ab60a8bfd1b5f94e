"""Synapses with variables in a snapshot.

Before they are stored, all synapses learn of what their targets did, as they do in a sweep; so
what is stored does not depend on which synapses happen to share a rank. Those of a target are in
the order (source, delay, draw), which follows from the description; so only how many they are is
stored, and a checksum, but not from where each is. What all synapses of a source and delay share is
known by these, and the spikes of a target that are still to be looked at, by the target.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.rows import stable_order
from distsim.engines.native.plastic import PlasticPathway
from distsim.errors import SnapshotError
from distsim.kernels.delivery import DONE
from distsim.kernels.plastic import N_LATEST, NEVER, NO_SPIKE, SET
from distsim.network.prints import mixed

if TYPE_CHECKING:
    from distsim.engines.native.engine import NativeSimulation

__all__ = ["lay_in_synapses", "store_synapses"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
DELAY_BITS = 16
# synapses whose checksums are made at once
N_AT_ONCE = 2**20


def store_synapses(name: str, plastic: PlasticPathway, sim: "NativeSimulation", sink: Any) -> None:
    """Hand the synapses of a pathway onto one group to a sink; every rank must call it."""
    plastic.learn_all(sim.step)
    net, rows, model = plastic.net, plastic.layout.rows, plastic.model
    (differ,) = sim.any_rank(not plastic.is_shared)
    clock = {"segment": plastic.segment, "set": int(net.clock[SET]), "differ": differ}
    longest = -sim.smallest_of_all(-int(net.lags.max()))[0]
    sink.note(name, clock)
    sink.note(f"{name}/connections", _print_of_connections(plastic, sim))
    targets, lengths, order = _lists(plastic)
    values = plastic.variables(model.column_names(not differ))
    columns = {f"variable {k}": column[order] for k, column in enumerate(values)}
    sink.lists(f"{name}/synapses", targets, lengths, **columns)
    runs = {"last": net.run_last, "traces": net.run_traces.T}
    if not differ:
        runs["states"] = net.run_states.T
    sink.shared(f"{name}/sources", _keys_of_runs(rows), **runs)
    targets, steps, traces = _latest_spikes(plastic, sim.step - longest)
    sink.rows(f"{name}/targets", targets, step=steps, traces=traces)


def lay_in_synapses(
    name: str, plastic: PlasticPathway, sim: "NativeSimulation", source: Any
) -> None:
    """Let the synapses of a pathway go on from what was stored; every rank must call it."""
    clock = source.note(name)
    if clock["differ"]:
        plastic.tell_apart()
    plastic.begin_segment(clock["segment"], sim.seed)
    net, rows, model = plastic.net, plastic.layout.rows, plastic.model
    targets, lengths, order = _lists(plastic)
    stored_targets, stored_lengths, columns = source.lists(f"{name}/synapses")
    is_same = np.array_equal(targets, stored_targets) and np.array_equal(lengths, stored_lengths)
    is_other = _print_of_connections(plastic, sim) != source.note(f"{name}/connections")
    if sim.any_rank(not is_same or is_other)[0]:
        raise SnapshotError(
            f"the connections of '{plastic.pathway.label}' are not those of the snapshot, though "
            "they are described alike: what a function of the script gives is not the same as it "
            "was"
        )
    runs = source.shared(f"{name}/sources", _keys_of_runs(rows))
    net.run_last[:], net.run_traces[:] = runs["last"], runs["traces"].T
    names = model.column_names(not clock["differ"])
    values = {}
    for k, variable in enumerate(names):
        values[variable] = np.empty(order.size)
        values[variable][order] = columns[f"variable {k}"]
    sizes = np.diff(rows.run_start.astype(np.int64))
    for i, state in enumerate(model.source_states):
        if not clock["differ"]:
            values[state.name] = np.repeat(runs["states"][:, i], sizes)
    plastic.take_variables(values, set_at=clock["set"], swept_at=sim.step)
    _take_spikes(plastic, sim.step, *source.rows(f"{name}/targets"))


def _lists(plastic: PlasticPathway) -> tuple[Integers, Integers, Integers]:
    """Return targets, ascending, how many synapses each has, and these, one list after the other.

    They are in rows by source, and in these by delay, then in the order in which they were made.
    """
    gids, target = plastic.net.target_gids, plastic.layout.rows.target
    by_gid = np.argsort(gids, kind="stable")
    place_of = np.empty(gids.size, np.uint32)
    place_of[by_gid] = np.arange(gids.size)
    places = place_of[target]
    lengths = np.bincount(places, minlength=gids.size)
    has_any = np.flatnonzero(lengths)
    return gids[by_gid][has_any].astype(np.int64), lengths[has_any], stable_order(places)


def _print_of_connections(plastic: PlasticPathway, sim: "NativeSimulation") -> str:
    """Return a checksum of target, source and delay of all synapses, of all ranks together."""
    rows = plastic.layout.rows
    keys, sizes = _keys_of_runs(rows), np.diff(rows.run_start.astype(np.int64))
    ends = np.concatenate([[0], np.cumsum(sizes)])
    total = np.zeros(1, np.uint64)
    for first in range(0, rows.target.size, N_AT_ONCE):
        end = min(first + N_AT_ONCE, rows.target.size)
        runs = slice(np.searchsorted(ends, first, "right") - 1, np.searchsorted(ends, end))
        lengths = np.diff(ends[runs.start : runs.stop + 1].clip(first, end))
        sources = np.repeat(keys[runs], lengths).astype(np.uint64)
        targets = plastic.net.target_gids[rows.target[first:end]].astype(np.uint64)
        total += mixed(targets, sources).sum(dtype=np.uint64)
    return f"{int(sim.sum_of_all(total)[0]):016x}"


def _keys_of_runs(rows: Any) -> Integers:
    """Return a number for each run, of its source and delay; ascending."""
    sources = np.repeat(rows.row_source, np.diff(rows.row_start))
    return sources << DELAY_BITS | rows.run_delay.astype(np.int64)


def _latest_spikes(plastic: PlasticPathway, bound: int) -> tuple[Integers, Integers, Floats]:
    """Return target, step and traces of the spikes that may still be looked at, in their order.

    These are the spikes after a step, the one before them, and the last few in any case.
    """
    net = plastic.net
    size, cells = net.ring.shape[1], np.zeros(0, np.int64)
    if net.count.size:
        cells = np.unique(plastic.layout.rows.target).astype(np.int64)
    parts: list[tuple[Integers, Integers, Integers, Floats]] = []
    newer = np.full(cells.size, DONE, np.int64)
    for back in range(1, size + 1):
        places = net.count[cells].astype(np.int64) - back
        is_kept = (places >= 0) & ((newer > bound) | (back <= N_LATEST))
        cells, places = cells[is_kept], places[is_kept]
        if not cells.size:
            break
        newer = net.ring[cells, places % size].astype(np.int64)
        traces = net.ring_traces[:, cells, places % size].T
        parts.append((cells, places, newer, traces))
    n_traces = net.ring_traces.shape[0]
    none = np.zeros(0, np.int64)
    joined = zip((none, none, none, np.zeros((0, n_traces))), *parts, strict=True)
    cells, places, steps, values = (np.concatenate(each) for each in joined)
    order = np.lexsort((places, cells))
    return net.target_gids[cells[order]], steps[order], values[order]


def _take_spikes(
    plastic: PlasticPathway, step: int, gids: Integers, columns: dict[str, NDArray[Any]]
) -> None:
    """Have these be the latest spikes of the targets."""
    net = plastic.net
    net.latest[:], net.latest_traces[:] = NO_SPIKE, 0.0
    net.count[:] = net.done[:] = 0
    net.present_at[:] = NEVER
    n_traces = net.ring_traces.shape[0]
    cells = _places(net.target_gids, gids)
    is_here = cells >= 0
    cells, steps, traces = cells[is_here], columns["step"][is_here], columns["traces"][is_here]
    begins = np.flatnonzero(np.append(True, np.diff(cells) != 0)[: cells.size])
    firsts = np.repeat(begins, np.diff(np.append(begins, cells.size)))
    numbers = np.arange(cells.size) - firsts
    plastic.make_room_for(int(numbers.max(initial=-1)) + 1)
    net = plastic.net
    net.ring[cells, numbers] = steps
    net.ring_traces[:, cells, numbers] = traces.T
    net.count[:] = np.bincount(cells, minlength=net.count.size)
    is_known = steps <= step - max(int(net.lags.max()), 1)
    net.done[:] = np.bincount(cells[is_known], minlength=net.count.size)
    for m in range(N_LATEST):
        some = np.flatnonzero(net.count > m)
        places = net.count[some] - 1 - m
        net.latest[some, m] = net.ring[some, places]
        for y in range(n_traces):
            net.latest_traces[some, N_LATEST * y + m] = net.ring_traces[y, some, places]


def _places(gids: Integers, wanted: Integers) -> Integers:
    """Return where some gids are among others, -1 for those that are not there."""
    if not gids.size:
        return np.full(wanted.size, -1, np.int64)
    order = np.argsort(gids)
    near = order[np.minimum(np.searchsorted(gids, wanted, sorter=order), gids.size - 1)]
    return np.where(gids[near] == wanted, near, -1)
