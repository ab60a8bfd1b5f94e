"""What one rank has recorded, as plain arrays: filled by the simulator, written, read, shown."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.errors import ParameterError, did_you_mean
from distsim.io import frames

__all__ = [
    "PopulationData",
    "PopulationInfo",
    "Provenance",
    "RunInfo",
    "SegmentData",
    "SignalData",
    "SpikeData",
]


@dataclass(frozen=True)
class PopulationInfo:
    """A population, as the same on every rank.

    Parameters
    ----------
    label : str
        Name of the population, any text.
    size : int
        Number of cells on all ranks.
    first_gid : int
        gid of the first cell; the others follow without a gap.
    annotations : dict of str to object
        What the user has noted about the population.
    cell_type : str
        Name of the cell type.
    parameters : dict of str to float or ndarray of float64, shape (size,)
        Of the cells, by PyNN's names and in its units, when the file was written: one number where
        all have the same. Noted with the last segment.
    """

    label: str
    size: int
    first_gid: int
    annotations: dict[str, Any] = field(default_factory=dict)
    cell_type: str = ""
    parameters: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, eq=False)
class SpikeData:
    """The spikes of a rank's recorded cells of one population.

    Parameters
    ----------
    node_ids : ndarray of int64, shape (n_recorded,)
        Indices of the recorded cells within the population, ascending; silent cells included.
    times : ndarray of float64, shape (n_spikes,)
        Spike times [ms], in the order of (time, sender).
    senders : ndarray of int64, shape (n_spikes,)
        Index within the population of the cell that fired. In place of either array there may be
        an object that has its size and shape, and gives a range of it.
    since : ndarray of float64, shape (n_recorded,), or None
        When the recording of each recorded cell began [ms]; None: with the segment.
    """

    node_ids: NDArray[np.int64]
    times: Any
    senders: Any
    since: NDArray[np.float64] | None = None

    @property
    def n_cells(self) -> int:
        """Number of recorded cells."""
        return int(self.node_ids.size)

    @property
    def n_spikes(self) -> int:
        """Number of spikes; of those in a file none is read for it."""
        return int(self.times.size)

    def to_dataframe(self) -> Any:
        """Return the spikes as a table of pandas': columns `cell` and `time` [ms].

        Raises
        ------
        MissingPackageError
            If pandas is not installed.
        """
        return frames.spikes(self)


@dataclass(frozen=True, eq=False)
class SignalData:
    """One variable of a rank's recorded cells of one population.

    Parameters
    ----------
    variable : str
        Name of the variable, ``"v"`` for instance.
    units : str
        Its unit, as PyNN writes it.
    node_ids : ndarray of int64, shape (n_recorded,)
        Indices of the recorded cells within the population, ascending; may be none.
    data : ndarray of float64, shape (n_samples, n_recorded)
        One row per sample; `n_samples` is the same on every rank. A file read lazily puts an
        object here that has the shape and loads what is indexed.
    t_start : float
        Time of the first sample [ms], the same on every rank.
    sampling_interval : float
        Time between samples [ms], the same on every rank.
    """

    variable: str
    units: str
    node_ids: NDArray[np.int64]
    data: Any
    t_start: float
    sampling_interval: float

    @property
    def times(self) -> NDArray[np.float64]:
        """Of the samples [ms], shape (n_samples,)."""
        # rounded, since the product of an interval and a number is not the nearest to a decimal
        return np.round(self.t_start + self.sampling_interval * np.arange(self.data.shape[0]), 9)

    def to_dataframe(self) -> Any:
        """Return the samples as a table of pandas': a column for each cell, times [ms] as index.

        Raises
        ------
        MissingPackageError
            If pandas is not installed.
        """
        return frames.samples(self)


class PopulationData(NamedTuple):
    """What a rank has recorded from one population; an equal plain tuple will do.

    Parameters
    ----------
    info : PopulationInfo
        The population.
    spikes : SpikeData or None
        None, on every rank, if spikes were not recorded.
    signals : list of SignalData
        One per recorded variable, in the same order on every rank.
    """

    info: PopulationInfo
    spikes: SpikeData | None
    signals: list[SignalData]

    def signal(self, variable: str) -> SignalData:
        """Return the samples of a variable.

        Raises
        ------
        ParameterError
            If it was not recorded.
        """
        for signal in self.signals:
            if signal.variable == variable:
                return signal
        known = [signal.variable for signal in self.signals]
        hint = did_you_mean(variable, known) if known else "no variable was"
        raise ParameterError(
            f"'{variable}' of population '{self.info.label}' was not recorded; {hint}",
            variable=variable,
        )


@dataclass(frozen=True, eq=False)
class SegmentData:
    """What a rank has recorded between two resets.

    Parameters
    ----------
    index : int
        Number of the segment, counted by the simulator.
    t_start, t_stop : float
        When recording began and ended [ms].
    annotations : dict of str to object
        What the user has noted about the segment.
    populations : list of PopulationData
        In the same order on every rank; also those that nothing was recorded from.
    rec_datetime : datetime or None
        When recording began, by the clock on the wall.
    """

    index: int
    t_start: float
    t_stop: float
    annotations: dict[str, Any] = field(default_factory=dict)
    populations: list[PopulationData] = field(default_factory=list)
    rec_datetime: datetime | None = None

    def load(self) -> "SegmentData":
        """Return the segment with all spikes and samples in memory, where it came from a file.

        Raises
        ------
        FileFormatError
            If the file is damaged.
        """
        populations = [
            PopulationData(
                info,
                spikes and SpikeData(spikes.node_ids, spikes.times, spikes.senders, spikes.since),
                [replace(signal, data=signal.data[:]) for signal in signals],
            )
            for info, spikes, signals in self.populations
        ]
        return replace(self, populations=populations)

    def population(self, label: str, position: int | None = None) -> PopulationData:
        """Return the recordings of a population.

        Parameters
        ----------
        label : str
        position : int, optional
            Which of several with the same label, from 0.

        Raises
        ------
        ParameterError
            If there is none, or there are several and none is chosen.
        """
        found = [data for data in self.populations if data[0].label == label]
        chosen = 0 if position is None and len(found) == 1 else position
        if chosen is not None and 0 <= chosen < len(found):
            return PopulationData(*found[chosen])
        if found:
            raise ParameterError(
                f"position = {position}: segment {self.index} has {len(found)} populations "
                f"'{label}'; give a position from 0 to {len(found) - 1}",
                label=label,
            )
        known = [data[0].label for data in self.populations]
        hint = did_you_mean(label, known) if known else "it has none"
        raise ParameterError(
            f"segment {self.index} has no population '{label}'; {hint}", label=label
        )


@dataclass(frozen=True, eq=False)
class Provenance:
    """How a file came about.

    Parameters
    ----------
    facts : dict of str to object
        Versions, the script and its checksum, partition and other options.
    ranks : dict of str to ndarray of float64, shape (n_ranks,)
        What each rank did, and how long it took; the names say the units.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    ranks: dict[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RunInfo:
    """Facts about the run that a file keeps.

    Parameters
    ----------
    attributes : dict of str to object
        Resolution, seed, versions and the like.
    annotations : dict of str to object
        What the user has noted about all the populations together.
    name : str or None
        Of the whole; None: the populations' labels, joined by ``+``.
    description : str or None
        Of the whole.
    provenance : Provenance
        How the file came about.
    """

    attributes: dict[str, Any] = field(default_factory=dict)
    annotations: dict[str, Any] = field(default_factory=dict)
    name: str | None = None
    description: str | None = None
    provenance: Provenance = field(default_factory=Provenance)
