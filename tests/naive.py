"""Slow plain-Python version of each kernel, for one cell or one spike at a time.

The order of operations is that of the kernels, so that results agree to the bit; where a function
solves its problem in another way, its docstring says so.
"""

from bisect import bisect_right
from math import sqrt

import numpy as np

# --- cells: state is a list of numbers, c the coefficients of the one cell -----------------------


def fire(state, refractory, c):
    """Return state, refractory steps, and whether the cell spikes."""
    if state[0] >= c["v_thresh"]:
        return [c["v_reset"], *state[1:]], c["refractory_steps"], True
    return state, refractory, False


def step_if_curr_exp(state, refractory, inputs, c):
    v, i_exc, i_inh = state
    if refractory > 0:
        refractory -= 1
    else:
        v = v * c["p22"] + i_exc * c["p21_exc"] + i_inh * c["p21_inh"] + c["drive"]
    i_exc = i_exc * c["p11_exc"] + inputs[0]
    i_inh = i_inh * c["p11_inh"] + inputs[1]
    return fire([v, i_exc, i_inh], refractory, c)


def step_if_curr_alpha(state, refractory, inputs, c):
    v, i_exc, i_inh, d_exc, d_inh = state
    if refractory > 0:
        refractory -= 1
    else:
        v = v * c["p33"] + c["drive"]
        v += d_exc * c["p31_exc"] + i_exc * c["p32_exc"]
        v += d_inh * c["p31_inh"] + i_inh * c["p32_inh"]
    i_exc = d_exc * c["p21_exc"] + i_exc * c["p11_exc"]
    i_inh = d_inh * c["p21_inh"] + i_inh * c["p11_inh"]
    d_exc = d_exc * c["p11_exc"] + inputs[0]
    d_inh = d_inh * c["p11_inh"] + inputs[1]
    return fire([v, i_exc, i_inh, d_exc, d_inh], refractory, c)


def step_if_curr_delta(state, refractory, inputs, c):
    v = state[0]
    if refractory > 0:
        refractory -= 1
    else:
        v = v * c["p22"] + c["drive"] + (inputs[0] + inputs[1])
    return fire([v, 0.0, 0.0], refractory, c)


def gauss_legendre(v, dt, slope_and_rate):
    """Return v after a step of the two-stage Gauss-Legendre method.

    Unlike the kernel, by its Butcher tableau and a linear solver.

    Parameters
    ----------
    slope_and_rate : callable
        Returns drive and rate of ``dv/dt = drive - rate v`` at a time within the step.
    """
    nodes = [0.5 - sqrt(3) / 6, 0.5 + sqrt(3) / 6]
    tableau = np.array([[0.25, 0.25 - sqrt(3) / 6], [0.25 + sqrt(3) / 6, 0.25]])
    drives, rates = np.array([slope_and_rate(node * dt) for node in nodes]).T
    slopes = np.linalg.solve(np.eye(2) + dt * rates[:, None] * tableau, drives - rates * v)
    return v + dt * slopes.mean()


def _conductance_v(v, refractory, g_of, c):
    """Return v after a step, with conductances given as functions of the time in the step."""
    if refractory > 0:
        return v

    def slope_and_rate(t):
        g_exc, g_inh = g_of(t)
        current = g_exc * c["e_rev_exc"] + g_inh * c["e_rev_inh"]
        return (
            c["drive"] + c["elastance"] * current,
            c["leak"] + c["elastance"] * (g_exc + g_inh),
        )

    return gauss_legendre(v, c["dt"], slope_and_rate)


def step_if_cond_exp(state, refractory, inputs, c):
    v, g_exc, g_inh = state

    def g_of(t):
        return g_exc * c["decay_exc"] ** (t / c["dt"]), g_inh * c["decay_inh"] ** (t / c["dt"])

    v = _conductance_v(v, refractory, g_of, c)
    g_exc = g_exc * c["decay_exc"] + inputs[0]
    g_inh = g_inh * c["decay_inh"] + inputs[1]
    return fire([v, g_exc, g_inh], max(0, refractory - 1), c)


