"""Renewal sources: what parameters can be, and spikes against plain integration of the hazard."""

import itertools

import numpy as np
import pytest
from scipy import stats

from distsim.errors import ParameterError
from distsim.kernels.spike_keys import gid_of_key, step_of_key
from distsim.network import renewal
from distsim.network.renewal import fetched_sources
from distsim.network.renewal_kinds import GammaBlock, InhGammaBlock, RefractoryBlock
from distsim.partitioning.streams import Purpose, Stream, uniforms

DT = 0.1
STREAM = Stream.of(7, Purpose.RENEWAL, 0)
N = 5
WINDOW = {"start": 0.0, "duration": 1e10}
GOOD = {
    RefractoryBlock: {"rate": 40.0, "tau_refrac": 5.0},
    GammaBlock: {"alpha": 2.5, "beta": 100.0},
    InhGammaBlock: {
        "a": [2.0, 1.5, 8.0],
        "b": [0.02, 0.01, 0.001],
        "tbins": [3.0, 110.0, 200.0],
    },
}


def block_of(kind, **changed):
    block = kind(100, np.arange(N))
    for name, value in {**WINDOW, **GOOD[kind], **changed}.items():
        values = [np.array(value)] * N if isinstance(value, list) else np.full(N, value)
        block.set(name, np.arange(N), values)
    return block


def drawn(block, last):
    return np.concatenate([keys.copy() for keys in block.draw_until(last)])


@pytest.mark.parametrize(
    ("kind", "name", "value", "message"),
    [
        (RefractoryBlock, "rate", -1.0, r"rate = -1 Hz of SpikeSourcePoissonRefractory must be"),
        (RefractoryBlock, "rate", np.nan, "rate = nan Hz"),
        (RefractoryBlock, "rate", np.inf, "rate = inf Hz"),
        (RefractoryBlock, "rate", 200.0, "rate = 200 Hz with tau_refrac = 5 ms .* below 200 Hz"),
        (RefractoryBlock, "tau_refrac", -0.1, "tau_refrac = -0.1 ms"),
        (RefractoryBlock, "start", np.nan, "start = nan ms"),
        (RefractoryBlock, "duration", -2.0, "duration = -2 ms"),
        (GammaBlock, "alpha", 0.0, r"alpha = 0 of SpikeSourceGamma must be from 0.01 to 10000"),
        (GammaBlock, "alpha", np.nan, "alpha = nan"),
        (GammaBlock, "alpha", 20_000.0, "alpha = 20000"),
        (GammaBlock, "beta", -3.0, "beta = -3 Hz"),
        (GammaBlock, "beta", 1e10, "mean interval of 2.5e-07 ms .* at least 1e-06 ms"),
        (InhGammaBlock, "a", [2.0, -1.0, 1.0], r"a = -1 of SpikeSourceInhGamma must be"),
        (InhGammaBlock, "b", [0.1, 0.0, 0.1], r"b = 0 s of SpikeSourceInhGamma must be above 0"),
        (InhGammaBlock, "b", [0.1, np.nan, 0.1], "b = nan s"),
        (InhGammaBlock, "a", [2.0, 1.0], "a, b and tbins .* have 2, 3 and 3 values"),
        (InhGammaBlock, "tbins", [0.0, 5.0, 5.0], "tbins .* hold 5 ms before 5 ms"),
        (InhGammaBlock, "tbins", [0.0, np.nan, 5.0], "tbins = nan ms"),
    ],
)
def test_a_value_that_cannot_be_is_named(kind, name, value, message):
    block_of(kind).check(DT)
    block = block_of(kind, **{name: value})
    with pytest.raises(ParameterError, match=message):
        block.check(DT)


def test_courses_without_values_are_refused():
    block = block_of(InhGammaBlock, a=[], b=[], tbins=[])
    with pytest.raises(ParameterError, match="0, 0 and 0 values; give as many of each, and at"):
        block.check(DT)


def test_cells_with_the_same_parameters_share_a_process():
    block = block_of(GammaBlock)
    block.set("alpha", np.array([1, 3]), np.array([7.0, 7.0]))
    processes, table = block.processes()
    assert len(processes) == 2
    assert table[0] == table[2] == table[4] != table[1] == table[3]
    assert processes[table[1]].tolist() == [[0.0, 7.0, 10.0, 0.0]]
    courses, table = block_of(InhGammaBlock).processes()
    assert (len(courses), table.tolist()) == (1, [0] * N)


def test_what_was_set_is_what_one_gets():
    block = block_of(InhGammaBlock)
    block.set("a", np.array([1]), [np.array([3.0])])
    assert [values.tolist() for values in block.get("a")] == [
        [3.0] if k == 1 else GOOD[InhGammaBlock]["a"] for k in range(N)
    ]
    assert block.get("start").tolist() == [0.0] * N


def hazard(pieces, last, t):
    """Return the hazard of a process at a time [1 / ms], by SciPy's density."""
    if t < pieces[0][0]:
        return 0.0
    _, shape, scale, dead = next(piece for piece in reversed(pieces) if piece[0] <= t)
    age = t - last - dead
    return stats.gamma.pdf(age, shape, scale=scale) / stats.gamma.sf(age, shape, scale=scale)


