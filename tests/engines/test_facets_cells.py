"""Cells of the FACETS hardware, on each engine, against IF_cond_exp with its constants."""

import numpy as np
import pytest
from networks import QUIET, signal_of, trains_of
from neuron_marks import needs_neuron

import distsim as sim

# Brian calls other packages in ways that are to end
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

# what cannot be set of the hardware; its leak of 40 nS is a tau_m of 5 ms, 20 nS one of 10 ms
CONSTANTS = {"cm": 0.2, "tau_refrac": 1.0, "e_rev_E": 0.0, "i_offset": 0.0}
OTHERS = {"tau_syn_E": 5.0, "tau_syn_I": 8.0, "e_rev_I": -80.0, "v_reset": -80.0}
OTHERS |= {"v_rest": -65.0, "v_thresh": -55.0}


def driven(engine, kind, leaks, **parameters):
    """Return trains and signals of cells with noise and current, whose leak changes."""
    sim.setup(timestep=0.1, seed=3, engine=engine, **QUIET)
    cells = sim.Population(10, kind(**parameters, **OTHERS))
    for rate, receptor in ((900.0, "excitatory"), (300.0, "inhibitory")):
        noise = sim.Population(10, sim.SpikeSourcePoisson(rate=rate))
        synapse = sim.StaticSynapse(weight=0.004, delay=1.0)
        sim.Projection(noise, cells, sim.OneToOneConnector(), synapse, receptor_type=receptor)
    cells[:5].inject(sim.DCSource(amplitude=0.3, start=20.0, stop=90.0))
    cells.record(["spikes", "v", "gsyn_exc", "gsyn_inh"])
    for leak in leaks:
        cells.set(**leak)
        sim.run(100.0)
    return trains_of(cells), [signal_of(cells, name) for name in ("v", "gsyn_exc", "gsyn_inh")]


@pytest.mark.parametrize(
    "engine", ["native", "nest", "brian2", pytest.param("neuron", marks=needs_neuron)]
)
def test_a_cell_is_an_if_cond_exp_with_constants(engine):
    if engine != "native":
        pytest.importorskip(engine)
    trains, signals = driven(engine, sim.IF_facets_hardware1, [{"g_leak": 40.0}, {"g_leak": 20.0}])
    expected, expected_signals = driven(
        engine, sim.IF_cond_exp, [{"tau_m": 5.0}, {"tau_m": 10.0}], **CONSTANTS
    )
    assert sum(map(len, expected)) > 100
    assert trains == expected
    for signal, expected_signal in zip(signals, expected_signals, strict=True):
        np.testing.assert_array_equal(signal, expected_signal)


def test_what_cannot_be_set_is_no_parameter():
    sim.setup(timestep=0.1, **QUIET)
    with pytest.raises(sim.errors.ParameterError, match="unknown parameter 'tau_refrac'"):
        sim.IF_facets_hardware1(tau_refrac=2.0)
    cells = sim.Population(2, sim.IF_facets_hardware1())
    with pytest.raises(sim.errors.ParameterError, match="unknown parameter 'cm'"):
        cells.set(cm=1.0)
    with pytest.raises(sim.errors.ParameterError, match="unknown parameter 'e_rev_E'"):
        cells.get("e_rev_E")