def step_if_cond_alpha(state, refractory, inputs, c):
    v, g_exc, g_inh, d_exc, d_inh = state

    def g_of(t):
        return (
            c["decay_exc"] ** (t / c["dt"]) * (g_exc + t / c["dt"] * c["rise_exc"] * d_exc),
            c["decay_inh"] ** (t / c["dt"]) * (g_inh + t / c["dt"] * c["rise_inh"] * d_inh),
        )

    v = _conductance_v(v, refractory, g_of, c)
    g_exc = c["decay_exc"] * (g_exc + c["rise_exc"] * d_exc)
    g_inh = c["decay_inh"] * (g_inh + c["rise_inh"] * d_inh)
    d_exc = c["decay_exc"] * d_exc + inputs[0]
    d_inh = c["decay_inh"] * d_inh + inputs[1]
    return fire([v, g_exc, g_inh, d_exc, d_inh], max(0, refractory - 1), c)


# --- synapses ------------------------------------------------------------------------------------


def connectome_rows(synapses):
    """Return ``{(source, receptor): {delay: [(target, weight), ...]}}``.

    Parameters
    ----------
    synapses : list of (source, receptor, delay, target, weight)
        In the order in which they are made, which the synapses of a run keep.
    """
    rows = {}
    for source, receptor, delay, target, weight in synapses:
        runs = rows.setdefault((source, receptor), {})
        runs.setdefault(delay, []).append((target, float(np.float32(weight))))
    return rows


def common_weight(row):
    """Return the weight of all synapses of a row, or nan where they differ."""
    weights = {weight for _, cells in row for _, weight in cells}
    return weights.pop() if len(weights) == 1 else np.nan


def run_words(cells, dtype, filler, has_weights):
    """Return the 32-bit words of a run: targets, filled up to a word, then weights."""
    targets = [target for target, _ in cells]
    if dtype == np.uint16 and len(targets) % 2:
        targets.append(filler)
    words = np.array(targets, dtype).view(np.uint32).tolist()
    if has_weights:
        words += np.array([weight for _, weight in cells], np.float32).view(np.uint32).tolist()
    return words


def arrivals(synapses, spikes):
    """Return ``{(step, receptor, target): sum}`` and the number of events in each step.

    Parameters
    ----------
    synapses : list of (source, receptor, delay, target, weight)
    spikes : list of (stamp, gid) or (stamp, gid, multiplicity)
        Input is added up in their order.
    """
    sums, n_events = {}, {}
    for stamp, gid, *rest in spikes:
        multiplicity = rest[0] if rest else 1
        for source, receptor, delay, target, weight in synapses:
            if source == gid:
                place = stamp + delay, receptor, target
                weight = float(np.float32(weight))
                sums[place] = sums.get(place, 0.0) + multiplicity * weight
                n_events[place[0]] = n_events.get(place[0], 0) + multiplicity
    return sums, n_events


def samples(states, probes, interval, first_step=0):
    """Return one row of values per sample.

    Parameters
    ----------
    states : list
        ``states[step][row][lid]``
    probes : list of (row, lid)
    """
    return [
        [states[step][row][lid] for row, lid in probes]
        for step in range(first_step, len(states), interval)
    ]


def poisson_word(words, gid, step):
    """Return a source's random word: number (bits 6, 7) of block (higher bits, lower bits)."""
    group, lane, place = gid // 256, gid // 64 % 4, gid % 64
    return words(64 * group + place, step)[lane]


def poisson_count(word, table):
    """Return the count that belongs to a random word: entries of the table not above it."""
    return bisect_right(table, word)


def poisson_spikes(words, tables, sources, first_step, last_step):
    """Return (step, gid, count) of all sources that spike, in order.

    Parameters
    ----------
    words : callable
        Returns the four random words of (block, step).
    tables : list of list of int
    sources : list of (gid, table, begin, end)
        Active in the steps ``begin < step <= end``.
    """
    return [
        (step, gid, count)
        for step in range(first_step, last_step + 1)
        for gid, table, begin, end in sources
        if begin < step <= end
        and (count := poisson_count(poisson_word(words, gid, step), tables[table])) > 0
    ]
