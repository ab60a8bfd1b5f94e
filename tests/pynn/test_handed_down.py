"""What the front end hands to an engine is data: no engine holds, or calls, a front-end object."""

import functools
import itertools
from types import FunctionType, MethodType

import numpy as np
from numba.core.dispatcher import Dispatcher

import distsim as sim
from distsim.pynn.simulator import state

FRONT_END = ("distsim.pynn", "pyNN", "lazyarray")


def reachable(root):
    """Yield every object that can be reached from one by attributes, items, closures, methods.

    Not by the globals of functions, which are modules.
    """
    seen, waiting = set(), [(root, type(root).__name__)]
    while waiting:
        thing, path = waiting.pop()
        if id(thing) in seen or isinstance(thing, str | bytes | int | float | type(None) | type):
            continue
        seen.add(id(thing))
        yield thing, path
        children = []
        if isinstance(thing, dict):
            children = [*thing.items(), *((f"key {k}", k) for k in thing)]
        elif isinstance(thing, list | tuple | set | frozenset):
            children = list(enumerate(thing))
        elif isinstance(thing, MethodType):
            children = [("self", thing.__self__), ("function", thing.__func__)]
        elif isinstance(thing, functools.partial):
            children = [("function", thing.func), ("arguments", (thing.args, thing.keywords))]
        elif isinstance(thing, FunctionType):
            cells = thing.__closure__ or ()
            children = [*enumerate(cell.cell_contents for cell in cells)]
            children.append(("defaults", (thing.__defaults__, thing.__kwdefaults__)))
        elif isinstance(thing, Dispatcher):
            # what Numba has made of a function is no object of ours
            children = [("function", thing.py_func)]
        elif isinstance(thing, np.ndarray):
            children = list(enumerate(thing.ravel())) if thing.dtype == object else []
        else:
            names = list(getattr(thing, "__dict__", {}))
            for kind in type(thing).__mro__:
                slots = getattr(kind, "__slots__", ())
                names += [slots] if isinstance(slots, str) else slots
            children = [(n, getattr(thing, n)) for n in names if hasattr(thing, n)]
        waiting += [(child, f"{path}.{name}") for name, child in children]


def front_end_objects(root):
    """Return where objects of the front end can be reached from one."""
    return [
        path
        for thing, path in reachable(root)
        if (type(thing).__module__ or "").startswith(FRONT_END)
        or (isinstance(thing, FunctionType) and thing.__module__.startswith("distsim.pynn"))
    ]


def tenth_of_distance(d):
    """Return a tenth of a distance: a function of the user's."""
    return 0.1 * d + 0.1


CONNECTORS = {
    "all to all": lambda: sim.AllToAllConnector(allow_self_connections=False),
    "one to one": sim.OneToOneConnector,
    "probability": lambda: sim.FixedProbabilityConnector(0.3, allow_self_connections=False),
    "expression": lambda: sim.DistanceDependentProbabilityConnector("exp(-d / 3)"),
    "function": lambda: sim.DistanceDependentProbabilityConnector(tenth_of_distance),
    "pre": lambda: sim.FixedNumberPreConnector(3, allow_self_connections=False),
    "drawn numbers": lambda: sim.FixedNumberPreConnector(
        sim.RandomDistribution("uniform_int", low=1, high=4), with_replacement=True
    ),
    "post": lambda: sim.FixedNumberPostConnector(3, allow_self_connections=False),
    "total": lambda: sim.FixedTotalNumberConnector(20),
    "array": lambda: sim.ArrayConnector(np.eye(12, dtype=bool)),
    "list": lambda: sim.FromListConnector([(0, 1, 0.1, 1.0), (2, 3, 0.2, 2.0)]),
    "seeded": lambda: sim.FixedProbabilityConnector(0.3, rng=sim.NumpyRNG(1)),
}
VALUES = {
    "numbers": lambda: {"weight": 0.1, "delay": 1.0},
    "drawn": lambda: {
        "weight": sim.RandomDistribution("normal", mu=0.5, sigma=0.01),
        "delay": sim.RandomDistribution("uniform", low=1.0, high=2.0),
    },
    "expression": lambda: {"weight": "0.1 + d", "delay": "1 + d"},
    "function": lambda: {"weight": tenth_of_distance, "delay": "1 + d"},
}


def test_an_engine_can_reach_no_object_of_the_front_end():
    sim.setup(log=False, seed=1)
    cells = sim.Population(12, sim.IF_curr_exp(), structure=sim.Line())
    others = sim.Population(6, sim.IF_curr_exp()) + cells[::2]
    noise = sim.Population(12, sim.SpikeSourcePoisson(rate=10.0))
    cells.inject(sim.DCSource(amplitude=0.1))
    cells.record(["spikes", "v"])
    for connector, values in itertools.product(CONNECTORS.values(), VALUES.values()):
        for source, target in ((cells, cells), (others, cells), (cells, others), (noise, cells)):
            sim.Projection(source, target, connector(), sim.StaticSynapse(**values()))
    assert front_end_objects(state.simulation) == []
    state.build()
    assert front_end_objects(state.simulation) == []


def test_such_objects_would_be_found():
    sim.setup(log=False)
    cells = sim.Population(2, sim.IF_curr_exp())
    held = {"closure": lambda: cells.size, "method": cells.gids, "items": [{"a": (cells,)}]}
    for holder in held.values():
        assert front_end_objects(holder)


def test_projections_keep_the_places_that_cells_had():
    sim.setup(log=False)
    cells = sim.Population(4, sim.IF_curr_exp(), structure=sim.Line())
    synapse = sim.StaticSynapse(weight="d", delay=1.0)
    before = sim.Projection(cells, cells, sim.AllToAllConnector(), synapse)
    cells[3].position = (30.0, 0.0, 0.0)
    after = sim.Projection(cells, cells, sim.AllToAllConnector(), synapse)
    assert before.get("weight", format="array")[0].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert after.get("weight", format="array")[0].tolist() == [0.0, 1.0, 2.0, 30.0]
    cells.positions = np.zeros((3, 4))
    assert after.get("weight", format="array")[0].tolist() == [0.0, 1.0, 2.0, 30.0]


def test_places_of_a_population_are_handed_over_without_a_copy():
    sim.setup(log=False)
    cells = sim.Population(4, sim.IF_curr_exp())
    cells.positions = np.arange(12.0).reshape(3, 4)
    synapse = sim.StaticSynapse(weight="d", delay=1.0)
    projection = sim.Projection(cells, cells[1:], sim.AllToAllConnector(), synapse)
    distances = projection.pathway.connections.weight.distances.__self__
    assert distances.pre.of_populations[0] is distances.post.of_populations[0] is cells.positions
