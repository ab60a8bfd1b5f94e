"""Cell types of the user's own: they take part in everything, and errors name the line."""

import math
import pickle
import re

import numpy as np
import own_types
import pytest
import quantities as pq
from own_types import QUADRATIC, Quadratic, Shunted

import distsim as sim
from distsim.errors import EngineError, ParameterError
from distsim.io import read_block
from distsim.models import Bound, Parameter, Receptor, State
from distsim.pynn.described import describe

DT = 0.1
I_MAX = 0.3


class SlowlyAdapting(Quadratic):
    """A subclass with another default."""

    default_parameters = Quadratic.default_parameters | {"tau_w": 900.0}


def setup(**options):
    sim.setup(timestep=DT, seed=5, log=False, progress=False, **options)


def quadratic_with(**changed):
    return sim.cell_type("Quadratic", **(QUADRATIC | changed))


def small_type(name="Small", **changed):
    """Return a type with one state variable and one parameter."""
    given = {
        "parameters": [Parameter("tau", "ms", 10.0)],
        "states": [State("x", "")],
        "receptors": [Receptor("input", "x")],
        "step": lambda x, tau, dt: x - x * dt / tau,
        "is_spiking": lambda x: x >= 1.0,
        "spike": lambda: 0.0,
    }
    return sim.cell_type(name, **(given | changed))


# --- the type ----------------------------------------------------------------------------------


def test_a_type_has_what_its_record_says():
    assert Quadratic.__name__ == Quadratic.__qualname__ == "Quadratic"
    assert Quadratic.__module__ == "own_types"
    assert small_type().__module__ == __name__
    assert list(Quadratic.default_parameters)[:3] == ["cm", "k", "v_rest"]
    assert Quadratic.default_initial_values == {"v": -60.0, "w": 0.0, "i_syn": 0.0}
    assert Quadratic.units["k"] == "uS/mV"
    assert Quadratic.units["w"] == "nA"
    assert Quadratic.recordable == ["spikes", "v", "w", "i_syn"]
    assert Quadratic.receptor_types == ("synapse",)
    assert (Quadratic.conductance_based, Shunted.conductance_based) == (False, True)
    assert (Quadratic.injectable, Shunted.injectable) == (True, False)
    assert Quadratic.has_parameter("tau_w")
    assert "Curvature [uS/mV]." in Quadratic.__doc__
    assert Quadratic(cm=200.0 * pq.pF).parameter_space["cm"].base_value == pytest.approx(0.2)


def test_a_subclass_has_defaults_of_its_own_and_both_can_be_pickled():
    cell = pickle.loads(pickle.dumps(SlowlyAdapting(b=0.02)))
    assert cell.record is Quadratic.record
    assert cell.parameter_space["tau_w"].base_value == 900.0
    assert cell.parameter_space["b"].base_value == 0.02
    assert pickle.loads(pickle.dumps(Quadratic)) is Quadratic


def test_other_engines_say_who_has_it():
    pytest.importorskip("nest")
    setup(engine="nest")
    with pytest.raises(EngineError, match=r"Quadratic is not available .*setup\(engine='native'\)"):
        sim.Population(2, Quadratic())


def test_ranks_can_tell_types_apart():
    def other_helper(v, w, current, cm, k, v_rest, v_crit, tau_w):
        return own_types.slopes(v, w, current, cm, k, v_rest, v_crit, 2.0 * tau_w)

    step = own_types.quadratic_step
    scope = step.__globals__ | {"slopes": other_helper}
    others = [
        {"step": type(step)(step.__code__, scope)},
        {"spike": lambda w, i_syn, v_reset, b: (v_reset, w - b, i_syn)},
        {"derive": lambda p, dt: {"half_decay": np.exp(-dt / p["tau_syn"])}},
        {"parameters": (*QUADRATIC["parameters"], Parameter("more", "", 1.0))},
        {"receptors": ()},
    ]
    types = [Quadratic, *(quadratic_with(**changed) for changed in others)]
    texts = {describe(kind) for kind in types} | {describe(own_types.Shunted)}
    assert len(texts) == len(types) + 1
    assert describe(quadratic_with()) == describe(Quadratic)
    assert describe(quadratic_with()()) == describe(Quadratic())


# --- what it does ------------------------------------------------------------------------------


