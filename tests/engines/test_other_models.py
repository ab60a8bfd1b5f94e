"""Cell types that only other engines have: these engines against each other."""

import numpy as np
import pytest
from networks import QUIET, signal_of, trains_of

import distsim as sim
from distsim.errors import EngineError
from distsim.models import CELL_MODELS, NATIVE_MODELS

pytest.importorskip("nest")
# Brian calls other packages in ways that are to end
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

# parameters, largest i_offset [nA], and the weight of all synapses [uS or mV]
CASES = {
    "EIF_cond_exp_isfa_ista": ({"tau_refrac": 2.0}, 0.5, 0.01),
    "EIF_cond_alpha_isfa_ista": ({"tau_refrac": 2.0}, 0.5, 0.01),
    "IF_cond_exp_gsfa_grr": ({"tau_refrac": 1.0}, 0.5, 0.01),
    "HH_cond_exp": ({"tau_syn_E": 2.0, "tau_syn_I": 5.0}, 0.5, 0.01),
    "Izhikevich": ({}, 0.01, 1.0),
}


def driven(model, engine, timestep=0.1):
    """Run 20 cells for 300 ms, each with a current and noise of its own; return trains, signals."""
    parameters, offset, weight = CASES[model]
    sim.setup(timestep=timestep, seed=3, engine=engine, **QUIET)
    cells = sim.Population(20, getattr(sim, model)(**parameters))
    cells.set(i_offset=sim.RandomDistribution("uniform", (0.0, offset)))
    inhibition = -weight if model == "Izhikevich" else weight
    for rate, connector, receptor, w in (
        (600.0, sim.OneToOneConnector(), "excitatory", weight),
        (200.0, sim.FixedProbabilityConnector(0.2), "inhibitory", inhibition),
    ):
        noise = sim.Population(20, sim.SpikeSourcePoisson(rate=rate))
        synapse = sim.StaticSynapse(weight=w, delay=1.0)
        sim.Projection(noise, cells, connector, synapse, receptor_type=receptor)
    cells.record("all")
    sim.run(200.0)
    sim.run(100.0)
    variables = [name for name in cells.celltype.recordable if name != "spikes"]
    return trains_of(cells), {name: signal_of(cells, name) for name in variables}


def test_all_are_tested():
    assert set(CASES) == set(CELL_MODELS) - set(NATIVE_MODELS)


@pytest.mark.parametrize("model", ["IF_cond_exp_gsfa_grr", "Izhikevich"])
def test_nest_and_brian2_give_the_same_spikes(model):
    pytest.importorskip("brian2")
    (nest_trains, nest_signals), (trains, signals) = (driven(model, e) for e in ("nest", "brian2"))
    assert sum(map(len, trains)) > 100
    assert trains == nest_trains
    for name, signal in signals.items():
        np.testing.assert_allclose(nest_signals[name], signal, atol=1e-4)


@pytest.mark.parametrize("model", ["EIF_cond_exp_isfa_ista", "EIF_cond_alpha_isfa_ista"])
def test_nest_and_brian2_give_nearly_the_same_spikes(model):
    """The last spikes' times depend much on the first: the potential runs away from threshold."""
    pytest.importorskip("brian2")
    (nest_trains, nest_signals), (trains, signals) = (driven(model, e) for e in ("nest", "brian2"))
    n = sum(map(len, trains))
    assert n > 100
    assert sum(map(len, nest_trains)) == pytest.approx(n, abs=3)
    for mine, theirs in zip(trains, nest_trains, strict=True):
        np.testing.assert_allclose(mine[:2], theirs[:2], atol=0.21)
    first = int(min(train[0] for train in trains if train) / 0.1) - 20
    for name, signal in signals.items():
        np.testing.assert_allclose(nest_signals[name][:first], signal[:first], atol=1e-2)


