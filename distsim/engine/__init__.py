"""The simulation on one rank: clock, connectome, delivery, exchange, recording."""

from distsim.engine.simulation import Simulation

__all__ = ["Simulation"]
