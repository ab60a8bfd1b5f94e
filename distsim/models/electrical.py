"""Electrical synapses: a current that follows from the potentials of two cells, without spikes."""

from distsim.models.synapse_model import SynapseModel

__all__ = ["ELECTRICAL", "ONE_SIDED"]

ELECTRICAL = SynapseModel(
    "ElectricalSynapse",
    title="Gap junction: a conductance between two membranes.",
    equations=("into each of the two cells flows weight (v of the other - v)",),
    n_sides=2,
)

ONE_SIDED = SynapseModel(
    "ElectricalSynapse, one-sided",
    title="Gap junction with `is_symmetric=False`: a current into the target alone.",
    equations=("into the target flows weight (v of the source - v)",),
    n_sides=1,
)
