"""Synapse types that cannot be are refused by name."""

import numpy as np
import pytest

from distsim.errors import DistsimError


def mechanism(sim, rule=None, dependence=None, **others):
    """Return a synapse type that learns."""
    return sim.STDPMechanism(
        rule or sim.SpikePairRule(), dependence or sim.AdditiveWeightDependence(), **others
    )


def project(sim, synapse, connector=None):
    """Return a projection between some cells."""
    pre, post = sim.Population(3, sim.IF_cond_exp()), sim.Population(2, sim.IF_cond_exp())
    return sim.Projection(
        *(pre, post, connector or sim.AllToAllConnector(), synapse), receptor_type="excitatory"
    )


def refused(make, *texts):
    """Check that something raises an error with some texts."""
    with pytest.raises(DistsimError) as caught:
        make()
    assert all(text in str(caught.value) for text in texts), str(caught.value)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan"), "half", None, [0.5, 0.5]])
def test_dendritic_fractions_are_numbers_from_0_to_1(sim, fraction):
    refused(lambda: mechanism(sim, dendritic_delay_fraction=fraction), "dendritic_delay_fraction")


def test_parts_of_a_mechanism_are_rules_and_dependences(sim):
    rule, dependence = sim.SpikePairRule(), sim.AdditiveWeightDependence()
    refused(lambda: sim.STDPMechanism(), "timing_dependence")
    refused(lambda: sim.STDPMechanism(rule), "weight_dependence")
    refused(lambda: sim.STDPMechanism(dependence, rule), "timing_dependence")
    refused(lambda: sim.STDPMechanism(rule, dependence, 1.0), "voltage_dependence")
    refused(
        lambda: sim.STDPMechanism(sim.Vogels2011Rule(), sim.MultiplicativeWeightDependence()),
        "Vogels2011Rule",
        "AdditiveWeightDependence",
    )


@pytest.mark.parametrize(
    ("kind", "name", "hint"),
    [
        ("SpikePairRule", "tau_pluss", "tau_plus"),
        ("Vogels2011Rule", "etta", "eta"),
        ("GutigWeightDependence", "mu_plu", "mu_plus"),
        ("TsodyksMarkramSynapse", "tau_recc", "tau_rec"),
        ("MultiQuantalSynapse", "u", "U"),
        ("SimpleStochasticSynapse", "P", "p"),
    ],
)
def test_unknown_parameters_are_refused_with_a_hint(sim, kind, name, hint):
    refused(lambda: getattr(sim, kind)(**{name: 1.0}), f"'{name}'", f"'{hint}'")


def test_unknown_parameters_cannot_be_set_or_read(sim):
    projection = project(sim, mechanism(sim, weight=0.5))
    refused(lambda: projection.set(tau_pluss=1.0), "'tau_pluss'", "'tau_plus'")
    refused(lambda: projection.get("tau_plas", "list"), "'tau_plas'", "'tau_plus'")


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("SpikePairRule", "tau_plus", 0.0),
        ("SpikePairRule", "tau_minus", -20.0),
        ("Vogels2011Rule", "tau", 0.0),
        ("TsodyksMarkramSynapse", "tau_rec", 0.0),
        ("TsodyksMarkramSynapse", "tau_facil", -1.0),
        ("TsodyksMarkramSynapse", "U", 1.5),
        ("StochasticTsodyksMarkramSynapse", "U", -0.1),
        ("SimpleStochasticSynapse", "p", 1.2),
        ("MultiQuantalSynapse", "n", 0),
        ("MultiQuantalSynapse", "tau_rec", float("nan")),
    ],
)
def test_parameters_out_of_their_range_are_refused(sim, kind, name, value):
    def make():
        part = getattr(sim, kind)(**{name: value})
        project(sim, mechanism(sim, part) if kind.endswith("Rule") else part)

    refused(make, f"{name} = {float(value):g}")


@pytest.mark.parametrize("weight", [-0.1, 1.5])
def test_weights_are_within_their_bounds(sim, weight):
    with pytest.raises(DistsimError, match=r"weight = |w_m"):
        project(sim, mechanism(sim, weight=weight))


def test_weights_of_each_synapse_are_within_their_bounds(sim):
    drawn = sim.RandomDistribution("uniform", low=0.5, high=3.0)
    matrix = np.array([[0.1, 0.2], [0.3, 1.01], [0.5, 0.6]])
    rows = sim.FromListConnector([(0, 1, 0.5, 1.0), (2, 0, 1.2, 1.0)])
    for weight, connector in ((drawn, None), (matrix, None), (0.0, rows)):
        sim.setup(timestep=0.1, log=False)
        projection = project(sim, mechanism(sim, weight=weight), connector)
        for _ in range(2):
            refused(lambda: sim.run(1.0), "weight = ", "w_min = 0", "w_max = 1")
    projection.set(weight=0.7)
    sim.run(1.0)
    assert projection.get("weight", "list", with_address=False) == [0.7, 0.7]


def test_the_largest_weight_is_not_below_the_smallest(sim):
    dependence = sim.AdditiveWeightDependence(w_min=0.5, w_max=0.2)
    refused(lambda: project(sim, mechanism(sim, None, dependence, weight=0.3)), "w_m")


def test_time_constants_of_traces_are_those_of_a_projection(sim):
    rule = sim.SpikePairRule(tau_plus=sim.RandomDistribution("uniform", low=5.0, high=20.0))
    project(sim, mechanism(sim, rule, weight=0.5))
    refused(lambda: sim.run(1.0), "tau_plus", "several projections")


def test_values_that_are_refused_change_nothing(sim):
    cells = sim.Population(3, sim.IF_curr_exp(i_offset=1.2))
    synapse = mechanism(sim, weight=0.1, delay=0.5)
    projection = sim.Projection(cells, cells, sim.AllToAllConnector(), synapse)
    sim.run(20.0)
    before = projection.get(["weight", "A_plus"], "list")
    too_much = 1e3
    refused(lambda: projection.set(weight=too_much), "weight = 1000", "w_max")
    refused(lambda: projection.set(w_max=-1.0), "w_m")
    refused(lambda: setattr(projection[0], "weight", too_much), "weight = 1000", "w_max")
    refused(lambda: projection.get("tau_pluss", "list"), "'tau_pluss'", "'tau_plus'")
    assert projection.get(["weight", "A_plus"], "list") == before
    projection.set(weight=0.2)
    assert projection.get("weight", "list", with_address=False) == [0.2] * len(before)
    sim.reset()
    assert projection.get("weight", "list", with_address=False) == [0.2] * len(before)
