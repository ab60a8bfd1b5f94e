"""The text of what runs for the synapses of a model, from its functions for one synapse.

See `distsim.kernels.plastic`. In the text, `j` is a synapse, `c` its target, and `x_...`, `y_...`
are traces of source and target as a function is given them.
"""

from collections.abc import Sequence

from distsim.kernels.plastic import N_LATEST
from distsim.models.functions import argument_names
from distsim.models.synapse_model import SynapseModel, Trace

__all__ = ["loops_of", "taken_names"]

# what all of these begin with
HEAD = """
    net, rows, p = s.net, s.rows, s.parameters
    begin, end = np.int64(rows.run_start[run]), np.int64(rows.run_start[run + 1])
    delay = np.int64(rows.run_delay[run])
    dt, target, last = p.dt, rows.target, run_last[run]
    {names}
"""

# a run of synapses, at which a spike of the source arrives
RUN = """
@compiled
def arrive_run(step, run, row, stamp, number, receptor, s, columns, run_states, run_traces,
               run_last, inputs):
    {learn_first}
    {head}
    first_lid = net.clock[FIRST_LID]
    elapsed_steps = step - last
    elapsed = elapsed_steps * dt if last > NEVER else np.inf
    {source_traces}
    {release_once}
    {key}
    {look}
    {hold}
    for j in range(np.uint64(begin), np.uint64(end)):
        c = np.uint64(target[j])
        {load}
        {target_traces}
        {release_each}
        {draw}
        {arrive}
        {store}
        inputs[receptor, first_lid + np.int64(c)] += transmitted
    {give_back}
    {keep}
    run_last[run] = step
"""

# what targets have done since the synapses of a run were looked at last: those that have to learn
# are listed, by how many spikes; so that the processor need not guess
CATCH_UP = """
@compiled
def catch_up(bound, run, s, columns, run_states, run_traces, run_last):
    {head}
    {source_traces}
    {lists}
    for j in range(np.uint64(begin), np.uint64(end)):
        c = np.uint64(target[j])
        {sort}
    for q in range(n_{deep}):
        j = np.uint64(begin) + np.uint64(list_{deep}[q])
        c = np.uint64(target[j])
        {load}
        last_i = np.int64(count[c]) - {deep}
        oldest = max(np.int64(count[c]) - size, 0)
        while last_i > oldest and ring[c, np.uint64((last_i - 1) & mask)] > bound:
            last_i -= 1
        i = last_i
        while i > oldest and ring[c, np.uint64((i - 1) & mask)] > low:
            i -= 1
        while i < last_i:
            slot = np.uint64(i & mask)
            since = np.int64(ring[c, slot]) + lag - last
            {traces}
            {call}
            i += 1
        {store}
    {others}
"""

# the last spikes but some
LATEST = """for q in range(n_{m}):
        j = np.uint64(begin) + np.uint64(list_{m}[q])
        c = np.uint64(target[j])
        {load}
        since = np.int64(latest[c, np.uint64({m})]) + lag - last
        {traces}
        {call}
        {store}
    """

