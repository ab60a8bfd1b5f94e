"""Each model's step against its plain-Python version, on random cells."""

import naive
import numpy as np
import pytest
from numba import njit

from distsim.kernels.arrays import Cells
from distsim.kernels.conductance import NODE_1, NODE_2, gauss_step
from distsim.kernels.epoch import settle, update
from distsim.models import CELL_MODELS

# odd, so that vectorised loops have a remainder
N_LOCAL = 37
N_STEPS = 400
DT = 0.1

# plain version, strength of the input, whether the plain version has the same order of operations
KERNELS = {
    "IF_curr_exp": (naive.step_if_curr_exp, 2.0, True),
    "IF_curr_alpha": (naive.step_if_curr_alpha, 1.0, True),
    "IF_curr_delta": (naive.step_if_curr_delta, 3.0, True),
    "IF_cond_exp": (naive.step_if_cond_exp, 0.02, False),
    "IF_cond_alpha": (naive.step_if_cond_alpha, 0.02, False),
}
EPS = np.finfo(float).eps


def random_parameters(rng, names):
    """Return parameters of cells that all differ."""
    bounds = {
        "v_rest": (-70, -60),
        "cm": (0.2, 1.0),
        "tau_m": (8, 25),
        "tau_refrac": (0, 2),
        "i_offset": (0.0, 1.0),
        "v_reset": (-75, -65),
        "v_thresh": (-55, -50),
        "tau_syn_E": (0.5, 5),
        "tau_syn_I": (2, 10),
        "e_rev_E": (-10, 10),
        "e_rev_I": (-90, -75),
    }
    return {name: rng.uniform(*bounds[name], N_LOCAL) for name in names}


def of_cell(coefficients, i):
    """Return the coefficients of one cell as plain numbers."""
    values = coefficients._asdict()
    return {k: v if np.ndim(v) == 0 else v[i].item() for k, v in values.items()}


def cells_of(description, n):
    """Return cells at rest at 0 mV."""
    return Cells.of(np.zeros((len(description.states), n)))


def rows_of(description):
    """Return the rows of the state that weights are added to."""
    return np.array(description.receptor_rows)


@njit
def step(cells, coefficients, rows, arriving):
    """Make one step as an epoch does."""
    update(cells, coefficients)
    for k in range(rows.size):
        cells.state[rows[k]] += arriving[k]
    return settle(cells, coefficients)


@pytest.fixture
def rng():
    return np.random.default_rng(12)


@pytest.mark.parametrize("model", KERNELS)
def test_a_kernel_does_what_its_plain_version_does(model, rng):
    plain, strength, is_same_order = KERNELS[model]
    description = CELL_MODELS[model]
    coefficients = description.coefficients(random_parameters(rng, description.parameter_names), DT)
    cells = cells_of(description, N_LOCAL)
    cells.state[0] = rng.uniform(-80, -50, N_LOCAL)
    of_cells = [of_cell(coefficients, i) for i in range(N_LOCAL)]
    n_spikes = 0
    for _ in range(N_STEPS):
        arriving = strength * rng.random((2, N_LOCAL)) * (rng.random((2, N_LOCAL)) < 0.2)
        if model.startswith("IF_curr"):
            arriving[1] *= -1
        # each step begins where the kernel left off, so that roundings do not add up
        expected = [
            plain(cells.state[:, i].tolist(), int(cells.refractory[i]), arriving[:, i].tolist(), c)
            for i, c in enumerate(of_cells)
        ]
        n_spiking = step(cells, coefficients, rows_of(description), arriving)
        state = np.array([cell[0] for cell in expected]).T
        if is_same_order:
            np.testing.assert_array_equal(cells.state, state)
        else:
            # some twenty operations, the largest terms those of v's slope
            np.testing.assert_allclose(cells.state[0], state[0], rtol=64 * EPS)
            np.testing.assert_array_equal(cells.state[1:], state[1:])
        assert cells.refractory.tolist() == [cell[1] for cell in expected]
        spiking = [i for i, cell in enumerate(expected) if cell[2]]
        assert cells.spiking[:n_spiking].tolist() == spiking
        n_spikes += n_spiking
    assert n_spikes > N_LOCAL


@pytest.mark.parametrize("model", KERNELS)
def test_a_cell_does_not_depend_on_its_place(model, rng):
    _, strength, _ = KERNELS[model]
    description = CELL_MODELS[model]
    parameters = random_parameters(rng, description.parameter_names)
    arriving = strength * rng.random((200, 2, N_LOCAL)) * (rng.random((200, 2, N_LOCAL)) < 0.2)

    def run(chosen):
        part = {name: values[chosen] for name, values in parameters.items()}
        n = len(chosen)
        cells = cells_of(description, n)
        cells.state[0] = -65.0
        coefficients = description.coefficients(part, DT)
        for inputs in arriving:
            step(cells, coefficients, rows_of(description), inputs[:, chosen])
        return cells.state

    whole = run(np.arange(N_LOCAL))
    # as other numbers of ranks would divide the cells
    for n_parts in (2, 3, 7, N_LOCAL):
        for part in range(n_parts):
            chosen = np.arange(part, N_LOCAL, n_parts)
            np.testing.assert_array_equal(run(chosen), whole[:, chosen])


def test_gauss_step_does_what_the_butcher_tableau_says(rng):
    for _ in range(200):
        v, dt = rng.uniform(-80, -50), rng.uniform(0.01, 1.0)
        rates, drives = rng.uniform(0.0, 5.0, 2), rng.uniform(-50, 50, 2)
        found = gauss_step(v, dt, rates[0], drives[0], rates[1], drives[1])
        nodes = {NODE_1 * dt: 0, NODE_2 * dt: 1}

        def at(t, nodes=nodes, rates=rates, drives=drives):
            k = nodes[t]
            return drives[k], rates[k]

        scale = abs(v) + dt * (abs(drives).max() + rates.max() * abs(v))
        assert abs(found - naive.gauss_legendre(v, dt, at)) < 64 * EPS * scale


def test_gauss_step_has_the_stability_function_of_its_order():
    # for constant coefficients it multiplies by the (2, 2) Pade approximant of exp(-z)
    for z in (0.01, 0.5, 3.0, 100.0):
        expected = (1 - z / 2 + z**2 / 12) / (1 + z / 2 + z**2 / 12)
        assert abs(gauss_step(1.0, 1.0, z, 0.0, z, 0.0) - expected) < 16 * EPS * max(1.0, z)


@pytest.mark.parametrize("rate", [1e3, 1e6, 1e9])
def test_gauss_step_is_stable_for_any_conductance(rate):
    v = -65.0
    for _ in range(50):
        v = gauss_step(v, 0.1, rate, 0.0, rate, 0.0)
        assert abs(v) <= 65.0
