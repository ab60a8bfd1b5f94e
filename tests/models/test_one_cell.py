"""Models written for one cell: the built-in IF_curr_exp as a user would write it, and errors."""

import numpy as np
import pytest
from numba import njit

import distsim as sim
from distsim.engines.registry import engines_with
from distsim.errors import EngineError, ParameterError
from distsim.kernels.arrays import Cells
from distsim.kernels.coefficients import merged
from distsim.kernels.epoch import settle, update
from distsim.models import CELL_MODELS, Parameter, Receptor, State, one_cell
from distsim.models.one_cell import one_cell_model
from distsim.models.propagators import constant_to_v, current_to_v, decay
from distsim.partitioning.streams import Purpose, Stream, uniforms

BUILT_IN = CELL_MODELS["IF_curr_exp"]


def step(
    v, isyn_exc, isyn_inh, keep, from_exc, from_inh, decay_exc, decay_inh, rest, gain, i_injected,
    is_refractory,
):  # fmt: skip
    free = v * keep + isyn_exc * from_exc
    free += isyn_inh * from_inh
    free += rest + gain * i_injected
    return (v if is_refractory else free), isyn_exc * decay_exc, isyn_inh * decay_inh


def is_above(v, v_thresh):
    return v >= v_thresh


def reset(isyn_exc, isyn_inh, v_reset):
    return v_reset, isyn_exc, isyn_inh


def derive(p, dt):
    gain = constant_to_v(dt, p["tau_m"], p["cm"])
    return {
        "keep": decay(dt, p["tau_m"]),
        "from_exc": current_to_v(dt, p["tau_m"], p["cm"], p["tau_syn_E"]),
        "from_inh": current_to_v(dt, p["tau_m"], p["cm"], p["tau_syn_I"]),
        "decay_exc": decay(dt, p["tau_syn_E"]),
        "decay_inh": decay(dt, p["tau_syn_I"]),
        "gain": gain,
        "rest": -np.expm1(-dt / p["tau_m"]) * p["v_rest"] + gain * p["i_offset"],
    }


def model_with(**changed):
    """Return IF_curr_exp, written for one cell."""
    given = {
        "name": "IF_curr_exp",
        "parameters": BUILT_IN.parameters,
        "states": BUILT_IN.states,
        "receptors": BUILT_IN.receptors,
        "step": step,
        "is_spiking": is_above,
        "spike": reset,
        "derive": derive,
    }
    return one_cell_model(**(given | changed))


class OwnCell(sim.IF_curr_exp):
    """IF_curr_exp, of which the loop over cells is made."""

    record = model_with()


def outcome(kind, alike):
    """Return spikes and potentials of cells that are driven, hear each other, and are injected."""
    sim.setup(log=False, seed=3)
    offset = 0.7 if alike else sim.RandomDistribution("uniform", low=0.5, high=0.9)
    cells = sim.Population(203, kind(i_offset=offset, tau_refrac=0.7))
    noise = sim.Population(20, sim.SpikeSourcePoisson(rate=500.0))
    for source, connector, weight in (
        (noise, sim.FixedProbabilityConnector(0.5), 0.5),
        (cells, sim.FixedProbabilityConnector(0.1), 0.1),
    ):
        synapse = sim.StaticSynapse(weight=weight, delay=1.0)
        sim.Projection(source, cells, connector, synapse)
    if not alike:
        cells[:9].inject(sim.DCSource(amplitude=0.3, start=5.0, stop=30.0))
    cells.record(["spikes", "v", "isyn_exc"])
    sim.run(60.0)
    segment = cells.get_data().segments[0]
    trains = [train.magnitude.tolist() for train in segment.spiketrains]
    return trains, [signal.magnitude for signal in segment.analogsignals]


@pytest.mark.parametrize("alike", [True, False])
def test_the_built_in_model_written_for_one_cell_is_equal_to_the_bit(alike):
    trains, signals = outcome(sim.IF_curr_exp, alike)
    own_trains, own_signals = outcome(OwnCell, alike)
    assert sum(map(len, trains)) > 500
    assert own_trains == trains
    for own, signal in zip(own_signals, signals, strict=True):
        np.testing.assert_array_equal(own, signal)


