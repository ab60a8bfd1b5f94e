"""Networks with synapses that change against NEST: spikes in the same steps, the same weights."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import distsim as sim

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nest") is None, reason="NEST is not installed"
)

DT = 0.1
N_CELLS, N_EXC = 100, 80
# all excitatory cells are made to spike at the end: only then has NEST looked at all synapses
LAST_DRIVE, KICK = 280.0, 299.0
DRIVE_WEIGHT, DRIVE_DELAY = 4.0, 0.1
CELL = {"cm": 0.25, "tau_m": 12.5, "v_rest": -65.0, "v_reset": -70.0, "v_thresh": -52.0}
CELL |= {"tau_refrac": 2.0, "tau_syn_E": 2.0, "tau_syn_I": 5.0}
NEST_CELL = {"C_m": 250.0, "tau_m": 12.5, "E_L": -65.0, "V_reset": -70.0, "V_th": -52.0}
NEST_CELL |= {"t_ref": 2.0, "tau_syn_ex": 2.0, "tau_syn_in": 5.0, "V_m": -65.0, "tau_minus": 27.0}
PAIR = {"tau_plus": 18.0, "tau_minus": 27.0, "A_plus": 0.04, "A_minus": 0.05}
W_MAX = 0.5
# exponents of NEST's rule
DEPENDENCES = {
    "AdditiveWeightDependence": (0.0, 0.0),
    "MultiplicativeWeightDependence": (1.0, 1.0),
    "AdditivePotentiationMultiplicativeDepression": (0.0, 1.0),
    "GutigWeightDependence": (0.3, 0.6),
}
DYNAMICS = {
    "depressing": {"U": 0.5, "tau_rec": 80.0, "tau_facil": 0.0},
    "facilitating": {"U": 0.04, "tau_rec": 30.0, "tau_facil": 90.0},
}


def network():
    """Return spike times that drive each cell, static synapses, and those that learn."""
    rng = np.random.default_rng(6)
    drives = []
    for k in range(N_CELLS):
        steps = rng.choice(np.arange(20, round(LAST_DRIVE / DT)), 30, replace=False)
        times = np.round(np.sort(steps) * DT, 1).tolist()
        # strong enough to reach the threshold within a step
        drives.append([*times, *[KICK] * (40 * (k < N_EXC))])
    pairs = rng.random((N_CELLS, N_CELLS)) < 0.15
    np.fill_diagonal(pairs, False)
    static, learning = [], []
    for pre, post in np.argwhere(pairs).tolist():
        delay = round(int(rng.integers(1, 31)) * DT, 1)
        if pre >= N_EXC:
            # weights that are exact in 32 bits
            static.append((pre, post, -0.25, delay))
        elif post >= N_EXC:
            static.append((pre, post, 0.25, delay))
        else:
            learning.append((pre, post, float(rng.uniform(0.1, 0.4)), delay))
    return drives, static, learning


def of_nest(drives, static, changing, synapse, parameters, n=N_CELLS, duration=KICK + 1.5):
    """Return the description of one simulation for `nest_plastic.py`."""
    in_pa = {
        name: [(pre, post, 1000.0 * weight, delay) for pre, post, weight, delay in rows]
        for name, rows in (("static_synapse", static), ("changing", changing))
    }
    return in_pa | {
        "dt": DT,
        "n": n,
        "cell": NEST_CELL,
        "duration": duration,
        "drives": drives,
        "drive_weight": 1000.0 * DRIVE_WEIGHT,
        "drive_delay": DRIVE_DELAY,
        "synapse": synapse,
        "synapse_parameters": parameters,
    }


def short_term_network():
    """Return the same of one cell that sends spikes to another."""
    times = np.round(np.cumsum([9.0, 6.0, 6.0, 6.0, 7.0, 30.0, 6.0, 50.0, 8.0, 8.0]), 1).tolist()
    return [times, []], [], [(0, 1, 0.5, 1.3)]


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Return what NEST gives for all cases."""
    cases = {}
    for name, (mu_plus, mu_minus) in DEPENDENCES.items():
        parameters = {"tau_plus": PAIR["tau_plus"], "Wmax": 1000.0 * W_MAX}
        parameters |= {"lambda": PAIR["A_plus"], "alpha": PAIR["A_minus"] / PAIR["A_plus"]}
        parameters |= {"mu_plus": mu_plus, "mu_minus": mu_minus}
        cases[name] = of_nest(*network(), "stdp_synapse", parameters)
    for name, p in DYNAMICS.items():
        parameters = {"U": p["U"], "tau_rec": p["tau_rec"], "tau_fac": p["tau_facil"]}
        parameters |= {"tau_psc": CELL["tau_syn_E"]}
        cases[name] = of_nest(
            *short_term_network(), "tsodyks_synapse", parameters, n=2, duration=160.0
        )
    folder = tmp_path_factory.mktemp("nest")
    (folder / "cases.json").write_text(json.dumps(cases))
    program = Path(__file__).with_name("nest_plastic.py")
    files = folder / "cases.json", folder / "answers.json"
    subprocess.run(
        [sys.executable, "-P", program, *files], check=True, capture_output=True, timeout=180
    )
    return json.loads(files[1].read_text())


