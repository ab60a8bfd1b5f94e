"""Run distsim and its peers in turn, on the same cores, and compare them.

Each run is a process of its own that prints one JSON row; rows of one name are alternated, so that
what else the machine does meets all alike. A comparison is the ratio of medians.
"""

import json
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

    def run(self) -> dict[str, object]:
        """Run once; return the row that it printed."""
        command = [str(FOLDER / self.script), *self.arguments]
        if self.n_ranks:
            command = ["-m", "distsim", "run", "-n", str(self.n_ranks), *command]
        done = subprocess.run(
            [sys.executable, *command], stdout=subprocess.PIPE, text=True, check=True, cwd=FOLDER
        )
        row = json.loads(done.stdout.strip().splitlines()[-1])
        return {"name": self.name, **row}


def compare(contestants: Sequence[Contestant], repeats: int) -> list[dict[str, object]]:
    """Run the contestants in turn, print each row, and return all rows."""
    rows = []
    for _ in range(repeats):
        for contestant in contestants:
            row = contestant.run()
            print(json.dumps(row), flush=True)
            rows.append(row)
    return rows


def ratio(rows: Sequence[dict[str, object]], peer: str, ours: str, key: str) -> float:
    """Return how many times larger the peer's median of a quantity is than ours."""

    def middle(name: str) -> float:
        return median(float(row[key]) for row in rows if row["name"] == name)

    return middle(peer) / middle(ours)