def test_names_of_states_may_be_those_of_the_loops():
    def count(v, i, first):
        return v + first, i + 1.0, first

    model = one_cell_model(
        "Counter",
        (Parameter("c", "mV", 1.0, "not used"),),
        (State("v", "mV"), State("i", ""), State("first", "", 0.5)),
        (Receptor("excitatory", "v"),),
        step=count,
        is_spiking=lambda i: i > 3.0,
        spike=lambda v, first: (v, 0.0, first),
    )

    @njit
    def five_steps(cells, c):
        n_spiking = 0
        for _ in range(5):
            update(cells, c)
            n_spiking += settle(cells, c)
        return n_spiking

    state = np.array([[0.0, 0.0], [0.0, 1.0], [0.5, 0.25]])
    cells = Cells.of(state)
    assert five_steps(cells, model.coefficients({"c": np.ones(2)}, 0.1)) == 2
    assert state.tolist() == [[2.5, 1.25], [1.0, 2.0], [0.5, 0.25]]


def test_code_is_known_by_what_it_does():
    def other_reset(isyn_exc, isyn_inh, v_reset):
        return v_reset - 1.0, isyn_exc, isyn_inh

    def class_of(model):
        values = {p.name: np.array([p.default]) for p in model.parameters}
        return type(model.coefficients(values, 0.1))

    assert class_of(model_with()) is class_of(model_with())
    assert class_of(model_with(spike=other_reset)) is not class_of(model_with())


def test_loops_of_a_model_made_twice_are_registered_once(monkeypatch):
    registered = []
    monkeypatch.setattr(one_cell, "register_update", lambda kind, *loops: registered.append(kind))
    states = (*BUILT_IN.states, State("more", ""))
    functions = {
        "step": lambda v, isyn_exc, isyn_inh, more: (v, isyn_exc, isyn_inh, more + 1.0),
        "spike": lambda v_reset, more: (v_reset, 0.0, 0.0, more),
    }
    for _ in range(2):
        model_with(states=states, **functions)
    assert len(registered) == 1


def test_a_model_with_the_name_of_another_is_on_the_native_engine_alone():
    assert engines_with(BUILT_IN)[:2] == ["native", "nest"]
    assert engines_with(OwnCell.record) == ["native"]


def test_another_engine_does_not_take_it_for_its_own_model_of_that_name():
    pytest.importorskip("nest")
    sim.setup(engine="nest", log=False)
    with pytest.raises(EngineError, match=r"IF_curr_exp is not available .*engine='native'"):
        sim.Population(2, OwnCell())


def takes_what_is_not_there(v, v_tresh):
    return v >= v_tresh


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (
            {"is_spiking": takes_what_is_not_there},
            r"takes_what_is_not_there\(\) of IF_curr_exp \(.*test_one_cell.py, line \d+\) takes "
            "'v_tresh', which .*did you mean 'v_thresh'",
        ),
        (
            {"parameters": (*BUILT_IN.parameters, Parameter("v", "mV", 0.0, "twice"))},
            "'v' of IF_curr_exp is there twice",
        ),
        (
            {"states": (*BUILT_IN.states, State("dt", "ms"))},
            "'dt' of IF_curr_exp is there twice",
        ),
        (
            {"receptors": (Receptor("excitatory", "isyn_ecx"),)},
            "receptor 'excitatory' of IF_curr_exp adds to 'isyn_ecx'; did you mean 'isyn_exc'",
        ),
        (
            {"receptors": (Receptor("AMPA", "isyn_exc"), Receptor("AMPA", "isyn_inh"))},
            "receptor 'AMPA' of IF_curr_exp is there twice",
        ),
    ],
)
def test_what_a_model_does_not_have_is_named(changed, text):
    with pytest.raises(ParameterError, match=text):
        model_with(**changed)


