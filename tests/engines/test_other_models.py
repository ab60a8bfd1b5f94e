"""Cell types that are not linear: the engines against each other."""

import numpy as np
import pytest
from model_networks import CASES, CHANGES, changed, driven
from networks import QUIET, signal_of, trains_of
from neuron_marks import needs_neuron

import distsim as sim
from distsim.errors import EngineError
from distsim.models import CELL_MODELS

pytest.importorskip("nest")
# Brian calls other packages in ways that are to end
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_all_are_tested():
    linear = {name for name in CELL_MODELS if name.startswith("IF_")} - {"IF_cond_exp_gsfa_grr"}
    # its spikes are drawn, on each engine others: tests/physics/test_escape_noise.py
    assert set(CASES) == set(CHANGES) == set(CELL_MODELS) - linear - {"GIF_cond_exp"}


@pytest.mark.parametrize("model", CASES)
def test_the_native_engine_and_nest_give_nearly_the_same_spikes(model):
    """As far as NEST is exact: Izhikevich's cell is of first order there."""
    timestep = 0.01 if model == "Izhikevich" else 0.1
    (nest_trains, nest_signals), (trains, signals) = (
        driven(model, engine, timestep) for engine in ("nest", "native")
    )
    n = sum(map(len, nest_trains))
    assert n > 100
    assert sum(map(len, trains)) == pytest.approx(n, abs=max(3, 0.01 * n))
    firsts = np.array([[x[0], y[0]] for x, y in zip(trains, nest_trains, strict=True) if x])
    assert np.median(np.abs(firsts[:, 0] - firsts[:, 1])) < 2.01 * timestep
    end = int((firsts.min() - 2.0) / timestep)
    atol = 0.1 if model == "Izhikevich" else 2e-3
    for name, signal in signals.items():
        np.testing.assert_allclose(signal[:end], nest_signals[name][:end], atol=atol, err_msg=name)


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


@pytest.mark.parametrize(("timestep", "duration"), [(0.1, 300.0), (0.02, 120.0)])
def test_channels_open_alike_in_nest_and_brian2(timestep, duration):
    """Of first order in Brian, with common steps; so spikes of noisy cells drift apart."""
    pytest.importorskip("brian2")
    (nest_trains, nest_signals), (trains, signals) = (
        driven("HH_cond_exp", engine, timestep, duration) for engine in ("nest", "brian2")
    )
    n = sum(map(len, nest_trains))
    assert n > 2 / 3 * duration
    assert sum(map(len, trains)) == pytest.approx(n, rel=timestep)
    for mine, theirs in zip(trains, nest_trains, strict=True):
        np.testing.assert_allclose(mine[:1], theirs[:1], atol=10 * timestep)
    for name in ("m", "h", "n"):
        assert 0.0 <= signals[name].min() <= signals[name].max() <= 1.0
        mean = np.nanmean(nest_signals[name])
        assert signals[name].mean() == pytest.approx(mean, rel=1.5 * timestep)


NOT_EXACT = [model for model in CASES if model != "Izhikevich"]


@needs_neuron
@pytest.mark.parametrize("model", NOT_EXACT)
def test_neuron_comes_closer_to_nest_with_shorter_steps(model):
    """Of first order in NEURON, adaptive in NEST."""
    errors = []
    for timestep in (0.1, 0.02):
        (nest_trains, nest_signals), (trains, signals) = (
            driven(model, engine, timestep) for engine in ("nest", "neuron")
        )
        n = sum(map(len, nest_trains))
        assert n > 100
        assert sum(map(len, trains)) == pytest.approx(n, rel=0.02)
        firsts = np.array([[x[0], y[0]] for x, y in zip(trains, nest_trains, strict=True) if x])
        assert np.median(np.abs(firsts[:, 0] - firsts[:, 1])) < 1.01 * timestep
        end = int((firsts.min() - 2.0) / timestep)
        # a conductance is recorded before what arrives at the very step
        for name in set(signals) - {"gsyn_exc", "gsyn_inh"}:
            atol = 0.15 if name == "v" else 1e-3
            np.testing.assert_allclose(nest_signals[name][:end], signals[name][:end], atol=atol)
        errors.append(np.abs(nest_signals["v"][:end] - signals["v"][:end]).max())
    assert errors[1] < 0.4 * errors[0]


