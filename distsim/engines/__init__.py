"""Other simulators behind the same front end, on the same network.

Each is a subclass of `ExternalSimulation`, which takes the place of `distsim.engine.Simulation`:
populations, connectors, random streams, records and files stay distsim's own, and the other
simulator is given cells, connections and spike trains as arrays.
"""

from distsim.engines.selection import ENGINES, engine_class

__all__ = ["ENGINES", "engine_class"]
