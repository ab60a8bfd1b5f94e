"""Distributions of weights that the pair rule comes to, against their Fokker-Planck equation.

The source spikes at random with rate r, the target with rate R; a pair at distance s changes the
weight by K(s), ``A_plus f_plus(w) exp(-s/tau)`` if the target's spike is the later one, else
``-A_minus f_minus(w) exp(s/tau)``. With I and Q the integrals of K and of its square, the sum over
all pairs of two independent Poisson processes has, per time, the mean r R I and the variance
r R (Q + (r + R) I^2). So while weights change little within tau, they have [1]_, [2]_

    drift F(w) = r R I,  diffusion D(w) = r R (Q + (r + R) I^2)

and the stationary density exp(int 2 F/D) / D. The drift is zero at ``1 / (1 + alpha^(1/mu))``,
where ``f_plus = (1 - w)^mu, f_minus = w^mu`` and ``alpha = A_minus tau_minus / (A_plus tau_plus)``
[3]_. Of next order in A is what the weight's changes of the last tau add to F, since they are not
independent of the traces.

A *linear* cell spikes upon each of its source's spikes with the probability w p. Spikes so caused
are a part of the target's, K(e) a pair's change at their distance e: this adds r p w K(e) to F, by
which large weights grow [4]_. Its D is the variance of the pair sum of a Poisson process with
itself, thinned, and with an independent one.

References
----------
.. [1] M. C. W. van Rossum, G. Q. Bi and G. G. Turrigiano, J. Neurosci. 20, 8812-8821 (2000).
.. [2] R. Kempter, W. Gerstner and J. L. van Hemmen, Phys. Rev. E 59, 4498-4514 (1999).
.. [3] R. Gütig, R. Aharonov, S. Rotter and H. Sompolinsky, J. Neurosci. 23, 3697-3714 (2003).
.. [4] S. Song, K. D. Miller and L. F. Abbott, Nature Neurosci. 3, 919-926 (2000).
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from relays import CAUSE, RELAY
from scipy.integrate import cumulative_simpson, trapezoid

import distsim as sim
from distsim.models import Parameter, Receptor, State

DT = 0.5
# what is compared with theory: so many standard errors
ERRORS = 5.0
# weights over w_max; at 0 and 1 powers have no derivative
GRID = np.linspace(0.0, 1.0, 2001)[1:-1]
ONE = np.ones_like(GRID)


class Rule(NamedTuple):
    """A pair rule: amplitudes, time constants [ms], and PyNN's name of the dependence."""

    dependence: str
    a_plus: float
    a_minus: float
    tau_plus: float = 20.0
    tau_minus: float = 20.0
    mu: float | None = None

    def synapse(self, w_max, delay=DT):
        """Return a synapse type whose weights begin in the middle."""
        powers = {} if self.mu is None else {"mu_plus": self.mu, "mu_minus": self.mu}
        pair = sim.SpikePairRule(
            A_plus=self.a_plus,
            A_minus=self.a_minus,
            tau_plus=self.tau_plus,
            tau_minus=self.tau_minus,
        )
        bounds = getattr(sim, self.dependence)(w_min=0.0, w_max=w_max, **powers)
        return sim.STDPMechanism(pair, bounds, weight=w_max / 2, delay=delay)

    @property
    def factors(self):
        """f_plus and f_minus on the grid."""
        if self.dependence == ADDITIVE:
            return ONE, ONE
        if self.dependence == "AdditivePotentiationMultiplicativeDepression":
            return ONE, GRID
        mu = 1.0 if self.mu is None else self.mu
        return (1.0 - GRID) ** mu, GRID**mu

    @property
    def alpha(self):
        """Depression over potentiation."""
        return self.a_minus * self.tau_minus / (self.a_plus * self.tau_plus)

    def density(self, pre, post, p_caused=0.0, distance=0):
        """Return the stationary density on the grid.

        Parameters
        ----------
        pre, post : float
            Spikes per step.
        p_caused : float
            Of a spike of the source, by a weight of w_max.
        distance : int
            Of the pair of both [steps].
        """
        rise, fall = (a * f for a, f in zip(self[1:3], self.factors, strict=True))
        left = np.exp(-DT / np.array(self[3:5]))
        sums, squares = left / (1.0 - left), left**2 / (1.0 - left**2)
        one = rise * sums[0] - fall * sums[1]
        two = rise**2 * squares[0] + fall**2 * squares[1]
        p, caused = p_caused * GRID, rise * left[0] ** distance
        drift = pre * post * one + pre * p * caused
        # covariances of the weight with the traces of source and target
        with_pre = sums[0] * pre * post * (rise * sums[0] / 2 - fall * sums[1])
        with_post = sums[1] * pre * post * (rise * sums[0] - fall * sums[1] / 2)
        drift += post * np.gradient(rise, GRID) * with_pre
        drift -= pre * np.gradient(fall, GRID) * with_post
        # a spike of the source: its own pairs with all of the target's, and those of what it causes
        both = post * one, caused + pre * one
        diffusion = pre * (both[0] ** 2 + 2 * p * both[0] * both[1] + p * both[1] ** 2)
        diffusion += (post - pre * p) * (pre * one) ** 2 + pre * post * two
        exponent = cumulative_simpson(2 * drift / diffusion, x=GRID, initial=0.0)
        density = np.exp(exponent - exponent.max()) / diffusion
        return density / trapezoid(density, GRID)


