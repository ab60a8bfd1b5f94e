"""Faults of the code that PyNN's back ends share, which distsim does not have."""

import copy
import gc
import tracemalloc

import numpy as np
import pyNN.random
import pytest
from pyNN.standardmodels import synapses

RANDOM = {
    "FixedProbabilityConnector": (0.5,),
    "FixedNumberPreConnector": (3,),
    "FixedNumberPostConnector": (3,),
    "FixedTotalNumberConnector": (30,),
    "DistanceDependentProbabilityConnector": ("0.5 + 0 * d",),
    "SmallWorldConnector": (3.0, 0.5),
}


def rows(sim, cells, connector, weight=1.0):
    return sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=weight)).get(
        "weight", "list"
    )


GENERATORS = {
    "none": lambda sim: None,
    "unseeded": lambda sim: sim.NumpyRNG(),
    "native": lambda sim: sim.NativeRNG(seed=1),
    "seeded": lambda sim: sim.NumpyRNG(seed=1),
    "of PyNN": lambda sim: pyNN.random.NumpyRNG(seed=1, parallel_safe=True),
    # with which PyNN's connectors of a fixed number fail
    "unsafe": lambda sim: sim.NumpyRNG(seed=1, parallel_safe=False),
}


@pytest.mark.parametrize("kind", GENERATORS)
def test_what_shares_a_generator_has_numbers_of_its_own(sim, kind):
    rng = GENERATORS[kind](sim)
    value = sim.RandomDistribution("uniform", (15.0, 20.0), rng=rng)
    first, second = (sim.Population(5, sim.IF_curr_exp(tau_m=value)) for _ in range(2))
    taus = [*first.get("tau_m"), *second.get("tau_m")]
    first.set(tau_m=value)
    assert len({*taus, *first.get("tau_m")}) == 15
    weight = sim.RandomDistribution("uniform", (0.0, 1.0), rng=rng)
    made = [rows(sim, first, sim.AllToAllConnector(), weight) for _ in range(2)]
    assert len({row[2] for each in made for row in each}) == 50


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize("kind", GENERATORS)
def test_connectors_share_no_numbers(sim, name, kind):
    cells = sim.Population(10, sim.IF_curr_exp())
    rng = GENERATORS[kind](sim)
    made = [rows(sim, cells, getattr(sim, name)(*RANDOM[name], rng=rng)) for _ in range(2)]
    assert made[0] != made[1]
    assert all(len(each) > 5 for each in made)


@pytest.mark.parametrize("module", ["sim", "pyNN"])
def test_what_shares_a_seeded_generator_draws_from_it_in_turn(sim, module):
    random = sim if module == "sim" else pyNN.random
    rng, expected = random.NumpyRNG(seed=7), np.random.RandomState(7).uniform
    value = random.RandomDistribution("uniform", low=1.0, high=2.0, rng=rng)
    first = sim.Population(3, sim.IF_curr_exp(tau_m=value), initial_values={"v": value})
    second = sim.Population(2, sim.IF_curr_exp(tau_m=value))
    np.testing.assert_array_equal(first.get("tau_m"), expected(1.0, 2.0, 3))
    np.testing.assert_array_equal(first[:].initial_values["v"], expected(1.0, 2.0, 3))
    np.testing.assert_array_equal(second.get("tau_m"), expected(1.0, 2.0, 2))
    first.set(tau_refrac=value)
    (first + second).initialize(v=value)
    np.testing.assert_array_equal(first.get("tau_refrac"), expected(1.0, 2.0, 3))
    for part, n in ((first, 3), (second, 2)):
        np.testing.assert_array_equal(part[:].initial_values["v"], expected(1.0, 2.0, n))
    assert rng.next() == expected()


def test_weights_are_drawn_after_the_connections_that_share_their_generator(sim):
    cells = sim.Population(6, sim.IF_curr_exp())

    def made(weight_of, delay_of=lambda rng: 1.0):
        rng = sim.NumpyRNG(seed=3)
        synapse = sim.StaticSynapse(weight=weight_of(rng), delay=delay_of(rng))
        connector = sim.FixedProbabilityConnector(0.5, rng=rng)
        projection = sim.Projection(cells, cells, connector, synapse)
        return np.array(projection.get(["weight", "delay"], "list")), rng

    def uniform(rng):
        return sim.RandomDistribution("uniform", low=1.0, high=2.0, rng=rng)

    alone, rng = made(lambda rng: 1.0)
    expected = np.concatenate([rng.next(len(alone)), rng.next(len(alone))]) + 1.0
    rows, rng = made(uniform, uniform)
    np.testing.assert_array_equal(rows[:, :2], alone[:, :2])
    np.testing.assert_array_equal(rows[:, 2], expected[: len(alone)])
    np.testing.assert_allclose(rows[:, 3], expected[len(alone) :], atol=0.05 + 1e-9)


def test_one_cell_connects_to_one(sim):
    one, other = (sim.Population(1, sim.IF_curr_exp()) for _ in range(2))
    cells = sim.Population(4, sim.IF_curr_exp())
    for pre, post in ((one, other), (cells[2:3], other), (cells[1:2] + cells[3:], one + other)):
        made = sim.Projection(pre, post, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.5))
        assert made.get("weight", "list") == [(k, k, 0.5) for k in range(pre.size)]
    sim.run(0.1)


def test_a_plastic_synapse_leaves_classes_as_they_are(sim):
    def attributes():
        kinds = (sim.STDPMechanism, sim.SpikePairRule, sim.AdditiveWeightDependence)
        own = [*kinds, *(getattr(synapses, kind.__name__) for kind in kinds)]
        names = ("translations", "default_parameters", "possible_models", "parameter_checks")
        return copy.deepcopy([{n: getattr(kind, n, None) for n in names} for kind in own])

    before = attributes()
    cells = sim.Population(3, sim.IF_curr_exp())
    for w_max in (0.5, 0.7):
        synapse = sim.STDPMechanism(
            sim.SpikePairRule(tau_plus=15.0),
            sim.AdditiveWeightDependence(w_max=w_max),
            weight=0.1,
            delay=1.0,
        )
        sim.Projection(cells, cells, sim.AllToAllConnector(), synapse).set(weight=0.2)
    sim.run(0.1)
    assert attributes() == before


def test_nothing_is_of_the_order_of_all_pairs_or_an_object_for_each_cell(sim, tmp_path):
    n = 10_000
    small = sim.Population(3, sim.IF_curr_exp())
    made = sim.Projection(small, small, sim.OneToOneConnector())
    made.set(weight=0.1, delay=2.0)
    made.get("weight", "list")
    made.save("all", str(tmp_path / "warm_up.txt"))
    gc.collect()
    n_before = len(gc.get_objects())
    tracemalloc.start()
    cells = sim.Population(n, sim.IF_curr_exp())
    connector = sim.FixedNumberPreConnector(2)
    made = sim.Projection(cells, cells, connector, sim.StaticSynapse(weight="0.1 + 0 * d"))
    made.set(weight=0.2, delay=0.5)
    made.set(weight=lambda d: 0.1 + 0.001 * d)
    assert made.size() == 2 * n
    with pytest.warns(DeprecationWarning, match="weightHistogram"):
        counts, _ = made.weightHistogram(nbins=4)
    made.save("all", str(tmp_path / "all.txt"))
    gc.collect()
    n_new = len(gc.get_objects()) - n_before
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert counts.sum() == 2 * n
    assert n_new < 2000
    # a matrix would take 800 MB
    assert peak < 2000 * n
