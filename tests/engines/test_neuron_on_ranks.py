"""NEURON as engine on several ranks: what it does on one, to the bit.

A job on each number of ranks runs all cases, one after another; a test looks at its own.
"""

import functools

import numpy as np
import pytest
from model_networks import CASES
from neuron_marks import HAS_CORENEURON, HAS_NEURON, needs_coreneuron

if not HAS_NEURON:
    pytest.skip("needs NEURON, make and a C++ compiler", allow_module_level=True)

NETWORK = "parallel_network,neuron"
CHANGES = "parallel_changes,neuron"
MODELS = "parallel_models,neuron"
ONLY_CELL = "only_cell,neuron"
SYNAPSES = "parallel_synapses"
INJECTED = "injected_on_one_rank,neuron"
USER_CELLS = "user_cells,network"
ON_CORENEURON = [f"{NETWORK},slow,coreneuron", f"{NETWORK},slow,own,coreneuron"]
ON_RANKS = {
    2: [
        *(NETWORK, f"{NETWORK},own", *ON_CORENEURON, INJECTED, USER_CELLS, ONLY_CELL),
        *(CHANGES, f"{CHANGES},coreneuron", MODELS, f"{MODELS},coreneuron"),
    ],
    3: [NETWORK, f"{NETWORK},own", *ON_CORENEURON, INJECTED, USER_CELLS, CHANGES, SYNAPSES],
    4: [ONLY_CELL, f"{ONLY_CELL},coreneuron"],
}


@pytest.fixture(scope="module")
def done(cases_on_ranks, neuron_job):
    """Return a function that returns what all cases did on N ranks, which run them once."""

    @functools.cache
    def outcome(n_ranks):
        cases = [c for c in ON_RANKS[n_ranks] if HAS_CORENEURON or "coreneuron" not in c]
        try:
            return cases_on_ranks(neuron_job, n_ranks, *cases, timeout=300)
        # a job that fails, or hangs, is not begun again by each test; `pytest.fail` is no Exception
        except (Exception, pytest.fail.Exception) as failure:
            return failure

    def on_ranks(n_ranks):
        found = outcome(n_ranks)
        if isinstance(found, BaseException):
            raise found
        return found

    return on_ranks


@pytest.mark.parametrize("n_ranks", [2, 3])
@pytest.mark.parametrize("case", [NETWORK, f"{NETWORK},own"])
def test_many_ranks_do_what_one_does(on_one_rank, done, n_ranks, case):
    alone, together = on_one_rank(case), done(n_ranks)[case]
    assert (alone["n_hosts"], together["n_hosts"]) == (1, n_ranks)
    assert alone["keys"].size > 200
    assert alone["n_few"] > 10
    for name in ("keys", "noise", "n_few", "v", "connections"):
        np.testing.assert_array_equal(together[name], alone[name], err_msg=name)


@needs_coreneuron
@pytest.mark.parametrize("n_ranks", [1, 2, 3])
@pytest.mark.parametrize("case", ON_CORENEURON)
def test_coreneuron_does_what_neuron_does_on_any_number_of_ranks(on_one_rank, done, n_ranks, case):
    expected = on_one_rank(case.removesuffix(",coreneuron"))
    assert expected["keys"].size > 200
    found = done(n_ranks)[case] if n_ranks > 1 else on_one_rank(case)
    assert found["n_hosts"] == n_ranks
    for name in ("keys", "noise", "n_few", "connections"):
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
    np.testing.assert_allclose(found["v"], expected["v"], rtol=1e-12)


@pytest.mark.parametrize(
    ("n_ranks", "case"),
    [
        *((2, ONLY_CELL), (4, ONLY_CELL)),
        pytest.param(4, f"{ONLY_CELL},coreneuron", marks=needs_coreneuron),
    ],
)
def test_a_cell_alone_and_ranks_without_any(done, n_ranks, case):
    """What is asserted, each rank asserts in the job."""
    assert case in done(n_ranks)


@pytest.mark.parametrize("n_ranks", [2, 3])
def test_changes_have_the_same_effect(on_one_rank, done, n_ranks):
    expected, found = on_one_rank(CHANGES), done(n_ranks)[CHANGES]
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@needs_coreneuron
def test_coreneuron_takes_what_changes(on_one_rank, done):
    expected, found = on_one_rank(CHANGES), done(2)[f"{CHANGES},coreneuron"]
    for name in ("connections", "counts", "times"):
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
    np.testing.assert_allclose(found["v"], expected["v"], rtol=1e-12)


@pytest.mark.parametrize(
    ("n_ranks", "case"),
    [
        (2, MODELS),
        pytest.param(1, f"{MODELS},coreneuron", marks=needs_coreneuron),
        pytest.param(2, f"{MODELS},coreneuron", marks=needs_coreneuron),
    ],
)
def test_other_models_do_the_same_on_ranks_and_with_coreneuron(on_one_rank, done, n_ranks, case):
    expected = on_one_rank(MODELS)
    found = done(n_ranks)[case] if n_ranks > 1 else on_one_rank(case)
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    assert min(expected[f"{model} counts"].sum() for model in CASES) > 80


def test_synapses_of_many_ranks_do_what_those_of_one_do(on_one_rank, done):
    alone, together = on_one_rank(SYNAPSES), done(3)[SYNAPSES]
    assert alone["times"].size > 150
    assert np.nanmax(alone["weights"]) - np.nanmin(alone["weights"]) > 0.2
    for name in ("times", "counts", "weights"):
        np.testing.assert_array_equal(together[name], alone[name], err_msg=name)
    # the order in which what arrives in a step is summed up depends on the ranks
    np.testing.assert_allclose(together["v"], alone["v"], rtol=1e-9)


@pytest.mark.parametrize("n_ranks", [1, 2, 3])
def test_a_current_may_be_told_to_the_rank_of_its_cell_alone(on_one_rank, done, n_ranks):
    v = (done(n_ranks)[INJECTED] if n_ranks > 1 else on_one_rank(INJECTED))["v"]
    # as all ranks tell it
    np.testing.assert_allclose(v, [-65.0, -65.0, -64.597649, -65.0], atol=1e-6)


@pytest.mark.parametrize("n_ranks", [2, 3])
def test_cells_of_ones_own_that_hear_each_other_do_the_same(on_one_rank, done, n_ranks):
    expected, found = on_one_rank(USER_CELLS), done(n_ranks)[USER_CELLS]
    assert expected["times"].size > 20
    assert np.ptp(expected["reader"]) > 1.0
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
