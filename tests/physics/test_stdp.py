"""Weights that change with the times of spikes, against sums over all pairs of spikes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from naive_synapses import Weight, dendritic_steps, pair_rule, vogels_rule
from relays import (
    DT,
    list_connector,
    potentials,
    relays,
    set_up,
    sources,
    spike_steps,
)

import distsim as sim
from distsim.engines.native import plastic

PAIR = {"tau_plus": 1.7, "tau_minus": 2.9, "A_plus": 0.11, "A_minus": 0.13}
VOGELS = {"tau": 2.3, "eta": 0.05, "rho": 0.1}
BOUNDS = {"w_min": 0.05, "w_max": 0.95}
POWERS = {"mu_plus": 0.3, "mu_minus": 0.6}
FRACTIONS = (0.0, 0.3, 0.5, 1.0)
DEPENDENCES = (
    "AdditiveWeightDependence",
    "MultiplicativeWeightDependence",
    "AdditivePotentiationMultiplicativeDepression",
    "GutigWeightDependence",
)
RULES = [("SpikePairRule", name) for name in DEPENDENCES]
RULES += [("Vogels2011Rule", "AdditiveWeightDependence")]
# sums of some hundred terms that are near 1, in another order
ROUNDING = 1e-12


def parameters_of(rule, dependence):
    """Return the parameters of both parts of a mechanism."""
    own = PAIR if rule == "SpikePairRule" else VOGELS
    return own, BOUNDS | (POWERS if dependence == "GutigWeightDependence" else {})


def mechanism(rule="SpikePairRule", dependence=DEPENDENCES[0], fraction=1.0, **changed):
    """Return a synapse type."""
    parts = [
        getattr(sim, name)(**{key: changed.get(key, value) for key, value in parameters.items()})
        for name, parameters in zip(
            (rule, dependence), parameters_of(rule, dependence), strict=True
        )
    ]
    others = {name: changed[name] for name in ("weight", "delay") if name in changed}
    return sim.STDPMechanism(*parts, dendritic_delay_fraction=fraction, **others)


def expected(rule, dependence, fraction, weight, delay, **changed):
    """Return the same for one synapse, by definition; see `Weight`."""
    p = {}
    for parameters in parameters_of(rule, dependence):
        p |= {key: changed.get(key, value) for key, value in parameters.items()}
    if rule == "Vogels2011Rule":
        function = vogels_rule(**p)
        taus = (p["tau"] / DT,) * 2
    else:
        taus = p.pop("tau_plus") / DT, p.pop("tau_minus") / DT
        function = pair_rule(dependence, **p)
    return Weight(function, taus, delay, dendritic_steps(fraction, delay), weight)


def in_order(synapses):
    """Return synapses as `get` lists them."""
    return sorted(synapses, key=lambda synapse: (synapse[1], synapse[0]))


def weights_of(projection):
    return np.array(projection.get("weight", "list", with_address=False))


def run_to(stops, projections):
    """Run, and return the weights of each projection at each stop."""
    found = []
    for before, stop in pairwise((0, *stops)):
        sim.run((stop - before) * DT)
        found.append([weights_of(projection) for projection in projections])
    return found


def assert_as_summed(found, stops, synapses, cases, pre, post, **changed):
    """Compare weights at all stops with sums over pairs; return what each case transmitted."""
    sums = [
        [
            expected(*case, weight, delay, **changed).run(pre[i], post[j])
            for i, j, weight, delay in in_order(synapses)
        ]
        for case in cases
    ]
    for stop, weights in zip(stops, found, strict=True):
        for case, mine, theirs in zip(cases, weights, sums, strict=True):
            at_stop = [weight.at(stop) for weight in theirs]
            np.testing.assert_allclose(mine, at_stop, ROUNDING, err_msg=f"{case}, step {stop}")
    return [weight.transmitted for each in sums for weight in each]


def connect(pre, post, synapses, cases, **changed):
    """Return projections of all synapses, one for each case."""
    return [
        sim.Projection(
            *(pre, post, list_connector(synapses), mechanism(*case, **changed)),
            receptor_type="excitatory",
        )
        for case in cases
    ]


# --- short trains --------------------------------------------------------------------------------

N_STEPS = 60
TRAINS = st.lists(st.integers(1, N_STEPS - 1), max_size=14)
SYNAPSE = st.tuples(st.floats(BOUNDS["w_min"], BOUNDS["w_max"]), st.integers(1, 14))
ALL_CASES = [(*rule, fraction) for rule in RULES for fraction in FRACTIONS]


@given(
    st.tuples(*[TRAINS] * 4),
    st.tuples(*[TRAINS.map(lambda train: sorted(set(train)))] * 3),
    st.tuples(*[SYNAPSE] * 12),
    st.sets(st.integers(1, N_STEPS), min_size=3, max_size=6),
)
@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_weights_are_sums_over_pairs_of_spikes(pre_trains, post_trains, drawn, stops):
    set_up()
    pre, post = sources(pre_trains), relays(post_trains)
    post.record("v")
    synapses = [(k % 4, k // 4, *values) for k, values in enumerate(drawn)]
    stops = [*sorted(stops), N_STEPS + 20]
    found = run_to(stops, connect(pre, post, synapses, ALL_CASES))
    trains = spike_steps(pre), spike_steps(post)
    transmitted = assert_as_summed(found, stops, synapses, ALL_CASES, *trains)
    v = np.zeros((stops[-1] + 1, 3))
    for (_, j, _, _), events in zip(in_order(synapses) * len(ALL_CASES), transmitted, strict=True):
        for step, weight in events:
            if step <= stops[-1]:
                v[step, j] += weight
    for j, train in enumerate(trains[1]):
        v[train, j] = 0.0
    np.testing.assert_allclose(potentials(post)[1:], v[1:], ROUNDING, 1e-30)


# --- targets that spike often, sources that do not -----------------------------------------------


@pytest.mark.parametrize("ring_size", [4, 32])
def test_spikes_of_targets_wait_for_sources_that_are_silent(ring_size, monkeypatch):
    monkeypatch.setattr(plastic, "RING_SIZE", ring_size)
    rng = np.random.default_rng(1)
    n_steps = 700
    pre_trains = [[3, 600], [550, 551, 690], [], [20, 21, *range(300, 320)], [698]]
    post_trains = [
        np.flatnonzero(rng.random(n_steps) < rate) + 1 for rate in (0.05, 0.5, 0.999, 0.001)
    ]
    set_up()
    pre, post = sources(pre_trains), relays(post_trains)
    synapses = [
        (i, j, float(rng.uniform(0.1, 0.9)), int(rng.integers(1, 60)))
        for i in range(5)
        for j in range(4)
    ]
    cases = [case for case in ALL_CASES if case[1] in ("GutigWeightDependence", DEPENDENCES[0])]
    stops = [15, 333, 599, 610, 750]
    found = run_to(stops, connect(pre, post, synapses, cases))
    trains = spike_steps(pre), spike_steps(post)
    assert max(map(len, trains[1])) > 650
    assert_as_summed(found, stops, synapses, cases, *trains)


# --- several runs --------------------------------------------------------------------------------


@pytest.fixture
def busy():
    """Return sources and targets of random trains, and synapses between all of them."""
    rng = np.random.default_rng(5)
    set_up(seed=3)
    draw = [sorted(rng.choice(np.arange(1, 190), 40, replace=False).tolist()) for _ in range(7)]
    pre, post = sources(draw[:4]), relays(draw[4:])
    synapses = [
        (i, j, float(rng.uniform(0.2, 0.8)), int(rng.integers(1, 25)))
        for i in range(4)
        for j in range(3)
    ]
    return pre, post, synapses


FOUR_CASES = [("SpikePairRule", "GutigWeightDependence", fraction) for fraction in (0.3, 1.0)]
FOUR_CASES += [("SpikePairRule", "AdditiveWeightDependence", fraction) for fraction in (0.0, 0.5)]


def test_weights_that_are_set_are_those_that_spikes_change_from_then_on(busy):
    pre, post, synapses = busy
    projections = connect(pre, post, synapses, FOUR_CASES)
    sim.run(6.0)
    values = np.linspace(0.3, 0.7, 12).reshape(4, 3)
    for projection in projections:
        projection.set(weight=values)
        assert (projection.get("weight", "array") == values).all()
    sim.run(5.0)
    before = [weights_of(projection) for projection in projections]
    for projection in projections:
        # as they are: no change
        projection.set(weight=projection.get("weight", "array"))
    assert (before == np.array([weights_of(projection) for projection in projections])).all()
    sim.run(9.0)
    trains = spike_steps(pre), spike_steps(post)
    for case, projection in zip(FOUR_CASES, projections, strict=True):
        theirs = [
            expected(*case, weight, delay)
            .run(trains[0][i], trains[1][j], [(60, values[i, j])])
            .at(200)
            for i, j, weight, delay in in_order(synapses)
        ]
        np.testing.assert_allclose(weights_of(projection), theirs, ROUNDING, err_msg=f"{case}")


def test_a_single_weight_that_is_set_leaves_others_alone(busy):
    pre, post, synapses = busy
    projections = connect(pre, post, synapses, FOUR_CASES)
    sim.run(6.0)
    for projection in projections:
        for connection in projection:
            if connection.presynaptic_index == 2:
                connection.weight = 0.45
                assert connection.weight == 0.45
    sim.run(14.0)
    trains = spike_steps(pre), spike_steps(post)
    for case, projection in zip(FOUR_CASES, projections, strict=True):
        theirs = [
            expected(*case, weight, delay)
            .run(trains[0][i], trains[1][j], [(60, 0.45)] * (i == 2))
            .at(200)
            for i, j, weight, delay in in_order(synapses)
        ]
        np.testing.assert_allclose(weights_of(projection), theirs, ROUNDING, err_msg=f"{case}")


def test_parameters_that_are_set_hold_for_what_reaches_synapses_later(busy):
    pre, post, synapses = busy
    projections = connect(pre, post, synapses, FOUR_CASES)
    sim.run(6.0)
    changed = {"A_plus": 0.2, "A_minus": 0.05, "w_max": 0.97}
    before = [weights_of(projection) for projection in projections]
    for projection in projections:
        projection.set(**changed)
    assert (before == np.array([weights_of(projection) for projection in projections])).all()
    sim.run(14.0)
    trains = spike_steps(pre), spike_steps(post)
    for case, projection in zip(FOUR_CASES, projections, strict=True):
        theirs = [
            expected(*case, weight, delay)
            .run(trains[0][i], trains[1][j], [(60, expected(*case, weight, delay, **changed).rule)])
            .at(200)
            for i, j, weight, delay in in_order(synapses)
        ]
        np.testing.assert_allclose(weights_of(projection), theirs, ROUNDING, err_msg=f"{case}")


def test_delays_that_are_set_change_no_weight_and_hold_for_what_comes_later():
    set_up()
    # nothing is on its way when delays are set
    pre_trains = [[3, 10, 11, 28, 150, 160], [5, 40, 155, 190, 191], [20, 140]]
    post_trains = [[8, 12, 30, 59, 141, 170, 188], [4, 21, 22, 130, 150]]
    pre, post = sources(pre_trains), relays(post_trains)
    synapses = [(i, j, 0.5, 3 + 4 * i + j) for i in range(3) for j in range(2)]
    projections = connect(pre, post, synapses, FOUR_CASES)
    sim.run(10.0)
    before = [weights_of(projection) for projection in projections]
    for projection in projections:
        projection.set(delay=np.array([[0.1, 0.4], [0.2, 2.0], [1.5, 0.9]]))
    assert (before == np.array([weights_of(projection) for projection in projections])).all()
    sim.run(15.0)
    trains = spike_steps(pre), spike_steps(post)
    for case, weights, projection in zip(FOUR_CASES, before, projections, strict=True):
        delays = projection.get("delay", "list")
        for k, (i, j, delay) in enumerate(delays):
            later = expected(*case, 0.5, round(delay / DT))
            later.run(trains[0][i], trains[1][j], [(100, weights[k])])
            assert weights_of(projection)[k] == pytest.approx(later.at(250), ROUNDING), (case, k)


def test_reset_brings_back_weights_and_forgets_all_spikes(busy):
    pre, post, synapses = busy
    projections = connect(pre, post, synapses, FOUR_CASES)
    stops = (37, 95, 150)
    first = run_to(stops, projections)
    sim.reset()
    described = [weight for _, _, weight, _ in in_order(synapses)]
    for projection in projections:
        assert weights_of(projection).tolist() == described
    np.testing.assert_array_equal(run_to(stops, projections), first)
    projections[0].set(weight=0.6)
    sim.run(3.0)
    sim.reset()
    assert (weights_of(projections[0]) == 0.6).all()
    assert weights_of(projections[1]).tolist() == described


def test_projections_that_are_added_change_no_other_and_begin_anew():
    set_up()
    trains = [[4, 9, 30, 130, 140, 171], [6, 20, 128, 150, 180]], [[8, 25, 32, 138, 152, 175]]
    pre, post = sources(trains[0]), relays(trains[1])
    synapses = [(0, 0, 0.5, 7), (1, 0, 0.4, 12)]
    case = ("SpikePairRule", "GutigWeightDependence", 0.3)
    first = connect(pre, post, synapses, [case])[0]
    sim.run(10.0)
    second = connect(pre, post, synapses, [case])[0]
    sim.run(10.0)
    trains = spike_steps(pre), spike_steps(post)
    for projection, start in ((first, 0), (second, 100)):
        theirs = [
            expected(*case, weight, delay).run(
                *(
                    [step for step in train if step > start]
                    for train in (trains[0][i], trains[1][j])
                )
            )
            for i, j, weight, delay in synapses
        ]
        np.testing.assert_allclose(
            weights_of(projection), [weight.at(200) for weight in theirs], ROUNDING
        )


# --- sources, targets and values of all kinds ----------------------------------------------------


def test_drawn_sources_can_spike_several_times_in_a_step():
    set_up(seed=11)
    rng = np.random.default_rng(2)
    pre = sim.Population(5, sim.SpikeSourcePoisson(rate=[50.0, 500.0, 2e3, 1e4, 2e4]))
    pre.record("spikes")
    post = relays([sorted(set(rng.integers(1, 200, 50).tolist())) for _ in range(3)])
    synapses = [
        (i, j, float(rng.uniform(0.2, 0.8)), int(rng.integers(1, 25)))
        for i in range(5)
        for j in range(3)
    ]
    stops = (3, 60, 133, 200)
    # small steps, so that weights do not stay at a bound
    small = {"A_plus": 1e-3, "A_minus": 1e-3}
    found = run_to(stops, connect(pre, post, synapses, FOUR_CASES, **small))
    trains = spike_steps(pre), spike_steps(post)
    assert max(trains[0][4].count(step) for step in range(200)) > 3
    assert_as_summed(found, stops, synapses, FOUR_CASES, *trains, **small)


def test_parameters_can_differ_from_synapse_to_synapse():
    rng = np.random.default_rng(8)
    set_up(seed=4)
    draw = [sorted(set(rng.integers(1, 150, 30).tolist())) for _ in range(6)]
    pre, post = sources(draw[:3]), relays(draw[3:])
    synapses = [
        (i, j, float(rng.uniform(0.2, 0.5)), int(rng.integers(1, 20)))
        for i in range(3)
        for j in (2, 0, 1, 1)
    ]
    tops = rng.uniform(0.6, 1.0, 12)
    amplitudes = sim.RandomDistribution("uniform", low=0.05, high=0.2)
    seeded = sim.RandomDistribution("uniform", (0.05, 0.2), rng=sim.NumpyRNG(seed=3))
    case = ("SpikePairRule", "AdditiveWeightDependence", 0.5)
    matrix = rng.uniform(0.05, 0.2, (3, 3))
    connectors = [
        (list_connector(synapses, w_max=tops), {"A_plus": amplitudes, "A_minus": matrix}),
        (
            sim.AllToAllConnector(),
            {"A_plus": seeded, "A_minus": amplitudes, "w_max": lambda d: 0.7 + 0.1 * d},
        ),
    ]
    names = ["weight", "delay", "A_plus", "A_minus", "w_max"]
    projections = []
    for connector, changed in connectors:
        synapse = mechanism(*case, **changed, weight=0.4, delay=0.8)
        projections.append(sim.Projection(pre, post, connector, synapse))
    described = [projection.get(names, "list") for projection in projections]
    assert {row[6] for row in described[0]} == set(tops)
    for rows, drawn in ((described[0], 4), (described[1], 4), (described[1], 5)):
        assert len({row[drawn] for row in rows}) == len(rows) >= 9
    assert [row[5] for row in described[0]] == [matrix[row[:2]] for row in described[0]]
    sim.run(20.0)
    trains = spike_steps(pre), spike_steps(post)
    for projection, rows in zip(projections, described, strict=True):
        theirs = [
            expected(*case, weight, round(delay / DT), **dict(zip(names[2:], own, strict=True)))
            .run(trains[0][i], trains[1][j])
            .at(200)
            for i, j, weight, delay, *own in rows
        ]
        np.testing.assert_allclose(weights_of(projection), theirs, ROUNDING)
        assert [row[4:] for row in projection.get(names, "list")] == [row[4:] for row in rows]


def test_targets_can_be_views_and_assemblies_of_several_models():
    rng = np.random.default_rng(9)
    set_up()
    draw = [sorted(set(rng.integers(1, 150, 30).tolist())) for _ in range(10)]
    pre, delta = sources(draw[:3]), relays(draw[3:6])
    slow = {"tau_m": 1.0, "tau_syn_E": 0.5, "tau_refrac": 0.3, "v_thresh": 1e3, "v_reset": 0.0}
    exp = relays(draw[6:], sim.IF_curr_exp(**slow, v_rest=0.0))
    post = sim.Assembly(exp[1:], delta[:2], exp[:1])
    case = ("SpikePairRule", "GutigWeightDependence", 0.3)
    synapses = [
        (i, j, float(rng.uniform(0.2, 0.8)), int(rng.integers(1, 25)))
        for i in range(3)
        for j in range(6)
    ]
    projection = connect(pre, post, synapses, [case])[0]
    stops = (80, 200)
    found = run_to(stops, [projection])
    exp_trains, delta_trains = spike_steps(exp), spike_steps(delta)
    trains = spike_steps(pre), [*exp_trains[1:], *delta_trains[:2], exp_trains[0]]
    assert min(map(len, trains[1])) > 10
    assert_as_summed(found, stops, synapses, [case], *trains)


def test_cells_that_learn_can_be_sources_of_their_own_synapses():
    """Recurrent: spikes of both sides come from the same cells, on every kind of delay."""
    rng = np.random.default_rng(10)
    set_up(seed=2)
    cells = relays([sorted(set(rng.integers(1, 150, 30).tolist())) for _ in range(4)])
    synapses = [
        (i, j, float(rng.uniform(0.2, 0.8)), int(rng.integers(1, 25)))
        for i in range(4)
        for j in range(4)
    ]
    stops = (20, 77, 200)
    found = run_to(stops, connect(cells, cells, synapses, FOUR_CASES))
    trains = spike_steps(cells)
    assert_as_summed(found, stops, synapses, FOUR_CASES, trains, trains)


# --- what is known of the rules ------------------------------------------------------------------


def test_one_pair_changes_the_weight_by_the_window():
    set_up()
    shifts = np.arange(-60, 61)
    pre = sources([[100]])
    # a target spikes a step after it is made to, and its spike is at the synapse a step later
    post = relays([[98 + int(shift)] for shift in shifts])
    synapse = mechanism(weight=0.5, delay=DT)
    projection = sim.Projection(pre, post, sim.AllToAllConnector(), synapse)
    sim.run(20.0)
    times, changes = shifts * DT, (weights_of(projection) - 0.5) / BOUNDS["w_max"]
    rise = PAIR["A_plus"] * np.exp(-times / PAIR["tau_plus"])
    fall = -PAIR["A_minus"] * np.exp(times / PAIR["tau_minus"])
    window = np.where(times > 0, rise, fall) * (times != 0)
    np.testing.assert_allclose(changes, window, 0, 1e-14)


def test_inhibition_that_learns_brings_targets_to_their_rate():
    """Vogels et al. (2011): weights stay where the target's rate is rho."""
    set_up(seed=12)
    rho, n_cells = 0.02, 8
    pre = sim.Population(60, sim.SpikeSourcePoisson(rate=20.0))
    cells = sim.Population(n_cells, sim.IF_cond_exp(i_offset=np.linspace(1.2, 1.9, n_cells)))
    cells.record("spikes")
    synapse = sim.STDPMechanism(
        sim.Vogels2011Rule(tau=20.0, eta=2e-4, rho=rho),
        sim.AdditiveWeightDependence(w_min=0.0, w_max=1.0),
        weight=0.0,
        delay=DT,
    )
    sim.Projection(pre, cells, sim.AllToAllConnector(), synapse, receptor_type="inhibitory")
    begin, duration = 10e3, 20e3
    sim.run(begin + duration)
    trains = cells.get_data("spikes").segments[0].spiketrains
    counts = np.array([np.count_nonzero(train.magnitude > begin) for train in trains])
    before = np.array([np.count_nonzero(train.magnitude < 500.0) for train in trains])
    assert before.min() > 1.5 * rho * 500.0
    # at most as irregular as a Poisson process: five standard errors
    expected = rho * duration
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)
