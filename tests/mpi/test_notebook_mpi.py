"""What notebooks show, on one rank alone, as a cell of a notebook does."""

import re

import numpy as np

import distsim as sim


def rows_of(html):
    """Return the rows of tables, as their cells' texts."""
    assert html.count("<table>") == html.count("</table>") > 0
    rows = re.findall("<tr>(.*?)</tr>", html)
    return {name: cells for name, *cells in (re.findall("<t[hd]>(.*?)</t[hd]>", r) for r in rows)}


def here(n, population, comm):
    return f"{n}" + (f", {population.local_size} on this rank" if comm.Get_size() > 1 else "")


def test_a_rank_alone_shows_populations_and_projections(comm):
    sim.setup(timestep=0.1, log=False)
    cells = sim.Population(9, sim.IF_curr_exp(tau_m=np.arange(9) + 10.0), label="<b>L4 & ☃")
    noise = sim.Population(9, sim.SpikeSourcePoisson(rate=10.0), label="noise")
    view = cells[2:5]
    weight = sim.RandomDistribution("normal", mu=1.0, sigma=0.1)
    static = sim.StaticSynapse(weight=weight, delay=0.5)
    drawn = sim.Projection(noise, cells, sim.FixedProbabilityConnector(0.5), static)
    rule = sim.STDPMechanism(
        sim.SpikePairRule(), sim.AdditiveWeightDependence(w_max=1.0), weight=0.25
    )
    near = sim.DistanceDependentProbabilityConnector("d < 3")
    plastic = sim.Projection(cells, view, near, rule)
    listed = sim.Projection(noise, cells, sim.FromListConnector([(k, k) for k in range(9)] * 9))
    cells.record("v")
    view.record("spikes")
    n_near = plastic.size()
    comm.Barrier()
    if comm.Get_rank() == comm.Get_size() - 1:
        both = view + noise
        html = cells._repr_html_()
        assert "Population '&lt;b&gt;L4 &amp; ☃'" in html.replace("&#x27;", "'")
        rows = rows_of(html)
        assert rows["cells"] == [here(9, cells, comm)]
        assert rows["cell type"] == ["IF_curr_exp"]
        mine = 10.0 + cells.local_positions
        low_to_high = "of no cells here"
        if mine.size:
            low_to_high = f"{mine[0]:g}" + (f" … {mine[-1]:g}" if mine.size > 1 else "")
        assert rows["tau_m"] == [f"{low_to_high} ms"]
        assert rows["recorded"] == ["spikes, v"]
        assert rows_of(noise._repr_html_())["recorded"] == ["nothing"]
        assert rows_of(view._repr_html_())["cells"] == [here(3, view, comm)]
        assert rows_of(both._repr_html_())["noise"] == [
            "SpikeSourcePoisson",
            here(9, noise, comm),
        ]
        rows = rows_of(drawn._repr_html_())
        assert rows["onto"] == ["&lt;b&gt;L4 &amp; ☃: 9 cells"]
        assert "p_connect=0.5" in rows["connector"][0]
        assert rows["connections"] == ["40.5 expected"]
        assert rows["weight"] == ["normal(mu=1.0, sigma=0.1)"]
        assert rows["delay"] == ["0.5"]
        rows = rows_of(plastic._repr_html_())
        assert rows["synapse type"] == ["STDPMechanism"]
        assert rows["connections"] == [str(n_near)]
        assert rows["weight at first"] == ["0.25"]
        # long lists are left out
        assert len(listed._repr_html_()) < 1500
    comm.Barrier()
    # no rank waits for another, and what is of a network that is gone can be shown
    sim.setup(timestep=0.1, log=False)
    assert rows_of(cells._repr_html_())["cell type"] == ["IF_curr_exp"]
    assert rows_of(view._repr_html_())["cell type"] == ["IF_curr_exp"]
    assert rows_of(drawn._repr_html_())["connections"] == ["40.5 expected"]