def test_a_step_is_made_in_pieces_and_by_another_function_where_a_cell_is_stiff():
    model = one_cell_model(
        "Pieces",
        (Parameter("n", "", 1.0, "number of pieces"),),
        (State("v", "mV"), State("last", "")),
        (Receptor("excitatory", "v"),),
        step=lambda v, piece: (v + 1.0 + piece, 1.0 * piece),
        is_stiff=lambda v: v > 50.0,
        stiff_step=lambda v, piece: (0.5 * v, -1.0 * piece),
        is_spiking=lambda v: v > 1e9,
        spike=lambda v, last: (v, last),
        pieces=lambda n: n,
    )

    def as_written(v, n):
        last = 0.0
        for piece in range(n):
            v, last = (0.5 * v, -1.0 * piece) if v > 50.0 else (v + 1.0 + piece, 1.0 * piece)
        return v, last

    # more than a block of cells; in the first block none is stiff
    n_pieces = 1 + np.arange(1201) % 4
    v = np.where(np.arange(1201) < 600, np.arange(1201) % 7, np.arange(1201) % 90).astype(float)
    cells = cells_in(np.stack([v, np.zeros(1201)]))
    one_step(cells, model.coefficients({"n": n_pieces.astype(float)}, 0.1))
    expected = [as_written(*cell) for cell in zip(v.tolist(), n_pieces.tolist(), strict=True)]
    np.testing.assert_array_equal(cells.state, np.transpose(expected))


@pytest.mark.parametrize("name", ["EIF_cond_exp_isfa_ista", "HH_cond_exp"])
def test_what_a_cell_does_depends_on_no_other_be_it_stiff_or_not(name):
    model, n = CELL_MODELS[name], 67
    rng = np.random.default_rng(1)
    state = np.tile([[s.initial] for s in model.states], n)
    state[0] += rng.uniform(0.0, 20.0, n)
    state[model.state_row("gsyn_exc")] = rng.uniform(0.0, 0.01, n)
    one_cell = {p.name: np.array([p.default]) for p in model.parameters}
    coefficients = merged(model.coefficients(one_cell, 0.1))
    stiff = state.copy()
    stiff[model.state_row("gsyn_exc"), 5] = 100.0

    def after(state):
        cells = cells_in(state.copy())
        for _ in range(40):
            one_step(cells, coefficients)
        return cells.state

    others = np.delete(np.arange(n), 5)
    np.testing.assert_array_equal(after(stiff)[:, others], after(state)[:, others])
    for i in (0, 1, 5, 66):
        np.testing.assert_array_equal(after(stiff)[:, i], after(stiff[:, i : i + 1])[:, 0])
    np.testing.assert_array_equal(after(state[:, 3:]), after(state)[:, 3:])


@njit
def one_step(cells, c):
    """Advance cells by one step."""
    update(cells, c)


def cells_in(state):
    """Return cells in a state."""
    return Cells.of(state)


def noisy_model():
    """Return a model of which v is the number drawn in a step, and that spikes by another one."""
    return one_cell_model(
        "Noisy",
        (Parameter("p", "", 0.3, "probability"),),
        (State("v", ""), State("drawn_at_spike", "")),
        (Receptor("excitatory", "v"),),
        step=lambda uniform, drawn_at_spike: (uniform, drawn_at_spike),
        is_spiking=lambda uniform, p: uniform < p,
        spike=lambda v, uniform: (v, uniform),
    )


def test_numbers_drawn_are_those_of_the_cells_streams():
    model = noisy_model()
    gids, n_steps = np.array([5, 3, 2**31]), 400
    stream = Stream.of(seed=2**63 + 7, purpose=Purpose.CELL, object_id=0, revision=2)
    cells = Cells.of(np.zeros((2, 3)), gids=gids)
    cells.stream[:] = stream
    coefficients = model.coefficients({"p": np.array([0.3, 0.0, 1.0])}, 0.1)

    @njit
    def one_step(cells, c):
        update(cells, c)
        return settle(cells, c)

    for step in range(1, n_steps + 1):
        cells.step[0] = step
        n_spiking = one_step(cells, coefficients)
        # two numbers of a gid in each step
        first, second = uniforms(stream, gids, 2, 2 * step).reshape(3, 2).T
        np.testing.assert_array_equal(cells.state[0], first)
        spiking = np.flatnonzero(second < [0.3, 0.0, 1.0])
        assert cells.spiking[:n_spiking].tolist() == spiking.tolist()
        np.testing.assert_array_equal(cells.state[1, spiking], second[spiking])
