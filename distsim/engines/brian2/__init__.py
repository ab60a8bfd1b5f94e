"""Brian 2 as engine, in one process."""

from distsim.engines.entry import SHARE_INPUT, Entry

__all__ = ["ENTRY"]

ENTRY = Entry(
    name="brian2",
    path="distsim.engines.brian2.engine:Brian2Simulation",
    abilities=lambda: "one process",
    options=(SHARE_INPUT,),
    distributions=("brian2",),
    module="brian2",
)
