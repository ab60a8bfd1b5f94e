"""What is in a shard: sets of cells that are recorded together, and the pieces of each."""

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.io.keyed_spikes import KeyedSpikes
from distsim.io.recordings import PopulationInfo
from distsim.io.shards import Frame, ShardFile, from_text
from distsim.kernels.spike_keys import step_of_key
from distsim.network.pieces import Piece, Samples, SpikeKeys

__all__ = ["ShardContent", "gap"]

Integers = NDArray[np.int64]


class ShardContent:
    """What is in a shard.

    Parameters
    ----------
    file : ShardFile

    Attributes
    ----------
    job : dict
        Facts of the first frame.
    facts : dict
        Of the run, as known last.
    known : dict
        How it came about.
    account : dict of str to float
        What this rank has done.
    populations : dict of int to PopulationInfo
    began : dict of (int, int) to list of (int, str)
        For each segment and population step and time at which it was begun.
    resets : dict of int to dict
        Facts of the segments that have ended.
    complete : dict of int to int
        For each segment the step until which all is there.
    sets : dict of int to Frame
        Sets that count.
    pieces : dict of int to list of Frame
        Of each set, in the order in which they came.
    n_unknown : int
        Pieces whose set was damaged.
    """

    def __init__(self, file: ShardFile) -> None:
        self.file = file
        self.job: dict[str, Any] = {}
        self.facts: dict[str, Any] = {}
        self.known: dict[str, Any] = {}
        self.account: dict[str, float] = {}
        self.populations: dict[int, PopulationInfo] = {}
        self.began: dict[tuple[int, int], list[tuple[int, str]]] = defaultdict(list)
        self.resets: dict[int, dict[str, Any]] = {}
        self.complete: dict[int, int] = {}
        self.sets: dict[int, Frame] = {}
        self.pieces: dict[int, list[Frame]] = defaultdict(list)
        cleared: set[int] = set()
        for frame in file.frames():
            facts = dict(frame.facts)
            kind = facts.pop("kind")
            if kind == "job":
                self.job = facts
            elif kind == "run":
                self.facts, self.known = from_text(facts["facts"]), from_text(facts["known"])
                self.account = facts["account"]
            elif kind == "population":
                self.populations[facts["population"]] = PopulationInfo(**from_text(facts["info"]))
            elif kind == "segment":
                key = facts["segment"], facts["population"]
                self.began[key].append((facts["step"], facts["began"]))
            elif kind == "reset":
                self.resets[facts["segment"]] = facts
            elif kind == "complete":
                self.complete[facts["segment"]] = facts["step"]
            elif kind == "cleared":
                cleared.update(facts["sets"])
            elif kind == "set":
                self.sets[facts["set"]] = frame
            else:
                self.pieces[facts["set"]].append(frame)
        self.n_unknown = sum(len(f) for n, f in self.pieces.items() if n not in self.sets)
        self.sets = {number: each for number, each in self.sets.items() if number not in cleared}

    def last_step(self, segment: int) -> int:
        """Return the last step of a segment of which something is known."""
        steps = [self.complete.get(segment, 0), self.resets.get(segment, {}).get("step", 0)]
        for number in self._numbers(segment):
            facts = self.sets[number].facts
            for frame in self.pieces[number]:
                if "interval" in facts:
                    n_rows = frame.rows.shape[0]
                    steps.append(frame.facts["step"] + (n_rows - 1) * facts["interval"])
                else:
                    steps.append(int(step_of_key(frame.rows[frame.rows.shape[0] - 1 :][0])))
        return max(steps)

    def _numbers(self, segment: int) -> list[int]:
        return [n for n, each in self.sets.items() if each.facts["segment"] == segment]

    def variables(self, segment: int, population: int) -> dict[str, list[int]]:
        """Return the sets of each variable of a population, in the order in which they came."""
        found: dict[str, list[int]] = {}
        for number in self._numbers(segment):
            facts = self.sets[number].facts
            if facts["population"] == population:
                found.setdefault(facts["variable"], []).append(number)
        return found

    def spikes(self, numbers: list[int], first_gid: int, dt: float) -> KeyedSpikes:
        """Return the spikes of some sets, of which the last has all cells."""
        nodes, since = self.sets[numbers[-1]].rows[:]
        pieces = [frame.rows for number in numbers for frame in self.pieces[number]]
        return KeyedSpikes(nodes, SpikeKeys(pieces), since, first_gid, dt)

    def samples(self, numbers: list[int], first: int, n_rows: int) -> tuple[Integers, Samples]:
        """Return the cells of some sets, of which the last has all, and their samples.

        Parameters
        ----------
        numbers : list of int
        first, n_rows : int
            Step of the first sample, and how many there are to be.
        """
        nodes = self.sets[numbers[-1]].rows[:]
        interval = self.sets[numbers[-1]].facts["interval"]
        pieces, filled = [], 0
        for number in numbers:
            places = np.searchsorted(nodes, self.sets[number].rows[:])
            for frame in self.pieces[number]:
                row = (frame.facts["step"] - first) // interval
                pieces += [gap(row - filled), Piece(frame.rows, places)]
                filled = row + frame.rows.shape[0]
        return nodes, Samples([*pieces, gap(n_rows - filled)], nodes.size)


def gap(n_rows: int) -> Piece:
    """Return rows of which nothing is known."""
    return Piece(np.zeros((max(n_rows, 0), 0)), np.zeros(0, np.int64))
