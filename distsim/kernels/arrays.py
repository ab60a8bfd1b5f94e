"""The groups of arrays that kernels take; one NamedTuple each, filled by `distsim.engines.native`.

A *step* number k stands for the time ``k * dt``. To "make step k" is to advance the cells from
time ``(k - 1) * dt`` to ``k * dt``: spikes found then carry the stamp k, and input that arrives at
``k * dt`` is added at the end of it, as in NEST.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.declared import declares
from distsim.kernels.membrane import BLOCK

__all__ = [
    "Cells",
    "Connectome",
    "Currents",
    "Drives",
    "Gathering",
    "Noises",
    "PoissonInput",
    "PoissonSources",
    "PoissonTables",
    "Probes",
    "Queue",
    "RenewalSources",
    "RenewalTables",
    "Sines",
    "SpikeLog",
]


class Cells(NamedTuple):
    """The local cells of one model group.

    Attributes
    ----------
    state : ndarray of float64, shape (n_states, n_local)
        One row per state variable.
    refractory : ndarray of int32, shape (n_local,)
        Steps for which the cell stays refractory.
    spiking : ndarray of int64, shape (n_local,)
        Scratch: local indices of the cells that spike in the present step.
    gids : ndarray of int64, shape (n_local,)
    step : ndarray of int64, shape (1,)
        The step that is made.
    stream : ndarray of int64, shape (3,)
        The `Stream` of the numbers that cells draw in each step.
    apart : ndarray of float64, shape (n_states + 1, BLOCK)
        Scratch: state of the cells of a block whose step has several pieces, and their number.
    """

    state: NDArray[np.float64]
    refractory: NDArray[np.int32]
    spiking: NDArray[np.int64]
    gids: NDArray[np.int64]
    step: NDArray[np.int64]
    stream: NDArray[np.int64]
    apart: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        state: NDArray[np.float64],
        refractory: NDArray[np.int32] | None = None,
        gids: NDArray[np.int64] | None = None,
    ) -> "Cells":
        """Return cells with a given state; by default none is refractory, and gids count from 0."""
        n_local = state.shape[1]
        return cls(
            state=state,
            refractory=np.zeros(n_local, np.int32) if refractory is None else refractory,
            spiking=np.zeros(n_local, np.int64),
            gids=np.arange(n_local) if gids is None else gids,
            step=np.zeros(1, np.int64),
            stream=np.zeros(3, np.int64),
            apart=np.zeros((len(state) + 1, BLOCK)),
        )


class Connectome(NamedTuple):
    """All static synapses onto one model group on this rank.

    A *row* holds the synapses of one source and receptor, a *run* those of a row that share
    one delay. Rows are sorted by (source, receptor), the runs of a row by delay. A run is one
    piece of memory, in words of 32 bits: its targets, then their weights; or, where all synapses
    of the row have the same weight, targets alone, filled up to a whole word by `n_local`.

    Attributes
    ----------
    row_source : ndarray of int64, shape (n_rows,)
        gid of the source.
    row_receptor : ndarray of uint8, shape (n_rows,)
        Row of `Cells.state` to which weights are added.
    row_weight : ndarray of float32, shape (n_rows,)
        The weight of all synapses of the row, or nan where each has its own.
    row_start : ndarray of int64, shape (n_rows + 1,)
        First run of each row.
    guide : ndarray of uint32, shape (n_guides + 1,)
        First row of the sources from ``guide_first + k << guide_shift`` on; see `guide_rows`.
    guide_origin : ndarray of int64, shape (2,)
        `guide_first`, `guide_shift`.
    run_delay : ndarray of uint16, shape (n_runs,)
        Delay [steps].
    run_start : ndarray of uint32 or int64, shape (n_runs + 1,)
        First word of each run.
    target : ndarray of uint16 or uint32
        The words as local indices of targets.
    weight : ndarray of float32
        The words as weights [nA], [uS] or [mV], as the target's model has it.
    """

    row_source: NDArray[np.int64]
    row_receptor: NDArray[np.uint8]
    row_weight: NDArray[np.float32]
    row_start: NDArray[np.int64]
    guide: NDArray[np.uint32]
    guide_origin: NDArray[np.int64]
    run_delay: NDArray[np.uint16]
    run_start: NDArray[np.int64]
    target: NDArray[np.uint32]
    weight: NDArray[np.float32]


class Queue(NamedTuple):
    """Rows whose source has spiked and that have runs yet to arrive, in (stamp, gid) order.

    Attributes
    ----------
    arrival : ndarray of int64, shape (capacity,)
        Step at which the next run arrives; `DONE` after the last.
    stamp : ndarray of int64, shape (capacity,)
        Step at which the source spiked.
    run, run_end : ndarray of int64, shape (capacity,)
        The next run, and the end of the row's runs.
    receptor : ndarray of uint8, shape (capacity,)
    weight : ndarray of float32, shape (capacity,)
        `row_weight` of the row.
    multiplicity : ndarray of float64, shape (capacity,)
        How many spikes the source made at that step.
    due : ndarray of int64, shape (capacity + 1,)
        Scratch: entries whose run arrives at the present step.
    bounds : ndarray of int64, shape (2,)
        Entries in use are ``bounds[0]:bounds[1]``.
    """

    arrival: NDArray[np.int64]
    stamp: NDArray[np.int64]
    run: NDArray[np.int64]
    run_end: NDArray[np.int64]
    receptor: NDArray[np.uint8]
    weight: NDArray[np.float32]
    multiplicity: NDArray[np.float64]
    due: NDArray[np.int64]
    bounds: NDArray[np.int64]


class Sines(NamedTuple):
    """Currents in the shape of a sine, each from step `first` to before step `end`; else zero.

    Attributes
    ----------
    source : ndarray of int64, shape (n_sines,)
        Number of the current.
    first, end : ndarray of int64
        [steps]
    offset, amplitude : ndarray of float64
        [nA]
    frequency : ndarray of float64
        [Hz]
    phase : ndarray of float64
        At `start` [degrees].
    start : ndarray of float64
        [ms]
    dt : ndarray of float64
        Length of a step [ms].
    """

    source: NDArray[np.int64]
    first: NDArray[np.int64]
    end: NDArray[np.int64]
    offset: NDArray[np.float64]
    amplitude: NDArray[np.float64]
    frequency: NDArray[np.float64]
    phase: NDArray[np.float64]
    start: NDArray[np.float64]
    dt: NDArray[np.float64]


class Noises(NamedTuple):
    """Currents with Gaussian noise, each from step `first` to before step `end`; else zero.

    Attributes
    ----------
    source : ndarray of int64, shape (n_noises,)
        Number of the current.
    first, end : ndarray of int64
        [steps]
    interval : ndarray of int64
        From one value to the next [steps].
    mean, stdev : ndarray of float64
        [nA]
    stream : ndarray of int64, shape (n_noises, 3)
        Fields of the `Stream`.
    gid : ndarray of int64
        Whose sequence of it.
    held : ndarray of int64
        Number of the interval whose value flows at present; -1: none does.
    """

    source: NDArray[np.int64]
    first: NDArray[np.int64]
    end: NDArray[np.int64]
    interval: NDArray[np.int64]
    mean: NDArray[np.float64]
    stdev: NDArray[np.float64]
    stream: NDArray[np.int64]
    gid: NDArray[np.int64]
    held: NDArray[np.int64]


class Currents(NamedTuple):
    """Currents injected into cells of one group: what they are, and which cells sum up which.

    Cells into which the same currents flow, in the same order, share a *course*.

    Attributes
    ----------
    step : ndarray of int64, shape (n_changes,), ascending
        Changes of all piecewise constant currents: from when on the value holds [steps].
    source : ndarray of int64, shape (n_changes,)
        Which current.
    value : ndarray of float64, shape (n_changes,)
        [nA]
    position : ndarray of int64, shape (1,)
        Number of changes already applied.
    sines : Sines
    noises : Noises
    level : ndarray of float64, shape (n_sources,)
        Present value of each current [nA].
    course_start : ndarray of int64, shape (n_sources + 1,)
        First entry of each current in `course`.
    course : ndarray of int64
        Of which courses a current is a part.
    term_start : ndarray of int64, shape (n_courses + 1,)
        First entry of each course in `term`.
    term : ndarray of int64
        The currents that are summed, in this order.
    lid_start : ndarray of int64, shape (n_courses + 1,)
        First entry of each course in `lid`.
    lid : ndarray of int64
        The cells.
    is_due : ndarray of bool, shape (n_courses,)
        Whether a course has changed, and is not applied yet.
    due : ndarray of int64, shape (n_courses,)
        Working space: the courses that are due.
    injected : ndarray of float64, shape (n_local,) or (0,)
        Present sum into each cell [nA]; empty where nobody asks for it.
    """

    step: NDArray[np.int64]
    source: NDArray[np.int64]
    value: NDArray[np.float64]
    position: NDArray[np.int64]
    sines: Sines
    noises: Noises
    level: NDArray[np.float64]
    course_start: NDArray[np.int64]
    course: NDArray[np.int64]
    term_start: NDArray[np.int64]
    term: NDArray[np.int64]
    lid_start: NDArray[np.int64]
    lid: NDArray[np.int64]
    is_due: NDArray[np.bool_]
    due: NDArray[np.int64]
    injected: NDArray[np.float64]


class Probes(NamedTuple):
    """What is sampled in one group: *sets* of (state variable, cell) with a common interval.

    Attributes
    ----------
    state_row, lid : ndarray of int64, shape (n_probes,)
        Which variable of which cell; a set's probes lie side by side.
    begin : ndarray of int64, shape (n_sets + 1,)
        First probe of each set.
    interval : ndarray of int64, shape (n_sets,)
        [steps].
    next_step : ndarray of int64, shape (n_sets,)
        When each set is sampled next.
    buffer : ndarray of float64, shape (n_values,)
        The sets' samples, one region per set, one row per sample.
    region : ndarray of int64, shape (n_sets,)
        Where each set's region begins.
    rows, max_rows : ndarray of int64, shape (n_sets,)
        Samples in the region, and how many it can hold.
    """

    state_row: NDArray[np.int64]
    lid: NDArray[np.int64]
    begin: NDArray[np.int64]
    interval: NDArray[np.int64]
    next_step: NDArray[np.int64]
    buffer: NDArray[np.float64]
    region: NDArray[np.int64]
    rows: NDArray[np.int64]
    max_rows: NDArray[np.int64]


class SpikeLog(NamedTuple):
    """Spikes of this rank's cells.

    Attributes
    ----------
    keys : ndarray of int64, shape (capacity,)
        ``step << 32 | gid``, so that sorting the keys sorts by (step, gid).
    filled : ndarray of int64, shape (1,)
        Number of keys in it.
    """

    keys: NDArray[np.int64]
    filled: NDArray[np.int64]


class Gathering(NamedTuple):
    """What compiled code needs to exchange spikes by itself, all ranks with all.

    Attributes
    ----------
    call : ndarray of int64, shape (4,)
        Address of MPI_Allgather, MPI_IN_PLACE, handles of the type of `words` and of the
        communicator; zeros where there is no function to call.
    place : ndarray of int64, shape (2,)
        Where this rank's message begins and ends in `words`.
    words : ndarray of int64
        Messages of one size, of all ranks.
    start, largest, joined
        As for `join`.
    """

    call: NDArray[np.int64]
    place: NDArray[np.int64]
    words: NDArray[np.int64]
    start: NDArray[np.int64]
    largest: NDArray[np.int64]
    joined: NDArray[np.int64]


class PoissonTables(NamedTuple):
    """Inverse distribution functions, one table per distinct mean number of spikes in a step.

    Attributes
    ----------
    cdf : ndarray of uint32
        The tables one after another; entry k of a table is P(count <= k) times 2**32.
    start : ndarray of int64, shape (n_tables + 1,)
    """

    cdf: NDArray[np.uint32]
    start: NDArray[np.int64]


class PoissonSources(NamedTuple):
    """Poisson sources whose spikes this rank draws.

    Attributes
    ----------
    gid : ndarray of int64, shape (n_sources,), ascending
    table : ndarray of int64, shape (n_sources,)
        Which of the `PoissonTables`.
    begin, end : ndarray of int64, shape (n_sources,)
        The source is active in the steps ``begin < step <= end``.
    first_row, end_row : ndarray of int64, shape (n_sources,)
        Its rows in the connectome.
    """

    gid: NDArray[np.int64]
    table: NDArray[np.int64]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    first_row: NDArray[np.int64]
    end_row: NDArray[np.int64]


class RenewalTables(NamedTuple):
    """Gamma processes with a dead time, whose parameters are constants in pieces of time.

    Attributes
    ----------
    first : ndarray of int64, shape (n_processes + 1,)
        First piece of each process.
    time : ndarray of float64, shape (n_pieces,)
        When each piece begins [steps]; a process ascends, and its last piece has no end.
    shape : ndarray of float64, shape (n_pieces,)
    scale : ndarray of float64, shape (n_pieces,)
        [steps]; infinite where there are no spikes.
    dead : ndarray of float64, shape (n_pieces,)
        Dead time after a spike [steps].
    log_gamma : ndarray of float64, shape (n_pieces,)
        Logarithm of the gamma function at `shape`.
    """

    first: NDArray[np.int64]
    time: NDArray[np.float64]
    shape: NDArray[np.float64]
    scale: NDArray[np.float64]
    dead: NDArray[np.float64]
    log_gamma: NDArray[np.float64]


@declares(
    stored="interval last left since",
    remade="stream tables gid table begin end first_row end_row next next_step",
)
class RenewalSources(NamedTuple):
    """Renewal sources whose spikes this rank draws, and how far they are.

    Attributes
    ----------
    stream : ndarray of int64, shape (3,)
        The `Stream` that they are drawn from.
    tables : RenewalTables
    gid : ndarray of int64, shape (n_sources,), ascending
    table : ndarray of int64, shape (n_sources,)
        Which of the processes.
    begin, end : ndarray of int64, shape (n_sources,)
        Spikes in the steps ``begin < step <= end`` are heard.
    first_row, end_row : ndarray of int64, shape (n_sources,)
        Its rows in the connectome.
    interval : ndarray of int64, shape (n_sources,)
        Number of the present interval.
    last : ndarray of float64, shape (n_sources,)
        Time of the last spike [steps].
    left : ndarray of float64, shape (n_sources,)
        Hazard, integrated from `since` on, at which the next spike comes.
    since : ndarray of float64, shape (n_sources,)
        [steps]
    next : ndarray of float64, shape (n_sources,)
        When the source spikes next [steps]; it follows from all above, as `next_step` does.
    next_step : ndarray of int64, shape (n_sources,)
        In which step.
    """

    stream: NDArray[np.int64]
    tables: RenewalTables
    gid: NDArray[np.int64]
    table: NDArray[np.int64]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    first_row: NDArray[np.int64]
    end_row: NDArray[np.int64]
    interval: NDArray[np.int64]
    last: NDArray[np.float64]
    left: NDArray[np.float64]
    since: NDArray[np.float64]
    next: NDArray[np.float64]
    next_step: NDArray[np.int64]


class PoissonInput(NamedTuple):
    """The Poisson and renewal sources of one group whose rows wait in a queue.

    Attributes
    ----------
    stream : ndarray of int64, shape (3,)
        The `Stream` that they are drawn from.
    sources : PoissonSources
    tables : PoissonTables
    position : ndarray of int64, shape (2,)
        Step and Poisson source that are to be drawn next.
    renewals : RenewalSources
    """

    stream: NDArray[np.int64]
    sources: PoissonSources
    tables: PoissonTables
    position: NDArray[np.int64]
    renewals: RenewalSources


class Drives(NamedTuple):
    """Poisson sources with one target each: their spikes are drawn when they arrive.

    A *set* is the sources of one projection. In a *regular* set sources and targets follow each
    other without a gap, and all sources have the same rate and times.

    Attributes
    ----------
    stream : ndarray of int64, shape (3,)
        The `Stream` of the Poisson sources.
    first : ndarray of int64, shape (n_sets + 1,)
        First source of each set.
    delay : ndarray of int64, shape (n_sets,)
        [steps]
    receptor : ndarray of int64, shape (n_sets,)
    is_regular : ndarray of bool, shape (n_sets,)
    gid, lid, table, begin, end : ndarray of int64, shape (n_sources,)
        Source; its target; its table; it spikes in the steps ``begin < step <= end``.
    weight : ndarray of float32, shape (n_sources,)
    cdf : ndarray of uint32
    start : ndarray of int64, shape (n_tables + 1,)
        See `PoissonTables`.
    words : ndarray of uint32, shape (4, 64)
        Scratch.
    counts : ndarray of int32, shape (64,)
        Scratch.
    """

    stream: NDArray[np.int64]
    first: NDArray[np.int64]
    delay: NDArray[np.int64]
    receptor: NDArray[np.int64]
    is_regular: NDArray[np.bool_]
    gid: NDArray[np.int64]
    lid: NDArray[np.int64]
    table: NDArray[np.int64]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    weight: NDArray[np.float32]
    cdf: NDArray[np.uint32]
    start: NDArray[np.int64]
    words: NDArray[np.uint32]
    counts: NDArray[np.int32]
