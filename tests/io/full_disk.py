"""A script that goes on when a disk is full: `full_disk.py <folder>`, on any number of ranks."""

import resource
import sys
from pathlib import Path

import distsim as sim
from distsim.errors import FileWriteError
from distsim.io import read_block

folder = Path(sys.argv[1])
sim.setup(timestep=0.1, log=False)
cells = sim.Population(5, sim.IF_curr_exp(i_offset=2.0), label="cells")
cells.record(["v", "spikes"])
sim.run(5.0)
names = ["run.h5", "run.pkl"]
for name in names:
    cells.write_data(str(folder / name))
sim.run(100.0)
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
caught = []
for name in names:
    try:
        cells.write_data(str(folder / name))
    except FileWriteError as error:
        # kept as long as the program, as a notebook does
        caught.append(error)
cells.record("v", to_file=str(folder / "late.h5"))
try:
    sim.end()
except FileWriteError as error:
    caught.append(error)
assert len(caught) == 3
left = sorted(path.name for path in folder.iterdir())
assert left == ["late.h5.parts", *names], left
assert read_block(folder / "run.h5").segments[0].analogsignals[0].shape == (51, 5)
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
sim.run(1.0)
for name in names:
    cells.write_data(str(folder / name))
sim.end()
if sim.rank() == 0:
    assert sorted(path.name for path in folder.iterdir()) == ["late.h5", *names]
    assert read_block(folder / "run.h5").segments[0].analogsignals[0].shape == (1061, 5)
    print("went on")
