"""`distsim submit` under a real Slurm."""

import csv
import sys

import numpy as np
import pytest
from cluster import wait_until

MODEL = """
import argparse
import distsim as sim

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
parser.add_argument("--label", default="cells")
options = parser.parse_args()
sim.setup(seed=3)
cells = sim.Population(50, sim.SpikeSourcePoisson(rate=options.rate), label=options.label)
cells.record("spikes", to_file="spikes.h5")
if options.rate > 900.0:
    raise SystemExit(7)
sim.run(200.0)
sim.end()
"""
SUBMIT = (sys.executable, "-P", "-m", "distsim", "submit")


def test_a_sweep_ends_in_one_table(cluster, tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "p.csv").write_text("rate,label\n100,low\n200,two words\n1000,\n")
    told = cluster.command(*SUBMIT, "model.py", "--array", "p.csv", folder=tmp_path)
    job = told.splitlines()[-1].removeprefix("submitted: job ")
    table = tmp_path / "model.sweep" / "results.csv"
    assert sorted(cluster.wait(job)) == ["COMPLETED", "COMPLETED", "FAILED"]
    wait_until(table.exists, cluster.logs)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["rate"], row["label"]) for row in rows] == [
        ("100", "low"),
        ("200", "two words"),
        ("1000", ""),
    ]
    assert [(row["state"], row["exit_status"]) for row in rows] == [
        ("done", "0"),
        ("done", "0"),
        ("failed", "7"),
    ]
    for row, name, rate in zip(rows, ["low", "two words"], [100.0, 200.0], strict=False):
        assert row["files"] == "spikes.h5"
        # Poisson: the mean number of spikes of 50 cells in 0.2 s, within five standard errors
        expected = rate * 50 * 0.2
        assert abs(float(row[f"spikes of {name}"]) - expected) < 5 * np.sqrt(expected)
        measured = float(row[f"rate of {name} [Hz]"])
        assert measured == pytest.approx(float(row[f"spikes of {name}"]) / 10.0, rel=1e-5)
    # a second one does not write over the first
    told = cluster.command(*SUBMIT, "model.py", "--array", "p.csv", folder=tmp_path, status=2)
    assert "holds another sweep" in told


@pytest.mark.slow
def test_a_sweep_is_collected_when_tasks_that_began_again_have_ended(cluster, tmp_path):
    (tmp_path / "model.py").write_text(
        "import os, sys\nsys.exit(0 if os.environ.get('SLURM_RESTART_COUNT') else 75)\n"
    )
    (tmp_path / "p.csv").write_text("rate\n100\n200\n")
    cluster.command(*SUBMIT, "model.py", "--array", "p.csv", "--requeue", folder=tmp_path)
    table = tmp_path / "model.sweep" / "results.csv"
    wait_until(table.exists, cluster.logs)
    lines = table.read_text().splitlines()
    assert lines == ["task,rate,state,exit_status,files", "1,100,done,0,", "2,200,done,0,"]
