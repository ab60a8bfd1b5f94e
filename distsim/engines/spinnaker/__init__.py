"""SpiNNaker as engine, in one process."""

from distsim.engines.entry import SHARE_INPUT, Entry

__all__ = ["ENTRY"]

ENTRY = Entry(
    name="spinnaker",
    path="distsim.engines.spinnaker.engine:SpinnakerSimulation",
    abilities=lambda: "one process, needs a SpiNNaker machine",
    options=(SHARE_INPUT,),
    distributions=("sPyNNaker",),
    module="spynnaker",
)