@pytest.mark.parametrize("timestep", [0.1, 0.02])
def test_channels_open_alike_in_nest_and_brian2(timestep):
    """Of first order in Brian, with common steps; so spikes of noisy cells drift apart."""
    pytest.importorskip("brian2")
    (nest_trains, nest_signals), (trains, signals) = (
        driven("HH_cond_exp", engine, timestep) for engine in ("nest", "brian2")
    )
    n = sum(map(len, nest_trains))
    assert n > 200
    assert sum(map(len, trains)) == pytest.approx(n, rel=timestep)
    for mine, theirs in zip(trains, nest_trains, strict=True):
        np.testing.assert_allclose(mine[:1], theirs[:1], atol=10 * timestep)
    for name in ("m", "h", "n"):
        assert 0.0 <= signals[name].min() <= signals[name].max() <= 1.0
        mean = np.nanmean(nest_signals[name])
        assert signals[name].mean() == pytest.approx(mean, rel=1.5 * timestep)


def test_a_type_of_nests_own_is_nests():
    model = sim.native_cell_type("iaf_psc_exp")
    sim.setup(timestep=0.1, seed=3, engine="nest", **QUIET)
    offset = np.linspace(0.7, 1.2, 5)
    own = sim.Population(5, model(I_e=1000.0 * offset, tau_m=20.0, C_m=1000.0, E_L=-65.0))
    own.set(V_reset=-65.0, V_th=-50.0, t_ref=2.0, tau_syn_ex=5.0)
    own.initialize(V_m=-65.0)
    known = sim.Population(5, sim.IF_curr_exp(i_offset=offset, tau_refrac=2.0))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=np.arange(1.0, 200.0, 9.0)))
    for cells in (own, known):
        synapse = sim.StaticSynapse(weight=0.5, delay=1.0)
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
        cells.inject(sim.DCSource(amplitude=0.2, start=50.0, stop=90.0))
        cells.record(["spikes", "V_m" if cells is own else "v"])
    for tau_m in (20.0, 10.0):
        own.set(tau_m=tau_m)
        known.set(tau_m=tau_m)
        sim.run(100.0)
    assert sum(map(len, trains_of(own))) > 20
    assert trains_of(own) == trains_of(known)
    np.testing.assert_array_equal(signal_of(own, "V_m"), signal_of(known, "v"))


def test_receptor_types_of_nests_own_are_heard_separately():
    model = sim.native_cell_type("ht_neuron")
    sim.setup(timestep=0.1, engine="nest", **QUIET)
    cells = sim.Population(2, model())
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0]))
    for cell, receptor in ((cells[:1], "AMPA"), (cells[1:], "GABA_A")):
        synapse = sim.StaticSynapse(weight=0.01, delay=1.0)
        connector = sim.AllToAllConnector()
        sim.Projection(source, cell, connector, synapse, receptor_type=receptor)
    cells.record(["g_AMPA", "g_GABA_A"])
    sim.run(20.0)
    ampa, gaba = (
        np.nanmax(signal_of(cells, name), axis=0) > 0.0 for name in ("g_AMPA", "g_GABA_A")
    )
    assert ampa.tolist() == [True, False]
    assert gaba.tolist() == [False, True]


def test_what_an_engine_lacks_is_told():
    sim.setup(timestep=0.1, **QUIET)
    with pytest.raises(EngineError, match=r"Izhikevich .* engine 'native'.*\(engine='nest' or"):
        sim.Population(2, sim.Izhikevich())
    with pytest.raises(EngineError, match=r"iaf_psc_exp .* engine 'native'.*\(engine='nest'\)"):
        sim.Population(2, sim.native_cell_type("iaf_psc_exp")())
    with pytest.raises(EngineError, match=r"no model 'iaf_psc_ex'; did you mean 'iaf_psc_exp'"):
        sim.native_cell_type("iaf_psc_ex")
    with pytest.raises(EngineError, match="'dc_generator' of NEST is a stimulator"):
        sim.native_cell_type("dc_generator")
    assert "Izhikevich" not in sim.list_standard_models()
    sim.setup(timestep=0.1, engine="nest", **QUIET)
    assert "Izhikevich" in sim.list_standard_models()
    assert "SpikeSourcePoisson" in sim.list_standard_models()