def driven(n=6):
    """Return cells that differ, with a current and spikes as input, and all recorded."""
    setup()
    tau_w = sim.RandomDistribution("uniform", low=100.0, high=300.0)
    cells = sim.Population(n, Quadratic(i_offset=np.linspace(0.05, 0.2, n), tau_w=tau_w))
    cells.initialize(v=sim.RandomDistribution("uniform", low=-60.0, high=-45.0), w=0.005)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0, 5.0, 17.3]))
    sim.Projection(
        source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.25, delay=1.0)
    )
    sim.DCSource(amplitude=0.1, start=20.0, stop=60.0).inject_into(cells[1:])
    cells.record(["spikes", "v", "w", "i_syn"])
    return cells


def recorded(cells, segment=-1):
    found = cells.get_data().segments[segment]
    trains = [train.rescale("ms").magnitude for train in found.spiketrains]
    return trains, {signal.name: signal for signal in found.analogsignals}


def test_cells_do_what_the_functions_do_one_after_the_other_to_the_bit():
    cells = driven()
    values = cells.get(list(Quadratic.default_parameters), simplify=False)
    sim.run(80.0)
    trains, signals = recorded(cells)
    assert [str(signals[name].dimensionality) for name in ("v", "w", "i_syn")] == ["mV", "nA", "nA"]
    v_0 = signals["v"].magnitude[0]
    assert np.unique(v_0).size == cells.size
    names = own_types.quadratic_step.__code__.co_varnames[:12]
    parameters = dict(zip(Quadratic.default_parameters, values, strict=True))
    for cell in range(cells.size):
        p = {name: float(column[cell]) for name, column in parameters.items()}
        p["half_decay"] = float(np.exp(-0.5 * DT / np.array([p["tau_syn"]]))[0])
        state, spikes = (float(v_0[cell]), 0.005, 0.0), []
        expected = [state]
        for step in range(1, 801):
            given = dict(zip(("v", "w", "i_syn"), state, strict=True)) | p
            # a current is on from the step after its onset until its end
            given |= {"dt": DT, "i_injected": 0.1 if cell and 200 < step <= 600 else 0.0}
            v, w, i_syn = own_types.quadratic_step(**{name: given[name] for name in names})
            i_syn += {60: 2, 183: 1}.get(step, 0) * float(np.float32(0.25))
            state = v, w, i_syn
            if own_types.is_at_peak(v, p["v_peak"]):
                state = own_types.reset(w, i_syn, p["v_reset"], p["b"])
                spikes.append(step)
            expected.append(state)
        found = np.column_stack([signals[name].magnitude[:, cell] for name in ("v", "w", "i_syn")])
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(np.rint(trains[cell] / DT), spikes)
        assert spikes


def test_after_reset_all_is_as_it_was_and_parameters_can_be_set_between_runs():
    cells = driven()
    sim.run(40.0)
    sim.reset()
    sim.run(40.0)
    first, again = (recorded(cells, segment) for segment in (0, 1))
    for name, signal in first[1].items():
        np.testing.assert_array_equal(again[1][name].magnitude, signal.magnitude)
    cells.set(b=0.0, v_peak=1000.0, i_offset=-0.2)
    cells[2].k = 0.0005
    assert cells.get("k", simplify=False)[2] == 0.0005
    sim.run(40.0)
    trains, _ = recorded(cells)
    assert all(train[train > 41.0].size == 0 for train in trains)


def test_a_file_has_it_and_views_and_assemblies_do(tmp_path):
    cells = driven()
    other = sim.Population(3, sim.IF_curr_exp())
    everything = cells[2:4] + other
    everything.record("v")
    assert everything.receptor_types == []
    sim.run(20.0)
    path = tmp_path / "own.h5"
    cells.write_data(path)
    block = read_block(path)
    expected = recorded(cells)[1]
    for signal in block.segments[0].analogsignals:
        np.testing.assert_array_equal(signal.magnitude, expected[signal.name].magnitude)
        assert signal.dimensionality == expected[signal.name].dimensionality
    assert {signal.name for signal in block.segments[0].analogsignals} == {"v", "w", "i_syn"}
    (v,) = cells[2:4].get_data("v").segments[0].analogsignals
    np.testing.assert_array_equal(v.magnitude, expected["v"].magnitude[:, 2:4])


