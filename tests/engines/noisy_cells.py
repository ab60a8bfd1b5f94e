"""Cells of the model that is named, excited and inhibited by noise and given spikes."""

import sys

from networks import STRENGTHS, driven_cells

import distsim as sim

driven_cells(sim, sys.argv[1], STRENGTHS[sys.argv[1]], durations=(500.0,))
sim.end()
