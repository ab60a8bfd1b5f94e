"""NEURON as engine, one process per rank, with CoreNEURON if that is asked for."""

from distsim.engines.entry import SHARE_INPUT, Entry, Option

__all__ = ["ENTRY"]

ENTRY = Entry(
    name="neuron",
    path="distsim.engines.neuron.engine:NeuronSimulation",
    abilities=lambda: "MPI, N ranks",
    options=(
        SHARE_INPUT,
        Option(
            "coreneuron",
            False,
            bool,
            elsewhere="has no CoreNEURON; give engine='neuron', or leave the option out",
        ),
    ),
    distributions=("neuron", "neuron-nightly"),
    module="neuron",
)