def test_weights_go_to_the_receptor_of_that_name_in_each_type_of_an_assembly():
    setup()
    own = sim.Population(2, Shunted(cm=[1.0, 0.5]))
    standard = sim.Population(2, sim.IF_cond_exp(cm=[1.0, 0.5]))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    for cells in (own + standard, standard + own):
        for name, weight in (("excitatory", 0.01), ("inhibitory", 0.03)):
            synapse = sim.StaticSynapse(weight=weight, delay=1.0)
            sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type=name)
    synapse = sim.StaticSynapse(weight=0.04, delay=1.0)
    sim.Projection(source, own, sim.AllToAllConnector(), synapse, receptor_type="slow")
    own.record(["g_exc", "g_inh"])
    standard.record(["gsyn_exc", "gsyn_inh"])
    sim.run(2.0)
    found = {
        signal.name: signal.magnitude[-1].tolist()
        for cells in (own, standard)
        for signal in cells.get_data().segments[0].analogsignals
    }
    wanted = {"g_exc": 0.02, "g_inh": 0.1, "gsyn_exc": 0.02, "gsyn_inh": 0.06}
    assert set(found) == set(wanted)
    for name, weight in wanted.items():
        np.testing.assert_allclose(found[name], weight, rtol=1e-6)


def test_two_types_of_one_name_in_a_network_keep_their_functions():
    setup()
    kinds = [small_type(), small_type(step=lambda x, tau, dt: x + dt / tau)]
    cells = [sim.Population(2, kind(tau=[10.0, 20.0])) for kind in kinds]
    for population in cells:
        population.initialize(x=0.5)
        population.record("x")
    sim.run(0.1)
    ends = [p.get_data().segments[0].analogsignals[0].magnitude[-1].tolist() for p in cells]
    assert ends == [[0.5 - 0.5 * DT / 10.0, 0.5 - 0.5 * DT / 20.0], [0.5 + DT / 10, 0.5 + DT / 20]]


# --- against the closed form -------------------------------------------------------------------


def closed_form():
    """Return what a cell of default parameters, without adaptation, is under `I_MAX`.

    With ``cm dv/dt = k (v - v_rest) (v - v_crit) + i`` and a current that leaves no fixed point,
    ``v = m + s tan(k s t / cm + c)``.
    """
    p = Quadratic.default_parameters
    m = 0.5 * (p["v_rest"] + p["v_crit"])
    s = math.sqrt(I_MAX / p["k"] - 0.25 * (p["v_crit"] - p["v_rest"]) ** 2)
    return p, m, s, p["k"] * s / p["cm"]


def free_running(dt, duration):
    sim.setup(timestep=dt, log=False, progress=False)
    # two that differ, as all other cells of these tests do
    cell = sim.Population(2, Quadratic(b=[0.0, 0.01], i_offset=I_MAX), initial_values={"v": -60.0})
    cell.record(["v", "spikes"])
    sim.run(duration)
    segment = cell.get_data().segments[0]
    return segment.spiketrains[0].magnitude, segment.analogsignals[0].magnitude[:, 0]


def test_v_converges_to_the_closed_form_with_the_order_of_the_method():
    _, m, s, rate = closed_form()
    steps = np.array([0.4, 0.2, 0.1])
    errors = []
    for dt in steps:
        _, v = free_running(float(dt), 6.0)
        t = dt * np.arange(v.size)
        errors.append(np.abs(v - (m + s * np.tan(rate * t + math.atan((-60.0 - m) / s)))).max())
    order = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert abs(order - 4.0) < 0.15, (order, errors)


def test_the_period_is_that_of_the_closed_form():
    p, m, s, rate = closed_form()
    period = (math.atan((p["v_peak"] - m) / s) - math.atan((p["v_reset"] - m) / s)) / rate
    trains, _ = free_running(DT, 300.0)
    intervals = np.diff(trains)
    # a spike is seen, and v reset, at the first step after the peak was crossed
    assert intervals.size > 10
    np.testing.assert_allclose(intervals, math.ceil(period / DT) * DT, atol=1e-6)


# --- what cannot be ----------------------------------------------------------------------------


def takes_what_is_not_there(x, tua):
    return x


def writes_a_parameter(x, tau):
    tau = 2.0 * tau
    return x / tau


def adds_to_a_parameter(x, tau):
    tau += 1.0
    return x / tau


