"""Attributes that would be taken silently and have no effect are refused by name."""

import pytest


def test_unknown_attributes_of_current_sources_are_refused(sim):
    for source, wrong, right in (
        (sim.DCSource(amplitude=0.5), "amplitud", "amplitude"),
        (sim.StepCurrentSource(times=[1.0], amplitudes=[0.1]), "amplitude", "amplitudes"),
    ):
        for call in (
            lambda s, name: setattr(s, name, 1.0),
            getattr,
            lambda s, name: s.set_parameters(**{name: 1.0}),
        ):
            for kind in (AttributeError, sim.errors.NonExistentParameterError):
                if call is not getattr and kind is AttributeError:
                    continue
                with pytest.raises(kind, match=f"'{wrong}' of .*did you mean '{right}'"):
                    call(source, wrong)
        assert not hasattr(source, wrong)


def test_known_attributes_of_current_sources_set_the_parameter(sim):
    source = sim.DCSource(amplitude=0.5, start=1.0)
    cells = sim.Population(1, sim.IF_curr_exp())
    cells.inject(source)
    source.amplitude = 0.25
    assert source.amplitude == 0.25
    assert source.get_parameters()["amplitude"] == 0.25


def test_parameters_as_attributes_of_what_is_made_are_refused(sim):
    cells, sources = (
        sim.Population(2, sim.IF_curr_exp(), label="c"),
        sim.Population(2, sim.SpikeSourcePoisson(rate=5.0), label="s"),
    )
    projection = sim.Projection(sources, cells, sim.OneToOneConnector(), label="p")
    for thing, name, message in (
        (cells, "tau_m", r"'tau_m' of the cells of 'c' is set by .set\(tau_m=...\)"),
        (cells[0:1], "cm", r"is set by .set\(cm=...\)"),
        (sources, "rate", r"'rate' of the cells of 's' is set by"),
        (projection, "weight", r"'weight' of the connections of 'p' is set by .set\(weight"),
        (cells.celltype, "tau_m", r"write IF_curr_exp\(tau_m=...\)"),
        (sim.StaticSynapse(), "delay", r"write StaticSynapse\(delay=...\)"),
    ):
        with pytest.raises(
            sim.errors.ParameterError if thing is not projection else ValueError, match=message
        ):
            setattr(thing, name, 1.0)
    # others are the user's own
    cells.layer = projection.layer = "L4"
    cells.label = "other"
    assert (cells.layer, cells.label, projection.layer) == ("L4", "other", "L4")


def test_only_a_current_source_can_be_injected(sim):
    cells = sim.Population(2, sim.IF_curr_exp(), label="c")
    with pytest.raises(TypeError, match=r"cannot inject 0.5 into 'c'; give a current source"):
        cells.inject(0.5)
