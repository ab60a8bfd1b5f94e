"""Cells of a soma and a dendrite that hear each other; what they did goes to a file."""

import sys

import numpy as np

import distsim as sim

# length, diameter [um]: numbers of 32 bits, as NEURON keeps points
SOMA, DENDRITE = (18.75, 18.75), (500.0, 2.0)
CHANNELS = {"pas": 0.0003, "na": 0.12, "kdr": 0.036}
E_LEAK, E_NA, E_K = -54.3, 50.0, -77.0
CM, RA = 1.0, 500.0
TAU = 2.0


def two_compartments(leak=sim.PassiveLeak, **changes):
    """Return a cell type with a synapse on the dendrite, and channels in the soma."""
    from neuroml import Morphology, Segment
    from neuroml import Point3DWithDiam as Point
    from pyNN.parameters import IonicSpecies

    (length, diameter), (length_2, diameter_2) = SOMA, DENDRITE
    ends = [Point(x=x, y=0, z=0, diameter=diameter) for x in (length, 0.0)]
    soma = Segment(proximal=ends[0], distal=ends[1], name="soma", id=0)
    ends = [Point(x=x, y=0, z=0, diameter=diameter_2) for x in (0.0, -length_2)]
    dendrite = Segment(proximal=ends[0], distal=ends[1], name="dendrite", parent=soma, id=1)

    class Kind(sim.MultiCompartmentNeuron):
        label = "SomaAndDendrite"
        ion_channels = {  # noqa: RUF012
            "pas": leak,
            "na": sim.NaChannel,
            "kdr": sim.KdrChannel,
        }
        post_synaptic_entities = {"AMPA": sim.CondExpPostSynapticResponse}  # noqa: RUF012

    given = {
        "morphology": sim.morphology.NeuroMLMorphology(Morphology(segments=[soma, dendrite])),
        "cm": CM,
        "Ra": RA,
        "ionic_species": {"na": IonicSpecies("na", E_NA), "k": IonicSpecies("k", E_K)},
        "pas": {
            "conductance_density": sim.morphology.uniform("all", CHANNELS["pas"]),
            "e_rev": E_LEAK,
        },
        "na": {"conductance_density": sim.morphology.uniform("soma", CHANNELS["na"])},
        "kdr": {"conductance_density": sim.morphology.uniform("soma", CHANNELS["kdr"])},
        "AMPA": {
            "locations": sim.morphology.LabelledLocations("dendrite"),
            "e_syn": 0.0,
            "tau_syn": TAU,
        },
    }
    return Kind(**(given | changes))


def network():
    """Simulate five cells, the first of which hear a source; return spikes and potentials."""
    sim.setup(timestep=0.025, engine="neuron", log=False, progress=False)
    cells = sim.Population(5, two_compartments(), initial_values={"v": -65.0})
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[4.0, 12.0]))
    synapse = sim.StaticSynapse(weight=0.01, delay=1.0)
    sim.Projection(source, cells[:2], sim.AllToAllConnector(), synapse, receptor_type="AMPA")
    ring = sim.FromListConnector([(k, (k + 1) % 5, 0.02, 0.5) for k in range(5)])
    sim.Projection(cells, cells, ring, receptor_type="AMPA")
    cells.inject(sim.DCSource(amplitude=0.1, start=20.0, stop=24.0), location="soma")
    cells[3:].inject(sim.DCSource(amplitude=-0.02, start=8.0, stop=12.0), location="dendrite")
    cells.record("spikes")
    cells.record(["v", "AMPA.gsyn"], locations="dendrite")
    sim.run(40.0)
    segment = cells.get_data(gather="all").segments[0]
    return {
        "times": np.concatenate([train.magnitude for train in segment.spiketrains]),
        **{signal.name: np.asarray(signal.magnitude) for signal in segment.analogsignals},
    }


if __name__ == "__main__":
    results = network()
    if sim.rank() == 0:
        np.savez(sys.argv[1], **results)
    sim.end()
