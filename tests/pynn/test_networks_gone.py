"""What is of a network that a later setup() has ended is refused by name, not taken for another."""

import pytest

from distsim.errors import SetupError

GONE = r"'old' is of a network that setup\(\) has ended"


@pytest.fixture
def old(sim):
    """Return a population, recorded for 1 ms, of a network before the present one."""
    cells = sim.Population(4, sim.IF_curr_exp(), label="old")
    cells.record(["v", "spikes"])
    sim.run(1.0)
    return cells


@pytest.fixture
def new(sim, old):
    """Return a population of the present network, whose cells have the old ones' numbers."""
    sim.setup(timestep=0.1, log=False)
    return sim.Population(4, sim.IF_curr_exp(), label="new")


@pytest.mark.parametrize("side", ["pre", "post"])
@pytest.mark.parametrize("kind", ["population", "view", "assembly"])
def test_projection_of_old_cells_is_refused(sim, old, new, side, kind):
    cells = {"population": old, "view": old[1:3], "assembly": old[1:3] + new[0:1]}[kind]
    ends = (cells, new) if side == "pre" else (new, cells)
    with pytest.raises(SetupError, match=GONE):
        sim.Projection(*ends, sim.AllToAllConnector())
    sim.run(1.0)


@pytest.mark.parametrize(
    "use",
    [
        lambda cells: cells.set(tau_m=12.0),
        lambda cells: cells[1:3].set(tau_m=12.0),
        lambda cells: cells.get("tau_m"),
        lambda cells: setattr(cells[0], "tau_m", 12.0),
        lambda cells: cells[0].tau_m,
        lambda cells: cells.initialize(v=-60.0),
        lambda cells: cells.record("v"),
        lambda cells: cells[0:1].record("spikes"),
    ],
)
def test_old_cells_are_refused(old, new, use):
    with pytest.raises(SetupError, match=GONE):
        use(old)
    use(new)


def test_current_into_old_cells_is_refused(sim, old, new):
    source = sim.DCSource(amplitude=0.1)
    with pytest.raises(SetupError, match=GONE):
        old.inject(source)
    with pytest.raises(SetupError, match=GONE):
        source.inject_into([old[0]])
    new.inject(source)


def test_source_of_an_old_network_is_refused(sim, old):
    source, fresh = sim.DCSource(amplitude=0.1), sim.DCSource(amplitude=0.1)
    old.inject(source)
    sim.setup(timestep=0.1, log=False)
    new = sim.Population(4, sim.IF_curr_exp(), label="new")
    for use in (lambda: new.inject(source), lambda: source.set_parameters(amplitude=0.2)):
        with pytest.raises(
            SetupError, match=r"a DCSource is of a network that setup\(\) has ended"
        ):
            use()
    new.inject(fresh)
    sim.run(1.0)


@pytest.mark.parametrize(
    "use",
    [
        lambda projection: projection.get("weight", "list"),
        lambda projection: projection.set(weight=0.2),
        lambda projection: projection.size(),
        lambda projection: len(projection),
        lambda projection: projection[0],
    ],
)
def test_old_projection_is_refused(sim, old, use):
    projection = sim.Projection(old, old, sim.AllToAllConnector(), label="old")
    use(projection)
    sim.setup(timestep=0.1, log=False)
    with pytest.raises(SetupError, match=GONE):
        use(projection)


def test_what_an_old_network_recorded_can_be_read(old, new):
    assert old.get_data("v").segments[0].analogsignals[0].shape == (11, 4)
