"""Connectors, ends and generators for which the flags of a connector must hold."""

import numpy as np

N = 12

# of a population of N cells, two groups of cells, most of which share some
ENDS = {
    "itself": lambda p, q: (p, p),
    "another": lambda p, q: (p, q),
    "its view": lambda p, q: (p, p[3:9]),
    "from its view": lambda p, q: (p[3:9], p),
    "a view itself": lambda p, q: (p[2:10], p[2:10]),
    "shifted views": lambda p, q: (p[0:8], p[3:12]),
    "a view of a view": lambda p, q: (p[1:11], p[2:11][0:6]),
    "an assembly itself": lambda p, q: (p[0:7] + q, p[0:7] + q),
    "an assembly's part": lambda p, q: (p[0:7] + q, p[4:12]),
    "assemblies that overlap": lambda p, q: (p[0:7] + q, q[2:5] + p[5:12]),
}

FIXED = ("FixedNumberPreConnector", "FixedNumberPostConnector", "FixedTotalNumberConnector")
OTHER = {
    "AllToAllConnector": {},
    "FixedProbabilityConnector": {"p_connect": 0.6},
    "DistanceDependentProbabilityConnector": {"d_expression": "exp(-d / 5)"},
}


def generators(sim):
    """Return what may be given as rng."""
    return {
        "none": lambda: None,
        "native": lambda: sim.NativeRNG(seed=5),
        "numpy": lambda: sim.NumpyRNG(seed=7),
    }


def check_fixed_number(sim, name, ends, n, self_connections, with_replacement, rng):
    """Connect by a fixed number and check numbers and flags; return the connections."""
    pre, post = ends(sim.Population(N, sim.IF_curr_exp()), sim.Population(5, sim.IF_curr_exp()))
    connector = getattr(sim, name)(
        n,
        allow_self_connections=self_connections,
        with_replacement=with_replacement,
        rng=generators(sim)[rng](),
    )
    is_allowed = self_connections | (pre.gids()[:, None] != post.gids()[None, :])
    if name == "FixedTotalNumberConnector" and not with_replacement and n > is_allowed.sum():
        try:
            sim.Projection(pre, post, connector)
        except sim.errors.ConnectivityError as error:
            assert f"n = {n}" in str(error)  # noqa: PT017 - not all cases raise
            return []
        raise AssertionError("impossible, and not refused")
    counts = connections(sim.Projection(pre, post, connector), is_allowed.shape)
    assert counts[~is_allowed].sum() == 0
    if name == "FixedTotalNumberConnector":
        assert counts.sum() == n
        assert with_replacement or counts.max(initial=0) <= 1
    else:
        axis = FIXED.index(name)
        assert (counts.sum(axis=axis) == n).all()
        if not with_replacement:
            most = -(-n // is_allowed.sum(axis=axis, keepdims=True))
            assert (counts <= most).all()
            assert (counts >= most - 1)[is_allowed].all()
    return counts.tolist()


def check_other(sim, name, ends, rng):
    """Connect without self-connections and check that there are none; return the connections."""
    pre, post = ends(sim.Population(N, sim.IF_curr_exp()), sim.Population(5, sim.IF_curr_exp()))
    arguments = OTHER[name] | {"allow_self_connections": False}
    weight = 1.0
    if name == "AllToAllConnector":
        # weights of a seeded generator are drawn as PyNN does, and connections with them
        weight = sim.RandomDistribution("uniform", (0.1, 1.0), rng=generators(sim)[rng]())
    else:
        arguments["rng"] = generators(sim)[rng]()
    projection = sim.Projection(
        pre, post, getattr(sim, name)(**arguments), sim.StaticSynapse(weight=weight)
    )
    is_allowed = pre.gids()[:, None] != post.gids()[None, :]
    counts = connections(projection, is_allowed.shape)
    assert counts.max(initial=0) <= 1
    assert counts[~is_allowed].sum() == 0
    assert counts.any()
    if name == "AllToAllConnector":
        assert counts[is_allowed].all()
    return counts.tolist()


def connections(projection, shape):
    """Return the number of connections of each pair of cells."""
    counts = np.zeros(shape, int)
    for row in projection.get("weight", "list", gather="all"):
        counts[row[0], row[1]] += 1
    return counts
