"""Models that are not linear under large conductances: bounds, equilibria, sharp exponentials."""

import numpy as np
import pytest

import distsim as sim

WEIGHTS = [1.0, 30.0, 1000.0]
# a spike that arrives at 6 ms
ARRIVAL = 6.0
E_REV_E = 0.0
# without currents that spikes add to, v is between reversal potentials and where a spike is seen
BOUNDS = {
    "EIF_cond_exp_isfa_ista": ({"a": 0.0, "b": 0.0}, -80.0, -40.0),
    "EIF_cond_alpha_isfa_ista": ({"a": 0.0, "b": 0.0}, -80.0, -40.0),
    "IF_cond_exp_gsfa_grr": ({}, -75.0, -50.0),
    "HH_cond_exp": ({}, -90.0, 50.0),
    "IF_facets_hardware1": ({}, -80.0, -55.0),
    "GIF_cond_exp": ({"a_eta": [0.0] * 3}, -70.0, E_REV_E),
}
# without spikes: capacitance, leak, rest, reversal potentials
ADEXP = {"a": 0.0, "b": 0.0, "delta_T": 0.0, "v_thresh": 1e3, "v_spike": 1e3}
PASSIVE = {
    "EIF_cond_exp_isfa_ista": (ADEXP, 0.281, 0.281 / 9.3667, -70.6, -80.0),
    "EIF_cond_alpha_isfa_ista": (ADEXP, 0.281, 0.281 / 9.3667, -70.6, -80.0),
    "IF_cond_exp_gsfa_grr": ({"v_thresh": 1e3}, 1.0, 0.05, -65.0, -70.0),
    "IF_facets_hardware1": ({"v_thresh": 1e3}, 0.2, 0.04, -65.0, -80.0),
    "GIF_cond_exp": ({"lambda0": 0.0}, 1.0, 0.05, -65.0, -70.0),
}


def courses(name, dt, receptor, weights=WEIGHTS, duration=50.0, **parameters):
    """Return signals by name, a column for each weight, and spike times."""
    sim.setup(timestep=dt, log=False, progress=False)
    cells = sim.Population(len(weights), getattr(sim, name)(**parameters))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[ARRIVAL - 1.0]))
    rows = [(0, k, weight, 1.0) for k, weight in enumerate(weights)]
    sim.Projection(source, cells, sim.FromListConnector(rows), receptor_type=receptor)
    cells.record("all")
    sim.run(duration)
    segment = cells.get_data().segments[0]
    signals = {signal.name: signal.magnitude for signal in segment.analogsignals}
    assert all(np.isfinite(signal).all() for signal in signals.values())
    return signals, [train.magnitude for train in segment.spiketrains]


@pytest.mark.parametrize("dt", [0.1, 1.0])
@pytest.mark.parametrize("receptor", ["excitatory", "inhibitory"])
@pytest.mark.parametrize("name", BOUNDS)
def test_v_stays_within_its_bounds(name, receptor, dt):
    parameters, low, high = BOUNDS[name]
    signals, trains = courses(name, dt, receptor, **parameters)
    # sums of numbers up to 100 are rounded
    assert signals["v"].min() > low - 1e-9
    assert signals["v"].max() < high + 1e-9
    for gate in {"m", "h", "n"} & set(signals):
        assert 0.0 <= signals[gate].min() <= signals[gate].max() <= 1.0
    if receptor == "inhibitory":
        assert not any(train.size for train in trains)
    elif name != "HH_cond_exp":
        # an alpha function of 1 uS takes some steps to open
        assert all(train[0] - ARRIVAL < 1.5 for train in trains)
        assert trains[2][0] == pytest.approx(ARRIVAL + dt)


@pytest.mark.parametrize("dt", [0.1, 1.0])
@pytest.mark.parametrize("receptor", ["excitatory", "inhibitory"])
@pytest.mark.parametrize("name", PASSIVE)
def test_v_follows_the_equilibrium_of_large_conductances(name, receptor, dt):
    parameters, cm, leak, v_rest, e_rev_I = PASSIVE[name]
    signals, _ = courses(name, dt, receptor, **parameters)
    v, g = signals["v"], signals[f"gsyn_{receptor[:3]}"]
    e_rev = E_REV_E if receptor == "excitatory" else e_rev_I
    equilibrium = (leak * v_rest + g * e_rev) / (leak + g)
    decay = dt * (leak + np.minimum(g[1:], g[:-1])) / cm
    change = np.abs(np.diff(equilibrium, axis=0))
    off = np.abs(v - equilibrium)
    # it is between the step's first and last equilibrium, but for what is left of its beginning
    bound = change + off[:-1] * np.exp(-decay) + 1e-12
    follows = decay > 2.0
    assert follows.sum() > 30
    assert np.all(off[1:][follows] <= bound[follows])
    # as near as the leak lets it: after a step more than half of 1000 uS is still there
    assert np.abs(v[:, 2] - e_rev).min() < leak * abs(v_rest - e_rev) / 500.0


@pytest.mark.parametrize("dt", [0.1, 1.0])
@pytest.mark.parametrize(("receptor", "e_rev"), [("excitatory", 0.0), ("inhibitory", -80.0)])
def test_channels_do_not_hold_v_against_large_conductances(receptor, e_rev, dt):
    signals, _ = courses("HH_cond_exp", dt, receptor, tau_syn_E=2.0)
    v, g = signals["v"], signals[f"gsyn_{receptor[:3]}"]
    # all channels open, of 20, 6 and 0.01 uS, and as far from there as they can be
    furthest = np.abs(np.array([50.0, -90.0, -65.0]) - e_rev) @ [20.0, 6.0, 0.01] / (g + 26.01)
    rate = dt * np.minimum(g[1:], g[:-1]) / 0.2
    left = np.abs(v - e_rev)[:-1] * np.exp(-rate)
    follows = rate > 2.0
    assert follows.sum() > 10
    # g is that of the end, and was larger before
    assert np.all((np.abs(v - e_rev)[1:] <= furthest[1:] + left)[follows])


@pytest.mark.parametrize("dt", [0.1, 1.0])
@pytest.mark.parametrize("name", ["EIF_cond_exp_isfa_ista", "EIF_cond_alpha_isfa_ista"])
def test_a_sharp_exponential_is_a_threshold(name, dt):
    trains = {}
    for width in (0.0, 1e-6, 0.01):
        for i_offset in (0.0, 0.7):
            given = {"delta_T": width, "i_offset": i_offset, "tau_refrac": 2.0}
            signals, spikes = courses(name, dt, "excitatory", **given)
            # below where a spike is seen; b draws v down, by what the leak lets it
            assert signals["v"].max() < (-50.4 if width == 0.0 else -40.0)
            assert np.all(signals["v"] > -80.0 - signals["w"].max(axis=0) * 9.3667 / 0.281)
            trains[width, i_offset] = spikes
    for i_offset in (0.0, 0.7):
        for sharp, soft in zip(trains[0.0, i_offset], trains[1e-6, i_offset], strict=True):
            assert sharp.size == soft.size > 3
            # v may pass the threshold at the very end of a step, where the exponential begins, as
            # it may have done at the spike before; later the drive hardly reaches threshold
            assert abs(sharp[0] - soft[0]) < 1.01 * dt
            assert np.abs(np.diff(sharp)[:5] - np.diff(soft)[:5]).max() < 2.01 * dt
