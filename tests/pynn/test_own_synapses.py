"""Synapse types of the user's own."""

import numpy as np
import pytest

import distsim as sim
from distsim.errors import ParameterError
from distsim.models import Bound, Parameter, State, Trace

TAU = Parameter("tau", "ms", 20.0, "", Bound.POSITIVE)
PAIR = (
    *(TAU, Parameter("a_plus", "", 0.01), Parameter("a_minus", "", 0.0105)),
    Parameter("w_max", "nA", 1.0),
)


def learn(weight, pre, a_plus, w_max):
    """Return the weight after a spike of the target."""
    return min(weight + a_plus * pre * w_max, w_max)


def arrive(weight, post, a_minus, w_max):
    """Return weight and what is transmitted by a spike of the source."""
    weight = max(weight - a_minus * post * w_max, 0.0)
    return weight, weight


def own_pair_rule():
    """Return the additive pair rule, written by hand."""
    return sim.synapse_type(
        "OwnPairRule",
        PAIR,
        source_traces=[Trace("pre", "tau")],
        target_traces=[Trace("post", "tau")],
        learn=learn,
        arrive=arrive,
    )


def built_in(**given):
    """Return the same as PyNN has it."""
    rule = sim.SpikePairRule(A_plus=0.01, A_minus=0.0105)
    return sim.STDPMechanism(rule, sim.AdditiveWeightDependence(), **given)


def weights_and_spikes(synapse):
    """Return weights on the way and at the end, and spikes, of a recurrent network."""
    sim.setup(timestep=0.1, seed=3, log=False, progress=False)
    cells = sim.Population(30, sim.IF_curr_exp(i_offset=0.9, cm=1.0))
    cells.initialize(v=sim.RandomDistribution("uniform", low=-65.0, high=-50.0))
    drive = sim.Population(30, sim.SpikeSourcePoisson(rate=800.0))
    sim.Projection(drive, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.5, delay=0.1))
    given = {
        "weight": sim.RandomDistribution("uniform", low=0.02, high=0.08),
        "delay": sim.RandomDistribution("uniform", low=0.5, high=3.0),
        "dendritic_delay_fraction": 0.5,
    }
    projection = sim.Projection(
        *(cells, cells, sim.FixedProbabilityConnector(0.3), synapse(**given)),
        receptor_type="excitatory",
    )
    cells.record("spikes")
    sim.run(100.0)
    first = projection.get("weight", "list")
    sim.run(50.0)
    trains = cells.get_data().segments[0].spiketrains
    return first, projection.get("weight", "list"), [train.magnitude.tolist() for train in trains]


def test_the_pair_rule_written_by_hand_is_the_built_in_to_the_bit():
    own, theirs = weights_and_spikes(own_pair_rule()), weights_and_spikes(built_in)
    assert sum(map(len, own[2])) > 200
    assert own == theirs


def counted(weight, n, seen, post):
    """Count what arrives; transmit nothing."""
    return weight, n + 1.0, max(seen, post), 0.0


def remembered(weight, n, seen, elapsed):
    """Keep how long ago the source's last spike was, if ever."""
    return elapsed if elapsed < 1e300 else weight, n, seen


def test_states_elapsed_time_and_nearest_traces_are_what_they_are_said_to_be():
    kind = sim.synapse_type(
        "Counting",
        [TAU],
        [State("n", ""), State("seen", "", -1.0)],
        target_traces=[Trace("post", "tau", is_nearest=True)],
        arrive=counted,
        learn=remembered,
    )
    sim.setup(timestep=0.1, log=False, progress=False)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[10.0, 20.0, 33.0]))
    trigger = sim.Population(1, sim.SpikeSourceArray(spike_times=[15.0, 17.0, 40.0]))
    cell = sim.Population(1, sim.IF_curr_delta(tau_refrac=0.1))
    one = sim.OneToOneConnector()
    sim.Projection(trigger, cell, one, sim.StaticSynapse(weight=100.0, delay=1.0))
    projection = sim.Projection(source, cell, one, kind(weight=0.5, delay=2.0, tau=10.0))
    cell.record("spikes")
    sim.run(60.0)
    spikes = cell.get_data().segments[0].spiketrains[0].magnitude
    np.testing.assert_allclose(spikes, [16.0, 18.0, 41.0])
    ((_, _, weight, n, seen),) = projection.get(["weight", "n", "seen"], "list")
    # spikes of the target reach the synapse 2 ms late, those of the source at once
    assert n == 3.0
    assert weight == pytest.approx(43.0 - 33.0)
    # the largest, at 20 ms: of the spike that came at 18 ms, not of that which came just then
    assert seen == pytest.approx(np.exp(-(20.0 - 18.0) / 10.0))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"learn": lambda weight, pree: weight}, "takes 'pree'.*did you mean 'pre'"),
        ({"arrive": lambda weight: (weight, weight, 0.0)}, "returns 3 values.*all 2 values"),
        ({"source_traces": [Trace("pre", "taw")]}, "time constant 'taw'.*did you mean 'tau'"),
        ({"source_traces": ["pre"]}, "traces of Wrong hold 'pre'; give a Trace"),
        ({"target_traces": [Trace("pre", "tau")]}, "'pre' of Wrong is there twice"),
        ({"parameters": [TAU, TAU]}, "'tau' of Wrong is there twice"),
        ({"parameters": [Parameter("tau", "bananas", 1.0)]}, "'bananas' is no unit of tau"),
        ({"name": "not a name"}, "cannot be the name of a synapse type"),
    ],
)
def test_what_is_wrong_in_a_type_is_said_where_it_is_made(changed, message):
    given = {
        "name": "Wrong",
        "parameters": [TAU],
        "source_traces": [Trace("pre", "tau")],
        "learn": lambda weight, pre: weight,
        "arrive": lambda weight: (weight, weight),
    } | changed
    with pytest.raises(ParameterError, match=message):
        sim.synapse_type(**given)


def makes_an_array(weight):
    """Do what compiled code may not."""
    return weight, np.zeros(3)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (makes_an_array, "makes_an_array.*it makes an array"),
        (lambda weight: weight, r"arrive\(\) of Uncompiled.*returns 1 value.*must return all 2"),
    ],
)
def test_what_cannot_be_compiled_is_shown_at_the_first_run(function, message):
    kind = sim.synapse_type("Uncompiled", arrive=function)
    sim.setup(timestep=0.1, log=False, progress=False)
    cells = sim.Population(2, sim.IF_curr_exp())
    sim.Projection(cells, cells, sim.AllToAllConnector(), kind(weight=0.1, delay=1.0))
    with pytest.raises(ParameterError, match=message):
        sim.run(1.0)


def test_unknown_parameters_and_fractions_are_refused():
    kind = own_pair_rule()
    with pytest.raises(ParameterError, match=r"unknown parameter 'a_pluss'.*did you mean 'a_plus'"):
        kind(a_pluss=1.0)
    with pytest.raises(ParameterError, match=r"dendritic_delay_fraction = 1.5 of OwnPairRule"):
        kind(dendritic_delay_fraction=1.5)