def writes_a_parameter_that_it_does_not_take(x):
    for tau in range(3):
        x += tau
    return x


def writes_dt(x, dt):
    dt = 0.5 * dt
    return x - dt


def returns_two(x):
    if x > 1.0:
        return x
    return x, x


def line_of(function, text):
    """Return the number of the line of a function's file that holds a text."""
    import inspect

    lines, first = inspect.getsourcelines(function)
    return first + next(k for k, line in enumerate(lines) if text in line)


TAU = Parameter("tau", "ms", 10.0)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"parameters": [TAU._replace(unit="msec ond")]}, r"'msec ond' is no unit of tau of Small"),
        ({"states": [State("x", "mv")]}, "'mv' is no unit of x of Small; give one such as 'mV'"),
        ({"parameters": [TAU._replace(unit=3)]}, "3 is no unit of tau of Small"),
        ({"parameters": [TAU._replace(default=math.nan)]}, "default of tau of Small is nan; give"),
        ({"parameters": [TAU._replace(default="1")]}, "default of tau of Small is '1'; give a fin"),
        (
            {"parameters": [TAU._replace(default=0.0, bound=Bound.POSITIVE)]},
            "tau = 0 of Small must be above 0",
        ),
        ({"parameters": [TAU._replace(bound="above 0")]}, "bound of tau of Small is 'above 0'"),
        ({"parameters": [TAU._replace(below="tua")]}, "below 'tua', no parameter; did you mean"),
        ({"parameters": [TAU, TAU]}, "'tau' of Small is there twice"),
        ({"parameters": [("tau", "ms", 10.0)]}, r"parameters of Small hold \('tau', .*Parameter"),
        ({"parameters": []}, "Small has no parameters; give one at least"),
        ({"states": []}, "Small has no states; give one at least"),
        ({"states": [State("x", "", math.inf)]}, "the initial x of Small is inf; give a finite"),
        ({"states": [State("x", ""), State("x", "")]}, "'x' of Small is there twice"),
        ({"states": [State("tau", "")], "receptors": []}, "'tau' of Small is there twice"),
        ({"states": [State("x", ""), State("spikes", "")]}, "called 'spikes'"),
        ({"states": [State("x y", "")]}, "'x y' cannot be the name of one of the states of Small"),
        ({"receptors": [Receptor("input", "y")]}, "receptor 'input' of Small adds to 'y'; known"),
        ({"receptors": [Receptor("a", "x"), Receptor("a", "x")]}, "receptor 'a' of Small is there"),
        ({"name": "no name"}, "'no name' cannot be the name of a cell type"),
        ({"step": max}, "step of Small is <built-in function max>; give a plain Python function"),
        ({"spike": Receptor}, "spike of Small is <class .*Receptor'>; give a plain Python"),
        ({"step": lambda *x: x}, r"step\(\) of Small \(.*test_own_cells.py, line \d+\) must take"),
        ({"derive": lambda p, dt: {"x": 1.0}}, "'x' of Small is there twice"),
        ({"derive": lambda p, dt: {"if": 1.0}}, "'if' cannot be the name"),
    ],
)
def test_what_cannot_be_is_named(changed, text):
    with pytest.raises(ParameterError, match=text):
        small_type(**changed)


@pytest.mark.parametrize(
    ("function", "line", "text"),
    [
        (takes_what_is_not_there, "def", "takes 'tua', which is neither .* did you mean 'tau'"),
        (writes_a_parameter, "tau = ", "assigns to 'tau', which is a parameter and cannot change"),
        (adds_to_a_parameter, "tau +=", "assigns to 'tau', which is a parameter"),
        (writes_a_parameter_that_it_does_not_take, "for", "assigns to 'tau', which is a parameter"),
        (writes_dt, "dt = ", "assigns to 'dt', which is the same in each step"),
        (returns_two, "x, x", "returns 2 values; it must return the state variable, 'x'"),
    ],
)
def test_a_function_that_cannot_be_is_named_with_its_line(function, line, text):
    number = line_of(function, line)
    where = rf"{function.__name__}\(\) of Small \(.*test_own_cells.py, line {number}\) {text}"
    with pytest.raises(ParameterError, match=where) as caught:
        small_type(step=function)
    assert line in str(caught.value).splitlines()[-1]


