"""What PyNN has and distsim does not have yet: using it says so."""

from distsim.pynn.standardmodels import not_available

__all__ = [
    "LIF",
    "ACSource",
    "AdExp",
    "AdditivePotentiationMultiplicativeDepression",
    "AdditiveWeightDependence",
    "CSAConnector",
    "CloneConnector",
    "CondAlphaPostSynapticResponse",
    "CondBetaPostSynapticResponse",
    "CondExpPostSynapticResponse",
    "CurrExpPostSynapticResponse",
    "DisplacementDependentProbabilityConnector",
    "ElectricalSynapse",
    "GIF_cond_exp",
    "GutigWeightDependence",
    "IF_facets_hardware1",
    "IndexBasedProbabilityConnector",
    "KdrChannel",
    "MultiCompartmentNeuron",
    "MultiQuantalSynapse",
    "MultiplicativeWeightDependence",
    "NaChannel",
    "NoisyCurrentSource",
    "PassiveLeak",
    "PassiveLeakHH",
    "PointNeuron",
    "STDPMechanism",
    "SimpleStochasticSynapse",
    "SmallWorldConnector",
    "SpikePairRule",
    "SpikeSourceGamma",
    "SpikeSourceInhGamma",
    "SpikeSourcePoissonRefractory",
    "StochasticTsodyksMarkramSynapse",
    "TsodyksMarkramSynapse",
    "Vogels2011Rule",
]

ACSource = not_available("ACSource")
AdditivePotentiationMultiplicativeDepression = not_available(
    "AdditivePotentiationMultiplicativeDepression"
)
AdditiveWeightDependence = not_available("AdditiveWeightDependence")
CSAConnector = not_available("CSAConnector")
CloneConnector = not_available("CloneConnector")
CondAlphaPostSynapticResponse = not_available("CondAlphaPostSynapticResponse")
CondBetaPostSynapticResponse = not_available("CondBetaPostSynapticResponse")
CondExpPostSynapticResponse = not_available("CondExpPostSynapticResponse")
CurrExpPostSynapticResponse = not_available("CurrExpPostSynapticResponse")
DisplacementDependentProbabilityConnector = not_available(
    "DisplacementDependentProbabilityConnector"
)
ElectricalSynapse = not_available("ElectricalSynapse")
GIF_cond_exp = not_available("GIF_cond_exp")
GutigWeightDependence = not_available("GutigWeightDependence")
IF_facets_hardware1 = not_available("IF_facets_hardware1")
IndexBasedProbabilityConnector = not_available("IndexBasedProbabilityConnector")
KdrChannel = not_available("KdrChannel")
MultiCompartmentNeuron = not_available("MultiCompartmentNeuron")
MultiQuantalSynapse = not_available("MultiQuantalSynapse")
MultiplicativeWeightDependence = not_available("MultiplicativeWeightDependence")
NaChannel = not_available("NaChannel")
NoisyCurrentSource = not_available("NoisyCurrentSource")
PassiveLeak = not_available("PassiveLeak")
PassiveLeakHH = not_available("PassiveLeakHH")
PointNeuron = not_available("PointNeuron")
STDPMechanism = not_available("STDPMechanism")
SimpleStochasticSynapse = not_available("SimpleStochasticSynapse")
SmallWorldConnector = not_available("SmallWorldConnector")
SpikePairRule = not_available("SpikePairRule")
SpikeSourceGamma = not_available("SpikeSourceGamma")
SpikeSourceInhGamma = not_available("SpikeSourceInhGamma")
SpikeSourcePoissonRefractory = not_available("SpikeSourcePoissonRefractory")
StochasticTsodyksMarkramSynapse = not_available("StochasticTsodyksMarkramSynapse")
TsodyksMarkramSynapse = not_available("TsodyksMarkramSynapse")
Vogels2011Rule = not_available("Vogels2011Rule")
AdExp = not_available("AdExp")
LIF = not_available("LIF")