ADDITIVE = "AdditiveWeightDependence"
MULTIPLICATIVE = "MultiplicativeWeightDependence"
GUTIG = "GutigWeightDependence"


def moments(density):
    """Return mean and standard deviation."""
    mean = trapezoid(GRID * density, GRID)
    return mean, np.sqrt(trapezoid((GRID - mean) ** 2 * density, GRID))


def standard_error(values):
    """Return that of the mean over sources (rows) and targets, synapses of one cell dependent.

    By the variances of the means over each, which both hold that of single synapses.
    """
    error = values - values.mean()
    single = (error**2).sum() / values.size**2
    clusters = sum((error.mean(axis) ** 2).sum() / values.shape[1 - axis] ** 2 for axis in (0, 1))
    return np.sqrt(max(clusters - single, single))


def assert_near(values, expected, what):
    __tracebackhide__ = True
    error = standard_error(values)
    assert abs(values.mean() - expected) < ERRORS * error, (what, values.mean(), expected, error)


def assert_distributed(weights, density):
    """Compare mean, standard deviation and the parts between ten quantiles of a distribution."""
    mean, deviation = moments(density)
    assert_near(weights, mean, "mean")
    assert_near((weights - mean) ** 2, deviation**2, "variance")
    below = cumulative_simpson(density, x=GRID, initial=0.0)
    edges = [-1.0, *np.interp(np.linspace(0.1, 0.9, 9), below, GRID), 2.0]
    for low, high in pairwise(edges):
        assert_near((weights > low) & (weights <= high), 0.1, (low, high))


# --- sources and targets that know nothing of each other -----------------------------------------

N_EACH, RATE, SECONDS = 40, 80.0, 36.0
INDEPENDENT = {
    "mu = 1, alpha = 1": Rule(MULTIPLICATIVE, 0.005, 0.005),
    "mu = 1, alpha = 1.5": Rule(MULTIPLICATIVE, 0.005, 0.0075),
    "two time constants": Rule(MULTIPLICATIVE, 0.006, 0.002, 15.0, 30.0),
    "van Rossum": Rule("AdditivePotentiationMultiplicativeDepression", 0.005, 0.0125),
    "mu = 0.3": Rule(GUTIG, 0.005, 0.0055, mu=0.3),
    "mu = 0.1": Rule(GUTIG, 0.005, 0.0051, mu=0.1),
    "mu = 0, alpha = 1": Rule(ADDITIVE, 0.015, 0.015),
    "mu = 0, alpha > 1": Rule(ADDITIVE, 0.015, 0.0155),
}


@pytest.fixture(scope="module")
def independent():
    """Return the weights over w_max that each rule has come to."""
    sim.setup(timestep=DT, seed=21, log=False, progress=False)
    pre, cause = (sim.Population(N_EACH, sim.SpikeSourcePoisson(rate=RATE)) for _ in range(2))
    post = sim.Population(N_EACH, sim.IF_curr_delta(**RELAY))
    driving = sim.StaticSynapse(weight=CAUSE, delay=DT)
    sim.Projection(cause, post, sim.OneToOneConnector(), driving)
    post.record("spikes")
    learning = {
        name: sim.Projection(pre, post, sim.AllToAllConnector(), rule.synapse(1.0))
        for name, rule in INDEPENDENT.items()
    }
    sim.run(SECONDS * 1e3)
    n_spikes = sum(train.size for train in post.get_data().segments[0].spiketrains)
    expected = N_EACH * SECONDS * -np.expm1(-RATE * DT / 1e3) / DT * 1e3
    assert abs(n_spikes - expected) < ERRORS * np.sqrt(expected)
    return {name: projection.get("weight", "array") for name, projection in learning.items()}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_weights_of_independent_cells_have_the_stationary_distribution(name, independent):
    pre = RATE * DT / 1e3
    # a cell spikes once in a step in which it is made to more than once
    density = INDEPENDENT[name].density(pre, -np.expm1(-pre))
    assert_distributed(independent[name], density)


