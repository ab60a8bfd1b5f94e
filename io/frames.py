"""Recordings as tables of pandas', which is loaded when one is asked for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from distsim.errors import MissingPackageError

if TYPE_CHECKING:
    from distsim.io.recordings import SegmentData, SignalData, SpikeData

__all__ = ["all_spikes", "samples", "spikes"]


def spikes(data: "SpikeData") -> Any:
    """Return the spikes of a population: columns `cell` and `time` [ms].

    Raises
    ------
    MissingPackageError
        If pandas is not installed.
    """
    return _pandas().DataFrame({"cell": data.senders, "time": data.times})


def samples(data: "SignalData") -> Any:
    """Return the samples of a variable: a column for each cell, times [ms] as index.

    Raises
    ------
    MissingPackageError
        If pandas is not installed.
    """
    pandas = _pandas()
    index = pandas.Index(data.times, name="time")
    return pandas.DataFrame(data.data[:], index, pandas.Index(data.node_ids, name="cell"))


def all_spikes(segments: Sequence["SegmentData"]) -> Any:
    """Return the spikes of all populations of some segments; see `Recording.to_dataframe`.

    Raises
    ------
    MissingPackageError
        If pandas is not installed.
    """
    pandas = _pandas()
    found = [
        (segment.index, place, info.label, data)
        for segment in segments
        for place, (info, data, _) in enumerate(segment.populations)
        if data is not None
    ]
    n_spikes = [data.times.size for *_, data in found]
    labels = list(dict.fromkeys(label for _, _, label, _ in found))
    codes = np.repeat([labels.index(label) for _, _, label, _ in found], n_spikes).astype(np.int64)
    none: list[Any] = [np.zeros(0, np.int64)]
    return pandas.DataFrame(
        {
            "segment": np.repeat([index for index, *_ in found], n_spikes).astype(np.int64),
            "population": np.repeat([place for _, place, _, _ in found], n_spikes).astype(np.int64),
            "label": pandas.Categorical.from_codes(codes, labels),
            "cell": np.concatenate([data.senders for *_, data in found] or none),
            "time": np.concatenate([data.times for *_, data in found] or [np.zeros(0)]),
        }
    )


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise MissingPackageError(
            "to_dataframe() needs pandas, which is not installed: `pip install 'distsim[pandas]'`; "
            "without it, times, senders and data are arrays"
        ) from error
    return pandas