def test_helpers_may_write_what_they_like():
    def helper(tau):
        tau += 1.0
        return 2.0 * tau

    small_type(step=lambda x, tau: x / helper(tau)).record.check_code()


HELD = {"a": 1.0}


def deep(x):
    return x.real_part


def finds_no_name(x):
    return x + not_defined  # noqa: F821


def makes_an_array(x):
    rows = np.zeros(3)
    return x + rows[0]


def uses_a_dict(x):
    return x + HELD["a"]


def calls_one_that_cannot_be(x):
    return 1.0 + deep(x)


def tries(x):
    try:
        return math.exp(x)
    except OverflowError:
        return 0.0


def returns_none(x):
    return x if x > 0.0 else None


def returns_a_tuple(x):
    both = x, 1.0
    both = both if x > 0.0 else (1.0, x)
    return both  # noqa: RET504 - else it would be seen before it is compiled


@pytest.mark.parametrize(
    ("function", "shown", "text"),
    [
        (finds_no_name, "return x + not_defined", "name 'not_defined' is not defined"),
        (makes_an_array, "rows = np.zeros(3)", "it makes an array"),
        (uses_a_dict, 'return x + HELD["a"]', "'HELD': Cannot determine Numba type of <class"),
        (calls_one_that_cannot_be, "return x.real_part", "Unknown attribute 'real_part' of type"),
        (tries, "except OverflowError:", "Exception matching is limited"),
    ],
)
def test_what_numba_cannot_compile_is_told_in_a_line_and_the_line_is_shown(function, shown, text):
    kind = small_type(step=function)
    with pytest.raises(ParameterError) as caught:
        kind.record.check_code()
    said, line = str(caught.value).splitlines()
    begin = rf"{function.__name__}\(\) of Small \(.*test_own_cells.py, line \d+\) cannot be "
    assert re.match(f"{begin}compiled: .*{re.escape(text)}", said), said
    assert line.strip().startswith(shown)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"step": returns_none}, "returns_none.* returns 'OptionalType.*' for 'x'; give a real"),
        (
            {"spike": returns_a_tuple},
            "returns_a_tuple.* returns 2 values; it must return the st",
        ),
        (
            {"is_spiking": returns_a_tuple},
            "returns_a_tuple.* returns 2 values; it must return Tr",
        ),
    ],
)
def test_what_a_function_returns_is_looked_at(changed, text):
    with pytest.raises(ParameterError, match=text):
        small_type(**changed).record.check_code()


def test_a_run_says_what_cannot_be_compiled_and_goes_on_without_it():
    setup()
    sim.Population(2, small_type(step=uses_a_dict)())
    with pytest.raises(ParameterError, match=r"uses_a_dict\(\) of Small .*cannot be compiled"):
        sim.run(1.0)


def test_what_is_derived_is_one_number_for_each_cell():
    def derive(parameters, dt):
        return {"wrong": np.zeros(3), "one": 2.0}

    model = small_type(derive=derive, step=lambda x, one, wrong: x * one + wrong).record
    with pytest.raises(ParameterError, match=r"derive\(\) of Small .* gives 'wrong' .*one number"):
        model.coefficients({"tau": np.ones(2)}, DT)
    assert model.coefficients({"tau": np.ones(3)}, DT).own_one.tolist() == [2.0, 2.0, 2.0]


def test_currents_go_only_where_a_function_takes_them_and_synapses_where_there_are_receptors():
    setup()
    cells = sim.Population(2, small_type(receptors=[])())
    with pytest.raises(TypeError, match=r"cannot inject a current into .* whose cells take none"):
        sim.DCSource(amplitude=0.1).inject_into(cells)
    with pytest.raises(sim.errors.ConnectionError, match="have no synapses"):
        sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0))


def test_of_one_receptor_type_it_is_taken_whatever_the_sign():
    setup()
    cells = sim.Population(2, Quadratic())
    for weight in (-0.1, 0.1, sim.RandomDistribution("uniform", low=-1.0, high=-0.5)):
        synapse = sim.StaticSynapse(weight=weight, delay=1.0)
        projection = sim.Projection(cells, cells, sim.AllToAllConnector(), synapse)
        assert projection.receptor_type == "synapse"
    with pytest.raises(sim.errors.ConnectionError, match="receptor_type = 'excitatory'"):
        sim.Projection(cells, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
