"""Cell types of the user's that are a standard one with other defaults."""

import numpy as np
import pytest

import distsim as sim


class FastCell(sim.IF_curr_exp):
    """IF_curr_exp with another time constant."""

    default_parameters = sim.IF_curr_exp.default_parameters | {"tau_m": 5.0}
    default_initial_values = sim.IF_curr_exp.default_initial_values | {"v": -60.0}


class FasterCell(FastCell):
    """A subclass of a subclass."""

    default_parameters = FastCell.default_parameters | {"tau_m": 2.0}


@pytest.mark.parametrize(("kind", "tau_m"), [(FastCell, 5.0), (FasterCell, 2.0)])
def test_a_subclass_is_its_standard_type_with_other_defaults(kind, tau_m):
    results = []
    for cell in (kind(i_offset=8.0), sim.IF_curr_exp(tau_m=tau_m, i_offset=8.0)):
        sim.setup(log=False)
        cells = sim.Population(3, cell, initial_values={"v": -60.0})
        others = sim.Population(3, sim.IF_curr_exp())
        synapse = sim.StaticSynapse(weight=2.0, delay=1.0)
        for pre, post in ((cells, others), (others, cells), (cells + others, others + cells)):
            sim.Projection(pre, post, sim.AllToAllConnector(), synapse)
        (cells + others).record(["spikes", "v"])
        sim.run(30.0)
        segment = (cells + others).get_data().segments[0]
        results.append(
            (
                [train.magnitude.tolist() for train in segment.spiketrains],
                segment.analogsignals[0].magnitude,
            )
        )
    assert sum(map(len, results[0][0])) > 10
    assert results[0][0] == results[1][0]
    np.testing.assert_array_equal(results[0][1], results[1][1])


def test_a_subclass_has_its_own_defaults():
    sim.setup(log=False)
    cells = sim.Population(2, FasterCell())
    assert cells.get("tau_m") == 2.0
    cells.record("v")
    sim.run(0.1)
    assert cells.get_data().segments[0].analogsignals[0].magnitude[0].tolist() == [-60.0, -60.0]