WORK = """
@compiled
def sweep(step, s):
    net, rows = s.net, s.rows
    for run in range(rows.run_delay.size):
        bound = step - max(net.lags[net.lag_of_delay[rows.run_delay[run]]], 1)
        catch_up(bound, run, s, net.columns, net.run_states, net.run_traces, net.run_last)
    end_sweep(step, net)


@compiled
def deliver_queue(step, queue, s, inputs):
    net, rows = s.net, s.rows
    due, run_of = queue.due, queue.run
    n_due = collect_due(step, queue.arrival, queue.bounds[0], queue.bounds[1], due)
    {present}
    n_events = n_before = 0
    run_before = stamp_before = -1
    for k in range(n_due):
        entry = due[k]
        run, stamp = run_of[entry], queue.stamp[entry]
        n_spikes = np.int64(queue.multiplicity[entry])
        row = row_of_run(rows, run) if net.row_keys.shape[0] > 0 else 0
        # spikes that a source makes in the same step are numbered, also where each has an entry
        first = n_before if run == run_before and stamp == stamp_before else 0
        run_before, stamp_before, n_before = run, stamp, first + n_spikes
        for number in range(first, n_before):
            arrive_run(step, run, row, stamp, number, queue.receptor[entry], s,
                       net.columns, net.run_states, net.run_traces, net.run_last, inputs)
        n_events += n_spikes * (np.int64(rows.run_start[run + 1]) - np.int64(rows.run_start[run]))
        await_next(queue, entry, rows.run_delay)
    drop_first(queue)
    return n_events


@compiled
def deliver(step, s, inputs):
    n_events = 0
    for which in range(2):
        queue = s.queues[which]
        if queue.bounds[0] < queue.bounds[1]:
            n_events += deliver_queue(step, queue, s, inputs)
    {after}
    return n_events


@compiled
def work(what, first, n, keys, inputs, spiking, s):
    net = s.net
    if what == DELIVER:
        return deliver(first, s, inputs), net.clock[NEEDS_ROOM]
    if what == NOTE:
        {note}
        return 0, net.clock[NEEDS_ROOM]
    if what == RESTART:
        net.clock[N_QUEUED] = 0
        return 0, net.clock[NEEDS_ROOM]
    return queue_spikes(first, n, keys, s), net.clock[NEEDS_ROOM]


@compiled
def peek(step, columns, run_states, run_traces, run_last, inputs, waiting, stamps, numbers, s):
    # what has reached the synapses by a step, but did not arrive at their targets yet
    rows = s.rows
    for e in range(waiting.size):
        row = waiting[e]
        for run in range(rows.row_start[row], rows.row_start[row + 1]):
            arrives = stamps[e] + np.int64(rows.run_delay[run])
            {dendritic}
            if arrives > step and arrives - dendritic <= step:
                arrive_run(arrives, run, row, stamps[e], numbers[e], 0, s, columns, run_states,
                           run_traces, run_last, inputs)
    {peek_on}
    return 0
"""

PEEK_ON = """for run in range(rows.run_delay.size):
        lag = s.net.lags[s.net.lag_of_delay[rows.run_delay[run]]]
        catch_up(step - (lag >> 1), run, s, columns, run_states, run_traces, run_last)"""


# of a model that only remembers when its targets spiked
NO_LEARNING = """
@compiled
def catch_up(bound, run, s, columns, run_states, run_traces, run_last):
    pass
"""


def loops_of(model: SynapseModel, is_shared: bool) -> str:
    """Return the text of what runs for a model's synapses.

    Parameters
    ----------
    model : SynapseModel
    is_shared : bool
        Whether variables of the source are the same for all synapses of a run.

    Returns
    -------
    str
        Defines ``work(what, first, n, keys, inputs, spiking, s)`` and ``peek(...)``.
    """
    text = _learning(model, is_shared) if "learn" in model.functions else NO_LEARNING
    text += RUN.format(**_run_parts(model, is_shared))
    dendritic = "dendritic = s.net.lags[s.net.lag_of_delay[arrives - stamps[e]]] >> 1"
    present = "find_present(step, queue, n_due, net, rows)" if model.target_traces else ""
    learning = {
        "present": present,
        "after": "if s.net.clock[IS_SWEEP_DUE] != 0:\n        sweep(step, s)",
        "note": "note_spikes(first, n, spiking, net)",
        "peek_on": PEEK_ON,
        "dendritic": dendritic,
    }
    others = {
        **{"present": "", "after": "", "note": "", "peek_on": ""},
        "dendritic": dendritic,
    }
    return text + WORK.format(**(learning if model.is_learning else others))


def _call(model: SynapseModel, key: str, ways: dict[str, str]) -> str:
    given = model.functions[key]
    names = argument_names(given.function)
    return f"{key}({', '.join(ways.get(name, f'at(own_{name}, j)') for name in names)})"


def _ways(model: SynapseModel) -> dict[str, str]:
    """Return how each thing that a function can take is written."""
    variables = model.variable_names
    traces = [("x", t) for t in model.source_traces] + [("y", t) for t in model.target_traces]
    return {
        **{name: f"v_{name}" for name in variables},
        **{trace.name: f"{side}_{trace.name}" for side, trace in traces},
        **{"dt": "dt", "elapsed": "elapsed", "uniform": "uniform", "uniform_2": "uniform_2"},
    }


def taken_names(model: SynapseModel) -> list[str]:
    """Return the parameters that functions take."""
    ways = _ways(model)
    names = [n for f in model.functions.values() for n in argument_names(f.function)]
    return list(dict.fromkeys(name for name in names if name not in ways))


def _lines(lines: Sequence[str], indent: int) -> str:
    return ("\n" + " " * indent).join(lines)