def integral(pieces, last, since, until):
    """Return the integral of the hazard, by Gauss-Legendre quadrature of short pieces."""
    bounds = [piece[0] for piece in pieces] + [last + piece[3] for piece in pieces]
    bounds = sorted({since, until, *(t for t in bounds if since < t < until)})
    nodes, weights = np.polynomial.legendre.leggauss(12)
    total = 0.0
    for low, high in itertools.pairwise(bounds):
        # at zero age the hazard of a shape that is no whole number has not all derivatives
        for left, right in itertools.pairwise(low + (high - low) * np.linspace(0, 1, 41) ** 6):
            t = 0.5 * (left + right) + 0.5 * (right - left) * nodes
            total += 0.5 * (right - left) * weights @ [hazard(pieces, last, x) for x in t]
    return total


@pytest.mark.parametrize("kind", list(GOOD))
def test_an_interval_ends_where_its_hazard_adds_up_to_the_number_of_its_stream(kind):
    block = block_of(kind)
    block.refresh(0, STREAM, DT)
    pieces = [tuple(map(float, row)) for row in block.processes()[0][0]]
    sources = block.sources
    s, gid = 2, 102
    for _ in range(25):
        last, since = sources.last[s] * DT, sources.since[s] * DT
        k, t = int(sources.interval[s]), float(sources.next[s])
        # the first number of the interval's block of two
        number = uniforms(STREAM, np.array([gid]), 1, np.array([2 * k]))[0]
        assert integral(pieces, last, since, t * DT) == pytest.approx(-np.log(number), rel=1e-7)
        assert sources.next_step[s] == np.ceil(t)
        drawn(block, int(sources.next_step[s]))
        assert sources.interval[s] > k
        assert sources.last[s] >= t


@pytest.mark.parametrize("kind", list(GOOD))
def test_spikes_do_not_depend_on_how_they_are_cut_into_runs(kind):
    whole, cut = block_of(kind), block_of(kind)
    expected = None
    for block, steps in ((whole, [20_000]), (cut, [1, 2, 500, 501, 7777, 20_000])):
        block.refresh(0, STREAM, DT)
        keys = np.concatenate([drawn(block, step) for step in steps])
        expected = keys if expected is None else expected
        np.testing.assert_array_equal(keys, expected)
    assert (np.diff(step_of_key(expected)) >= 0).all()
    assert set(gid_of_key(expected).tolist()) == set(range(100, 100 + N))


def test_spikes_do_not_depend_on_the_room_for_them(monkeypatch):
    trains = []
    for size in (1, 7, 2**16):
        monkeypatch.setattr(renewal, "LOG_SIZE", size)
        # several spikes in most steps
        block = block_of(GammaBlock, alpha=0.5, beta=40_000.0)
        block.refresh(0, STREAM, DT)
        trains.append(drawn(block, 100))
    assert np.bincount(step_of_key(trains[0])).max() > 10
    for train in trains[1:]:
        np.testing.assert_array_equal(train, trains[0])


@pytest.mark.parametrize("kind", list(GOOD))
def test_who_hears_of_a_source_later_draws_what_its_owner_draws(kind):
    block = block_of(kind)
    block.refresh(0, STREAM, DT)
    drawn(block, 777)
    gids = block.gids[[1, 4]]
    processes = block.pieces(gids)
    rows = block.rows(gids)
    heard = fetched_sources(gids, rows, processes, np.arange(2), 777, STREAM, DT)
    theirs = np.concatenate([k.copy() for k in renewal.draw_renewals(777, 9000, heard)])
    ours = drawn(block, 9000)
    np.testing.assert_array_equal(theirs, ours[np.isin(gid_of_key(ours), gids)])
    assert theirs.size > 10


def test_setting_parameters_to_what_they_are_changes_nothing():
    one, other = block_of(GammaBlock), block_of(GammaBlock)
    trains = []
    for block in (one, other):
        block.refresh(0, STREAM, DT)
        early = drawn(block, 333)
        if block is other:
            # of one cell only
            block.set("beta", np.array([2]), np.array([1000.0]))
            block.refresh(333, STREAM, DT)
        trains.append(np.concatenate([early, drawn(block, 3000)]))
    kept = [keys[gid_of_key(keys) != 102] for keys in trains]
    np.testing.assert_array_equal(*kept)
    assert trains[1].size > trains[0].size + 50


def test_a_source_of_rate_zero_is_silent_until_it_has_one():
    for kind, name in ((RefractoryBlock, "rate"), (GammaBlock, "beta")):
        block = block_of(kind, **{name: 0.0})
        block.check(DT)
        block.refresh(0, STREAM, DT)
        assert drawn(block, 1000).size == 0
        block.set(name, np.arange(N), np.full(N, 150.0))
        block.refresh(1000, STREAM, DT)
        assert set(gid_of_key(drawn(block, 5000)).tolist()) == set(block.gids.tolist())


def test_start_and_duration_cut_a_window_out_of_the_train():
    whole, part = block_of(GammaBlock), block_of(GammaBlock, start=20.0, duration=300.0)
    for block in (whole, part):
        block.refresh(0, STREAM, DT)
    keys = drawn(whole, 5000)
    steps = step_of_key(keys)
    np.testing.assert_array_equal(drawn(part, 5000), keys[(steps > 200) & (steps <= 3200)])


def test_a_process_that_begins_later_is_silent_before():
    block = block_of(InhGammaBlock, tbins=[40.0, 110.0, 200.0])
    block.refresh(0, STREAM, DT)
    steps = step_of_key(drawn(block, 3000))
    assert steps.min() > 400