@pytest.mark.parametrize("name", ["mu = 1, alpha = 1", "mu = 1, alpha = 1.5"])
def test_multiplicative_weights_have_the_mean_and_variance_in_closed_form(name, independent):
    rule = INDEPENDENT[name]
    mean = 1.0 / (1.0 + rule.alpha)
    # to the first order in A: half the diffusion over the slope of the drift
    variance = rule.a_plus * (1.0 - mean) ** 2 + rule.a_minus * rule.alpha * mean**2
    variance /= 4.0 * (1.0 + rule.alpha)
    weights = independent[name]
    # next orders: A times the spikes within a time constant, of mean and variance
    next_order = rule.a_minus * RATE * rule.tau_minus / 1e3
    errors = standard_error(weights), standard_error((weights - mean) ** 2)
    assert abs(weights.mean() - mean) < ERRORS * errors[0] + next_order * mean
    assert abs(weights.var() - variance) < ERRORS * errors[1] + next_order * variance


def test_balanced_additive_weights_are_uniform_and_others_gather_at_the_lower_bound(independent):
    # pure diffusion between two walls
    uniform = independent["mu = 0, alpha = 1"]
    assert_near(uniform, 0.5, "mean")
    assert_near((uniform - 0.5) ** 2, 1.0 / 12.0, "variance")
    gathered = independent["mu = 0, alpha > 1"]
    parts = np.histogram(gathered, np.linspace(0.0, 1.0, 5))[0] / gathered.size
    assert (np.diff(parts) < 0).all()


# --- cells whose spikes are caused by their sources ----------------------------------------------

N_SOURCES, N_CELLS, RATE_IN = 50, 40, 40.0
# alpha is such that drift vanishes for all weights at their middle, where these cause a part
# 1 / (n r tau) more than their share; that part over 2 is the critical mu
LINEAR = {
    "additive": Rule(ADDITIVE, 0.01, 0.01025),
    "mu below the critical one": Rule(GUTIG, 0.01, 0.01025, mu=0.005),
    "mu above": Rule(GUTIG, 0.01, 0.01025, mu=0.05),
}


@pytest.fixture(scope="module")
def linear():
    """Return the weights over w_max that each rule has come to."""
    sim.setup(timestep=DT, seed=22, log=False, progress=False)
    cell_type = sim.cell_type(
        "Linear",
        parameters=[Parameter("none", "", 0.0)],
        states=[State("p", "")],
        receptors=[Receptor("input", "p")],
        step=lambda p: 0.0 * p,
        is_spiking=lambda p, uniform: uniform < p,
        spike=lambda p: p,
    )
    pre = sim.Population(N_SOURCES, sim.SpikeSourcePoisson(rate=RATE_IN))
    w_max = 2.0 / N_SOURCES
    learning = {}
    for name, rule in LINEAR.items():
        post = sim.Population(N_CELLS, cell_type())
        learning[name] = sim.Projection(
            pre, post, sim.AllToAllConnector(), rule.synapse(w_max), receptor_type="input"
        )
    sim.run(200e3)
    return {n: projection.get("weight", "array") / w_max for n, projection in learning.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", LINEAR)
def test_weights_of_linear_cells_part_below_the_critical_power(name, linear):
    pre, mean = RATE_IN * DT / 1e3, 0.5
    for _ in range(100):  # the cell's rate follows from the mean weight
        # from the synapse to the cell and back: a step each
        density = LINEAR[name].density(pre, 2.0 * pre * mean, 2.0 / N_SOURCES, distance=2)
        mean = 0.5 * (mean + moments(density)[0])
    weights = linear[name]
    assert_distributed(weights, density)
    low, middle, high = np.histogram(weights, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])[0][::2]
    if name == "mu above":
        assert middle > 5 * max(low, high)
    else:
        assert middle + 3 * np.sqrt(middle) < min(low, high)


# --- cells that integrate and fire ---------------------------------------------------------------