def _head(model: SynapseModel) -> str:
    """Return the lines that all begin with."""
    lines = [f"own_{name} = p.own_{name}" for name in taken_names(model)]
    lines += ["k = net.lag_of_delay[delay]", "lag = net.lags[k]"]
    for i, trace in enumerate((*model.source_traces, *model.target_traces)):
        lines += [f"table_{trace.name}, rate_{trace.name} = net.decays[{i}], net.rates[{i}]"]
    if model.is_learning:
        lines += [
            "low = max(max(last, net.clock[SWEPT]) - max(lag, 1), net.clock[SET] - (lag >> 1))",
            "ring, size, mask = net.ring, net.ring.shape[1], net.ring.shape[1] - 1",
            "count, latest, values = net.count, net.latest, net.latest_traces",
        ]
    for i, trace in enumerate(model.target_traces):
        lines += [
            f"past_{trace.name}, present_{trace.name} = net.ring_traces[{i}], net.present[k, {i}]"
        ]
    return HEAD.format(names=_lines(lines, 4)).strip()


def _source_traces(model: SynapseModel) -> list[str]:
    """Return lines for the traces of a run: before the step of its last spike, and after it."""
    n, lines = len(model.source_traces), []
    for i, trace in enumerate(model.source_traces):
        lines += [f"before_{trace.name} = run_traces[{i}, run]"]
        lines += [f"after_{trace.name} = run_traces[{n + i}, run]"]
    return lines


def _keep_traces(model: SynapseModel) -> list[str]:
    """Return lines that keep the traces of a run, of which a step may have several spikes."""
    n, lines = len(model.source_traces), []
    for i, trace in enumerate(model.source_traces):
        lines += [f"if elapsed_steps > 0:\n        run_traces[{i}, run] = now_{trace.name}"]
        after = "1.0" if trace.is_nearest else f"now_{trace.name} + 1.0"
        lines += [f"run_traces[{n + i}, run] = {after}"]
    return lines


def _learning(model: SynapseModel, is_shared: bool) -> str:
    """Return the text of what synapses do when they hear of spikes of their targets."""
    function = model.functions["learn"]
    taken = argument_names(function.function)
    own = model.column_names(is_shared=True)
    traces = [
        f"x_{t.name} = before_{t.name} if since == 0 "
        f"else after_{t.name} * decay(table_{t.name}, rate_{t.name}, since)"
        for t in model.source_traces
        if t.name in taken
    ]
    seen = [(i, t) for i, t in enumerate(model.target_traces) if t.name in taken]
    past = [f"y_{t.name} = past_{t.name}[c, slot]" for _, t in seen]
    ways = _ways(model) | {"elapsed": "(since * dt if last > NEVER else np.inf)"}
    call = f"{', '.join(f'v_{n}' for n in own)} = {_call(model, 'learn', ways)}"
    loads = [f"v_{n} = columns[{i}, j]" for i, n in enumerate(own)]
    for i, state in enumerate(model.source_states):
        place = f"run_states[{i}, run]" if is_shared else f"columns[{len(own) + i}, j]"
        if state.name in taken:
            loads += [f"v_{state.name} = {place}"]
    parts = {
        "head": _head(model),
        "source_traces": _lines(_source_traces(model), 4),
        "load": _lines(loads, 8),
        "call": call,
        "store": _lines([f"columns[{i}, j] = v_{n}" for i, n in enumerate(own)], 8),
    }
    numbers = range(N_LATEST)
    sort = [f"list_{m}[n_{m}] = np.uint32(j - np.uint64(begin))" for m in numbers]
    steps = [f"latest[c, np.uint64({m})]" for m in numbers]
    sort += [f"n_{m} += np.uint64(({x} > low) & ({x} <= bound))" for m, x in enumerate(steps[:-1])]
    sort += [f"n_{numbers[-1]} += np.uint64({steps[-1]} > low)"]
    lists = [f"list_{m}, n_{m} = net.lists[{m}], np.uint64(0)" for m in numbers]
    others = [
        LATEST.format(
            m=m,
            traces=_lines(traces + [of_latest(i, t, m) for i, t in seen], 8),
            **parts,
        )
        for m in reversed(numbers[:-1])
    ]
    return CATCH_UP.format(
        lists=_lines(lists, 4),
        sort=_lines(sort, 8),
        deep=N_LATEST - 1,
        traces=_lines(traces + past, 12),
        others="".join(others).rstrip(),
        **parts,
    )


