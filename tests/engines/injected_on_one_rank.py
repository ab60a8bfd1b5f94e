"""A current into one cell, told to the rank that has the cell alone."""

import distsim as sim


def run(engine):
    """Return v of four cells at last; the third was given the current."""
    sim.setup(timestep=0.1, engine=engine, log=False)
    cells = sim.Population(4, sim.IF_curr_exp())
    cells.record("v")
    for cell in cells:
        if cells.id_to_index(cell) == 2:
            cell.inject(sim.DCSource(amplitude=0.2, start=5.3, stop=7.7))
    sim.run(10.0)
    return {"v": cells.get_data().segments[0].filter(name="v")[0].magnitude[-1]}