def without_spikes(trains, signal):
    """Return a signal with nan at the steps of spikes, at which NEURON shows no reset yet."""
    masked = signal.copy()
    for column, train in enumerate(trains):
        masked[np.rint(np.array(train) / 0.1).astype(int), column] = np.nan
    return masked


@needs_neuron
@pytest.mark.parametrize("run", [driven, changed])
def test_izhikevichs_cells_do_the_same_in_nest_and_neuron(run):
    (nest_trains, nest_signals), (trains, signals) = (
        run("Izhikevich", engine=engine) for engine in ("nest", "neuron")
    )
    assert sum(map(len, trains)) > 100
    assert trains == nest_trains
    for name, signal in signals.items():
        found, expected = (without_spikes(trains, each) for each in (signal, nest_signals[name]))
        difference = np.abs(found - expected)
        # rounding, which grows where a potential runs away
        assert np.nanquantile(difference, 0.98) < 1e-5
        assert np.nanmax(difference) < 0.5


@needs_neuron
@pytest.mark.parametrize("model", NOT_EXACT)
def test_changes_have_nearly_the_same_effect_in_neuron(model):
    (nest_trains, nest_signals), (trains, signals) = (
        changed(model, engine=engine) for engine in ("nest", "neuron")
    )
    ends = np.arange(0.0, 241.0, 80.0)
    counts, expected = (
        np.histogram(np.concatenate(each), ends)[0] for each in (trains, nest_trains)
    )
    np.testing.assert_allclose(counts, expected, rtol=0.06, atol=2)
    assert expected.sum() > 80
    for name in CHANGES[model][0]:
        np.testing.assert_array_equal(signals[name][0], nest_signals[name][0])
        # half of the cells begin anew at step 1600
        found, there = (each[name][1601, ::2] for each in (signals, nest_signals))
        if name == "v":
            # not held at v_reset on one of the engines
            is_free = (np.abs(found + 70.6) > 0.01) & (np.abs(there + 70.6) > 0.01)
            assert is_free.sum() >= 3
            np.testing.assert_allclose(found[is_free], there[is_free], atol=0.7)
        elif name == "gsyn_exc":
            # some hear something
            assert np.median(np.abs(found - there)) < 1e-6
        else:
            np.testing.assert_allclose(found, there, atol=1e-3)


@pytest.mark.parametrize("engine", ["brian2", pytest.param("neuron", marks=needs_neuron)])
def test_a_cell_without_exponential_is_refused_where_there_is_none(engine):
    sim.setup(timestep=0.1, engine=engine, **QUIET)
    sim.Population(2, sim.EIF_cond_exp_isfa_ista(delta_T=0.0))
    with pytest.raises(EngineError, match=r"delta_T = 0 mV of EIF_cond_exp.*engine 'native' or"):
        sim.run(1.0)


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
    with pytest.raises(EngineError, match=r"iaf_psc_exp .* engine 'native'.*\(engine='nest'\)"):
        sim.Population(2, sim.native_cell_type("iaf_psc_exp")())
    with pytest.raises(EngineError, match=r"no model 'iaf_psc_ex'; did you mean 'iaf_psc_exp'"):
        sim.native_cell_type("iaf_psc_ex")
    with pytest.raises(EngineError, match="'dc_generator' of NEST is a stimulator"):
        sim.native_cell_type("dc_generator")
    sim.setup(timestep=0.1, engine="nest", **QUIET)
    assert "Izhikevich" in sim.list_standard_models()
    assert "SpikeSourcePoisson" in sim.list_standard_models()