def _loop(condition: str, lines: Sequence[str]) -> str:
    """Return a loop over the synapses of a run that is made under a condition."""
    if not lines:
        return ""
    loop = f"if {condition}:\n        for j in range(np.uint64(begin), np.uint64(end)):\n"
    return loop + "            c = np.uint64(target[j])\n            " + _lines(lines, 12)


def of_latest(i: int, trace: Trace, m: int) -> str:
    """Return the line for a target's trace just before one of its latest spikes."""
    return f"y_{trace.name} = values[c, np.uint64({N_LATEST * i + m})]"


def _run_parts(model: SynapseModel, is_shared: bool) -> dict[str, str]:
    columns = model.column_names(is_shared)
    own = model.column_names(is_shared=True)
    source_traces = _source_traces(model)
    source_traces += [
        f"now_{t.name} = after_{t.name} * decay(table_{t.name}, rate_{t.name}, elapsed_steps)"
        for t in model.source_traces
    ]
    if model.target_traces:
        source_traces += ["is_present = net.present_at[k] == step"]
    target_traces = [f"x_{t.name} = now_{t.name}" for t in model.source_traces]
    target_traces += [f"y_{t.name} = present_{t.name}[c]" for t in model.target_traces]
    look = [
        f"present_{t.name}[c] = target_trace(net, {i}, c, step - lag)"
        for i, t in enumerate(model.target_traces)
    ]
    released = ", ".join(f"v_{s.name}" for s in model.source_states)
    ways = _ways(model)
    has_release = "release" in model.functions
    once = each = ""
    if has_release and is_shared:
        loads = [f"v_{s.name} = run_states[{i}, run]" for i, s in enumerate(model.source_states)]
        shared = {name: f"own_{name}" for name in taken_names(model)}
        call = f"{released} = {_call(model, 'release', shared | ways)}"
        now = [f"x_{t.name} = now_{t.name}" for t in model.source_traces]
        once = _lines([*loads, *now, call], 4)
    elif has_release:
        each = f"{released} = {_call(model, 'release', ways)}"
    keep = _keep_traces(model)
    if is_shared:
        keep += [f"run_states[{i}, run] = v_{s.name}" for i, s in enumerate(model.source_states)]
    key = draw = ""
    if model.draws:
        key = _lines(
            [
                "key_0, key_1 = net.row_keys[row, 0], net.row_keys[row, 1]",
                "target_before, same = np.uint64(net.target_gids.size), 0",
            ],
            4,
        )
        draw = _lines(
            [
                "same = same + 1 if c == target_before else 0",
                "target_before = c",
                "w0, w1, w2, w3 = philox4x32(stamp, net.target_gids[c], "
                "delay << 16 | (same & 255) << 8 | (number & 255), p.purpose, key_0, key_1)",
                "uniform, uniform_2 = uniform53(w0, w1), uniform53(w2, w3)",
            ],
            8,
        )
    first = ""
    if "learn" in model.functions:
        lag = "s.net.lags[s.net.lag_of_delay[s.rows.run_delay[run]]]"
        first = f"bound = step - max({lag}, 1)\n    "
        first += "catch_up(bound, run, s, columns, run_states, run_traces, run_last)"
    arrive = f"{', '.join(f'v_{n}' for n in own)}, transmitted = {_call(model, 'arrive', ways)}"
    hold = give_back = []
    if model.is_learning:
        # what reached the synapse before something was set
        source_traces += ["held, first = net.held, np.uint64(begin)"]
        source_traces += ["is_past = step - (lag >> 1) <= net.clock[SET]"]
        hold = [f"held[{i}, j - first] = columns[{i}, j]" for i in range(len(own))]
        give_back = [f"columns[{i}, j] = held[{i}, j - first]" for i in range(len(own))]
    return {
        "look": _loop("not is_present", look),
        "hold": _loop("is_past", hold),
        "give_back": _loop("is_past", give_back),
        "learn_first": first,
        "head": _head(model),
        "source_traces": _lines(source_traces, 4),
        "release_once": once,
        "release_each": each,
        "key": key,
        "draw": draw,
        "load": _lines([f"v_{n} = columns[{i}, j]" for i, n in enumerate(columns)], 8),
        "target_traces": _lines(target_traces, 8),
        "arrive": arrive,
        "store": _lines([f"columns[{i}, j] = v_{n}" for i, n in enumerate(columns)], 8),
        "keep": _lines(keep or ["pass"], 4),
    }
