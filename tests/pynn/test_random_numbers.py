"""Random distributions and generators."""

from itertools import product

import numpy as np
import pyNN.random
import pytest

from distsim.errors import ParameterError
from distsim.partitioning.streams import Purpose
from distsim.pynn.random_numbers import is_rank_local, numpy_rng

PARAMETERS = {
    "binomial": {"n": 9, "p": 0.3},
    "gamma": {"k": 2.0, "theta": 1.5},
    "exponential": {"beta": 2.0},
    "lognormal": {"mu": 0.5, "sigma": 0.5},
    "normal": {"mu": -65.0, "sigma": 1.0},
    "normal_clipped": {"mu": 0.0, "sigma": 1.0, "low": -1.0, "high": 2.0},
    "normal_clipped_to_boundary": {"mu": 0.0, "sigma": 1.0, "low": -0.5, "high": 0.5},
    "poisson": {"lambda_": 3.0},
    "uniform": {"low": 1.0, "high": 2.0},
    "uniform_int": {"low": 1, "high": 5},
    "vonmises": {"mu": 0.5, "kappa": 2.0},
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_each_distribution_can_be_drawn(sim, name):
    distribution = sim.RandomDistribution(name, **PARAMETERS[name])
    positional = sim.RandomDistribution(name, tuple(PARAMETERS[name].values()))
    assert distribution.parameters == positional.parameters == PARAMETERS[name]
    cells = sim.Population(300, sim.IF_curr_exp(), label=name)
    cells.set(i_offset=distribution)
    drawn = cells.get("i_offset")
    reference = pyNN.random.RandomDistribution(
        name, rng=sim.NumpyRNG(seed=1), **PARAMETERS[name]
    ).next(20_000)
    # five standard errors of the mean of 300
    assert abs(drawn.mean() - reference.mean()) < 5 * reference.std() / np.sqrt(300)


def test_the_mistakes_of_the_tutorial_name_the_right_spelling(sim):
    with pytest.raises(ParameterError, match=r"dict.*RandomDistribution\('normal', mu=..., sigma="):
        sim.RandomDistribution("normal", {"mu": -65.0, "sigma": 1.0})
    with pytest.raises(ParameterError, match="'tau_refrac'"):
        sim.IF_curr_exp(t_refrac=1.0)
    with pytest.raises(ParameterError, match="'p_connect'"):
        sim.FixedProbabilityConnector(p=0.5)


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        (("norml",), {"mu": 0.0, "sigma": 1.0}, "did you mean 'normal'"),
        (("normal",), {"mu": 0.0}, "lacks 'sigma'"),
        (("normal",), {"mu": 0.0, "std": 1.0}, "unknown parameter 'std'"),
        (("normal", (0.0,)), {}, "takes 2 parameters"),
        (("normal", (0.0, 1.0)), {"mu": 1.0}, "both by position and by name"),
        (("uniform",), {}, "lacks 'low', 'high'"),
    ],
)
def test_wrong_distributions_are_refused(sim, arguments, options, text):
    with pytest.raises(ParameterError, match=text):
        sim.RandomDistribution(*arguments, **options)


def test_the_native_rng_gives_a_sequence(sim):
    rng = sim.NativeRNG(seed=3)
    first = rng.next(4, "uniform", {"low": 0.0, "high": 1.0})
    second = rng.next(4, "uniform", {"low": 0.0, "high": 1.0})
    assert np.unique([first, second]).size == 8
    again = sim.NativeRNG(seed=3).next(8, "uniform", {"low": 0.0, "high": 1.0})
    np.testing.assert_array_equal(again, [*first, *second])
    assert np.isscalar(rng.next())
    assert rng.next(0).size == 0
    with pytest.raises(ParameterError, match="n = -1"):
        rng.next(-1)


def test_a_distribution_can_be_drawn_from_directly(sim):
    distribution = sim.RandomDistribution("uniform", low=1.0, high=2.0)
    assert 1.0 <= distribution.next() < 2.0
    assert distribution.next(5).shape == (5,)


def test_what_is_rank_local(sim):
    assert is_rank_local(sim.NativeRNG())
    assert is_rank_local(sim.NumpyRNG())
    assert not is_rank_local(sim.NumpyRNG(seed=1))
    assert is_rank_local(sim.RandomDistribution("uniform", low=0.0, high=1.0).rng)


def test_a_distribution_of_pynn_itself_without_a_seed_is_rank_local(sim):
    normal = pyNN.random.RandomDistribution("normal", mu=20.0, sigma=1.0)
    values = []
    for _ in range(2):
        sim.setup(seed=5, log=False)
        values.append(sim.Population(5, sim.IF_curr_exp(tau_m=normal)).get("tau_m"))
    np.testing.assert_array_equal(*values)


def test_generators_for_all_ranks_differ_by_number(sim):
    first, second = Purpose.POSITION, Purpose.SAMPLE
    assert numpy_rng(1, first, 1).next() == numpy_rng(1, first, 1).next()
    addresses = product((1, 2), (first, second), (1, 2))
    assert len({numpy_rng(*address).next() for address in addresses}) == 8


def test_arithmetic_with_distributions_is_kept(sim):
    uniform = sim.RandomDistribution("uniform", low=1.0, high=2.0)
    cells = sim.Population(3, sim.IF_curr_exp(cm=uniform))
    with_seed = sim.RandomDistribution("uniform", low=1.0, high=2.0, rng=sim.NativeRNG(seed=9))
    same = [sim.Population(3, sim.IF_curr_exp(cm=with_seed)).get("cm") for _ in range(2)]
    assert np.unique([cells.get("cm"), *same]).size == 9
