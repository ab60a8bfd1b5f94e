"""PointNeuron on other engines: those that have a combination give what the native one gives."""

import numpy as np
import pytest
from networks import QUIET, signal_of, trains_of

import distsim as sim
from distsim.engines.registry import engines_with
from distsim.errors import EngineError
from distsim.models.point_neuron import MEMBRANES, point_model
from distsim.models.responses import RESPONSES

pytest.importorskip("nest")
# Brian calls other packages in ways that are to end
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def leaky(kind):
    """Return a leaky cell with three synaptic currents, of which one differs between cells."""
    return sim.PointNeuron(
        sim.LIF(tau_refrac=2.0),
        fast=kind(tau_syn=2.0),
        slow=kind(tau_syn=[4.0] * 5 + [5.0] * 5),
        stop=kind(tau_syn=12.0),
    )


CASES = {
    "iaf_psc_exp_multisynapse": (
        lambda: leaky(sim.CurrExp),
        {"fast": 0.5, "slow": 0.3, "stop": -0.05},
        {"slow.tau_syn": 3.0, "cm": 0.9},
    ),
    "iaf_psc_alpha_multisynapse": (
        lambda: leaky(sim.CurrAlpha),
        {"fast": 0.2, "slow": 0.1, "stop": -0.05},
        {"cm": 0.9, "v_reset": -67.0},
    ),
    "aeif_cond_alpha_multisynapse": (
        lambda: sim.PointNeuron(
            sim.AdExp(tau_refrac=2.0),
            AMPA=sim.AlphaPSR(tau_syn=3.0),
            GABA=sim.AlphaPSR(tau_syn=[4.0] * 5 + [5.0] * 5, e_syn=-80.0),
        ),
        {"AMPA": 0.02, "GABA": 0.01},
        {"GABA.e_syn": -75.0, "b": 0.04},
    ),
    "aeif_cond_beta_multisynapse": (
        lambda: sim.PointNeuron(
            sim.AdExp(tau_refrac=2.0),
            AMPA=sim.BetaPSR(tau_rise=0.5, tau_decay=3.0),
            GABA=sim.AlphaPSR(tau_syn=4.0, e_syn=-80.0),
            NMDA=sim.BetaPSR(tau_rise=3.0, tau_decay=30.0),
        ),
        {"AMPA": 0.015, "GABA": 0.01, "NMDA": 0.002},
        {"NMDA.e_syn": -5.0, "tau_w": 100.0},
    ),
}


def outcome(case, engine):
    """Return trains and signals of cells that are driven, hear each other, and are changed."""
    cell, weights, changes = CASES[case]
    sim.setup(timestep=0.1, seed=3, engine=engine, **QUIET)
    cells = sim.Population(10, cell())
    noise = sim.Population(40, sim.SpikeSourcePoisson(rate=60.0))
    for receptor, weight in weights.items():
        for source, delay in ((noise, 1.0), (cells, 1.5)):
            synapse = sim.StaticSynapse(weight=weight, delay=delay)
            connector = sim.FixedProbabilityConnector(0.3)
            sim.Projection(source, cells, connector, synapse, receptor_type=receptor)
    cells[3:].inject(sim.DCSource(amplitude=0.1, start=20.0, stop=70.0))
    cells.record("all")
    sim.run(60.0)
    cells.set(**changes)
    sim.run(40.0)
    variables = [name for name in cells.celltype.recordable if name != "spikes"]
    return trains_of(cells), {name: signal_of(cells, name) for name in variables}


@pytest.mark.parametrize("case", [name for name in CASES if name.startswith("iaf")])
def test_nests_exact_cells_have_the_same_spikes_and_courses(case):
    trains, signals = outcome(case, "native")
    nest_trains, nest_signals = outcome(case, "nest")
    assert sum(map(len, trains)) > 10
    assert nest_trains == trains
    for name, signal in signals.items():
        # NEST shows synaptic currents a step late, so not at the end
        shown = ~np.isnan(nest_signals[name])
        assert shown[:-1].all()
        np.testing.assert_allclose(nest_signals[name][shown], signal[shown], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("case", [name for name in CASES if name.startswith("aeif")])
def test_nests_adaptive_cells_follow_until_the_first_spikes(case):
    trains, signals = outcome(case, "native")
    nest_trains, nest_signals = outcome(case, "nest")
    n = sum(map(len, trains))
    assert n > 100
    assert sum(map(len, nest_trains)) == pytest.approx(n, rel=0.01)
    firsts = np.array([[x[0], y[0]] for x, y in zip(trains, nest_trains, strict=True)])
    assert np.abs(firsts[:, 0] - firsts[:, 1]).max() < 0.11
    end = round((firsts.min() - 1.0) / 0.1)
    assert end > 10
    for name, signal in signals.items():
        # NEST's tolerance
        np.testing.assert_allclose(nest_signals[name][:end], signal[:end], rtol=0.0, atol=1e-3)


@pytest.mark.parametrize("case", ["iaf_psc_exp_multisynapse", "aeif_cond_beta_multisynapse"])
def test_brian2_follows_nest_until_the_first_spikes(case):
    pytest.importorskip("brian2")
    (nest_trains, nest_signals), (trains, signals) = (outcome(case, e) for e in ("nest", "brian2"))
    n = sum(map(len, nest_trains))
    assert n > 10
    assert sum(map(len, trains)) == pytest.approx(n, rel=0.02)
    end = round(min(train[0] for train in nest_trains if train) / 0.1) - 20
    assert end > 10
    for name, signal in signals.items():
        np.testing.assert_allclose(signal[:end], nest_signals[name][:end], rtol=0.0, atol=1e-2)


@pytest.mark.parametrize(
    ("membrane", "kinds", "expected"),
    [
        ("LIF", ("CurrExp",), {"native", "nest", "brian2"}),
        ("LIF", ("CurrAlpha",), {"native", "nest", "brian2"}),
        ("LIF", ("CurrExp", "CurrAlpha"), {"native", "brian2"}),
        ("LIF", ("CondExp",), {"native", "brian2"}),
        ("LIF", (), {"native", "nest", "brian2"}),
        ("AdExp", ("CondAlpha", "CondBeta"), {"native", "nest", "brian2"}),
        ("AdExp", ("CondExp",), {"native", "brian2"}),
        ("AdExp", ("CondBeta", "CurrExp"), {"native", "brian2"}),
    ],
)
def test_engines_have_the_combinations_that_their_simulator_has(membrane, kinds, expected):
    responses = {f"r{k}": RESPONSES[kind] for k, kind in enumerate(kinds)}
    assert set(engines_with(point_model(MEMBRANES[membrane], responses))) == expected


def test_an_engine_without_a_combination_says_who_has_it():
    sim.setup(engine="nest", **QUIET)
    cell = sim.PointNeuron(sim.LIF(), AMPA=sim.CondExp())
    with pytest.raises(
        EngineError,
        match=r"PointNeuron\(LIF, AMPA=CondExp\) is not available on engine 'nest'; .*'native'",
    ):
        sim.Population(2, cell)


def test_nest_refuses_initial_conductances():
    sim.setup(engine="nest", **QUIET)
    cells = sim.Population(2, sim.PointNeuron(sim.AdExp(), AMPA=sim.AlphaPSR()))
    cells.initialize(**{"AMPA.gsyn": 0.01})
    with pytest.raises(EngineError, match=r"NEST cannot set 'AMPA\.gsyn'"):
        sim.run(1.0)
