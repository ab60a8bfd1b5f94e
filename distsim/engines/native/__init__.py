"""distsim's own engine: deliver, update, collect, exchange, epoch after epoch, on each rank."""

import distsim.compiled  # noqa: F401 - keeps machine code
from distsim.engines.entry import Entry, Option, one_of

__all__ = ["ENTRY"]

ENTRY = Entry(
    name="native",
    path="distsim.engines.native.engine:NativeSimulation",
    abilities=lambda: "MPI, N ranks",
    options=(
        Option(
            "exchange",
            "auto",
            one_of("auto", "allgather", "directed"),
            elsewhere="exchanges spikes in its own way; leave the option out",
        ),
    ),
)