def build(drives, static, changing, synapse):
    """Return recorded cells and the projection of the synapses that change."""
    sim.setup(timestep=DT, log=False, progress=False)
    cells = sim.Population(len(drives), sim.IF_curr_exp(**CELL), initial_values={"v": -65.0})
    sources = sim.Population(
        len(drives), sim.SpikeSourceArray(spike_times=[sim.Sequence(t) for t in drives])
    )
    drive = sim.StaticSynapse(weight=DRIVE_WEIGHT, delay=DRIVE_DELAY)
    sim.Projection(sources, cells, sim.OneToOneConnector(), drive)
    for receptor, sign in (("excitatory", 1), ("inhibitory", -1)):
        rows = [row for row in static if row[2] * sign > 0]
        if rows:
            connector = sim.FromListConnector(rows)
            sim.Projection(cells, cells, connector, receptor_type=receptor)
    cells.record("spikes")
    projection = sim.Projection(cells, cells, sim.FromListConnector(changing), synapse)
    return cells, projection


def spikes_of(cells):
    """Return (step, index of the cell) of all spikes, sorted."""
    trains = cells.get_data("spikes").segments[0].spiketrains
    return sorted(
        (round(float(t) / DT), train.annotations["source_index"])
        for train in trains
        for t in train.magnitude
    )


@pytest.mark.parametrize("dependence", DEPENDENCES)
def test_a_recurrent_network_spikes_and_learns_as_in_nest(answers, dependence):
    mu_plus, mu_minus = DEPENDENCES[dependence]
    powers = {"mu_plus": mu_plus, "mu_minus": mu_minus} if "Gutig" in dependence else {}
    synapse = sim.STDPMechanism(
        sim.SpikePairRule(**PAIR), getattr(sim, dependence)(w_min=0.0, w_max=W_MAX, **powers)
    )
    cells, projection = build(*network(), synapse)
    theirs = [(round(t / DT), sender - 1) for t, sender in answers[dependence]["spikes"]]
    last = {step for step, cell in theirs if step > round(KICK / DT) and cell < N_EXC}
    assert len(last) == 1, "excitatory cells do not end together"
    sim.run(last.pop() * DT)
    assert spikes_of(cells) == sorted(theirs)
    assert len(theirs) > 10 * N_CELLS
    mine = projection.get("weight", "list")
    ours = np.array(sorted(mine))
    expected = np.array(answers[dependence]["weights"])
    np.testing.assert_array_equal(ours[:, :2], expected[:, :2])
    before = [weight for *_, weight, _ in sorted(network()[2])]
    assert np.mean(np.abs(ours[:, 2] - before)) > 0.02
    differences = np.abs(ours[:, 2] - expected[:, 2] / 1000.0)
    print(f"{dependence}: {len(ours)} weights, {len(theirs)} spikes, {differences.max():.2g} nA")
    # the same operations on the same numbers, in another order and in other units
    np.testing.assert_allclose(ours[:, 2], expected[:, 2] / 1000.0, 1e-9, 1e-12)


@pytest.mark.parametrize("name", DYNAMICS)
def test_short_term_dynamics_are_those_of_nest(answers, name):
    cells, _ = build(*short_term_network(), sim.TsodyksMarkramSynapse(**DYNAMICS[name]))
    cells.record("v")
    sim.run(160.0)
    assert [step for step, cell in spikes_of(cells) if cell == 0] == [
        round(t / DT) for t, sender in answers[name]["spikes"] if sender == 1
    ]
    v = cells.get_data("v").segments[0].filter(name="v")[0].magnitude[:, 1]
    expected = np.array(answers[name]["v"])
    differences = np.abs(v[1 : expected.size + 1] - expected)
    print(f"{name}: {differences.max():.2g} mV")
    assert np.ptp(expected) > 0.5
    assert differences.max() < 1e-6