N_INPUTS, W_MAX, STEP = 400, 0.0003, 1.0
SONG = {  # rule and rate of the sources [Hz]
    "fast learning": (Rule(ADDITIVE, 0.02, 0.021), 10.0),
    "10 Hz": (Rule(ADDITIVE, 0.01, 0.0105), 10.0),
    "20 Hz": (Rule(ADDITIVE, 0.01, 0.0105), 20.0),
    "40 Hz": (Rule(ADDITIVE, 0.01, 0.0105), 40.0),
    "more depression": (Rule(ADDITIVE, 0.01, 0.011), 20.0),
    "mu = 0.3": (Rule(GUTIG, 0.01, 0.0105, mu=0.3), 20.0),
}


class Course(NamedTuple):
    """Weights over w_max at last; rates [Hz] and variations of intervals at first and at last."""

    weights: np.ndarray
    rates: tuple[float, float]
    variations: tuple[float, float]


def courses(names, seconds):
    """Return what becomes of a cell and its synapses, by some of the rules and rates."""
    sim.setup(timestep=STEP, seed=23, log=False, progress=False)
    cell_type = sim.IF_cond_exp(
        **{"v_rest": -70.0, "v_reset": -60.0, "v_thresh": -54.0, "tau_m": 20.0, "cm": 0.2},
        **{"tau_refrac": 1.0, "e_rev_E": 0.0, "tau_syn_E": 5.0},
    )
    cells = sim.Population(len(names), cell_type, initial_values={"v": -70.0})
    cells.record("spikes")
    learning = []
    for k, (rule, rate) in enumerate(SONG[name] for name in names):
        pre = sim.Population(N_INPUTS, sim.SpikeSourcePoisson(rate=rate))
        synapse = rule.synapse(W_MAX, STEP)
        learning.append(sim.Projection(pre, cells[k : k + 1], sim.AllToAllConnector(), synapse))
    sim.run(seconds * 1e3)
    found = {}
    trains = cells.get_data().segments[0].spiketrains
    for name, projection, train in zip(names, learning, trains, strict=True):
        times = train.magnitude / 1e3
        parts = [times[times < 2.0], times[times > seconds - 20.0]]
        found[name] = Course(
            projection.get("weight", "array") / W_MAX,
            (parts[0].size / 2.0, parts[1].size / 20.0),
            tuple(np.diff(part).std() / np.diff(part).mean() for part in parts),
        )
    return found


def assert_parted(weights):
    __tracebackhide__ = True
    low, middle, high = np.histogram(weights, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])[0][::2]
    assert middle + 3 * np.sqrt(middle) < min(low, high)


def test_weights_of_an_integrate_and_fire_cell_part():
    (course,) = courses(["fast learning"], 120.0).values()
    assert_parted(course.weights)


@pytest.fixture(scope="module")
def song():
    """Return what becomes of each of the cells."""
    return courses(list(SONG)[1:], 250.0)


@pytest.mark.slow
def test_the_more_synapses_are_driven_the_fewer_stay_large(song):
    """Song et al. (2000): they compete, so that the cell's rate hardly follows theirs."""
    names = ("10 Hz", "20 Hz", "40 Hz")
    for name in (*names, "more depression"):
        assert_parted(song[name].weights)
    by_rate = [song[name].weights for name in names]
    for more, fewer in pairwise(by_rate):
        error = np.sqrt((more.var() + fewer.var()) / N_INPUTS)
        assert more.mean() - fewer.mean() > 2.0 * error
    first, last = np.array([song[name].rates for name in names]).T
    assert first.max() > 5.0 * first.min()
    assert last.max() < 1.3 * last.min()
    assert song["more depression"].rates[1] < 0.7 * song["20 Hz"].rates[1]


@pytest.mark.slow
def test_a_cell_comes_to_spike_by_chance(song):
    """Song et al. (2000): synapses that are too strong to balance are weakened."""
    for name in ("20 Hz", "more depression"):
        assert song[name].rates[1] < 0.5 * song[name].rates[0]
        assert song[name].variations[1] > 2.0 * song[name].variations[0]


@pytest.mark.slow
def test_weights_stay_together_where_changes_vanish_at_the_bounds(song):
    """Gütig et al. (2003): around where drift is zero, a little above it for causing spikes."""
    weights, rule = song["mu = 0.3"].weights, SONG["mu = 0.3"][0]
    zero = 1.0 / (1.0 + rule.alpha ** (1.0 / rule.mu))
    assert weights.min() > 0.3
    assert weights.max() < 0.7
    assert zero < weights.mean() < zero + 0.05
