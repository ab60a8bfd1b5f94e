"""Renewal sources spike on every engine as on the native one."""

import numpy as np
import pytest
from networks import renewal_sources
from neuron_marks import needs_neuron

import distsim as sim

# Brian calls other packages in ways that are to end
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def on_native():
    return renewal_sources(sim)


@pytest.mark.parametrize(
    "options",
    [
        {"engine": "nest"},
        {"engine": "nest", "threads": 2, "share_input": False},
        {"engine": "brian2"},
        pytest.param({"engine": "neuron"}, marks=needs_neuron),
    ],
    ids=str,
)
def test_all_spikes_are_those_of_the_native_engine(on_native, options):
    if options["engine"] != "neuron":
        pytest.importorskip(options["engine"])
    trains, v = on_native
    found, v_found = renewal_sources(sim, **options)
    assert min(sum(map(len, each)) for each in trains) >= 20
    # the last sources have several spikes in a step
    assert any(np.unique(train).size < len(train) for train in trains[3])
    assert found[:-1] == trains[:-1]
    if options["engine"] == "neuron":
        # its cells follow in another way, and are a step earlier or later
        n = sum(map(len, trains[-1]))
        assert sum(map(len, found[-1])) == pytest.approx(n, rel=0.03)
        return
    assert found[-1] == trains[-1]
    np.testing.assert_allclose(v_found, v, atol=1e-9)
